"""Which value could be known on a session, and how old it was: the rule against look-ahead, for all days at once.

A bar of Shanghai or Hong Kong is known on its own day; New York closes after Shanghai, and a day of what trades every
day ends at midnight UTC, so their bars are known on the session after. A published value is known from `published_at`.
Not here: what the values are.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

SAME_DAY = ("XSHG", "XHKG")
A_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class Newest:
    """The newest known value on each of n days.

    Attributes
    ----------
    place : ndarray of int, shape (n,)
        Its row; -1 where nothing is known yet.
    as_of : DatetimeIndex of n dates
        Its date; NaT where there is none.
    age : ndarray of int, shape (n,)
        Sessions since; 0 where there is none.
    """

    place: np.ndarray
    as_of: pd.DatetimeIndex
    age: np.ndarray

    def date_at(self, i: int) -> date | None:
        """Date of the value on day i."""
        return self.as_of[i].date() if self.place[i] >= 0 else None

    def age_at(self, i: int) -> int | None:
        """Its age on day i."""
        return int(self.age[i]) if self.place[i] >= 0 else None

    def is_fresh(self, i: int, limit: int) -> bool:
        """Whether there is a value on day i, at most `limit` sessions old."""
        return bool(self.place[i] >= 0 and self.age[i] <= limit)


def newest_bars(dates: pd.DatetimeIndex, calendar: str, sessions: pd.DatetimeIndex, days: pd.DatetimeIndex) -> Newest:
    """The newest bar on each day.

    Parameters
    ----------
    dates : DatetimeIndex
        Of the bars, rising.
    calendar, sessions : str, DatetimeIndex
        The asset's calendar; ages are counted in its sessions: a bar before a holiday is not old.
    days : DatetimeIndex
        Sessions that are scored.
    """
    until = days.to_numpy() if calendar in SAME_DAY else days.to_numpy() - A_DAY
    place = dates.searchsorted(until, side="right") - 1
    as_of = _at(dates, place)
    age = sessions.searchsorted(until, side="right") - sessions.searchsorted(as_of.to_numpy(), side="right")
    return Newest(place, as_of, np.where(place >= 0, age, 0))


def newest_published(
    dates: pd.DatetimeIndex, published_at: pd.DatetimeIndex, home: pd.DatetimeIndex, days: pd.DatetimeIndex
) -> Newest:
    """The newest published value on each day; ages are sessions of `home` after its date, up to the day itself.

    Parameters
    ----------
    dates, published_at : DatetimeIndex
        Of the values, both rising.
    home, days : DatetimeIndex
        Sessions, and those that are scored.
    """
    place = published_at.searchsorted(days.to_numpy(), side="right") - 1
    as_of = _at(dates, place)
    age = home.searchsorted(days.to_numpy(), side="right") - home.searchsorted(as_of.to_numpy(), side="right")
    return Newest(place, as_of, np.where(place >= 0, age, 0))


def known_on(dates: pd.DatetimeIndex, calendar: str, home: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """First session of `home` on which the bar of each date is known; the last session where none is left."""
    is_same_day = calendar in SAME_DAY
    place = home.searchsorted(dates.to_numpy(), side="left" if is_same_day else "right")
    return home[np.minimum(place, len(home) - 1)]


def _at(dates: pd.DatetimeIndex, place: np.ndarray) -> pd.DatetimeIndex:
    if not len(dates):
        return pd.DatetimeIndex(np.full(place.size, np.datetime64("NaT"), dtype="datetime64[ns]"))
    found = dates.to_numpy()[np.maximum(place, 0)]
    return pd.DatetimeIndex(np.where(place >= 0, found, np.datetime64("NaT", "ns")))

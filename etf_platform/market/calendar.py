"""Trading sessions of an exchange, and where our knowledge of them ends.

Only dates live here; the hours of a session are a dated market rule (`market.rules`). No other module asks
exchange_calendars anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from etf_platform.core.errors import CalendarEndError, NotASessionError

Exchange: TypeAlias = Literal["XSHG", "XNYS", "XHKG", "24/7"]
DateLike: TypeAlias = str | date | pd.Timestamp | np.datetime64

FIRST_DAY = {"XSHG": "1991-01-02", "XNYS": "1985-01-01", "XHKG": "1985-01-01", "24/7": "2010-01-01"}


@dataclass(frozen=True, eq=False)
class Sessions:
    """The known sessions of one exchange.

    Attributes
    ----------
    exchange : str
        `XSHG`, `XNYS`, `XHKG`, or `24/7` for what trades every day (its days are those of UTC).
    index : DatetimeIndex
        Every known session: naive midnight, ns, ascending.
    known_until : Timestamp
        Last calendar day whose status is known; past it nothing is assumed.
    """

    exchange: str
    index: pd.DatetimeIndex
    known_until: pd.Timestamp

    @property
    def last_known(self) -> pd.Timestamp:
        """The last known session."""
        return self.index[-1]

    def between(self, start: DateLike, end: DateLike) -> pd.DatetimeIndex:
        """Sessions in [start, end].

        Raises
        ------
        CalendarEndError
            `end` lies beyond what is known.
        """
        last = self._known(end, "listing sessions")
        return self.index[self.index.searchsorted(day(start)) : self.index.searchsorted(last, side="right")]

    def is_session(self, when: DateLike) -> bool:
        """Whether the date is a session; raises CalendarEndError beyond what is known."""
        at = self._known(when, "looking up a date")
        place = int(self.index.searchsorted(at))
        return bool(place < self.index.size and self.index[place] == at)

    def next(self, when: DateLike) -> pd.Timestamp:
        """First session after the date (any date); raises CalendarEndError when it is not known."""
        place = int(self.index.searchsorted(day(when), side="right"))
        if place == self.index.size:
            raise self._end("looking for the session after a date", day(when))
        return self.index[place]

    def previous(self, when: DateLike) -> pd.Timestamp:
        """Last session before the date (any known date).

        Raises
        ------
        CalendarEndError
            The date lies more than a day beyond what is known.
        NotASessionError
            The calendar has no session before it.
        """
        doing = "looking for the session before a date"
        self._known(day(when) - pd.Timedelta(days=1), doing)
        place = int(self.index.searchsorted(day(when)))
        if place == 0:
            raise NotASessionError(
                f"{doing} ({day(when).date()})",
                f"{self.exchange} is known from {self.index[0].date()} on",
                "ask for a later date",
            )
        return self.index[place - 1]

    def check(self, when: DateLike, doing: str = "checking a trading date") -> pd.Timestamp:
        """The date as a Timestamp when it is a session.

        Raises
        ------
        NotASessionError
            It is a weekend or a holiday.
        CalendarEndError
            It lies beyond what is known.
        """
        at = self._known(when, doing)
        if not self.is_session(at):
            raise NotASessionError(
                doing, f"{at.date()} ({at.day_name()}) is no session of {self.exchange}", "ask for a trading day"
            )
        return at

    def sessions_left(self, today: DateLike) -> int:
        """Number of known sessions after `today`."""
        return int(self.index.size - self.index.searchsorted(day(today), side="right"))

    def end_warning(self, today: DateLike, warn_sessions: int = 30) -> str | None:
        """One sentence when fewer than `warn_sessions` known sessions are left after `today`, else None."""
        left = self.sessions_left(today)
        if left >= warn_sessions:
            return None
        return (
            f"The {self.exchange} calendar ends on {self.last_known.date()}: {left} session(s) left after "
            f"{day(today).date()}; {_REMEDY}."
        )

    def is_month_end(self, when: DateLike) -> bool:
        """Whether a session is the last one of its calendar month, decided on the day itself.

        Needs the next session only while a weekday of the month is left, so that the last day of a known year
        (2026-12-31) is decidable.

        Raises
        ------
        NotASessionError, CalendarEndError
            The date is no session, or the rest of its month is unknown.
        """
        at = self.check(when, "looking for the end of a month")
        rest = pd.bdate_range(at + pd.Timedelta(days=1), at + pd.offsets.MonthEnd(0))
        if rest.size and rest[-1] > self.known_until:
            return self.next(at).month != at.month
        return not rest.size or not self.between(rest[0], rest[-1]).size

    def _known(self, when: DateLike, doing: str) -> pd.Timestamp:
        at = day(when)
        if at > self.known_until:
            raise self._end(doing, at)
        return at

    def _end(self, doing: str, at: pd.Timestamp) -> CalendarEndError:
        return CalendarEndError(
            f"{doing} ({at.date()})", f"the {self.exchange} calendar ends on {self.last_known.date()}", _REMEDY
        )


_REMEDY = "upgrade exchange_calendars, or list the further closures under calendar.extra_holidays in platform.yaml"


def day(when: DateLike) -> pd.Timestamp:
    """A date-like value as naive midnight in ns."""
    at = pd.Timestamp(when)
    return at.tz_localize(None).normalize().as_unit("ns")


def sessions(exchange: str, extra_holidays: Iterable[str] = ()) -> Sessions:
    """Sessions of an exchange.

    Parameters
    ----------
    exchange : str
        `XSHG`, `XNYS`, `XHKG` or `24/7`.
    extra_holidays : iterable of ISO dates
        Further closures. Dates beyond the package's end extend the calendar: every weekday up to the last listed date
        becomes a session unless listed. Nothing is assumed past the last listed date.
    """
    return _sessions(exchange, tuple(sorted(extra_holidays)))


def holidays(exchange: str, start: DateLike, end: DateLike, extra_holidays: Iterable[str] = ()) -> list[date]:
    """Weekdays in [start, end] on which the exchange is closed; raises CalendarEndError beyond what is known."""
    open_days = sessions(exchange, extra_holidays).between(start, end)
    return [at.date() for at in pd.bdate_range(day(start), day(end)).difference(open_days)]


@lru_cache(maxsize=16)
def _sessions(exchange: str, extra: tuple[str, ...]) -> Sessions:
    import exchange_calendars

    known = exchange_calendars.get_calendar(exchange, start=FIRST_DAY[exchange]).sessions
    closed = pd.DatetimeIndex([day(d) for d in extra], dtype="datetime64[ns]")
    until = max(known[-1], closed[-1]) if closed.size else known[-1]
    further = pd.bdate_range(known[-1] + pd.Timedelta(days=1), until)
    index = known.append(further).difference(closed).as_unit("ns")
    return Sessions(exchange, pd.DatetimeIndex(index.to_numpy(), name="date"), pd.Timestamp(until).as_unit("ns"))

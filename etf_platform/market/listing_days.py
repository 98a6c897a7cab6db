"""First days of new listings: how many sessions have no price limit, and the limits of a first day that has some.

The facts are dated rows of `market.rules`; the row of the day of listing holds for the stock. Only a stock's listing
date is known here: the first day after a suspended listing was resumed and the first day of a delisting period have no
limit either, and nothing in a list of stocks says which days these are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.market.rules import rows

BOARDS = ("main", "chinext", "star", "bse")
SCOPES = {"main": "main_board", "chinext": "chinext", "star": "star", "bse": "bse"}
EXCHANGES = {"main": "XSHG", "chinext": "XSHE", "star": "XSHG", "bse": "BJSE"}


@dataclass(frozen=True)
class FirstDays:
    """What held for each of n stocks when it was listed.

    Attributes
    ----------
    place : ndarray of int64
        Position of the first trading day among the sessions; far below 0 where the day of listing is unknown.
    free : ndarray of float64
        Sessions without a limit, the first one included; 0 where the day of listing is unknown.
    rise, fall : ndarrays of float64
        Limits of the first day, fractions of the issue price; NaN where the first day has no limit or the usual one.
    """

    place: np.ndarray
    free: np.ndarray
    rise: np.ndarray
    fall: np.ndarray


LONG_AGO = -1_000_000


def first_days(boards: Sequence[str], listed: pd.Series, sessions: pd.DatetimeIndex) -> FirstDays:
    """What held for each stock when it was listed.

    Parameters
    ----------
    boards : sequence of n str
        main, chinext, star or bse; another board has no rule.
    listed : Series of n dates
        First day of trading; a date that is no session counts as the session after it. NaT is taken as long ago.
    sessions : DatetimeIndex
        Ascending; a stock that was listed before the first one counts as listed long ago.
    """
    dates = pd.DatetimeIndex(listed)
    known = np.asarray(dates >= sessions[0])
    place = np.where(known, sessions.searchsorted(dates.where(known, sessions[0])), LONG_AGO)
    free, rise, fall = (_of_listing(name, boards, dates) for name in _NAMES)
    return FirstDays(place, np.nan_to_num(free), rise, fall)


_NAMES = ("no_limit_sessions", "first_day_rise", "first_day_fall")


def _of_listing(name: str, boards: Sequence[str], dates: pd.DatetimeIndex) -> np.ndarray:
    values, names = np.full(len(boards), np.nan), np.asarray(boards, dtype=object)
    for board in BOARDS:
        for rule in rows(name, SCOPES[board], EXCHANGES[board]):
            values[(names == board) & np.asarray(dates >= pd.Timestamp(rule.since))] = rule.value
    return values

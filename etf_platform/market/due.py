"""Which raw rows have to be judged again for the verdict on the last days, so that a day does not cost its history.

A verdict on a row needs the row, its repetitions, and how often its series was broken before (`validate`); an event of
the day needs the accepted bars just before it (`actions`). Rows that can be none of these are left out; a test holds
the outcome against that of judging everything.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from etf_platform.core.config.models import Instrument
from etf_platform.market.actions import VOLUME_SESSIONS
from etf_platform.market.calendar import DateLike, Sessions, day
from etf_platform.market.rules import RULES
from etf_platform.market.validate import PRICES, Tolerance

TAIL = 60
"""Sessions before the first wanted day that are always judged: three times what an event looks back on."""

KEY = ["date", "symbol"]


def tail_start(start: DateLike, sessions: Sessions) -> pd.Timestamp:
    """First day of the tail that ends with the wanted days."""
    place = int(sessions.index.searchsorted(day(start)))
    return sessions.index[max(0, place - TAIL)]


def due_rows(
    rows: pd.DataFrame, since: pd.Timestamp, instruments: Mapping[str, Instrument], tolerance: Tolerance
) -> pd.DataFrame:
    """Rows dated `since` or later, and of the earlier ones those that may be broken or stand more than once.

    All rows when a price is not stored as a number, because then only `validate` can tell what is broken.
    """
    numbers = ("prev_close", *PRICES)
    if any(rows[name].dtype != np.float64 for name in numbers):
        return rows
    late = (rows["date"] >= since).to_numpy()
    if late.all():
        return rows
    before, *prices = (rows[name].to_numpy() for name in numbers)
    with np.errstate(divide="ignore", invalid="ignore"):
        is_quiet = np.abs(prices[-1] / before - 1.0) <= _least_move(instruments, tolerance)
    is_positive = np.minimum.reduce(prices) > 0.0
    repeated = rows.duplicated(KEY, keep=False).to_numpy()
    return rows[late | ~(is_quiet & is_positive) | repeated].reset_index(drop=True)


def reaches_back(
    bars: pd.DataFrame, rows: pd.DataFrame, since: pd.Timestamp, start: DateLike, within: int = VOLUME_SESSIONS + 1
) -> bool:
    """Whether the accepted bars of the tail give every fund the bars before `start` that its events look back on."""
    tail = bars[bars["date"] >= since]
    older = rows.loc[rows["date"] < since, "symbol"].unique()
    known = tail.loc[tail["date"] < day(start), "symbol"].value_counts()
    asked = np.intersect1d(tail["symbol"].unique().astype(object), older.astype(object))
    return bool((known.reindex(asked, fill_value=0) >= within).all())


def _least_move(instruments: Mapping[str, Instrument], tolerance: Tolerance) -> float:
    """A move that is plausible for every symbol on every day."""
    limit = min(float(rule.value) for rule in RULES if rule.name == "price_limit")  # type: ignore[arg-type]
    free = [i.plausible_move for i in instruments.values() if i.price_limit is None]
    return min([limit * tolerance.move_factor + tolerance.move_floor, *free])

"""What the lake knows of all stocks before a day: from where a read must go on, and with which factors.

Aggregates over millions of rows stay in DuckDB; only one row per stock comes out.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.market.stock_bars import LAST, Before, last_refused
from etf_platform.market.validate import broken_counts
from etf_platform.storage.views import view_name

if TYPE_CHECKING:
    from etf_platform.market.calendar import Sessions
    from etf_platform.storage.lake import Lake


@dataclass(frozen=True, eq=False)
class Known:
    """The state before `first`, the first day that has to be read."""

    before: Before = field(default_factory=Before)
    first: date = date.min


def known_before(
    lake: "Lake", universe: str, sessions: "Sessions", start: date, history: date | None, label: str
) -> Known:
    """State after the last stored session before `start` up to which no session is missing.

    Parameters
    ----------
    history : date or None
        First day of all; where its session is not stored, everything is read from it on. None: the first stored day.
    label : str
        What `source` of every stored row must begin with: rows of two sources are never chained together.
    """
    nothing = Known(first=start if history is None else history)
    if not lake.exists(t.BARS, universe) or (history is not None and start <= history):
        return nothing
    view = view_name(t.BARS.address(universe))
    stored = lake.sql(f"SELECT DISTINCT date FROM {view} WHERE date < DATE '{start}' ORDER BY date").df()["date"]
    last = _end_of_unbroken(pd.DatetimeIndex(stored), sessions, history, start)
    if last is None:
        return nothing
    upto = f"FROM {view} WHERE date <= DATE '{last:%Y-%m-%d}'"
    found = lake.sql(
        "SELECT symbol, max(date) AS date, arg_max(close, date) AS close, arg_max(adj_factor, date) AS adj_factor,"
        f" bool_and(starts_with(source, '{label}')) AS is_ours {upto} GROUP BY symbol ORDER BY symbol"
    ).df()
    if not found["is_ours"].all():
        return nothing
    rows = found[list(LAST)].astype({"date": "datetime64[ns]", "symbol": "str"})
    refused = lake.read(t.QUARANTINE, universe, end=last.date()) if lake.exists(t.QUARANTINE, universe) else None
    if refused is None:
        return Known(Before(rows), last.date() + timedelta(days=1))
    return Known(Before(rows, last_refused(refused), broken_counts(refused)), last.date() + timedelta(days=1))


def _end_of_unbroken(
    stored: pd.DatetimeIndex, sessions: "Sessions", history: date | None, start: date
) -> pd.Timestamp | None:
    if stored.empty:
        return None
    first = stored[0] if history is None else pd.Timestamp(history)
    expected = sessions.between(first, start - timedelta(days=1))
    is_there = expected.isin(stored)
    unbroken = int(is_there.argmin()) if not is_there.all() else len(expected)
    return expected[unbroken - 1] if unbroken else None

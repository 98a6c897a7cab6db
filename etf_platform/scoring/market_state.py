"""State of the market from three Chinese indices: what the newest day, the year, and their breadth say.

Here: scores, states and ranges of the position. Year-to-date is measured against the last close of the year before,
never against numbers typed in. Not here: which weights follow (`sizing`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

INDICES = ("HS300", "CYBZ", "KECHUANG50")
SHORT = ((0.015, 2), (0.005, 1), (-0.005, 0), (-0.015, -1))
LONG = ((0.30, 2), (0.15, 1), (-0.10, 0), (-0.20, -1))
BREADTH = ((0.8, 2), (0.6, 1), (0.4, 0), (0.2, -1))
WEIGHTS = (3, 5, 2)
ENOUGH = 2 / 3


@dataclass(frozen=True)
class Regime:
    """State: lower limit of the total in tenths, name, emoji, range of the position, confidence (percent), advice."""

    limit: float
    name: str
    emoji: str
    low: float
    high: float
    confidence: int
    advice: str


REGIMES = (
    Regime(12, "牛市上升期", "🚀", 0.70, 0.90, 80, "积极配置,把握上涨机会"),
    Regime(5, "牛市震荡期", "📈", 0.60, 0.80, 70, "维持较高仓位,逢低加仓"),
    Regime(-3, "震荡市", "🟡", 0.50, 0.70, 65, "控制仓位,高抛低吸"),
    Regime(-8, "熊市反弹期", "⚠️", 0.40, 0.60, 60, "谨慎参与反弹,保留现金"),
    Regime(float("-inf"), "熊市下跌期", "📉", 0.30, 0.50, 75, "严控仓位,保留现金为主"),
)


@dataclass(frozen=True)
class IndexRow:
    """One index on a session: change of the day and year-to-date return, fractions; None with a `reason`."""

    key: str
    change: float | None
    year_to_date: float | None
    close: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class MarketState:
    """State of the market on a session.

    Attributes
    ----------
    regime : Regime
        Name, range, confidence and advice.
    total : float
        -2 to 2.
    short, long, breadth : int
        Scores of the three dimensions, -2 to 2.
    change, year_to_date, rising : float
        Mean change of the day, mean year-to-date return, share of rising indices.
    used : tuple of str
        Keys of the indices that were there.
    missing : mapping
        Key -> why it was not.
    """

    regime: Regime
    total: float
    short: int
    long: int
    breadth: int
    change: float
    year_to_date: float
    rising: float
    used: tuple[str, ...]
    missing: Mapping[str, str] = field(default_factory=dict)


def index_row(key: str, closes: pd.Series, day: date) -> IndexRow:
    """Change and year-to-date return of an index on `day`.

    Parameters
    ----------
    closes : Series
        Closes by rising date, on one basis (adjusted); rows after `day` are not read.

    Returns
    -------
    IndexRow
        Without a bar of `day` itself, or without a close of the year before, the returns are None.
    """
    last = int(closes.index.searchsorted(pd.Timestamp(day), side="right"))
    if not last or closes.index[last - 1] != pd.Timestamp(day):
        return IndexRow(key, None, None, None, "当日没有K线")
    before = int(closes.index.searchsorted(pd.Timestamp(day.year, 1, 1)))
    if not before or closes.index[before - 1].year != day.year - 1:
        return IndexRow(key, None, None, None, f"没有{day.year - 1}年的收盘价")
    values = closes.to_numpy(dtype=np.float64)[:last]
    now, previous, base = (float(values[place]) for place in (-1, -2, before - 1))
    if not np.isfinite([now, previous, base]).all():
        return IndexRow(key, None, None, None, "收盘价缺失")
    return IndexRow(key, now / previous - 1.0, now / base - 1.0, now)


def market_state(rows: Sequence[IndexRow]) -> MarketState | None:
    """State of the market; None when fewer than two thirds of the indices are there: unknown is not 震荡市."""
    known = {r.key: (r.change, r.year_to_date) for r in rows if r.change is not None and r.year_to_date is not None}
    if not known or len(known) < ENOUGH * len(rows) - 1e-9:
        return None
    change, year_to_date = (float(np.mean(values)) for values in zip(*known.values(), strict=True))
    rising = sum(moved > 0.0 for moved, _ in known.values()) / len(known)
    scores = (_above(change, SHORT), _above(year_to_date, LONG), _reached(rising, BREADTH))
    tenths = sum(weight * score for weight, score in zip(WEIGHTS, scores, strict=True))
    regime = next(regime for regime in REGIMES if tenths >= regime.limit)
    missing = {row.key: row.reason or "没有数据" for row in rows if row.key not in known}
    return MarketState(regime, tenths / 10, *scores, change, year_to_date, rising, tuple(known), missing)


def _above(value: float, limits: Sequence[tuple[float, int]]) -> int:
    return next((score for limit, score in limits if value > limit), -2)


def _reached(value: float, limits: Sequence[tuple[float, int]]) -> int:
    return next((score for limit, score in limits if value >= limit), -2)

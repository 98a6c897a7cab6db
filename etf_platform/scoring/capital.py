"""Money that comes and goes: northbound and southbound net flow, margin balances.

Here: sentiment of a flow. Not here: lags and calendars of publication (`market.series`), which series speaks for a
market once another has ended (`markets`), points (`factors.capital`). Amounts are yuan; every series holds one value
per published day.
"""

from typing import Literal

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.scoring.windows import before, percentile_rank, window_sum

DAYS = 5
RANK = 250
STREAK = 3
TEXTS = ((80.0, "极度乐观"), (65.0, "乐观"), (45.0, "中性"), (30.0, "悲观"), (-np.inf, "极度悲观"))
LAST = ((5e9, 15.0), (2e9, 10.0))
FIVE_DAY = ((1e10, 15.0), (3e9, 8.0))


def flow_days(net: pd.Series) -> pd.DataFrame:
    """Sentiment of a net flow on each published day, as fields of `blocks.Flow`.

    Start 50; the last day above 5e9 +15, above 2e9 +10; five days above 1e10 +15, above 3e9 +8; three or more days in
    a row +10; mirrored for outflow; clipped to 0..100.

    Parameters
    ----------
    net : Series
        Yuan, rising dates, no NaN: a day without a value is no row.

    Returns
    -------
    DataFrame
        Columns last, five_day, streak, sentiment, text; five_day and sentiment NaN before row 4.
    """
    x = _checked(net)
    five, streak = window_sum(x, DAYS), streaks(x)
    points = 50.0 + _mirrored(x, LAST) + _mirrored(five, FIVE_DAY)
    points = points + np.where(np.abs(streak) >= STREAK, 10.0 * np.sign(streak), 0.0)
    score = np.where(np.isnan(five), np.nan, np.clip(points, 0.0, 100.0))
    return _frame(net.index, {"last": x, "five_day": five, "streak": streak, "sentiment": score})


def margin_days(balance: pd.Series) -> pd.DataFrame:
    """Sentiment of the margin balance on each published day, as fields of `blocks.Flow`.

    100 * percentile rank (equal values half) of the relative change over 5 sessions among the last 250 of these.

    Parameters
    ----------
    balance : Series
        Yuan, rising dates, no NaN, positive.

    Returns
    -------
    DataFrame
        Columns last and five_day (changes of the balance), five_day_change, streak, sentiment, text; sentiment NaN
        before row 254.
    """
    x = _checked(balance)
    if bool((x <= 0.0).any()):
        raise BadInputError("reading margin balances", "one that is not positive", "drop it at the source")
    change = x / before(x, DAYS) - 1.0
    last = x - before(x)
    columns = {"last": last, "five_day": x - before(x, DAYS), "five_day_change": change, "streak": streaks(last)}
    return _frame(balance.index, columns | {"sentiment": 100.0 * percentile_rank(change, RANK)})


def flow_text(sentiment: float | None) -> str:
    """Name of the band of a flow sentiment (limits 80, 65, 45, 30); empty when unknown."""
    if sentiment is None or not np.isfinite(sentiment):
        return ""
    return next(text for limit, text in TEXTS if sentiment >= limit)


def expected_kinds(market: str) -> tuple[Literal["northbound", "southbound", "margin"], ...]:
    """Kinds of flow that can speak for an underlying market; all for one that is neither CN nor HK."""
    kinds: dict[str, tuple[Literal["northbound", "southbound", "margin"], ...]] = {
        "CN": ("northbound", "margin"),
        "HK": ("southbound",),
    }
    return kinds.get(market, ("northbound", "southbound", "margin"))


def streaks(x: np.ndarray) -> np.ndarray:
    """Days in a row above 0 (positive count) or below 0 (negative), up to each day; 0 on a day of 0 or NaN."""
    out = np.zeros(x.size)
    for t, value in enumerate(np.nan_to_num(np.sign(x)).tolist()):
        carried = out[t - 1] if t and np.sign(out[t - 1]) == value else 0.0
        out[t] = carried + value if value else 0.0
    return out


def _mirrored(x: np.ndarray, steps: tuple[tuple[float, float], ...]) -> np.ndarray:
    inflow = np.select([x > limit for limit, _ in steps], [points for _, points in steps], 0.0)
    return inflow - np.select([x < -limit for limit, _ in steps], [points for _, points in steps], 0.0)


def _checked(series: pd.Series) -> np.ndarray:
    x = np.ascontiguousarray(series.to_numpy(dtype=np.float64))
    if not np.isfinite(x).all() or not series.index.is_monotonic_increasing or not series.index.is_unique:
        raise BadInputError("reading a flow", "a missing value, or dates that do not rise", "drop days without a value")
    return x


def _frame(index: pd.Index, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    texts = [flow_text(value) for value in columns["sentiment"].tolist()]
    return pd.DataFrame({**columns, "text": np.array(texts, dtype=object)}, index=index)

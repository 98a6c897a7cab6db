"""Where PE and PB stand in their own past. Not here: their source, and points (`factors.valuation`)."""

from typing import Any

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.scoring.blocks import Valuation
from etf_platform.scoring.windows import percentile_rank

FIVE_YEARS = 1250
AT_LEAST = 250
PERIODS = {"近1年": 250, "近3年": 750, "近5年": 1250, "近10年": 2500}
LEVELS = ((0.8, "高估"), (0.6, "偏高"), (0.4, "合理"), (0.2, "偏低"), (-np.inf, "低估"))


def ratio_days(ratio: pd.Series, window: int = FIVE_YEARS, at_least: int = AT_LEAST) -> pd.DataFrame:
    """Value and percentile of PE or PB on each published day.

    The percentile is the share of the positive ones of the last `window` published values that lie below, equal ones
    counting half: low is cheap. A ratio that is not positive (a loss) has no percentile: it is not cheap.

    Parameters
    ----------
    ratio : Series
        Rising dates, no NaN: a day without a value is no row.
    window, at_least : int
        Published values; NaN with fewer than `at_least` positive ones so far.

    Returns
    -------
    DataFrame
        Columns value, percentile (fraction).
    """
    x = ratio.to_numpy(dtype=np.float64)
    if not np.isfinite(x).all() or not ratio.index.is_monotonic_increasing or not ratio.index.is_unique:
        raise BadInputError("reading a valuation", "a missing value, or dates that do not rise", "drop such days")
    is_positive = x > 0.0
    percentile = np.full(x.size, np.nan)
    percentile[is_positive] = percentile_rank(np.ascontiguousarray(x[is_positive]), window, at_least)
    return pd.DataFrame({"value": x, "percentile": percentile}, index=ratio.index)


def percentiles(ratio: pd.Series) -> dict[str, float | None]:
    """Percentile of the newest value within each of `PERIODS`; None where the past is shorter than the period."""
    known = {}
    for name, window in PERIODS.items():
        ranks = ratio_days(ratio, window, window)["percentile"].to_numpy()
        known[name] = None if not ranks.size or np.isnan(ranks[-1]) else float(ranks[-1])
    return known


def valuation_level(percentile: float | None) -> str:
    """低估 below 0.2, 偏低 below 0.4, 合理 below 0.6, 偏高 below 0.8, else 高估; empty when unknown."""
    return "" if percentile is None else next(text for limit, text in LEVELS if percentile >= limit)


def read_valuation(pe: pd.DataFrame | None, pb: pd.DataFrame | None, **rest: Any) -> Valuation:
    """The last rows of the `ratio_days` of PE and PB (cut at the day) as one block; `rest` sets age.

    `as_of` is the older of the two dates; a ratio without rows is unknown.
    """
    known: dict[str, Any] = {}
    dates = []
    for name, days in (("pe", pe), ("pb", pb)):
        if days is not None and len(days):
            value, percentile = days[["value", "percentile"]].to_numpy()[-1].tolist()
            known |= {name: value, f"{name}_percentile": None if np.isnan(percentile) else percentile}
            dates.append(pd.Timestamp(days.index[-1]).date())
    return Valuation(**({"as_of": min(dates) if dates else None} | known | rest))


def equity_risk_premium(pe: float | None, bond_yield: float | None) -> float | None:
    """Earnings yield less the yield of the ten-year bond, a fraction; None when one is unknown or PE not positive."""
    return None if pe is None or bond_yield is None or pe <= 0.0 else 1.0 / pe - bond_yield

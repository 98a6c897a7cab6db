"""Fuses on indicator columns: values that no price can give mean a broken bar, a broken column, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etf_platform.core.units.fuse import Reading, fuse

if TYPE_CHECKING:
    import pandas as pd

BOUNDED = ("rsi_", "adx_", "plus_di_", "minus_di_", "kdj_k", "kdj_d")  # 0 to 100
NOT_NEGATIVE = ("atr_", "vol_", "volume_ratio", "true_range", "natr_", "stddev_")
ROUNDING = 1e-9
SHOWN = 5


@fuse(guards="indicators/daily", on_fail="halt", limit=0, scope="universe")
def indicator_sanity(indicators: pd.DataFrame, limit: float) -> Reading:
    """Every stored indicator value is one that prices can give.

    Strength and oscillators lie in 0 to 100, ranges and volatilities are not negative, the lower Bollinger band is not
    above the upper one, and the VIX beside a row is older than the row. Observed is the number of values that are not.
    """
    wrong = {name: int(bad.sum()) for name, bad in _violations(indicators).items() if bad.any()}
    count = float(sum(wrong.values()))
    named = ", ".join(f"{name} ({n})" for name, n in list(wrong.items())[:SHOWN])
    return Reading(count, passed=count <= limit, reason=f"impossible values in {named}" if wrong else "", details=wrong)


def _violations(rows: pd.DataFrame) -> dict[str, pd.Series]:
    found = {name: rows[name].abs() == float("inf") for name in rows.columns if rows[name].dtype == float}
    for name in rows.columns:
        if name.startswith(BOUNDED):
            found[name] |= (rows[name] < -ROUNDING) | (rows[name] > 100.0 + ROUNDING)
        elif name.startswith(NOT_NEGATIVE):
            found[name] |= rows[name] < 0.0
    for lower in (name for name in rows.columns if name.startswith("boll_lower_")):
        found[lower] |= rows[lower] > rows[lower.replace("lower", "upper")] * (1.0 + ROUNDING)
    return found | {"vix_date": rows["vix_date"] >= rows["date"]}

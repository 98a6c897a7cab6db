"""Fear indices (CNVI and HKVI from bars, bands of all) and the sentiment score of a market.

Here: values, what their bands say, the summary over markets. Not here: where VIX and VHSI come from (series), points
(`factors.sentiment`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from etf_platform.scoring.blocks import Panic
from etf_platform.scoring.technical import rsi
from etf_platform.scoring.windows import (
    before,
    checked,
    ratio,
    values,
    volatility,
    window_max,
    window_mean,
    window_min,
)

AT_LEAST = 60
DAYS = 20
YEAR = 250
CALM = "正常操作,可适度乐观"
CAREFUL = "正常操作,适度谨慎"
LOCK_IN = "降低仓位,锁定利润,警惕回调"
BANDS = (
    (30.0, "😱 极度恐慌", "逢低布局优质资产,分批建仓"),
    (25.0, "⚠️ 恐慌上升", "控制仓位,等待市场企稳"),
    (15.0, "😊 正常区间", CALM),
    (12.0, "偏低", LOCK_IN),
    (-np.inf, "😌 过度乐观", LOCK_IN),
)
HOW_MANY = {1: "单一", 2: "两", 3: "三"}


@dataclass(frozen=True)
class Recipe:
    """Multipliers of volatility and of the day's range, and the points of a day with less volume than usual."""

    volatility: float
    day_range: float
    quiet: float


RECIPES = {"CNVI": Recipe(200.0, 150.0, 15.0), "HKVI": Recipe(180.0, 120.0, 18.0)}


def panic_days(bars: pd.DataFrame, name: Literal["CNVI", "HKVI"]) -> pd.Series:
    """CNVI or HKVI of every day, in points; NaN with fewer than 60 bars or without volume.

    0.4 min(100, 200 HV20) + 0.3 min(100, 150 mean20((high - low) / close)) + 0.3 V for CNVI, see `Recipe`; HV20 is the
    sample deviation of 20 log returns times sqrt(252), V the points of volume / its mean of 20 (`volume_points`).

    Raises
    ------
    BadInputError
        Bars that are not usable (`windows.checked`).
    """
    high, low, close, volume = (values(checked(bars), column) for column in ("high", "low", "close", "volume"))
    over = ratio(volume, window_mean(volume, DAYS))
    value = index_value(RECIPES[name], volatility(close, DAYS), window_mean((high - low) / close, DAYS), over)
    value[: AT_LEAST - 1] = np.nan
    return pd.Series(value, index=bars.index, name=name)


def index_value(recipe: Recipe, hv20: np.ndarray, day_range: np.ndarray, volume_ratio: np.ndarray) -> np.ndarray:
    """Points of a fear index from volatility (a fraction a year), mean range (a fraction) and volume ratio."""
    swing = np.minimum(100.0, recipe.volatility * np.asarray(hv20, dtype=np.float64))
    span = np.minimum(100.0, recipe.day_range * np.asarray(day_range, dtype=np.float64))
    return 0.4 * swing + 0.3 * span + 0.3 * volume_points(volume_ratio, recipe.quiet)


def volume_points(over: np.ndarray, quiet: float = 15.0) -> np.ndarray:
    """`quiet` below 1; 20 + 20 (r - 1) below 2; 40 + 30 (r - 2) below 3; min(100, 70 + 15 (r - 3)) from there on."""
    r = np.asarray(over, dtype=np.float64)
    steps = [quiet + 0.0 * r, 20.0 + 20.0 * (r - 1.0), 40.0 + 30.0 * (r - 2.0)]
    return np.select([r < 1.0, r < 2.0, r < 3.0], steps, np.minimum(100.0, 70.0 + 15.0 * (r - 3.0)))


def band(name: str, value: float) -> tuple[str, str]:
    """Status with its emoji, and the action text; VIX from 20 to 25 asks for care."""
    status, action = next((status, action) for limit, status, action in BANDS if value >= limit)
    return status, CAREFUL if name == "VIX" and 20.0 <= value < 25.0 else action


def read_panic(name: str, value: float | None, **rest: object) -> Panic:
    """A fear index with its band; `rest` sets as_of and age."""
    status, action = ("", "") if value is None else band(name, value)
    return Panic(name=name, value=value, status=status, action=action, **rest)  # type: ignore[arg-type]


def summary(markets: Mapping[str, float | None]) -> str:
    """One sentence over the markets (name -> value of its index) by the mean of those that are known.

    `三市场` is said only when three are known, and with fewer these are named; without any the sentence says so.
    """
    known = {name: value for name, value in markets.items() if value is not None}
    if not known:
        return "恐慌指数不可用，无法判断"
    mean, worst = sum(known.values()) / len(known), max(known, key=lambda name: known[name])
    count = HOW_MANY.get(len(known), str(len(known)))
    who = f"{count}市场" if len(known) >= 3 else f"{count}市场({'、'.join(known)})"
    both = "均" if len(known) > 1 else ""
    if mean >= 30.0:
        return f"{who}{both}处于极度恐慌区间(≥30)，{worst}情绪最差，可能是抄底良机"
    if mean >= 25.0:
        return f"{who}{both}处于恐慌区间(25-30)，{worst}情绪最差，建议控制仓位"
    return f"{who}情绪正常，可正常操作" if mean >= 15.0 else f"{who}情绪偏乐观，警惕调整风险"


def fear_score(value: np.ndarray) -> np.ndarray:
    """0 (fear) to 100 (none): 100 below an index of 15, 70 at 20, 40 at 30, 20 at 40, 0 from 50; straight between."""
    x = np.asarray(value, dtype=np.float64)
    steps = [100.0 + 0.0 * x, 70.0 + 6.0 * (20.0 - x), 40.0 + 3.0 * (30.0 - x), 20.0 + 2.0 * (40.0 - x)]
    return np.select([x < 15.0, x < 20.0, x < 30.0, x < 40.0], steps, np.maximum(0.0, 20.0 - 2.0 * (x - 40.0)))


def momentum_score(close: np.ndarray) -> np.ndarray:
    """0.6 RSI + 0.4 position of the close in the range of 250 closes (0 to 100); NaN where that has no width."""
    low = window_min(close, YEAR)
    return 0.6 * rsi(close) + 0.4 * 100.0 * ratio(close - low, window_max(close, YEAR) - low)


def volume_score(close: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """Volume of a market, 0 to 100: heavy (above 1.5 of its mean of 20) 70 to 100 on a rise, 30 to 0 otherwise; thin
    (below 0.7) 40 to 54; between 50 + 200 times the day's return.
    """
    over, change = ratio(volume, window_mean(volume, DAYS)), close / before(close) - 1.0
    extra = 30.0 * np.minimum(over - 1.5, 1.0)
    heavy = np.where(change > 0.0, 70.0 + extra, 30.0 - extra)
    points = np.select([over > 1.5, over < 0.7], [heavy, 40.0 + 20.0 * (0.7 - over)], 50.0 + 200.0 * change)
    return np.where(np.isnan(over) | np.isnan(change), np.nan, np.clip(points, 0.0, 100.0))


def sentiment_days(bars: pd.DataFrame, fear: pd.Series) -> pd.Series:
    """Sentiment score of a market on every day of `bars`, 0 to 100: 0.3 fear + 0.4 momentum + 0.3 volume.

    Parameters
    ----------
    bars : DataFrame
        Of its index (Nasdaq for US and global assets, its own for CN and HK); high, low, close, volume.
    fear : Series
        Its fear index on those days (VIX, CNVI, ...), already as of what was known then; NaN where unknown.
    """
    close, volume = values(checked(bars), "close"), values(bars, "volume")
    known = fear.reindex(bars.index).to_numpy(dtype=np.float64)
    score = 0.3 * fear_score(known) + 0.4 * momentum_score(close) + 0.3 * volume_score(close, volume)
    return pd.Series(np.where(np.isnan(known), np.nan, score), index=bars.index, name="sentiment_score")

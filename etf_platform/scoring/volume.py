"""Volume block: how volume went with price, day by day of one asset.

Here: classes, OBV, volume ratio, turnover, breakout, and their summary. Not here: points (`factors.volume`). Without
volume in the window there is no block: every number is NaN, every text empty.
"""

import numpy as np
import pandas as pd

from etf_platform.scoring.divergence import BOTTOM, NAMES, TOP, divergence
from etf_platform.scoring.windows import before, checked, ratio, values, window_max, window_mean, window_sum

DAYS = 20
POINTS = {"up_up": 10.0, "up_down": -5.0, "down_up": -10.0, "down_down": 5.0}
STATUS = (
    ("up_up", 0.6, "量价齐升", "优秀"),
    ("up_down", 0.5, "量价背离", "偏弱"),
    ("down_up", 0.5, "量价齐跌", "极弱"),
    ("down_down", 0.5, "缩量筑底", "偏强"),
)
OTHERWISE = ("震荡", "中性")
RATIO_LEVELS = ((3.0, "巨量"), (2.0, "显著放量"), (1.5, "放量"), (0.8, "正常"), (0.5, "缩量"), (-np.inf, "极度缩量"))
TURNOVER_LEVELS = ((0.10, "极高"), (0.05, "高"), (0.02, "中等"), (0.01, "偏低"), (-np.inf, "低"))
SIGNALS = ((80.0, "强烈买入"), (65.0, "买入"), (50.0, "中性偏多"), (35.0, "观望"), (20.0, "减仓"), (-np.inf, "清仓"))
STRONG = 1.5
HEAVY = 2.0
SLOPE = 0.05


def volume_days(bars: pd.DataFrame, original_compatible: bool = False) -> pd.DataFrame:
    """Every field of `blocks.VolumeBlock` for every day.

    Parameters
    ----------
    bars : DataFrame
        Rising dates; high, close on one adjusted basis, volume in shares, optionally turnover_rate as a fraction.
        A day on which price or volume did not change has no class, and counts among the 20.
    original_compatible : bool
        Volume ratio to the mean of the last five days with the day among them, OBV against +-5 % of its own mean.

    Returns
    -------
    DataFrame
        Index of `bars`; NaN or an empty text where not defined: before row 20, or with a missing or no volume in it.

    Raises
    ------
    BadInputError
        Bars that are not usable (`windows.checked`).
    """
    checked(bars)
    close, high, volume = values(bars, "close"), values(bars, "high"), values(bars, "volume")
    traded = window_sum(volume, DAYS)
    known = (traded > 0.0) & np.isfinite(before(volume, DAYS))
    columns = _classes(close, volume, known) | _on_balance(close, volume, traded, original_compatible)
    columns |= volume_ratio(volume, original_compatible) | _turnover(values(bars, "turnover_rate"))
    columns |= _breakout(close, high, volume, known)
    strong = volume_ratio(volume)["volume_ratio"] >= STRONG
    return pd.DataFrame(columns | _summary(columns, close, volume, strong), index=bars.index)


def classes(close: np.ndarray, volume: np.ndarray) -> dict[str, np.ndarray]:
    """Whether a day is up_up, up_down, down_up or down_down: direction of price, then of volume."""
    price, shares = close - before(close), volume - before(volume)
    sides = {"up": (price > 0.0, shares > 0.0), "down": (price < 0.0, shares < 0.0)}
    return {f"{p}_{v}": sides[p][0] & sides[v][1] for p in sides for v in sides}


def _classes(close: np.ndarray, volume: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    found = classes(close, volume)
    counts = {
        name: np.where(known, window_sum(is_it.astype(np.float64), DAYS), np.nan) for name, is_it in found.items()
    }
    points = sum(POINTS[name] * counts[name] for name in counts)
    columns = {name: count / DAYS for name, count in counts.items()}
    meets = [columns[name] >= share for name, share, _, _ in STATUS]
    return columns | {
        "degree": np.clip(50.0 + points, 0.0, 100.0),
        "status": _chosen(meets, [text for _, _, text, _ in STATUS], OTHERWISE[0], known),
        "quality": _chosen(meets, [text for _, _, _, text in STATUS], OTHERWISE[1], known),
        "today": _chosen(list(found.values()), list(found), "", known),
    }


def _on_balance(close: np.ndarray, volume: np.ndarray, traded: np.ndarray, compatible: bool) -> dict[str, np.ndarray]:
    change = close - before(close)
    flow = np.where(np.isnan(volume), 0.0, np.sign(np.nan_to_num(change)) * np.nan_to_num(volume))
    obv = np.cumsum(flow)
    mean = window_mean(obv, DAYS)
    slope = ratio(obv - mean, np.where(traded > 0.0, traded, np.nan))
    rises, falls = slope > SLOPE, slope < -SLOPE
    if compatible:
        rises, falls = obv > mean * (1.0 + SLOPE), obv < mean * (1.0 - SLOPE)
    trend = _chosen([rises, falls], ["上升", "下降"], "平稳", np.isfinite(slope))
    kind, _ = divergence(close, obv)
    texts = np.array([NAMES[BOTTOM], "", NAMES[TOP]], dtype=object)[kind + 1]
    return {"obv": obv, "obv_slope": slope, "obv_trend": trend, "obv_divergence": texts}


def volume_ratio(volume: np.ndarray, original_compatible: bool = False) -> dict[str, np.ndarray]:
    """Volume / mean of the five days before (with the day among them: the original's), and the name of its level."""
    mean = window_mean(volume, 5)
    over = ratio(volume, mean if original_compatible else before(mean))
    return {"volume_ratio": over, "ratio_level": levels(over, RATIO_LEVELS)}


def _turnover(rate: np.ndarray) -> dict[str, np.ndarray]:
    return {"turnover_rate": rate, "turnover_level": levels(rate, TURNOVER_LEVELS)}


def _breakout(close: np.ndarray, high: np.ndarray, volume: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    resistance = before(window_max(high, DAYS))
    over = volume_ratio(volume)["volume_ratio"]
    is_above, judged = close > resistance, known & np.isfinite(over) & np.isfinite(resistance)
    meets = [is_above & (over >= STRONG), is_above, over >= HEAVY]
    return {
        "resistance": resistance,
        "breakout": _chosen(meets, ["有效突破", "假突破风险", "蓄势待发"], "未突破", judged),
        "breakout_signal": _chosen(meets, ["买入信号", "观望", "关注"], "观望", judged),
    }


def _summary(
    columns: dict[str, np.ndarray], close: np.ndarray, volume: np.ndarray, strong: np.ndarray
) -> dict[str, np.ndarray]:
    kind, _ = divergence(close, volume)
    diverging = np.select([kind == TOP, kind == BOTTOM], [-20.0, 10.0], 20.0)
    together = np.select([columns["quality"] == "优秀", columns["quality"] == "极弱"], [10.0, -10.0], 0.0)
    score = np.clip(0.5 * columns["degree"] + diverging + np.where(strong, together, 0.0), 0.0, 100.0)
    return {"vp_score": score, "signal": levels(score, SIGNALS)}


def levels(x: np.ndarray, bands: tuple[tuple[float, str], ...]) -> np.ndarray:
    """Name of the first band whose lower limit a value reaches; empty for NaN."""
    return _chosen([x >= limit for limit, _ in bands], [name for _, name in bands], "", np.isfinite(x))


def _chosen(meets: list[np.ndarray], texts: list[str], otherwise: str, known: np.ndarray) -> np.ndarray:
    out = np.full(known.size, otherwise, dtype=object)
    for is_met, text in zip(reversed(meets), reversed(texts), strict=True):
        out[is_met] = text
    out[~known] = ""
    return out

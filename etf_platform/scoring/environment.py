"""Market environment of a day and the position hint: what the original says of its indices beside a probability.

Not here: the probability itself, and the position of an asset in the portfolio (`sizing`).
"""

import numpy as np
import pandas as pd

BULLISH, BEARISH = 1.0, -1.0


def position_hint(up_prob: float, confidence: float, mean: float, deviation: float) -> float:
    """Share of capital from probability, confidence, and mean and deviation of the returns; 0.1 to 0.9.

    0.8 from 0.75 up with confidence 0.8, 0.65 from 0.65 with 0.7, mirrored 0.2 and 0.3, else 0.5; 70 / 30 with half the
    Kelly share mean / deviation^2 (0 to 1) where the mean is positive. The original asks for 0.35 before 0.25, which
    makes its 0.2 unreachable; ours asks for the stronger first.
    """
    bands = (
        (up_prob >= 0.75 and confidence >= 0.8, 0.8),
        (up_prob >= 0.65 and confidence >= 0.7, 0.65),
        (up_prob <= 0.25 and confidence >= 0.8, 0.2),
        (up_prob <= 0.35 and confidence >= 0.7, 0.3),
    )
    share = next((share for holds, share in bands if holds), 0.5)
    if mean > 0.0 and deviation > 0.0:
        share = 0.7 * share + 0.3 * min(1.0, 0.5 * mean / deviation**2)
    return min(0.9, max(0.1, share))


def order_of(close: np.ndarray, ma20: np.ndarray, ma60: np.ndarray, ma250: np.ndarray) -> np.ndarray:
    """1 where close > MA20 > MA60 > MA250, -1 where each is below the next, else 0; NaN where one is unknown."""
    known = np.isfinite(close) & np.isfinite(ma20) & np.isfinite(ma60) & np.isfinite(ma250)
    bullish = (close > ma20) & (ma20 > ma60) & (ma60 > ma250)
    bearish = (close < ma20) & (ma20 < ma60) & (ma60 < ma250)
    return np.where(known, bullish.astype(np.float64) - bearish, np.nan)


def environments(technical: pd.DataFrame) -> list[str]:
    """Market environment of every row of a frame of technical days; empty where an input is unknown.

    牛市顶部: RSI > 70, within 5 % of the 250-bar high, close > MA20 > MA60 > MA250. Its mirror 熊市底部: RSI < 30, more
    than 40 % below, bearish order. 牛市中期: 5 to 20 % below in bullish order; 熊市中期: 20 to 40 % below in bearish
    order. Everything else: 震荡市.
    """
    close = technical["close"].to_numpy()
    order = order_of(close, *(technical[name].to_numpy() for name in ("ma20", "ma60", "ma250")))
    distance = close / technical["high_250"].to_numpy() - 1.0
    rows = zip(distance.tolist(), technical["rsi"].tolist(), order.tolist(), strict=True)
    return [_environment(*row) if all(map(np.isfinite, row)) else "" for row in rows]


def _environment(distance: float, strength: float, order: float) -> str:
    if order == BULLISH and strength > 70.0 and distance > -0.05:
        return "牛市顶部"
    if order == BULLISH and -0.20 < distance < -0.05:
        return "牛市中期"
    if order == BEARISH and strength < 30.0 and distance < -0.40:
        return "熊市底部"
    return "熊市中期" if order == BEARISH and -0.40 < distance < -0.20 else "震荡市"

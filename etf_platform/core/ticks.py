"""Prices as whole ticks, and daily price limits computed exactly on them.

Binary fractions are wrong for price limits: 1.005 * 1.1 is a hair below 1.1055 and would round down to 1.105 where the
exchange says 1.106. So prices become whole ticks, rates whole ten-thousandths, and the rest is integer arithmetic.
Not here: which rate applies to which fund on which day (`market`).
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

ETF_TICK = 0.001
_RATE_UNITS = 10_000


def to_ticks(price: ArrayLike, tick: float = ETF_TICK) -> np.ndarray:
    """Prices as the nearest whole number of ticks.

    Parameters
    ----------
    price : array-like
        CNY per share; NaN stays NaN.
    tick : float
        Smallest price step; 1 / tick must be whole (0.001 for funds, 0.01 for shares).

    Returns
    -------
    ndarray of float64
        Whole numbers (exact up to 2**53) or NaN, so that equal prices compare equal.
    """
    return np.rint(np.asarray(price, dtype=np.float64) * round(1.0 / tick))


def limit_price(
    prev_close: ArrayLike, rate: ArrayLike, tick: float = ETF_TICK, side: Literal["up", "down"] = "up"
) -> np.ndarray:
    """Highest or lowest price of the day: prev_close * (1 + rate) or * (1 - rate), rounded half up to the tick.

    Parameters
    ----------
    prev_close : array-like
        The exchange's reference price, CNY per share, on the tick; NaN gives NaN.
    rate : array-like, broadcast against `prev_close`
        Limit as a fraction, whole ten-thousandths; NaN gives NaN.
    tick : float
        As in `to_ticks`.
    side : {"up", "down"}

    Returns
    -------
    ndarray of float64
        The double nearest to the decimal price, so 5.18 == limit_price(4.709, 0.10).

    References
    ----------
    SSE trading rules, article 3.3.13: limits are rounded half up to the price step.
    """
    base, points = to_ticks(prev_close, tick), np.rint(np.asarray(rate, dtype=np.float64) * _RATE_UNITS)
    defined = np.isfinite(base) & np.isfinite(points)
    sign = 1 if side == "up" else -1
    factor = _RATE_UNITS + sign * np.where(defined, points, 0).astype(np.int64)
    exact = np.where(defined, base, 0).astype(np.int64) * factor
    ticks = (2 * exact + _RATE_UNITS) // (2 * _RATE_UNITS)
    return np.where(defined, ticks / round(1.0 / tick), np.nan)

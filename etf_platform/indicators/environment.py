"""Market environment and trend direction, from the slope of a moving average. Not here: limits of RSI (`strategies`).

The two look-backs (20 and 5 values of the 50-bar mean) are two named columns on purpose.
"""

import numpy as np

from etf_platform.core.units.indicator import indicator
from etf_platform.indicators.moving_averages import CLOSE
from etf_platform.indicators.recursions import partial_mean, previous, rolling_mean

MEAN, LONG, SHORT = 50, 20, 5
ENVIRONMENT_SLOPE, DIRECTION_SLOPE = 0.001, 0.0005
FLAT_SLOPE, FLAT_RANGE = 0.005, 0.03
ROUNDING = 1e-10


def relative_slope(x: np.ndarray, k: int) -> np.ndarray:
    """Least-squares slope of the last `k` values per bar, as a fraction of the last one; exactly 0 where all are equal.

    NaN before row k - 1 and over a NaN; `k` is at least 2.
    """
    total = np.zeros(x.size)
    for i in range(k // 2):
        total += (k - 1 - 2 * i) / 2.0 * (previous(x, i) - previous(x, k - 1 - i))
    return total / (k * (k * k - 1) / 12.0) / x


@indicator(
    "ma_slope",
    "ma_slope_{n}_{k}",
    inputs=CLOSE,
    unit="fraction per day",
    first_row=lambda n, k: n + k - 2,
    direction=1,
    defaults={"n": MEAN, "k": LONG},
)
def ma_slope(close: np.ndarray, n: int, k: int) -> np.ndarray:
    """Least-squares slope of the last `k` values of the `n`-bar mean, as a fraction of its last value; k at least 2."""
    return relative_slope(rolling_mean(close, n), k)


def _twice(is_so: np.ndarray) -> np.ndarray:
    return is_so & np.concatenate((np.zeros(min(1, is_so.size), dtype=bool), is_so[:-1]))


def _sides(close: np.ndarray, mean: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    return _twice(close >= mean - tolerance), _twice(close <= mean + tolerance)


def environments(close: np.ndarray, mean: np.ndarray, tolerance: float = 0.0) -> np.ndarray:
    """bull, bear, oscillate or transition per row, as objects, for any mean of shape (n_rows,); see `market_env`."""
    slope = relative_slope(mean, LONG)
    above, below = _sides(close, mean, tolerance)
    out = np.full(close.size, "transition", dtype=object)
    out[(np.abs(slope) <= FLAT_SLOPE) & (np.abs(close / mean - 1.0) <= FLAT_RANGE)] = "oscillate"
    out[(slope < -ENVIRONMENT_SLOPE) & below] = "bear"
    out[(slope > ENVIRONMENT_SLOPE) & above] = "bull"
    return out


def directions(close: np.ndarray, mean: np.ndarray, tolerance: float = 0.0) -> np.ndarray:
    """up, down or side per row, as objects, for any mean of shape (n_rows,); see `trend_dir`."""
    slope = relative_slope(mean, SHORT)
    above, below = _sides(close, mean, tolerance)
    out = np.full(close.size, "side", dtype=object)
    out[(slope < -DIRECTION_SLOPE) & below] = "down"
    out[(slope > DIRECTION_SLOPE) & above] = "up"
    return out


@indicator("market_env", inputs=CLOSE, unit="text", first_row=lambda: MEAN + LONG - 2, is_text=True)
def market_env(close: np.ndarray) -> np.ndarray:
    """Slope of the last 20 values of the 50-bar mean, and the last 2 closes against the mean of their own day.

    > 0.001 and both at or above: bull; < -0.001 and both at or below: bear; otherwise |slope| <= 0.005 and the close
    within 3 % of the mean: oscillate; else transition. None before 20 values of the mean exist.
    """
    out = environments(close, rolling_mean(close, MEAN))
    out[: MEAN + LONG - 2] = None
    return out


@indicator("market_env", inputs=CLOSE, unit="text", first_row=lambda: 0, is_text=True, is_original=True)
def market_env_original(close: np.ndarray) -> np.ndarray:
    """As ours on partial means and with a tolerance of 1e-10 in price; transition in the first 19 rows."""
    out = environments(close, partial_mean(close, MEAN), ROUNDING)
    out[: LONG - 1] = "transition"
    return out


@indicator("trend_dir", inputs=CLOSE, unit="text", first_row=lambda: MEAN + SHORT - 2, is_text=True)
def trend_dir(close: np.ndarray) -> np.ndarray:
    """Slope of the last 5 values of the 50-bar mean, and the last 2 closes against the mean of their own day.

    > 0.0005 and both at or above: up; < -0.0005 and both at or below: down; else side. None before 5 values exist.
    """
    out = directions(close, rolling_mean(close, MEAN))
    out[: MEAN + SHORT - 2] = None
    return out


@indicator("trend_dir", inputs=CLOSE, unit="text", first_row=lambda: 0, is_text=True, is_original=True)
def trend_dir_original(close: np.ndarray) -> np.ndarray:
    """As ours on partial means and with a tolerance of 1e-8 in price; side in the first 6 rows."""
    out = directions(close, partial_mean(close, MEAN), 100 * ROUNDING)
    out[: SHORT + 1] = "side"
    return out

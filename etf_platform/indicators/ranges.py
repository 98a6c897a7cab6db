"""True range, bands and standard deviations. Not here: directional movement (`directional`)."""

import numpy as np

from etf_platform.core.units.indicator import indicator
from etf_platform.indicators.moving_averages import CLOSE
from etf_platform.indicators.recursions import (
    changes,
    previous,
    ratio,
    rolling_deviation,
    rolling_mean,
    wilder_mean,
)

BAR = ("high", "low", "close")
BAND = {"n": 20, "k": 2.0}


@indicator("true_range", inputs=BAR, unit="price", first_row=lambda: 1)
def true_range(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Range of the bar extended to the previous close; the first bar has none."""
    before = previous(close)
    return np.maximum(high, before) - np.minimum(low, before)


def with_first_bar(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> np.ndarray:
    """True range whose first row is high minus low."""
    out = true_range.function(high, low, close)
    out[:1] = high[:1] - low[:1]
    return out


@indicator("atr_{n}", inputs=BAR, unit="price", first_row=lambda n: n, direction=-1, example={"n": 14})
def atr(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Wilder mean of the true range from the second bar on, seeded with the mean of the first `n`.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.
    """
    return wilder_mean(true_range.function(high, low, close), n)


@indicator("atr_first_bar_{n}", inputs=BAR, unit="price", first_row=lambda n: n - 1, direction=-1, example={"n": 14})
def atr_first_bar(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Wilder mean of the true range where the first bar counts with high minus low (StockCharts' sheets)."""
    return wilder_mean(with_first_bar(high, low, close), n)


@indicator("natr_{n}", inputs=BAR, unit="percent", first_row=lambda n: n, direction=-1, example={"n": 14})
def natr(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Average true range as 100 parts of the close; in percent because that is how NATR is known."""
    return 100.0 * atr.function(high, low, close, n) / close


@indicator("stddev_{n}", inputs=CLOSE, unit="price", first_row=lambda n: n - 1, direction=-1, example={"n": 5})
def stddev(close: np.ndarray, n: int) -> np.ndarray:
    """Population standard deviation (ddof 0) of the last `n` closes."""
    return np.sqrt(rolling_deviation(close, n, 2) / n)


@indicator("boll_mid_{n}", inputs=CLOSE, unit="price", first_row=lambda n: n - 1, direction=1, example={"n": 20})
def boll_mid(close: np.ndarray, n: int) -> np.ndarray:
    """Middle Bollinger band: mean of the last `n` closes."""
    return rolling_mean(close, n)


def _band_row(n: int, k: float) -> int:
    return n - 1


@indicator("boll_upper_{n}", "boll_upper_{n}_{k:g}", inputs=CLOSE, unit="price", first_row=_band_row, defaults=BAND)
def boll_upper(close: np.ndarray, n: int, k: float) -> np.ndarray:
    """Upper Bollinger band: mean plus `k` population deviations of the last `n` closes; k is 2 where not named."""
    return rolling_mean(close, n) + k * stddev.function(close, n)


@indicator("boll_lower_{n}", "boll_lower_{n}_{k:g}", inputs=CLOSE, unit="price", first_row=_band_row, defaults=BAND)
def boll_lower(close: np.ndarray, n: int, k: float) -> np.ndarray:
    """Lower Bollinger band: mean minus `k` population deviations of the last `n` closes; k is 2 where not named."""
    return rolling_mean(close, n) - k * stddev.function(close, n)


@indicator("boll_width_{n}", "boll_width_{n}_{k:g}", inputs=CLOSE, unit="fraction", first_row=_band_row, defaults=BAND)
def boll_width(close: np.ndarray, n: int, k: float) -> np.ndarray:
    """Distance of the Bollinger bands as a fraction of the middle one."""
    return 2.0 * k * stddev.function(close, n) / rolling_mean(close, n)


@indicator(
    "boll_percent_{n}", "boll_percent_{n}_{k:g}", inputs=CLOSE, unit="fraction", first_row=_band_row, defaults=BAND
)
def boll_percent(close: np.ndarray, n: int, k: float) -> np.ndarray:
    """Where the close stands between the Bollinger bands: 0 the lower, 1 the upper; NaN when the window is flat."""
    half = k * stddev.function(close, n)
    return ratio(close - rolling_mean(close, n) + half, 2.0 * half)


@indicator("vol_{n}", inputs=CLOSE, unit="fraction per day", first_row=lambda n: n, direction=-1, example={"n": 20})
def vol(close: np.ndarray, n: int) -> np.ndarray:
    """Sample standard deviation (ddof 1) of the last `n` simple daily returns, not annualised; n is at least 2.

    0.02 a day is about 0.317 a year. NaN throughout for n = 1, which has no sample deviation.
    """
    returns = ratio(changes(close), previous(close))
    spread = rolling_deviation(returns, n, 2)
    return np.sqrt(spread / (n - 1)) if n > 1 else np.full(close.size, np.nan)

"""Wilder's directional movement: DI, DX, ADX. Not here: true range and ATR (`ranges`).

Ours seeds every mean with `n` values (Wilder, StockCharts). TA-Lib seeds its sums with n - 1: first values of ADX
differ by up to some points, 0.05 at bar 100, 1e-7 at bar 300; the columns `*_talib_*` follow it.
"""

import numpy as np

from etf_platform.core.units.indicator import indicator
from etf_platform.indicators.ranges import BAR, true_range, with_first_bar
from etf_platform.indicators.recursions import changes, exponential, masked, previous, ratio, wilder_mean

HIGH_LOW = ("high", "low")
FOURTEEN = {"n": 14}
Pair = tuple[np.ndarray, np.ndarray]


def _movement(high: np.ndarray, low: np.ndarray) -> Pair:
    up, down = changes(high), -changes(low)
    plus = np.where((up > down) & (up > 0), up, 0.0)
    minus = np.where((down > up) & (down > 0), down, 0.0)
    return masked(plus, 1), masked(minus, 1)


def _indices(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> Pair:
    span = wilder_mean(true_range.function(high, low, close), n)
    plus, minus = (100.0 * ratio(wilder_mean(move, n), span) for move in _movement(high, low))
    return plus, minus


def _strength(indices: Pair) -> np.ndarray:
    plus, minus = indices
    return 100.0 * ratio(np.abs(plus - minus), plus + minus)


@indicator("plus_di_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: n, direction=1, example=FOURTEEN)
def plus_di(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Upward movement as 100 parts of the true range, both Wilder means from the second bar on; NaN without range.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.
    """
    return _indices(high, low, close, n)[0]


@indicator("minus_di_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: n, direction=-1, example=FOURTEEN)
def minus_di(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Downward movement as 100 parts of the true range, both Wilder means from the second bar on; NaN without range."""
    return _indices(high, low, close, n)[1]


@indicator("dx_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: n, example=FOURTEEN)
def dx(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Distance of the two directional indices as 100 parts of their sum; NaN where both are 0."""
    return _strength(_indices(high, low, close, n))


@indicator("adx_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: 2 * n - 1, example=FOURTEEN)
def adx(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Wilder mean of DX, seeded with the mean of the first `n`: strength of a trend, whatever its direction.

    Constant prices never have a DX, nor an ADX. A row without DX later on repeats the mean.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.
    """
    return wilder_mean(dx.function(high, low, close, n), n)


@indicator("adxr_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: 3 * n - 2, example=FOURTEEN)
def adxr(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Mean of ADX and ADX n - 1 bars before."""
    strength = adx.function(high, low, close, n)
    return (strength + previous(strength, n - 1)) / 2.0


def _original_indices(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> Pair:
    span = wilder_mean(with_first_bar(high, low, close), n)
    plus, minus = (100.0 * ratio(wilder_mean(np.nan_to_num(move), n), span) for move in _movement(high, low))
    return plus, minus


@indicator(
    "plus_di_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: n - 1, example=FOURTEEN, is_original=True
)
def plus_di_original(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Upward movement as 100 parts of the true range; the first bar counts with no movement and high minus low."""
    return _original_indices(high, low, close, n)[0]


@indicator(
    "minus_di_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: n - 1, example=FOURTEEN, is_original=True
)
def minus_di_original(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Downward movement as 100 parts of the true range; the first bar counts with no movement and high minus low."""
    return _original_indices(high, low, close, n)[1]


@indicator("adx_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: n - 1, example=FOURTEEN, is_original=True)
def adx_original(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Wilder mean of DX seeded with the single DX of row n - 1; one undefined DX makes all later rows NaN."""
    strength = _strength(_original_indices(high, low, close, n))
    out = np.full(close.size, np.nan)
    out[n - 1 :] = exponential(strength[n - 1 :], 1.0 / n)
    return out


def _talib_sum(move: np.ndarray, n: int) -> np.ndarray:
    out = np.full(move.size, np.nan)
    if move.size >= n:
        mean = move[1:n].sum(keepdims=True) / n
        out[n - 1 :] = n * exponential(np.concatenate((mean, move[n:])), 1.0 / n)
    return out


def _talib_indices(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> Pair:
    span = _talib_sum(true_range.function(high, low, close), n)
    plus, minus = (masked(100.0 * ratio(_talib_sum(move, n), span), n) for move in _movement(high, low))
    return plus, minus


@indicator("plus_dm_{n}", inputs=HIGH_LOW, unit="price", first_row=lambda n: n - 1, direction=1, example=FOURTEEN)
def plus_dm(high: np.ndarray, low: np.ndarray, n: int) -> np.ndarray:
    """Wilder sum of upward movement, seeded with the sum of the first n - 1 (TA-Lib PLUS_DM)."""
    return _talib_sum(_movement(high, low)[0], n)


@indicator("minus_dm_{n}", inputs=HIGH_LOW, unit="price", first_row=lambda n: n - 1, direction=-1, example=FOURTEEN)
def minus_dm(high: np.ndarray, low: np.ndarray, n: int) -> np.ndarray:
    """Wilder sum of downward movement, seeded with the sum of the first n - 1 (TA-Lib MINUS_DM)."""
    return _talib_sum(_movement(high, low)[1], n)


@indicator("plus_di_talib_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: n, direction=1, example=FOURTEEN)
def plus_di_talib(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Upward movement as 100 parts of the true range, sums seeded with n - 1 values (TA-Lib PLUS_DI)."""
    return _talib_indices(high, low, close, n)[0]


@indicator("minus_di_talib_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: n, direction=-1, example=FOURTEEN)
def minus_di_talib(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Downward movement as 100 parts of the true range, sums seeded with n - 1 values (TA-Lib MINUS_DI)."""
    return _talib_indices(high, low, close, n)[1]


@indicator("dx_talib_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: n, example=FOURTEEN)
def dx_talib(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Distance of the two directional indices as 100 parts of their sum, seeded as TA-Lib DX."""
    return _strength(_talib_indices(high, low, close, n))


@indicator("adx_talib_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: 2 * n - 1, example=FOURTEEN)
def adx_talib(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Wilder mean of DX, sums seeded with n - 1 values (TA-Lib ADX)."""
    return wilder_mean(dx_talib.function(high, low, close, n), n)


@indicator("adxr_talib_{n}", inputs=BAR, unit="points 0-100", first_row=lambda n: 3 * n - 2, example=FOURTEEN)
def adxr_talib(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Mean of ADX and ADX n - 1 bars before, seeded as TA-Lib ADXR."""
    strength = adx_talib.function(high, low, close, n)
    return (strength + previous(strength, n - 1)) / 2.0

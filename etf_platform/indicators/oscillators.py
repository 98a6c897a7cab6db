"""Oscillators: RSI in its definitions, KDJ, Williams %R, CCI, ultimate oscillator.

Not here: what is overbought (`strategies`). A window without any range has no position in it: Williams %R and CCI are
NaN there, RSI is 50, KDJ counts 50.
"""

import numpy as np

from etf_platform.core.units.indicator import indicator
from etf_platform.indicators.moving_averages import CLOSE
from etf_platform.indicators.ranges import BAR, true_range
from etf_platform.indicators.recursions import (
    changes,
    exponential,
    masked,
    previous,
    ratio,
    rolling,
    rolling_deviation,
    rolling_mean,
    wilder_mean,
)

FOURTEEN = {"n": 14}
KDJ = {"n": 9, "k": 3, "d": 3}
ULTIMATE = {"short": 7, "middle": 14, "long": 28}


def _gains_and_losses(close: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    change = changes(close)
    return np.maximum(change, 0.0), np.maximum(-change, 0.0)


def _share(gain: np.ndarray, loss: np.ndarray) -> np.ndarray:
    total = gain + loss
    return np.where(total == 0.0, 50.0, 100.0 * ratio(gain, total))


@indicator("rsi_{n}", inputs=CLOSE, unit="points 0-100", first_row=lambda n: n, direction=1, example=FOURTEEN)
def rsi(close: np.ndarray, n: int) -> np.ndarray:
    """Wilder's relative strength index, seeded with the mean of the first `n` changes; flat 50, no losses 100.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.
    """
    gain, loss = _gains_and_losses(close)
    return _share(wilder_mean(gain, n), wilder_mean(loss, n))


@indicator("rsi_{n}", inputs=CLOSE, unit="points 0-100", first_row=lambda n: 0, example=FOURTEEN, is_original=True)
def rsi_original(close: np.ndarray, n: int) -> np.ndarray:
    """Relative strength of simple means, the first row counting as no change; 50 before row n - 1.

    A mean loss of exactly 0 counts as 1e-10, so that a flat window gives 0 and one without losses almost 100.
    """
    gain, loss = (rolling_mean(np.nan_to_num(part), n) for part in _gains_and_losses(close))
    loss[rolling(np.nan_to_num(_gains_and_losses(close)[1]), n, np.maximum) == 0.0] = 1e-10
    return np.where(np.isnan(loss), 50.0, 100.0 - 100.0 / (1.0 + gain / loss))


@indicator("rsi_simple_{n}", inputs=CLOSE, unit="points 0-100", first_row=lambda n: n, direction=1, example=FOURTEEN)
def rsi_simple(close: np.ndarray, n: int) -> np.ndarray:
    """Relative strength index of simple means of the last `n` changes; flat 50, no losses 100."""
    gain, loss = (np.maximum(rolling_mean(part, n), 0.0) for part in _gains_and_losses(close))
    lost = rolling(_gains_and_losses(close)[1], n, np.maximum)
    won = rolling(_gains_and_losses(close)[0], n, np.maximum)
    return _share(np.where(won == 0.0, 0.0, gain), np.where(lost == 0.0, 0.0, loss))


@indicator("rsi_ewm_{n}", inputs=CLOSE, unit="points 0-100", first_row=lambda n: n, direction=1, example=FOURTEEN)
def rsi_ewm(close: np.ndarray, n: int) -> np.ndarray:
    """Relative strength index of exponential means with alpha 1/n, started with no change at the first row."""
    gain, loss = (exponential(np.nan_to_num(part), 1.0 / n) for part in _gains_and_losses(close))
    return masked(_share(gain, loss), n)


@indicator(
    "rsi_metastock_{n}", inputs=CLOSE, unit="points 0-100", first_row=lambda n: n - 1, direction=1, example=FOURTEEN
)
def rsi_metastock(close: np.ndarray, n: int) -> np.ndarray:
    """Wilder's relative strength index with one row more: row n - 1 compares the sums of the first n - 1 changes.

    References
    ----------
    MetaStock; TA-Lib RSI in its MetaStock mode.
    """
    out = rsi.function(close, n)
    gain, loss = (part[1:n].sum(keepdims=True) for part in _gains_and_losses(close))
    out[n - 1 : n] = _share(gain, loss)
    return out


def _position(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    bottom = rolling(low, n, np.minimum)
    return ratio(close - bottom, rolling(high, n, np.maximum) - bottom)


def _kdj(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int, k: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    fast, slow = np.full(close.size, np.nan), np.full(close.size, np.nan)
    raw = 100.0 * _position(high, low, close, n)[n - 1 :]
    raw[np.isnan(raw)] = 50.0
    fast[n - 1 :] = exponential(np.concatenate(([50.0], raw)), 1.0 / k)[1:]
    slow[n - 1 :] = exponential(np.concatenate(([50.0], fast[n - 1 :])), 1.0 / d)[1:]
    return fast, slow


def _kdj_row(n: int, k: int, d: int) -> int:
    return n - 1


@indicator("kdj_k", "kdj_k_{n}_{k}_{d}", inputs=BAR, unit="points 0-100", first_row=_kdj_row, direction=1, defaults=KDJ)
def kdj_k(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int, k: int, d: int) -> np.ndarray:
    """Smoothed position of the close in the range of `n` bars: K = K[-1] + (RSV - K[-1]) / k, started at 50.

    RSV = 100 (close - lowest low) / (highest high - lowest low), 50 where the range is 0.
    """
    return _kdj(high, low, close, n, k, d)[0]


@indicator("kdj_d", "kdj_d_{n}_{k}_{d}", inputs=BAR, unit="points 0-100", first_row=_kdj_row, direction=1, defaults=KDJ)
def kdj_d(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int, k: int, d: int) -> np.ndarray:
    """Smoothed K: D = D[-1] + (K - D[-1]) / d, started at 50."""
    return _kdj(high, low, close, n, k, d)[1]


@indicator("kdj_j", "kdj_j_{n}_{k}_{d}", inputs=BAR, unit="points", first_row=_kdj_row, direction=1, defaults=KDJ)
def kdj_j(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int, k: int, d: int) -> np.ndarray:
    """3 K - 2 D; leaves 0 to 100."""
    fast, slow = _kdj(high, low, close, n, k, d)
    return 3.0 * fast - 2.0 * slow


@indicator("willr_{n}", inputs=BAR, unit="points -100-0", first_row=lambda n: n - 1, direction=1, example=FOURTEEN)
def willr(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Williams %R: distance of the close from the highest high of `n` bars in 100 parts of their range."""
    top = rolling(high, n, np.maximum)
    return 100.0 * ratio(close - top, top - rolling(low, n, np.minimum))


@indicator("cci_{n}", inputs=BAR, unit="points", first_row=lambda n: n - 1, direction=1, example={"n": 11})
def cci(high: np.ndarray, low: np.ndarray, close: np.ndarray, n: int) -> np.ndarray:
    """Commodity channel index: typical price against its mean of `n` bars, in units of 0.015 mean deviations.

    References
    ----------
    Lambert (1980), Commodities 10.
    """
    typical = (high + low + close) / 3.0
    return ratio(typical - rolling_mean(typical, n), 0.015 * rolling_deviation(typical, n, 1) / n)


@indicator(
    "ultosc",
    "ultosc_{short}_{middle}_{long}",
    inputs=BAR,
    unit="points 0-100",
    first_row=lambda short, middle, long: max(short, middle, long),
    direction=1,
    defaults=ULTIMATE,
)
def ultosc(high: np.ndarray, low: np.ndarray, close: np.ndarray, short: int, middle: int, long: int) -> np.ndarray:
    """Ultimate oscillator: buying pressure over true range in three windows, weighted 4, 2, 1; NaN without range.

    References
    ----------
    Williams (1985), Technical Analysis of Stocks and Commodities 3:4.
    """
    pressure = close - np.minimum(low, previous(close))
    span = true_range.function(high, low, close)
    parts = [ratio(rolling_mean(pressure, w), rolling_mean(span, w)) for w in (short, middle, long)]
    return 100.0 * (4.0 * parts[0] + 2.0 * parts[1] + parts[2]) / 7.0

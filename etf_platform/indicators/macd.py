"""Moving average convergence and divergence. Not here: the exponential mean itself (`recursions`).

`macd_line`, `macd_signal` and `macd_hist` stand for 12/26/9; other settings are spelt out, e.g. `macd_line_5_35_5`.
"""

import numpy as np

from etf_platform.core.units.indicator import indicator
from etf_platform.indicators.moving_averages import CLOSE
from etf_platform.indicators.recursions import exponential, masked

USUAL = {"fast": 12, "slow": 26, "signal": 9}


def _line(close: np.ndarray, fast: int, slow: int) -> np.ndarray:
    return exponential(close, 2.0 / (fast + 1)) - exponential(close, 2.0 / (slow + 1))


def _smooth(line: np.ndarray, signal: int) -> np.ndarray:
    return exponential(line, 2.0 / (signal + 1))


def _line_row(fast: int, slow: int, signal: int) -> int:
    return max(fast, slow) - 1


def _signal_row(fast: int, slow: int, signal: int) -> int:
    return max(fast, slow) + signal - 2


def _original_row(fast: int, slow: int, signal: int) -> int:
    return 0


@indicator(
    "macd_line",
    "macd_line_{fast}_{slow}_{signal}",
    inputs=CLOSE,
    unit="price",
    first_row=_line_row,
    direction=1,
    defaults=USUAL,
)
def macd_line(close: np.ndarray, fast: int, slow: int, signal: int) -> np.ndarray:
    """Fast minus slow exponential mean, both seeded with the first close; from row slow - 1 on."""
    return masked(_line(close, fast, slow), _line_row(fast, slow, signal))


@indicator(
    "macd_signal",
    "macd_signal_{fast}_{slow}_{signal}",
    inputs=CLOSE,
    unit="price",
    first_row=_signal_row,
    direction=1,
    defaults=USUAL,
)
def macd_signal(close: np.ndarray, fast: int, slow: int, signal: int) -> np.ndarray:
    """Exponential mean of the MACD line from the first row on; shown from row slow + signal - 2 on."""
    return masked(_smooth(_line(close, fast, slow), signal), _signal_row(fast, slow, signal))


@indicator(
    "macd_hist",
    "macd_hist_{fast}_{slow}_{signal}",
    inputs=CLOSE,
    unit="price",
    first_row=_signal_row,
    direction=1,
    defaults=USUAL,
)
def macd_hist(close: np.ndarray, fast: int, slow: int, signal: int) -> np.ndarray:
    """MACD line minus its signal; from row slow + signal - 2 on."""
    line = _line(close, fast, slow)
    return masked(line - _smooth(line, signal), _signal_row(fast, slow, signal))


def _empty_if_short(values: np.ndarray, slow: int) -> np.ndarray:
    return np.full(values.size, np.nan) if values.size < slow else values


@indicator(
    "macd_line",
    "macd_line_{fast}_{slow}_{signal}",
    inputs=CLOSE,
    unit="price",
    first_row=_original_row,
    defaults=USUAL,
    is_original=True,
)
def macd_line_unmasked(close: np.ndarray, fast: int, slow: int, signal: int) -> np.ndarray:
    """MACD line from the first row on; all NaN where the whole history has fewer rows than `slow`."""
    return _empty_if_short(_line(close, fast, slow), slow)


@indicator(
    "macd_signal",
    "macd_signal_{fast}_{slow}_{signal}",
    inputs=CLOSE,
    unit="price",
    first_row=_original_row,
    defaults=USUAL,
    is_original=True,
)
def macd_signal_unmasked(close: np.ndarray, fast: int, slow: int, signal: int) -> np.ndarray:
    """MACD signal from the first row on; all NaN where the whole history has fewer rows than `slow`."""
    return _empty_if_short(_smooth(_line(close, fast, slow), signal), slow)


@indicator(
    "macd_hist",
    "macd_hist_{fast}_{slow}_{signal}",
    inputs=CLOSE,
    unit="price",
    first_row=_original_row,
    defaults=USUAL,
    is_original=True,
)
def macd_hist_unmasked(close: np.ndarray, fast: int, slow: int, signal: int) -> np.ndarray:
    """MACD line minus signal from the first row on; all NaN where the whole history has fewer rows than `slow`."""
    line = _line(close, fast, slow)
    return _empty_if_short(line - _smooth(line, signal), slow)


def _metastock_line(close: np.ndarray) -> np.ndarray:
    return exponential(close, 0.15) - exponential(close, 0.075)


@indicator("macd_fix_line", inputs=CLOSE, unit="price", first_row=lambda: 33, direction=1)
def macd_fix_line(close: np.ndarray) -> np.ndarray:
    """MACD line with the rounded alphas 0.15 and 0.075, seeded with the first close, from row 33 on.

    References
    ----------
    MetaStock's MACD; TA-Lib MACDFIX in its MetaStock mode.
    """
    return masked(_metastock_line(close), 33)


@indicator("macd_fix_signal", inputs=CLOSE, unit="price", first_row=lambda: 33, direction=1)
def macd_fix_signal(close: np.ndarray) -> np.ndarray:
    """Exponential mean over 9 rows of the MACD line with rounded alphas, started at row 25, shown from row 33 on.

    References
    ----------
    MetaStock's MACD; TA-Lib MACDFIX in its MetaStock mode.
    """
    out = np.full(close.size, np.nan)
    out[25:] = _smooth(_metastock_line(close)[25:], 9)
    return masked(out, 33)

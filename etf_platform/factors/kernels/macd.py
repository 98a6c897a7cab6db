"""Moving average convergence and divergence: line, signal and histogram, in prices and relative to the close.

Three ways of averaging: simple (`macd_sma`), exponential seeded like TA-Lib (`macd_ema`), exponential seeded with the
first value (`macd_ewm`, pandas `adjust=False`).
"""

import functools

import numpy as np

from etf_platform.core.units.factor import factor
from etf_platform.factors.kernels.trend import exponential
from etf_platform.factors.kernels.windows import window_sum

SETTINGS = tuple(
    {"fast": fast, "slow": slow, "signal": signal}
    for fast, slow, signal in ((12, 26, 9), (16, 34, 7), (20, 42, 8), (5, 35, 5))
)
CLASSIC = SETTINGS[:1]

in_prices = functools.partial(
    factor, inputs=("close",), params=SETTINGS, unit="price", scale="price", direction=+1, bucket="momentum"
)
per_close = functools.partial(
    factor, inputs=("close",), params=SETTINGS, unit="fraction", direction=+1, bucket="momentum"
)


def line_simple(close, fast, slow, out):
    """Difference of two simple means."""
    long = np.empty(close.size)
    window_sum(close, fast, out)
    window_sum(close, slow, long)
    for i in range(out.size):
        out[i] = out[i] / fast - long[i] / slow


def line_seeded(close, fast, slow, out):
    """Difference of two exponential means whose seeds, simple means, both stand at row `slow - 1` (TA-Lib)."""
    long = np.empty(close.size)
    first = slow - 1
    out[:first] = np.nan
    out[first] = close[slow - fast : slow].mean()
    long[first] = close[:slow].mean()
    exponential(close, 2.0 / (fast + 1.0), first, out)
    exponential(close, 2.0 / (slow + 1.0), first, long)
    for i in range(first, out.size):
        out[i] -= long[i]


def line_first(close, fast, slow, out):
    """Difference of two exponential means seeded with the first close; not masked."""
    long = np.empty(close.size)
    out[0] = long[0] = close[0]
    exponential(close, 2.0 / (fast + 1.0), 0, out)
    exponential(close, 2.0 / (slow + 1.0), 0, long)
    for i in range(out.size):
        out[i] -= long[i]


def signal_simple(line, slow, signal, out):
    """Simple mean of the line."""
    window_sum(line, signal, out)
    for i in range(out.size):
        out[i] /= signal


def signal_seeded(line, slow, signal, out):
    """Exponential mean of the line, seeded with the mean of its first `signal` values."""
    first = slow + signal - 2
    out[:first] = np.nan
    out[first] = line[slow - 1 : slow - 1 + signal].mean()
    exponential(line, 2.0 / (signal + 1.0), first, out)


def signal_first(line, slow, signal, out):
    """Exponential mean of the line from its first value; NaN in the first `slow + signal - 2` rows."""
    out[0] = line[0]
    exponential(line, 2.0 / (signal + 1.0), 0, out)
    out[: slow + signal - 2] = np.nan


def relative(close, out):
    """Divide by the close."""
    for i in range(out.size):
        out[i] /= close[i]


def _slow(fast, slow, signal):
    return slow


def _full(fast, slow, signal):
    return slow + signal - 1


@in_prices(name="macd_sma_{fast}_{slow}_{signal}", warmup=_slow)
def macd_sma(close, fast, slow, signal, out):
    """Simple mean of `fast` closes minus simple mean of `slow` closes."""
    line_simple(close, fast, slow, out)


@in_prices(name="macd_sma_signal_{fast}_{slow}_{signal}", warmup=_full)
def macd_sma_signal(close, fast, slow, signal, out):
    """Simple mean over `signal` bars of the difference of two simple means."""
    line = np.empty(close.size)
    line_simple(close, fast, slow, line)
    signal_simple(line, slow, signal, out)


@in_prices(name="macd_sma_hist_{fast}_{slow}_{signal}", warmup=_full)
def macd_sma_hist(close, fast, slow, signal, out):
    """Difference of two simple means minus its own simple mean over `signal` bars."""
    line = np.empty(close.size)
    line_simple(close, fast, slow, line)
    signal_simple(line, slow, signal, out)
    for i in range(out.size):
        out[i] = line[i] - out[i]


@per_close(name="macd_sma_rel_{fast}_{slow}_{signal}", warmup=_slow)
def macd_sma_rel(close, fast, slow, signal, out):
    """Difference of two simple means as a fraction of the close."""
    line_simple(close, fast, slow, out)
    relative(close, out)


@per_close(name="macd_sma_signal_rel_{fast}_{slow}_{signal}", warmup=_full)
def macd_sma_signal_rel(close, fast, slow, signal, out):
    """Signal of the simple MACD as a fraction of the close."""
    line = np.empty(close.size)
    line_simple(close, fast, slow, line)
    signal_simple(line, slow, signal, out)
    relative(close, out)


@per_close(name="macd_sma_hist_rel_{fast}_{slow}_{signal}", warmup=_full)
def macd_sma_hist_rel(close, fast, slow, signal, out):
    """Histogram of the simple MACD as a fraction of the close."""
    line = np.empty(close.size)
    line_simple(close, fast, slow, line)
    signal_simple(line, slow, signal, out)
    for i in range(out.size):
        out[i] = line[i] - out[i]
    relative(close, out)


@in_prices(name="macd_ema_{fast}_{slow}_{signal}", warmup=_slow, is_recursive=True)
def macd_ema(close, fast, slow, signal, out):
    """Exponential mean of span `fast` minus that of span `slow`, seeded with simple means (TA-Lib)."""
    line_seeded(close, fast, slow, out)


@in_prices(name="macd_ema_signal_{fast}_{slow}_{signal}", warmup=_full, is_recursive=True)
def macd_ema_signal(close, fast, slow, signal, out):
    """Exponential mean over `signal` bars of the TA-Lib MACD line."""
    line = np.empty(close.size)
    line_seeded(close, fast, slow, line)
    signal_seeded(line, slow, signal, out)


@in_prices(name="macd_ema_hist_{fast}_{slow}_{signal}", warmup=_full, is_recursive=True)
def macd_ema_hist(close, fast, slow, signal, out):
    """TA-Lib MACD line minus its signal."""
    line = np.empty(close.size)
    line_seeded(close, fast, slow, line)
    signal_seeded(line, slow, signal, out)
    for i in range(out.size):
        out[i] = line[i] - out[i]


@per_close(name="macd_ema_rel_{fast}_{slow}_{signal}", warmup=_slow, is_recursive=True)
def macd_ema_rel(close, fast, slow, signal, out):
    """TA-Lib MACD line as a fraction of the close."""
    line_seeded(close, fast, slow, out)
    relative(close, out)


@per_close(name="macd_ema_signal_rel_{fast}_{slow}_{signal}", warmup=_full, is_recursive=True)
def macd_ema_signal_rel(close, fast, slow, signal, out):
    """Signal of the TA-Lib MACD as a fraction of the close."""
    line = np.empty(close.size)
    line_seeded(close, fast, slow, line)
    signal_seeded(line, slow, signal, out)
    relative(close, out)


@per_close(name="macd_ema_hist_rel_{fast}_{slow}_{signal}", warmup=_full, is_recursive=True)
def macd_ema_hist_rel(close, fast, slow, signal, out):
    """Histogram of the TA-Lib MACD as a fraction of the close."""
    line = np.empty(close.size)
    line_seeded(close, fast, slow, line)
    signal_seeded(line, slow, signal, out)
    for i in range(out.size):
        out[i] = line[i] - out[i]
    relative(close, out)


@in_prices(name="macd_ewm_{fast}_{slow}_{signal}", warmup=_slow, params=CLASSIC, is_recursive=True)
def macd_ewm(close, fast, slow, signal, out):
    """Exponential mean of span `fast` minus that of span `slow`, both seeded with the first close."""
    line_first(close, fast, slow, out)
    out[: slow - 1] = np.nan


@in_prices(name="macd_ewm_signal_{fast}_{slow}_{signal}", warmup=_full, params=CLASSIC, is_recursive=True)
def macd_ewm_signal(close, fast, slow, signal, out):
    """Exponential mean over `signal` bars of the first-close MACD line."""
    line = np.empty(close.size)
    line_first(close, fast, slow, line)
    signal_first(line, slow, signal, out)


@in_prices(name="macd_ewm_hist_{fast}_{slow}_{signal}", warmup=_full, params=CLASSIC, is_recursive=True)
def macd_ewm_hist(close, fast, slow, signal, out):
    """first-close MACD line minus its signal."""
    line = np.empty(close.size)
    line_first(close, fast, slow, line)
    signal_first(line, slow, signal, out)
    for i in range(out.size):
        out[i] = line[i] - out[i]

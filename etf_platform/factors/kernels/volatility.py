"""Dispersion: of closes, of returns, of bars; tails and drawdown."""

import numpy as np

from etf_platform.core.units.factor import factor
from etf_platform.factors.kernels.trend import exponential
from etf_platform.factors.kernels.windows import window_moments, window_trough

ATR_WINDOWS = (7, 10, 14, 20, 30, 60)


def _one_more(w):
    return w + 1


@factor(
    inputs=("close",),
    windows=(5, 10, 20, 60, 120, 250),
    name="std_{w}",
    unit="price",
    scale="price",
    direction=0,
    bucket="volatility",
)
def std(close, w, out):
    """Standard deviation (ddof 1) of the last `w` closes."""
    mean = np.empty(close.size)
    window_moments(close, w, mean, out)
    for i in range(out.size):
        out[i] = np.sqrt(out[i] / (w - 1))


@factor(
    inputs=("returns",),
    windows=(5, 10, 20, 30, 60),
    name="volatility_{w}",
    unit="fraction per day",
    direction=-1,
    bucket="volatility",
    warmup=_one_more,
)
def volatility(returns, w, out):
    """Standard deviation (ddof 1) of the last `w` daily simple returns, not annualised."""
    mean = np.empty(returns.size)
    window_moments(returns, w, mean, out)
    for i in range(out.size):
        out[i] = np.sqrt(out[i] / (w - 1))


def wilder(true_range, w, out):
    """Wilder's mean, seeded with the mean of the first `w` true ranges, which start in row 1."""
    out[w] = true_range[1 : w + 1].mean()
    exponential(true_range, 1.0 / w, w, out)


@factor(
    inputs=("true_range",),
    windows=ATR_WINDOWS,
    name="atr_{w}",
    unit="price",
    scale="price",
    direction=-1,
    bucket="volatility",
    warmup=_one_more,
    is_recursive=True,
)
def atr(true_range, w, out):
    """Average true range, Wilder's mean seeded with the mean of the first `w` true ranges.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems
    """
    wilder(true_range, w, out)


@factor(
    inputs=("true_range", "close"),
    windows=ATR_WINDOWS,
    name="atr_rel_{w}",
    unit="fraction",
    direction=-1,
    bucket="volatility",
    warmup=_one_more,
    is_recursive=True,
)
def atr_rel(true_range, close, w, out):
    """Average true range (Wilder) as a fraction of the close."""
    wilder(true_range, w, out)
    for i in range(w, out.size):
        out[i] /= close[i]


def span_mean(true_range, w, out):
    """Exponential mean with span `w`, seeded with the first true range."""
    out[1] = true_range[1]
    exponential(true_range, 2.0 / (w + 1.0), 1, out)
    out[:w] = np.nan


@factor(
    inputs=("true_range",),
    windows=ATR_WINDOWS,
    name="atr_ewm_{w}",
    unit="price",
    scale="price",
    direction=-1,
    bucket="volatility",
    warmup=_one_more,
    is_recursive=True,
)
def atr_ewm(true_range, w, out):
    """Average true range, exponential mean with span `w` seeded with the first true range."""
    span_mean(true_range, w, out)


@factor(
    inputs=("true_range", "close"),
    windows=ATR_WINDOWS,
    name="atr_ewm_rel_{w}",
    unit="fraction",
    direction=-1,
    bucket="volatility",
    warmup=_one_more,
    is_recursive=True,
)
def atr_ewm_rel(true_range, close, w, out):
    """Average true range (exponential mean) as a fraction of the close."""
    span_mean(true_range, w, out)
    for i in range(out.size):
        out[i] /= close[i]


@factor(
    inputs=("returns",),
    windows=(60,),
    name="skew_{w}",
    unit="ratio",
    direction=0,
    bucket="volatility",
    warmup=_one_more,
)
def skew(returns, w, out):
    """Bias-corrected skewness of the last `w` daily returns; NaN when they are equal.

    References
    ----------
    Joanes and Gill (1998), doi:10.1111/1467-9884.00122
    """
    mean, squares = np.empty(returns.size), np.empty(returns.size)
    window_moments(returns, w, mean, squares)
    correction = w * np.sqrt(w - 1.0) / (w - 2.0)
    out[:] = 0.0
    lag = 0
    while lag + 2 < w:
        end = returns.size - lag
        a, b, c = returns[2:end], returns[1 : end - 1], returns[: end - 2]
        cubes, centre = out[lag + 2 :], mean[lag + 2 :]
        for i in range(cubes.size):
            da, db, dc = a[i] - centre[i], b[i] - centre[i], c[i] - centre[i]
            cubes[i] += da * da * da + db * db * db + dc * dc * dc
        lag += 3
    while lag < w:
        a, cubes, centre = returns[: returns.size - lag], out[lag:], mean[lag:]
        for i in range(cubes.size):
            da = a[i] - centre[i]
            cubes[i] += da * da * da
        lag += 1
    for i in range(out.size):
        out[i] = correction * out[i] / (squares[i] * np.sqrt(squares[i])) if squares[i] > 0 else np.nan
    out[:w] = np.nan


@factor(
    inputs=("close",), windows=(60, 250), name="max_drawdown_{w}", unit="fraction", direction=0, bucket="volatility"
)
def max_drawdown(close, w, out):
    """Largest fall of the close from an earlier close, both among the last `w` bars; <= 0."""
    window_trough(close, w, out)
    for i in range(out.size):
        out[i] -= 1.0


@factor(
    inputs=("open", "high", "low", "close", "returns"),
    windows=(20,),
    name="gk_vol_ratio_{w}",
    unit="ratio",
    direction=0,
    bucket="volatility",
    warmup=_one_more,
)
def gk_vol_ratio(open, high, low, close, returns, w, out):
    """Volatility inside the bars (Garman-Klass) over volatility of daily returns, last `w` bars; NaN without returns.

    References
    ----------
    Garman and Klass (1980), doi:10.1086/296072
    """
    inside = np.log(high / low) ** 2 * 0.5 - (2.0 * np.log(2.0) - 1.0) * np.log(close / open) ** 2
    for t in range(w, close.size):
        within, between = 0.0, 0.0
        for i in range(t - w + 1, t + 1):
            within += inside[i]
            between += returns[i] * returns[i]
        if between > 0 and within >= 0:
            out[t] = np.sqrt(within / between)

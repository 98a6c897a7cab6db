"""Oscillators: relative strength and stochastics."""

import numpy as np

from etf_platform.core.units.factor import factor, grid
from etf_platform.factors.kernels.position import channel
from etf_platform.factors.kernels.windows import window_sum

RSI_WINDOWS = (6, 9, 12, 14, 20, 24, 30, 60)
STOCHASTIC_WINDOWS = (5, 9, 14, 20)
POINTS = (0.0, 100.0)


def _one_more(w):
    return w + 1


@factor(
    inputs=("close",),
    windows=RSI_WINDOWS,
    name="rsi_simple_{w}",
    unit="points",
    scale="bounded",
    bounds=POINTS,
    direction=+1,
    bucket="momentum",
    warmup=_one_more,
)
def rsi_simple(close, w, out):
    """Relative strength: gains as a share of gains and losses of the last `w` changes; NaN without change."""
    gains, losses = np.empty(close.size), np.empty(close.size)
    gains[0] = losses[0] = np.nan
    for i in range(1, close.size):
        change = close[i] - close[i - 1]
        gains[i] = change if change > 0 else 0.0
        losses[i] = -change if change < 0 else 0.0
    fall = np.empty(close.size)
    window_sum(gains, w, out)
    window_sum(losses, w, fall)
    for i in range(out.size):
        out[i] = 100.0 * out[i] / (out[i] + fall[i])


@factor(
    inputs=("close",),
    windows=RSI_WINDOWS,
    name="rsi_{w}",
    unit="points",
    scale="bounded",
    bounds=POINTS,
    direction=+1,
    bucket="momentum",
    warmup=_one_more,
    is_recursive=True,
)
def rsi(close, w, out):
    """Relative strength with Wilder's averages, seeded with the mean of the first `w` changes; NaN without any change.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems
    """
    gain = loss = 0.0
    for i in range(1, w + 1):
        change = close[i] - close[i - 1]
        gain += (change if change > 0 else 0.0) / w
        loss += (-change if change < 0 else 0.0) / w
    out[w] = 100.0 * gain / (gain + loss)
    keep, new = (w - 1.0) / w, 1.0 / w
    now, before, rest = close[w + 1 :], close[w:-1], out[w + 1 :]
    for i in range(now.size):
        change = now[i] - before[i]
        gain = keep * gain + new * (change if change > 0 else 0.0)
        loss = keep * loss + new * (-change if change < 0 else 0.0)
        rest[i] = 100.0 * gain / (gain + loss)


@factor(
    inputs=("high", "low", "close"),
    windows=STOCHASTIC_WINDOWS,
    name="stoch_k_{w}",
    unit="points",
    scale="bounded",
    bounds=POINTS,
    direction=+1,
    bucket="momentum",
)
def stoch_k(high, low, close, w, out):
    """Place of the close between lowest low (0) and highest high (100) of `w` bars; NaN without range."""
    channel(high, low, close, w, out)
    for i in range(out.size):
        out[i] *= 100.0


@factor(
    inputs=("high", "low", "close"),
    params=grid(w=STOCHASTIC_WINDOWS, d=(3, 5)),
    name="stoch_d_{w}_{d}",
    unit="points",
    scale="bounded",
    bounds=POINTS,
    direction=+1,
    bucket="momentum",
    warmup=lambda w, d: w + d - 1,
)
def stoch_d(high, low, close, w, d, out):
    """Simple mean over `d` bars of the stochastic of `w` bars."""
    fast = np.empty(close.size)
    channel(high, low, close, w, fast)
    window_sum(fast, d, out)
    for i in range(out.size):
        out[i] *= 100.0 / d

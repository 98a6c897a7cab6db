"""Moving averages and the distance of the close from them; slope and directional movement."""

import numpy as np

from etf_platform.core.units.factor import factor
from etf_platform.factors.kernels.windows import window_moments, window_sum

SMA_WINDOWS = (5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 252)
EMA_SPANS = (5, 10, 12, 20, 26, 30, 40, 50, 60, 80, 100, 120, 250)
SEEDED_SPANS = (5, 10, 20, 30, 40, 50, 60, 80, 100, 120, 150, 200, 252)


@factor(
    inputs=("close",), windows=SMA_WINDOWS, name="sma_{w}", unit="price", scale="price", direction=+1, bucket="trend"
)
def sma(close, w, out):
    """Mean close of the last `w` traded bars."""
    window_sum(close, w, out)
    for i in range(out.size):
        out[i] = out[i] / w


@factor(inputs=("close",), windows=SMA_WINDOWS, name="sma_gap_{w}", unit="fraction", direction=+1, bucket="trend")
def sma_gap(close, w, out):
    """Distance of the close from its mean over the last `w` traded bars, as a fraction of the mean."""
    window_sum(close, w, out)
    for i in range(out.size):
        out[i] = close[i] / (out[i] / w) - 1.0


def exponential(x, alpha, start, out):
    """Recursive mean from row `start`, where `out[start]` already holds the seed."""
    keep = 1.0 - alpha
    level = out[start]
    after = x[start + 1 :]
    rest = out[start + 1 :]
    for i in range(after.size):
        level = keep * level + alpha * after[i]
        rest[i] = level


@factor(
    inputs=("close",),
    windows=EMA_SPANS,
    name="ema_{w}",
    unit="price",
    scale="price",
    direction=+1,
    bucket="trend",
    is_recursive=True,
)
def ema(close, w, out):
    """Exponential mean of the close with span `w`, seeded with the first close (pandas `adjust=False`)."""
    out[0] = close[0]
    exponential(close, 2.0 / (w + 1.0), 0, out)
    out[: w - 1] = np.nan


@factor(
    inputs=("close",),
    windows=EMA_SPANS,
    name="ema_gap_{w}",
    unit="fraction",
    direction=+1,
    bucket="trend",
    is_recursive=True,
)
def ema_gap(close, w, out):
    """Distance of the close from its exponential mean with span `w`, seeded with the first close."""
    out[0] = close[0]
    exponential(close, 2.0 / (w + 1.0), 0, out)
    for i in range(out.size):
        out[i] = close[i] / out[i] - 1.0
    out[: w - 1] = np.nan


@factor(
    inputs=("close",),
    windows=SEEDED_SPANS,
    name="ema_seeded_{w}",
    unit="price",
    scale="price",
    direction=+1,
    bucket="trend",
    is_recursive=True,
)
def ema_seeded(close, w, out):
    """Exponential mean of the close with span `w`, seeded with the mean of the first `w` closes (TA-Lib)."""
    out[w - 1] = close[:w].mean()
    exponential(close, 2.0 / (w + 1.0), w - 1, out)


@factor(
    inputs=("close",),
    windows=SEEDED_SPANS,
    name="ema_seeded_gap_{w}",
    unit="fraction",
    direction=+1,
    bucket="trend",
    is_recursive=True,
)
def ema_seeded_gap(close, w, out):
    """Distance of the close from its exponential mean with span `w`, seeded with the mean of the first `w` closes."""
    out[w - 1] = close[:w].mean()
    exponential(close, 2.0 / (w + 1.0), w - 1, out)
    for i in range(w - 1, out.size):
        out[i] = close[i] / out[i] - 1.0


@factor(inputs=("close",), windows=(20,), name="slope_{w}", unit="fraction per bar", direction=+1, bucket="trend")
def slope(close, w, out):
    """Least-squares slope of the close over the last `w` traded bars, as a fraction of their mean."""
    centre = (w - 1) / 2.0
    spread = w * (w * w - 1.0) / 12.0
    for t in range(w - 1, close.size):
        total, moment = 0.0, 0.0
        window = close[t - w + 1 : t + 1]
        for i in range(w):
            total += window[i]
            moment += (i - centre) * window[i]
        out[t] = moment / spread / (total / w)


@factor(
    inputs=("high", "low", "true_range"),
    windows=(14,),
    name="adx_{w}",
    unit="points",
    scale="bounded",
    bounds=(0.0, 100.0),
    direction=+1,
    bucket="trend",
    warmup=lambda w: 2 * w,
    is_recursive=True,
)
def adx(high, low, true_range, w, out):
    """Average directional index after Wilder, seeded like TA-Lib: sums start with `w - 1` values, the mean with `w`.

    Bars without range or without directional movement leave it unchanged.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems
    """
    up = down = ranges = 0.0
    total = level = 0.0
    for t in range(1, high.size):
        rise, fall = high[t] - high[t - 1], low[t - 1] - low[t]
        if t >= w:
            up -= up / w
            down -= down / w
            ranges -= ranges / w
        up += rise if rise > fall and rise > 0 else 0.0
        down += fall if fall > rise and fall > 0 else 0.0
        ranges += true_range[t]
        if t < w:
            continue
        moved = ranges > 0 and up + down > 0
        index = 100.0 * abs(up - down) / (up + down) if moved else 0.0
        if t < 2 * w:
            total += index
            level = total / w
        elif moved:
            level = (level * (w - 1) + index) / w
        if t >= 2 * w - 1:
            out[t] = level


@factor(
    inputs=("high", "low", "true_range"),
    windows=(14,),
    name="vortex_{w}",
    unit="ratio",
    direction=0,
    bucket="trend",
    warmup=lambda w: w + 1,
)
def vortex(high, low, true_range, w, out):
    """Positive minus negative vortex indicator over the last `w` traded bars; NaN when these had no range.

    References
    ----------
    Botes and Siepman (2010), The Vortex Indicator, Technical Analysis of Stocks & Commodities 28(1)
    """
    for t in range(w, high.size):
        turn, span = 0.0, 0.0
        for i in range(t - w + 1, t + 1):
            turn += abs(high[i] - low[i - 1]) - abs(low[i] - high[i - 1])
            span += true_range[i]
        if span > 0:
            out[t] = turn / span


@factor(
    inputs=("close",),
    windows=(5, 10, 20, 60, 120, 250),
    name="zscore_{w}",
    unit="standard deviations",
    direction=0,
    bucket="trend",
)
def zscore(close, w, out):
    """Distance of the close from the mean of `w` closes in standard deviations (ddof 1); NaN when they are equal."""
    mean = np.empty(close.size)
    window_moments(close, w, mean, out)
    for i in range(w - 1, out.size):
        out[i] = (close[i] - mean[i]) / np.sqrt(out[i] / (w - 1)) if out[i] > 0 else np.nan

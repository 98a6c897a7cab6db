"""Where the close stands in its own recent range: extremes, channel, percentile rank, break-out."""

import numpy as np

from etf_platform.core.units.factor import factor
from etf_platform.factors.kernels.order import RANK_WINDOWS
from etf_platform.factors.kernels.windows import window_max, window_min

WINDOWS = (5, 10, 20, 60, 120, 250)


def channel(high, low, close, w, out):
    """(close - lowest low) / (highest high - lowest low) of the last `w` bars; NaN when they are equal."""
    bottom = np.empty(close.size)
    window_max(high, w, out)
    window_min(low, w, bottom)
    for i in range(out.size):
        span = out[i] - bottom[i]
        out[i] = (close[i] - bottom[i]) / span if span > 0 else np.nan


@factor(
    inputs=("high", "low", "close"),
    windows=(10, 20, 30, 60, 120),
    name="price_position_{w}",
    unit="fraction",
    scale="bounded",
    bounds=(0.0, 1.0),
    direction=+1,
    bucket="position",
)
def price_position(high, low, close, w, out):
    """Place of the close between lowest low (0) and highest high (1) of `w` bars; NaN without range."""
    channel(high, low, close, w, out)


@factor(inputs=("close",), windows=WINDOWS, name="min_{w}", unit="price", scale="price", direction=0, bucket="position")
def lowest(close, w, out):
    """Lowest close of the last `w` traded bars."""
    window_min(close, w, out)


@factor(inputs=("close",), windows=WINDOWS, name="max_{w}", unit="price", scale="price", direction=0, bucket="position")
def highest(close, w, out):
    """Highest close of the last `w` traded bars."""
    window_max(close, w, out)


@factor(
    inputs=("close_standings",),
    windows=RANK_WINDOWS,
    name="rank_{w}",
    unit="fraction",
    scale="bounded",
    bounds=(0.0, 1.0),
    direction=0,
    bucket="position",
)
def rank(close_standings, w, out):
    """Percentile rank of the close among the last `w` closes, itself included; ties share their average rank.

    With `above` = number of smaller minus number of larger closes, the average rank is (above + w + 1) / 2.
    """
    column = 0
    while RANK_WINDOWS[column] != w:
        column += 1
    above = close_standings[:, column]
    for i in range(out.size):
        out[i] = (above[i] + (w + 1)) / (2.0 * w)
    out[: w - 1] = np.nan


@factor(
    inputs=("high", "close"),
    windows=(20,),
    name="breakout_{w}",
    unit="fraction",
    direction=+1,
    bucket="position",
    warmup=lambda w: w + 1,
)
def breakout(high, close, w, out):
    """Close over the highest high of the `w` bars before it, minus 1."""
    top = np.empty(close.size)
    window_max(high, w, top)
    for i in range(1, out.size):
        out[i] = close[i] / top[i - 1] - 1.0

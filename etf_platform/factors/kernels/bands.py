"""Bollinger bands with the population standard deviation: upper, lower, width, place of the close."""

import numpy as np

from etf_platform.core.units.factor import factor, grid
from etf_platform.factors.kernels.windows import window_moments

BAND_WINDOWS = (10, 15, 20, 25, 30, 40, 50)
BANDS = grid(w=BAND_WINDOWS, k=(1.5, 2.0, 2.5))
MOMENTS = ("close_mean_{w}", "close_squares_{w}")


def moments_by_symbol(offsets, close, w, mean, squares):
    """`window_moments` of every symbol, once for the eighteen factors of a window; NaN where it is not full."""
    mean[:] = np.nan
    squares[:] = np.nan
    for s in range(offsets.size - 1):
        a, b = offsets[s], offsets[s + 1]
        if b - a >= w:
            window_moments(close[a:b], w, mean[a:b], squares[a:b])


@factor(
    inputs=MOMENTS,
    params=BANDS,
    name="bb_upper_{w}_{k}",
    unit="price",
    scale="price",
    direction=0,
    bucket="volatility",
)
def bb_upper(mean, squares, w, k, out):
    """Mean of the last `w` closes plus `k` population standard deviations."""
    for i in range(out.size):
        out[i] = mean[i] + k * np.sqrt(squares[i] / w)


@factor(
    inputs=MOMENTS,
    params=BANDS,
    name="bb_lower_{w}_{k}",
    unit="price",
    scale="price",
    direction=0,
    bucket="volatility",
)
def bb_lower(mean, squares, w, k, out):
    """Mean of the last `w` closes minus `k` population standard deviations."""
    for i in range(out.size):
        out[i] = mean[i] - k * np.sqrt(squares[i] / w)


@factor(
    inputs=("close", *MOMENTS),
    params=BANDS,
    name="bb_upper_gap_{w}_{k}",
    unit="fraction",
    direction=0,
    bucket="volatility",
)
def bb_upper_gap(close, mean, squares, w, k, out):
    """Distance of the close from the upper band, as a fraction of the band."""
    for i in range(out.size):
        out[i] = close[i] / (mean[i] + k * np.sqrt(squares[i] / w)) - 1.0


@factor(
    inputs=("close", *MOMENTS),
    params=BANDS,
    name="bb_lower_gap_{w}_{k}",
    unit="fraction",
    direction=0,
    bucket="volatility",
)
def bb_lower_gap(close, mean, squares, w, k, out):
    """Distance of the close from the lower band, as a fraction of the band; NaN where the band is not positive."""
    for i in range(out.size):
        band = mean[i] - k * np.sqrt(squares[i] / w)
        out[i] = close[i] / band - 1.0 if band > 0 else np.nan


@factor(inputs=MOMENTS, params=BANDS, name="bb_width_{w}_{k}", unit="fraction", direction=-1, bucket="volatility")
def bb_width(mean, squares, w, k, out):
    """Distance between the bands as a fraction of the mean."""
    for i in range(out.size):
        out[i] = 2.0 * k * np.sqrt(squares[i] / w) / mean[i]


@factor(
    inputs=("close", *MOMENTS),
    params=BANDS,
    name="bb_percent_{w}_{k}",
    unit="fraction",
    direction=+1,
    bucket="volatility",
)
def bb_percent(close, mean, squares, w, k, out):
    """Place of the close between the lower (0) and the upper (1) band; NaN when the bands coincide."""
    for i in range(out.size):
        reach = k * np.sqrt(squares[i] / w)
        out[i] = (close[i] - mean[i] + reach) / (2.0 * reach) if reach > 0 else np.nan

"""Bollinger bands with the population standard deviation: upper, lower, width, place of the close."""

import numpy as np

from etf_platform.core.units.factor import factor, grid
from etf_platform.factors.kernels.windows import window_moments

BANDS = grid(w=(10, 15, 20, 25, 30, 40, 50), k=(1.5, 2.0, 2.5))


def band(close, w, k, out):
    """Mean of the last `w` closes plus `k` population standard deviations."""
    squares = np.empty(close.size)
    window_moments(close, w, out, squares)
    for i in range(out.size):
        out[i] += k * np.sqrt(squares[i] / w)


@factor(
    inputs=("close",),
    params=BANDS,
    name="bb_upper_{w}_{k}",
    unit="price",
    scale="price",
    direction=0,
    bucket="volatility",
)
def bb_upper(close, w, k, out):
    """Mean of the last `w` closes plus `k` population standard deviations."""
    band(close, w, k, out)


@factor(
    inputs=("close",),
    params=BANDS,
    name="bb_lower_{w}_{k}",
    unit="price",
    scale="price",
    direction=0,
    bucket="volatility",
)
def bb_lower(close, w, k, out):
    """Mean of the last `w` closes minus `k` population standard deviations."""
    band(close, w, -k, out)


@factor(inputs=("close",), params=BANDS, name="bb_upper_gap_{w}_{k}", unit="fraction", direction=0, bucket="volatility")
def bb_upper_gap(close, w, k, out):
    """Distance of the close from the upper band, as a fraction of the band."""
    band(close, w, k, out)
    for i in range(out.size):
        out[i] = close[i] / out[i] - 1.0


@factor(inputs=("close",), params=BANDS, name="bb_lower_gap_{w}_{k}", unit="fraction", direction=0, bucket="volatility")
def bb_lower_gap(close, w, k, out):
    """Distance of the close from the lower band, as a fraction of the band; NaN where the band is not positive."""
    band(close, w, -k, out)
    for i in range(out.size):
        out[i] = close[i] / out[i] - 1.0 if out[i] > 0 else np.nan


@factor(inputs=("close",), params=BANDS, name="bb_width_{w}_{k}", unit="fraction", direction=-1, bucket="volatility")
def bb_width(close, w, k, out):
    """Distance between the bands as a fraction of the mean."""
    squares = np.empty(close.size)
    window_moments(close, w, out, squares)
    for i in range(out.size):
        out[i] = 2.0 * k * np.sqrt(squares[i] / w) / out[i]


@factor(inputs=("close",), params=BANDS, name="bb_percent_{w}_{k}", unit="fraction", direction=+1, bucket="volatility")
def bb_percent(close, w, k, out):
    """Place of the close between the lower (0) and the upper (1) band; NaN when the bands coincide."""
    squares = np.empty(close.size)
    window_moments(close, w, out, squares)
    for i in range(out.size):
        reach = k * np.sqrt(squares[i] / w)
        out[i] = (close[i] - out[i] + reach) / (2.0 * reach) if reach > 0 else np.nan

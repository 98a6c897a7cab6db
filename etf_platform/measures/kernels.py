"""Loops of this layer that are compiled: ranks of a few numbers, sums over windows, resampled t statistics.

Bits are those of the numpy expressions that they stand for. Imported on first use, for numba is slow to load. Not here:
anything that whole arrays do as fast.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def counted_places(values, places):
    """Place of every value in its row, 1 is the smallest, ties take the mean; NaN stay NaN and are not counted."""
    for i in range(values.shape[0]):
        for a in range(values.shape[1]):
            if np.isnan(values[i, a]):
                places[i, a] = np.nan
                continue
            below, equal = 0, 0
            for b in range(values.shape[1]):
                below += values[i, b] < values[i, a]
                equal += values[i, b] == values[i, a]
            places[i, a] = below + (equal + 1.0) / 2.0


@njit(cache=True, nogil=True)
def trailing_sums(values, window, total):
    """`total[t]` = `values[t]` + `values[t - 1]` + ..., `window` terms in this order; zero before the first."""
    for t in range(values.size):
        found = 0.0
        for back in range(min(window, t + 1)):
            found += values[t - back]
        total[t] = found


@njit(cache=True, nogil=True)
def _sum(values):
    """The sum in numpy's order for a row of at most 128 numbers: eight running sums, then what is left."""
    total, whole = 0.0, values.size - values.size % 8
    if whole:
        part = values[:8].copy()
        for i in range(8, whole, 8):
            for k in range(8):
                part[k] += values[i + k]
        total = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]))
    for i in range(whole, values.size):
        total += values[i]
    return total


@njit(cache=True, nogil=True)
def resampled_t(values, places, found):
    """Mean over standard error (ddof 1) of every resample; infinite with the mean's sign where nothing varies.

    `places` has one resample in each row, of at most 128 positions in `values`.
    """
    n = places.shape[1]
    drawn = np.empty(n)
    for i in range(places.shape[0]):
        for k in range(n):
            drawn[k] = values[places[i, k]]
        mean = _sum(drawn) / n
        for k in range(n):
            drawn[k] = (drawn[k] - mean) * (drawn[k] - mean)
        spread = np.sqrt(_sum(drawn) / (n - 1)) / np.sqrt(n)
        if spread > 0.0:
            found[i] = mean / spread
        else:
            found[i] = np.inf if mean > 0.0 else -np.inf


@njit(cache=True, nogil=True)
def between_knots(heights, low, beyond, found):
    """Straight lines between the heights of neighbouring knots."""
    for i in range(low.size):
        height = heights[low[i]]
        found[i] = height + (heights[low[i] + 1] - height) * beyond[i]

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
def _sum(values, part):
    """The sum in numpy's order for a row of at most 128 numbers: eight running sums (`part`), then what is left."""
    total, whole = 0.0, values.size - values.size % 8
    if whole:
        for k in range(8):
            part[k] = values[k]
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
    drawn, part = np.empty(n), np.empty(8)
    for i in range(places.shape[0]):
        for k in range(n):
            drawn[k] = values[places[i, k]]
        mean = _sum(drawn, part) / n
        for k in range(n):
            drawn[k] = (drawn[k] - mean) * (drawn[k] - mean)
        spread = np.sqrt(_sum(drawn, part) / (n - 1)) / np.sqrt(n)
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


@njit(cache=True, nogil=True)
def few_rank_ics(scores, forward, min_pairs, found):
    """Rank correlation of every row of scores (factor, session, symbol) with its row of forward returns, few a row.

    All sums are of multiples of one half, so they are exact in any order.
    """
    most = forward.shape[1]
    mine, theirs, ranks, their_ranks = (
        np.empty((1, most)),
        np.empty((1, most)),
        np.empty((1, most)),
        np.empty((1, most)),
    )
    taken, before = np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64)
    for s in range(scores.shape[1]):
        known = -1
        for f in range(scores.shape[0]):
            n = 0
            for k in range(most):
                if not (np.isnan(scores[f, s, k]) or np.isnan(forward[s, k])):
                    mine[0, n], theirs[0, n], taken[n] = scores[f, s, k], forward[s, k], k
                    n += 1
            found[f, s] = np.nan
            if n < min_pairs:
                continue
            counted_places(mine[:, :n], ranks[:, :n])
            if n != known or (taken[:n] != before[:n]).any():
                counted_places(theirs[:, :n], their_ranks[:, :n])
                known, before[:n] = n, taken[:n]
            a, b, aa, bb, ab = 0.0, 0.0, 0.0, 0.0, 0.0
            for k in range(n):
                x, y = ranks[0, k], their_ranks[0, k]
                a, b, aa, bb, ab = a + x, b + y, aa + x * x, bb + y * y, ab + x * y
            scale = np.sqrt(n * aa - a * a) * np.sqrt(n * bb - b * b)
            if scale > 0.0:
                found[f, s] = min(1.0, max(-1.0, (n * ab - a * b) / scale))

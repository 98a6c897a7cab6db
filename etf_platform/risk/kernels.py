"""The one loop of this layer that is compiled: rolling historical VaR and ES.

Here: plain loops for numba. Not here: the other methods, which work on whole windows (`measures.tails`).

A window's tail is kept as a short list of its smallest returns, sorted by value, then by age, and a bound: all that is
smaller than the bound is in the list. A return above the bound, entering or leaving, costs one comparison and changes
nothing; the window is scanned again only when too few are left. Every figure is a function of the window's values
alone, whatever was computed before: the interpolated quantile, and the mean of the smallest in ascending order.
"""

import numpy as np
from numba import njit

SPARE = 3  # a scan takes so many times the values that are needed; the list holds twice that


@njit(cache=True, nogil=True)
def _insert(tail, when, count, value, t):
    """Put a value behind its equals in the list, which has room."""
    at = count
    while at > 0 and tail[at - 1] > value:
        tail[at], when[at] = tail[at - 1], when[at - 1]
        at -= 1
    tail[at], when[at] = value, t
    return count + 1


@njit(cache=True, nogil=True)
def _remove(tail, when, count, t):
    """Take the value of session t out of the list, if it is there."""
    at = 0
    while at < count and when[at] != t:
        at += 1
    for k in range(at, count - 1):
        tail[k], when[k] = tail[k + 1], when[k + 1]
    return count - 1 if at < count else count


@njit(cache=True, nogil=True)
def _scan(row, start, stop, wanted, tail, when):
    """Fill the list with the `wanted` smallest values of row[start:stop], the older of two equals first."""
    count = 0
    for t in range(start, stop):
        value = row[t]
        if count == wanted and value < tail[count - 1]:
            count -= 1
        if count < wanted:
            count = _insert(tail, when, count, value, t)
    return count


@njit(cache=True, nogil=True)
def _figures(tail, low, need, weight):
    """VaR and ES of a window with this tail."""
    total = 0.0
    for k in range(low + 1):
        total += tail[k]
    return -(tail[low] + (tail[need - 1] - tail[low]) * weight), -total / (low + 1)


@njit(cache=True, nogil=True)
def rolling_tail(returns, window, position, var, es):
    """Rolling VaR and ES of every row; both outputs are written.

    Parameters
    ----------
    returns : float64 array of shape (n_series, n_sessions), C-contiguous
        NaN makes every window that holds it undefined.
    window : int
        Sessions, at least 2.
    position : float
        Place of the quantile in the sorted window, counted from 0: (1 - level) * (window - 1).
    var, es : float64 arrays of the same shape
        VaR = minus the interpolated quantile; ES = minus the mean of the values up to its place.
    """
    low = int(position + 1e-9)
    weight = max(0.0, position - low)
    need = min(low + 2, window)
    wanted = min(SPARE * need, window)
    tail, when = np.empty(2 * wanted), np.empty(2 * wanted, np.int64)
    for s in range(returns.shape[0]):
        row = returns[s]
        count, bound, undefined = 0, -np.inf, window - 1
        now_var, now_es = np.nan, np.nan
        for t in range(row.size):
            value = row[t]
            changed = False
            if value != value:
                undefined = window
            elif value < bound:
                if count == tail.size:
                    count -= 1
                    bound = tail[count]
                if value < bound:
                    count = _insert(tail, when, count, value, t)
                    changed = True
            if t >= window and row[t - window] <= bound:
                count = _remove(tail, when, count, t - window)
                changed = True
            if undefined > 0:
                undefined -= 1
                var[s, t] = es[s, t] = np.nan
                count, bound = 0, -np.inf
                continue
            if count < need:
                count = _scan(row, t - window + 1, t + 1, wanted, tail, when)
                bound = tail[count - 1]
                changed = True
            if changed:
                now_var, now_es = _figures(tail, low, need, weight)
            var[s, t], es[s, t] = now_var, now_es

"""Where every value stands among those before it: what all percentile ranks of one series share.

Values become positions in sorted order, as 16-bit integers that are compared side by side, and one pass over the lags
counts for all windows. Sorting stays with numpy, whose sort of integers is the fastest; a row number stands in the low
bits of each integer, so that no indirect sort is needed. Not here: the ranks themselves.
"""

import numpy as np

RANK_WINDOWS = (5, 10, 20, 60, 120, 250)
"""Ascending: each window goes on where the one before it ended."""

LAST = np.int64(0x7FFFFFFFFFFFFFFF)


def order_keys(offsets, x, keys):
    """Integers that sort nearly as the values of their symbol do; the lowest bits hold the row within the symbol.

    The bits of a float sort as the float does, once those of a negative one are turned round. NaN sort last.
    """
    bits = x.view(np.int64)
    for s in range(offsets.size - 1):
        a, b = offsets[s], offsets[s + 1]
        rows = row_bits(b - a)
        for i in range(a, b):
            value = bits[i] ^ ((bits[i] >> 63) & LAST) if x[i] == x[i] else LAST
            keys[i] = (value & ~rows) | (i - a)


def positions(offsets, x, keys, out):
    """Position of every value among the distinct values of its symbol, from the sorted keys; NaN get -1.

    Values that differ only in the bits that the row number took may be out of order: they are put right by insertion.
    """
    for s in range(offsets.size - 1):
        a, b = offsets[s], offsets[s + 1]
        own, order, place = x[a:b], keys[a:b], out[a:b]
        rows = row_bits(b - a)
        for k in range(order.size):
            row = order[k] & rows
            j = k
            while j > 0 and own[order[j - 1]] > own[row]:
                order[j] = order[j - 1]
                j -= 1
            order[j] = row
        at = -1
        for k in range(order.size):
            row = order[k]
            at += k == 0 or own[row] != own[order[k - 1]]
            place[row] = at if own[row] == own[row] else -1


def row_bits(rows):
    """All bits that the numbers of so many rows need."""
    bits = np.int64(1)
    while bits < rows:
        bits = 2 * bits + 1
    return bits


def standings(offsets, order, out):
    """`out[j, t]` = smaller minus larger values among the `RANK_WINDOWS[j]` ending in row t, once full."""
    for s in range(offsets.size - 1):
        a, b = offsets[s], offsets[s + 1]
        own = order[a:b]
        above = np.zeros(b - a, dtype=order.dtype)
        done = 1
        for j in range(len(RANK_WINDOWS)):
            wanted = min(RANK_WINDOWS[j], own.size)
            compare_lags(own, done, wanted, above)
            done = max(done, wanted)
            out[j, a:b] = above


def compare_lags(order, lag, end, above):
    """Add +1 for every smaller and -1 for every larger value at the lags `lag` to `end - 1`.

    Rows before `end - 1` lack some of them. Lags are the outer loop, four at a time, for the inner one to be SIMD.
    """
    n = order.size
    while lag + 3 < end:
        now, sign = order[lag + 3 :], above[lag + 3 :]
        a, b, c, d = order[3 : n - lag], order[2 : n - lag - 1], order[1 : n - lag - 2], order[: n - lag - 3]
        for i in range(now.size):
            up = (now[i] > a[i]) + (now[i] > b[i]) + (now[i] > c[i]) + (now[i] > d[i])
            down = (now[i] < a[i]) + (now[i] < b[i]) + (now[i] < c[i]) + (now[i] < d[i])
            sign[i] += up - down
        lag += 4
    while lag < end:
        now, a, sign = order[lag:], order[: n - lag], above[lag:]
        for i in range(now.size):
            sign[i] += (now[i] > a[i]) - (now[i] < a[i])
        lag += 1

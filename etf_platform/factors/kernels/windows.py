"""Sums, moments, extremes and drawdowns over the last `w` rows, by doubling.

A block of 2p rows is made of two blocks of p, so a window costs log2(w) passes over contiguous memory and its value is
a pure function of the window: a recompute of any tail is bit-identical, unlike with running sums. NaN in a window of
sums or moments give NaN; extremes expect none. Loops run over sliced views because numba's check for negative indices
would block SIMD, and write one array each because LLVM gives up on vectorising beyond eight overlap checks.
"""

import numpy as np


def window_sum(x, w, out):
    """`out[t]` = sum of `x[t-w+1..t]`; NaN in the first `w - 1` rows."""
    block = x.copy()
    spare = np.empty_like(block)
    covered = 0
    p = 1
    while True:
        if w & p:
            if covered == 0:
                out[:] = block
            else:
                total = out[covered:]
                part = block[: block.size - covered]
                for i in range(total.size):
                    total[i] += part[i]
            covered += p
        if 2 * p > w:
            break
        now, then, wide = block[p:], block[: block.size - p], spare[p:]
        for i in range(now.size):
            wide[i] = now[i] + then[i]
        spare[:p] = np.nan
        block, spare = spare, block
        p *= 2
    out[: w - 1] = np.nan


def window_moments(x, w, mean, squares):
    """Mean of the window and sum of squared deviations from it, combined after Chan, Golub and LeVeque.

    A constant window gives exactly 0.

    References
    ----------
    Chan, Golub and LeVeque (1983), doi:10.1080/00031305.1983.10483115
    """
    n = x.size
    block, spare = x.copy(), np.empty(n)
    around, around_spare = np.zeros(n), np.empty(n)
    covered = 0
    p = 1
    while True:
        if w & p:
            if covered == 0:
                mean[:] = block
                squares[:] = around
            else:
                share = p / (covered + p)
                weight = covered * share
                m, s = mean[covered:], squares[covered:]
                bm, bs = block[: n - covered], around[: n - covered]
                for i in range(m.size):
                    delta = bm[i] - m[i]
                    m[i] += delta * share
                    s[i] += bs[i] + delta * delta * weight
            covered += p
        if 2 * p > w:
            break
        nm, tm, wm = block[p:], block[: n - p], spare[p:]
        ns, ts, ws = around[p:], around[: n - p], around_spare[p:]
        half = 0.5 * p
        for i in range(nm.size):
            delta = tm[i] - nm[i]
            ws[i] = ns[i] + ts[i] + delta * delta * half
        for i in range(nm.size):
            wm[i] = nm[i] + (tm[i] - nm[i]) * 0.5
        spare[:p] = np.nan
        around_spare[:p] = np.nan
        block, spare = spare, block
        around, around_spare = around_spare, around
        p *= 2
    mean[: w - 1] = np.nan
    squares[: w - 1] = np.nan


def window_max(x, w, out):
    """`out[t]` = largest of `x[t-w+1..t]`; NaN in the first `w - 1` rows."""
    block = x.copy()
    spare = np.empty_like(block)
    p = 1
    while 2 * p <= w:
        now, then, wide = block[p:], block[: block.size - p], spare[p:]
        for i in range(now.size):
            wide[i] = now[i] if now[i] > then[i] else then[i]
        spare[:p] = np.nan
        block, spare = spare, block
        p *= 2
    late, early, top = block[w - p :], block[: block.size - (w - p)], out[w - p :]
    for i in range(late.size):
        top[i] = late[i] if late[i] > early[i] else early[i]
    out[: w - 1] = np.nan


def window_min(x, w, out):
    """`out[t]` = smallest of `x[t-w+1..t]`; NaN in the first `w - 1` rows."""
    block = x.copy()
    spare = np.empty_like(block)
    p = 1
    while 2 * p <= w:
        now, then, wide = block[p:], block[: block.size - p], spare[p:]
        for i in range(now.size):
            wide[i] = now[i] if now[i] < then[i] else then[i]
        spare[:p] = np.nan
        block, spare = spare, block
        p *= 2
    late, early, bottom = block[w - p :], block[: block.size - (w - p)], out[w - p :]
    for i in range(late.size):
        bottom[i] = late[i] if late[i] < early[i] else early[i]
    out[: w - 1] = np.nan


def window_trough(x, w, out):
    """`out[t]` = smallest ratio `x[j] / x[i]`, i <= j, both inside the window: 1 + max drawdown of the window."""
    n = x.size
    top, bottom, trough = x.copy(), x.copy(), np.ones(n)
    top_wide, bottom_wide, trough_wide = np.empty(n), np.empty(n), np.empty(n)
    low = np.empty(n)
    covered = 0
    p = 1
    while True:
        if w & p:
            if covered == 0:
                out[:] = trough
                low[:] = bottom
            else:
                o, lows = out[covered:], low[covered:]
                t, b, m = top[: n - covered], bottom[: n - covered], trough[: n - covered]
                for i in range(o.size):
                    across = lows[i] / t[i]
                    worst = across if across < m[i] else m[i]
                    o[i] = worst if worst < o[i] else o[i]
                    lows[i] = b[i] if b[i] < lows[i] else lows[i]
            covered += p
        if 2 * p > w:
            break
        nt, tt, wt = top[p:], top[: n - p], top_wide[p:]
        nb, tb, wb = bottom[p:], bottom[: n - p], bottom_wide[p:]
        nm, tm, wm = trough[p:], trough[: n - p], trough_wide[p:]
        for i in range(nt.size):
            across = nb[i] / tt[i]
            worst = nm[i] if nm[i] < tm[i] else tm[i]
            wm[i] = across if across < worst else worst
        for i in range(nt.size):
            wt[i] = nt[i] if nt[i] > tt[i] else tt[i]
        for i in range(nt.size):
            wb[i] = nb[i] if nb[i] < tb[i] else tb[i]
        top_wide[:p] = np.nan
        bottom_wide[:p] = np.nan
        trough_wide[:p] = np.nan
        top, top_wide = top_wide, top
        bottom, bottom_wide = bottom_wide, bottom
        trough, trough_wide = trough_wide, trough
        p *= 2
    out[: w - 1] = np.nan

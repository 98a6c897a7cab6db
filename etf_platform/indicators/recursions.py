"""Recursive and rolling means that indicators are made of.

Here: arithmetic over one contiguous float64 array. Not here: indicators, names, frames. Every value is computed in the
same order whatever stands behind it, so a row keeps its last bit when later rows are added.
"""

import numpy as np


def exponential(x: np.ndarray, alpha: float) -> np.ndarray:
    """Exponential mean seeded with the first value: y[t] = y[t-1] + alpha * (x[t] - y[t-1]).

    Computed on differences to the first value, so that a constant stays itself to the last bit. A NaN makes every
    later value NaN.
    """
    # scipy.signal costs 0.3 s to import; listing indicators must not pay for it
    from scipy.signal import lfilter

    if not x.size:
        return x.copy()
    return x[0] + lfilter([alpha], [1.0, alpha - 1.0], x - x[0])


def wilder_mean(x: np.ndarray, n: int) -> np.ndarray:
    """Wilder's mean: the mean of the first `n` defined values, then (previous * (n - 1) + x) / n.

    NaN before the seed. A NaN is left out: it neither enters the seed nor moves the mean, which is repeated there.
    """
    out = np.full(x.size, np.nan)
    is_defined = np.isfinite(x)
    count = np.cumsum(is_defined)
    if not x.size or count[-1] < n:
        return out
    values = x[is_defined]
    smooth = exponential(np.concatenate((values[:n].mean(keepdims=True), values[n:])), 1.0 / n)
    first = int(np.searchsorted(count, n))
    out[first:] = smooth[count[first:] - n]
    return out


def rolling(x: np.ndarray, n: int, join: np.ufunc) -> np.ndarray:
    """`join` (np.add, np.minimum or np.maximum) over the last `n` values; NaN before row n - 1 and over a NaN.

    Cost does not grow with `n`, and no rounding is carried from window to window (van Herk's two passes over blocks of
    `n` values).
    """
    out = np.full(x.size, np.nan)
    starts = x.size - n + 1
    if starts < 1:
        return out
    blocks = np.concatenate((x, np.zeros(-x.size % n))).reshape(-1, n)
    head = join.accumulate(blocks, axis=1).ravel()[n - 1 : x.size]
    tail = join.accumulate(blocks[:, ::-1], axis=1)[:, ::-1].ravel()[:starts]
    out[n - 1 :] = np.where(np.arange(starts) % n == 0, head, join(tail, head))
    return out


def rolling_mean(x: np.ndarray, n: int) -> np.ndarray:
    """Mean of the last `n` values; NaN before row n - 1 and over a NaN. A constant stays itself to the last bit."""
    origin = x[np.argmax(np.isfinite(x))] if x.size else 0.0
    return origin + rolling(x - origin, n, np.add) / n


def rolling_deviation(x: np.ndarray, n: int, power: int) -> np.ndarray:
    """Sum over the last `n` values of |x - their mean| ** power; NaN before row n - 1 and over a NaN, 0 when flat."""
    out = np.full(x.size, np.nan)
    if x.size < n:
        return out
    mean = rolling_mean(x, n)[n - 1 :]
    total = np.zeros(mean.size)
    for k in range(n):
        gap = x[k : k + mean.size] - mean
        total += gap * gap if power == 2 else np.abs(gap)
    flat = rolling(x, n, np.maximum)[n - 1 :] == rolling(x, n, np.minimum)[n - 1 :]
    out[n - 1 :] = np.where(flat, 0.0, total)
    return out


def partial_mean(x: np.ndarray, n: int) -> np.ndarray:
    """Mean of the last `n` values, of all of them where there are fewer; NaN over a NaN."""
    out = rolling_mean(x, n)
    head = x[: n - 1]
    out[: head.size] = np.cumsum(head) / np.arange(1, head.size + 1)
    return out


def changes(x: np.ndarray) -> np.ndarray:
    """Change from one row to the next; NaN in the first row."""
    out = np.full(x.size, np.nan)
    np.subtract(x[1:], x[:-1], out=out[1:])
    return out


def previous(x: np.ndarray, n: int = 1) -> np.ndarray:
    """The value `n` rows before; NaN in the first `n` rows."""
    out = np.full(x.size, np.nan)
    out[n:] = x[:-n] if n else x
    return out


def masked(x: np.ndarray, first_row: int) -> np.ndarray:
    """A copy with NaN before `first_row`."""
    out = x.copy()
    out[:first_row] = np.nan
    return out


def ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """Quotient; NaN where the denominator is 0 or either side is NaN."""
    out = np.full(over.size, np.nan)
    np.divide(over, under, out=out, where=(under != 0) & ~np.isnan(under))
    return out

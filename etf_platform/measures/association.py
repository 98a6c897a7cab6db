"""How strongly two sets of numbers go together: ranks, rank information coefficient, and the t statistic of a mean.

Here: numbers in, numbers out, on plain arrays, one row per session. Not here: which factor is scored and with what
sign (`strategies.directions`), the quality table of the factors (`factors`).

Every row of a result is a pure function of the same row of the input: ranks are multiples of one half, so the sums
below are exact and do not depend on the order of the columns nor on columns that hold nothing.
"""

import numpy as np

from etf_platform.core.errors import BadInputError

FEW = 48  # values in a row from which sorting them is faster than comparing each with each


def average_ranks(matrix: np.ndarray, axis: int = -1) -> np.ndarray:
    """Ascending ranks along `axis`, 1 is the smallest; ties take the mean of their places.

    Parameters
    ----------
    matrix : ndarray
        Any shape. NaN are not ranked and stay NaN.

    Returns
    -------
    ndarray of the same shape, float64, multiples of 0.5
    """
    values = np.moveaxis(np.asarray(matrix, dtype=np.float64), axis, -1)
    ranks = _counted_ranks(values) if values.shape[-1] <= FEW else _sorted_ranks(values)
    ranks[np.isnan(values)] = np.nan
    return np.moveaxis(ranks, -1, axis)


def _counted_ranks(values: np.ndarray) -> np.ndarray:
    """Places along the last axis by comparing every value with each of the few others."""
    from etf_platform.measures.kernels import counted_places

    ranks = np.empty(values.shape)
    if not values.size:
        return ranks
    counted_places(np.ascontiguousarray(values).reshape(-1, values.shape[-1]), ranks.reshape(-1, values.shape[-1]))
    return ranks


def _sorted_ranks(values: np.ndarray) -> np.ndarray:
    order = np.argsort(values, axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    ranks = np.empty_like(ordered)
    np.put_along_axis(ranks, order, _tied_places(ordered), axis=-1)
    return ranks


def _tied_places(ordered: np.ndarray) -> np.ndarray:
    """Mean 1-based place of the run of equal values that each sorted value belongs to."""
    width = ordered.shape[-1]
    place = np.arange(width)
    starts = np.ones(ordered.shape, dtype=bool)
    starts[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    ends = np.ones(ordered.shape, dtype=bool)
    ends[..., :-1] = starts[..., 1:]
    first = np.maximum.accumulate(np.where(starts, place, 0), axis=-1)
    last = np.minimum.accumulate(np.where(ends, place, width)[..., ::-1], axis=-1)[..., ::-1]
    return (first + last) / 2.0 + 1.0


def percentile_ranks(matrix: np.ndarray, axis: int = -1) -> np.ndarray:
    """Average rank divided by the number of ranked values: in (0, 1], the largest is 1 when it is alone.

    The convention of `pandas.DataFrame.rank(pct=True)`. NaN are not ranked, do not count, and stay NaN.
    """
    ranks = average_ranks(matrix, axis)
    return ranks / (~np.isnan(ranks)).sum(axis=axis, keepdims=True).clip(min=1)


def rank_ic(scores: np.ndarray, forward: np.ndarray, min_pairs: int = 5) -> np.ndarray:
    """Spearman correlation of every row of scores with the same row of forward returns.

    Parameters
    ----------
    scores : ndarray of shape (..., n_sessions, n_symbols)
        Leading axes (one per factor, say) are allowed.
    forward : ndarray of shape (n_sessions, n_symbols)
        Broadcast against `scores`. A pair with a NaN on either side is dropped before ranking; ties take mean ranks.
    min_pairs : int
        Rows with fewer complete pairs are NaN.

    Returns
    -------
    ndarray of shape (..., n_sessions)
        In [-1, 1]; NaN too where one side of the pairs is constant.

    References
    ----------
    Spearman (1904), doi:10.2307/1412159; used as information coefficient by Grinold and Kahn, Active Portfolio
    Management (2000), chapter 6.
    """
    if scores.ndim == 3 and forward.shape == scores.shape[1:] and forward.shape[1] <= FEW:
        return _few_rank_ics(scores, forward, min_pairs)
    paired = ~(np.isnan(scores) | np.isnan(forward))
    count = paired.sum(axis=-1)
    left = np.nan_to_num(average_ranks(np.where(paired, scores, np.nan)))
    right = np.nan_to_num(average_ranks(np.where(paired, forward, np.nan)))
    covariance = _comoment(left, right, count)
    scale = np.sqrt(_comoment(left, left, count)) * np.sqrt(_comoment(right, right, count))
    defined = (count >= min_pairs) & (scale > 0.0)
    return np.where(defined, covariance / np.where(defined, scale, 1.0), np.nan).clip(-1.0, 1.0)


def _few_rank_ics(scores: np.ndarray, forward: np.ndarray, min_pairs: int) -> np.ndarray:
    """`rank_ic` of some factors over few symbols, the same bits."""
    from etf_platform.measures.kernels import few_rank_ics

    found = np.empty(scores.shape[:2])
    left, right = (np.ascontiguousarray(array, dtype=np.float64) for array in (scores, forward))
    few_rank_ics(left, right, max(min_pairs, 1), found)
    return found


def _comoment(a: np.ndarray, b: np.ndarray, count: np.ndarray) -> np.ndarray:
    """n * sum(ab) - sum(a) * sum(b) along the last axis: exact for ranks."""
    return count * (a * b).sum(axis=-1) - a.sum(axis=-1) * b.sum(axis=-1)


def newey_west_t(values: np.ndarray, lags: int) -> float:
    """The t statistic of a mean whose observations overlap or are serially correlated.

    Mean / standard error, with the Bartlett-weighted long-run variance: (g0 + 2 * sum(w_k * g_k)) / n, where
    w_k = 1 - k / (lags + 1) and g_k is the k-th autocovariance with divisor n.

    Parameters
    ----------
    values : ndarray of shape (n_sessions,)
        NaN are ignored: the remaining values close up.
    lags : int
        Horizon - 1 for forward returns over `horizon` sessions that are computed every session; 0 gives the plain t.

    Returns
    -------
    float
        NaN with fewer than lags + 2 values or without variance.

    Raises
    ------
    BadInputError
        `lags` is negative.

    References
    ----------
    Newey and West (1987), doi:10.2307/1913610.
    """
    if lags < 0:
        raise BadInputError("computing a Newey-West t statistic", f"lags is {lags}", "pass horizon - 1, at least 0")
    finite = values[np.isfinite(values)]
    if finite.size < lags + 2:
        return float("nan")
    mean = float(finite.mean())
    centred = finite - mean
    weights = 1.0 - np.arange(lags + 1) / (lags + 1.0)
    autocovariance = [float(centred[k:] @ centred[: centred.size - k]) / centred.size for k in range(lags + 1)]
    long_run = 2.0 * float(weights @ np.array(autocovariance)) - autocovariance[0]
    spread = long_run / centred.size
    return mean / float(np.sqrt(spread)) if spread > 0.0 and np.ptp(finite) > 0.0 else float("nan")

"""Intervals of ratios of sums over sessions that overlap, from resampled blocks of neighbours.

Here: many figures of one window, drawn together. Not here: what is summed (`evaluation`), the interval of one mean
(`measures.bootstrap`).
"""

from functools import lru_cache

import numpy as np

Interval = tuple[float | None, float | None]


def ratio_intervals(
    over: np.ndarray, under: np.ndarray, block: int, level: float, draws: int, seed: int
) -> list[Interval]:
    """Central interval of sum(over) / sum(under) of every row, when blocks of `block` sessions are drawn.

    Parameters
    ----------
    over, under : ndarray of shape (n_figures, n_sessions)
        No NaN. A resample in which `under` sums to nothing is left out.
    block : int
        Neighbouring sessions drawn together; the same blocks for every figure.
    level : float
        Share of the resamples inside.
    draws, seed : int
        Resamples, and the seed that makes them repeatable.

    Returns
    -------
    list of (low, high)
        (None, None) where no resample has a ratio.

    References
    ----------
    Politis and Romano (1992), A circular block-resampling procedure for stationary data.
    """
    n = over.shape[1]
    if n == 0:
        return [(None, None)] * len(over)
    drawn = _drawn(n, block, draws, seed)
    # no matrix product: its threads cost ten times the arithmetic when cores are shared, and decide the last bit
    tops, bottoms = (np.einsum("dn,mn->dm", drawn, sums) for sums in (over, under))
    ratios = np.sort(np.where(bottoms > 0.0, tops / np.where(bottoms > 0.0, bottoms, 1.0), np.nan), axis=0)
    known = np.isfinite(ratios).sum(axis=0)
    tail = (1.0 - level) / 2.0
    ends = [_quantile(ratios, known, share) for share in (tail, 1.0 - tail)]
    return [(low, high) if k else (None, None) for low, high, k in zip(*ends, known.tolist(), strict=True)]


def _quantile(ranked: np.ndarray, known: np.ndarray, share: float) -> list[float]:
    """Linear quantile of the first `known` values of each sorted column."""
    last = np.maximum(known, 1) - 1
    places = share * last
    below = places.astype(np.int64)
    columns = np.arange(ranked.shape[1])
    low, high = ranked[below, columns], ranked[np.minimum(below + 1, last), columns]
    ends: list[float] = (low + (high - low) * (places - below)).tolist()
    return ends


@lru_cache(maxsize=16)
def _drawn(n: int, block: int, draws: int, seed: int) -> np.ndarray:
    """How often each of n sessions is drawn, of shape (draws, n): circular blocks, cut to n sessions."""
    starts = np.random.default_rng(seed).integers(0, n, size=(draws, -(-n // block)))
    chosen = ((starts[:, :, None] + np.arange(block)) % n).reshape(draws, -1)[:, :n]
    return np.array([np.bincount(row, minlength=n) for row in chosen], dtype=np.float64)

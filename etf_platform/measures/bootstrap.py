"""Bootstrap intervals of a mean whose observations come in days. Not here: what is observed."""

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.core.errors import BadInputError


def mean_interval_by_day(
    values: ArrayLike, days: ArrayLike, draws: int, seed: int, block: int = 1, level: float = 0.95
) -> tuple[float, float]:
    """Percentile interval of the mean when whole days are drawn, so that what one day has in common stays together.

    Parameters
    ----------
    values : array-like of shape (n,)
        One observation per trade; NaN are ignored.
    days : array-like of shape (n,)
        Day of each observation, anything that sorts.
    draws, seed : int
        Resamples, and the seed that makes them repeatable.
    block : int
        Neighbouring days drawn together (circular blocks); 1 takes days as independent of each other.
    level : float
        Share of the resampled means inside the interval.

    Returns
    -------
    (low, high) : floats
        NaN with fewer than two days.

    References
    ----------
    Politis and Romano (1992), A circular block-resampling procedure for stationary data.
    """
    if draws < 1 or block < 1 or not 0.0 < level < 1.0:
        raise BadInputError(
            "bootstrapping a mean", f"{draws} draws, blocks of {block}, level {level:g}", "pass 1 or more, and a share"
        )
    sums, counts = _by_day(values, days)
    if sums.size < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    means = np.concatenate([_means(sums, counts, block, size, rng) for size in _portions(draws, sums.size)])
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(low), float(high)


def _by_day(values: ArrayLike, days: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    known, stamps = np.asarray(values, dtype=np.float64), np.asarray(days)
    is_finite = np.isfinite(known)
    _, place = np.unique(stamps[is_finite], return_inverse=True)
    return np.bincount(place, weights=known[is_finite]), np.bincount(place).astype(np.float64)


def _means(sums: np.ndarray, counts: np.ndarray, block: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    n = sums.size
    starts = rng.integers(0, n, size=(draws, -(-n // block)))
    chosen = ((starts[:, :, None] + np.arange(block)) % n).reshape(draws, -1)[:, :n]
    means: np.ndarray = sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1)
    return means


def _portions(draws: int, days: int) -> list[int]:
    """Draws in portions of at most about two million numbers, whatever the number of days."""
    each = max(1, 2_000_000 // days)
    return [min(each, draws - done) for done in range(0, draws, each)]

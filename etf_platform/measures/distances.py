"""How far a recent sample lies from a baseline: population stability index, Kolmogorov-Smirnov, Wasserstein.

Every function takes many pairs of samples at once, one per row, so that a null distribution costs one call. Not here:
where the samples come from, and which distance is too large (`drift`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.core.errors import BadInputError

FLOOR = 1e-4
KS_COEFFICIENTS = {0.05: 1.358, 0.01: 1.628}


class Distances(NamedTuple):
    """Distances of every row's recent part from its baseline; each of shape (n_rows,)."""

    psi: np.ndarray
    ks: np.ndarray
    wasserstein: np.ndarray


def stability_index(expected: ArrayLike, actual: ArrayLike, floor: float = FLOOR) -> np.ndarray:
    """PSI = sum of (a - e) * ln(a / e) over the last axis; symmetric, 0 for equal shares.

    Parameters
    ----------
    expected, actual : array-like of shape (..., n_bins)
        Shares of each bin as fractions; one below `floor` counts as `floor`.

    References
    ----------
    Yurdakul (2018), Statistical Properties of the Population Stability Index, Western Michigan University.
    """
    e = np.maximum(np.asarray(expected, dtype=np.float64), floor)
    a = np.maximum(np.asarray(actual, dtype=np.float64), floor)
    index: np.ndarray = ((a - e) * np.log(a / e)).sum(axis=-1)
    return index


def distances(samples: np.ndarray, n_baseline: int, bins: int, floor: float = FLOOR) -> Distances:
    """PSI over the baseline's quantiles, KS statistic, and Wasserstein-1 in units of the baseline's deviation.

    Parameters
    ----------
    samples : ndarray of shape (n_rows, n_baseline + n_recent)
        Finite values, baseline first.

    Returns
    -------
    Distances
        `ks` in [0, 1]; `wasserstein` by the baseline's standard deviation (ddof 0), infinite where that is 0 and the
        recent values differ, 0 where they do not.

    Raises
    ------
    BadInputError
        No baseline, no recent value, or a value that is not finite.
    """
    samples = np.atleast_2d(np.asarray(samples, dtype=np.float64))
    if not 0 < n_baseline < samples.shape[1] or bins < 2 or not np.isfinite(samples).all():
        raise BadInputError(
            "comparing two samples",
            f"{n_baseline} of {samples.shape[1]} values in the baseline, {bins} bins",
            "pass finite values on both sides and two or more bins",
        )
    baseline, recent = np.sort(samples[:, :n_baseline], axis=1), np.sort(samples[:, n_baseline:], axis=1)
    psi = stability_index(*quantile_shares(baseline, recent, bins), floor)
    moved, spread = wasserstein_distance(baseline, recent), baseline.std(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.where(moved > 0.0, moved / spread, 0.0)
    return Distances(psi, ks_statistic(baseline, recent), effect)


def quantile_shares(baseline: np.ndarray, recent: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares of baseline and recent values in bins between the baseline's quantiles, open at both ends.

    Parameters
    ----------
    baseline, recent : ndarrays of shape (n_rows, n_baseline) and (n_rows, n_recent)
        Finite values, each row rising.
    bins : int
        Equal parts of the baseline. A bin holds its upper edge. Where the lowest part of the baseline is one tied
        value, what lies below it is a bin of its own, else a fall from a constant would stay unseen.

    Returns
    -------
    (expected, actual) : ndarrays of shape (n_rows, bins + 1)
        The first bin is that additional one and mostly empty on both sides, which adds nothing to a PSI.
    """
    places = np.arange(1, bins) / bins * (baseline.shape[1] - 1)
    below = np.floor(places).astype(np.int64)
    low, high = baseline[:, below], baseline[:, np.minimum(below + 1, baseline.shape[1] - 1)]
    edges = low + (high - low) * (places - below)
    under = np.where(edges[:, 0] == baseline[:, 0], np.nextafter(baseline[:, 0], -np.inf), -np.inf)
    edges = np.column_stack([under, edges])
    return _shares(baseline, edges), _shares(recent, edges)


def ks_statistic(baseline: np.ndarray, recent: np.ndarray) -> np.ndarray:
    """Largest difference of the two distribution functions, in [0, 1]; rows rising, as in `quantile_shares`."""
    n, m = baseline.shape[1], recent.shape[1]
    largest = np.zeros(len(baseline))
    for j in range(m):
        value = recent[:, j, None]
        upper = (j + 1) / m - np.count_nonzero(baseline <= value, axis=1) / n
        lower = np.count_nonzero(baseline < value, axis=1) / n - j / m
        largest = np.maximum(largest, np.maximum(upper, lower))
    return largest


def wasserstein_distance(baseline: np.ndarray, recent: np.ndarray) -> np.ndarray:
    """Mean distance between the quantile functions, in units of the values; rows rising, as in `quantile_shares`."""
    n, m = baseline.shape[1], recent.shape[1]
    marks = np.union1d(np.arange(n + 1) * m, np.arange(m + 1) * n)  # steps of either quantile function, times n * m
    widths, starts = np.diff(marks) / (n * m), marks[:-1]
    total: np.ndarray = (np.abs(baseline[:, starts // m] - recent[:, starts // n]) * widths).sum(axis=1)
    return total


def ks_limits(n: int, m: int) -> dict[float, float]:
    """Level -> c * sqrt((n + m) / (n * m)), above which a two-sample KS rejects for independent values.

    References
    ----------
    Smirnov (1948), doi:10.1214/aoms/1177730256
    """
    return {level: c * float(np.sqrt((n + m) / (n * m))) for level, c in KS_COEFFICIENTS.items()}


def psi_ceiling(bins: int, floor: float = FLOOR) -> float:
    """Largest PSI that `bins` equal parts can give: all recent values in one part.

    With 5 bins and a floor of 1e-4 it is 7.37: beyond it PSI cannot tell a shift from a larger one.
    """
    expected, actual = np.full(bins, 1.0 / bins), np.zeros(bins)
    actual[0] = 1.0
    return float(stability_index(expected, actual, floor))


def _shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    above = [np.count_nonzero(values > edge[:, None], axis=1) / values.shape[1] for edge in edges.T]
    return -np.diff(np.column_stack([np.ones(len(values)), *above, np.zeros(len(values))]), axis=1)

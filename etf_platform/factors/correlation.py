"""Pearson correlations between panel columns over all rows of a pool. Not here: what to do with them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

BLOCK = 4096  # rows
SAMPLE = 2048  # rows that rule out pairs
ROUNDING = 1.001  # more than the rounding of float32 sums, far less than what tells unlike columns apart


def pearson_matrix(values: np.ndarray) -> np.ndarray:
    """Correlation of every pair of columns over the rows where both are defined.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        NaN are left out pair by pair.

    Returns
    -------
    ndarray of shape (n_columns, n_columns)
        In [-1, 1]; NaN where a column is constant over the common rows, or fewer than two are common.
    """
    return _pearson(list(values.T))


def close_pairs(columns: Sequence[np.ndarray], threshold: float) -> np.ndarray:
    """Which pairs of columns have |Pearson| above the threshold over the rows where both are defined.

    A sample of rows rules out many pairs, and only the columns that are left are compared on all rows. Nothing is
    estimated: the residual of the best line through some rows is never larger than through all of them, so
    (1 - r_sample**2) * spread_sample > (1 - threshold**2) * spread proves |r| < threshold.

    Parameters
    ----------
    columns : sequence of ndarray of shape (n_rows,), or ndarray of shape (n_columns, n_rows)
        float32 or float64; NaN are left out pair by pair.
    threshold : float
        In (0, 1).

    Returns
    -------
    ndarray of bool, shape (n_columns, n_columns)
        Symmetric; False where `pearson_matrix` is NaN.
    """
    near = np.ones((len(columns), len(columns)), dtype=bool)
    if len(columns) and len(columns[0]) > SAMPLE:
        near = _not_ruled_out(columns, threshold)
    involved = np.flatnonzero(near.any(axis=0))
    close = np.eye(len(near), dtype=bool)
    exact = np.abs(np.nan_to_num(_pearson([columns[k] for k in involved.tolist()])))
    close[np.ix_(involved, involved)] = exact > threshold
    return close


def _pearson(columns: Sequence[np.ndarray]) -> np.ndarray:
    covariance, spread, flat = _moments(columns)
    scale = np.sqrt(np.where(flat, 1.0, spread)) * np.sqrt(np.where(flat, 1.0, spread.T))
    return np.where(flat, np.nan, covariance / scale).clip(-1.0, 1.0)


def _not_ruled_out(columns: Sequence[np.ndarray], threshold: float) -> np.ndarray:
    """Pairs whose sampled rows still allow |Pearson| above the threshold; on the diagonal, columns flat in them."""
    rows = np.arange(SAMPLE) * len(columns[0]) // SAMPLE
    sample = [column[rows] for column in columns]
    covariance, spread, flat = _moments(sample)
    residual = np.where(flat, 0.0, spread - covariance**2 / np.where(flat, 1.0, spread).T)
    # about any other centre than its own mean a column spreads more, so this is an upper bound
    allowed = np.array([_spread_about(column, _mean(few)) for column, few in zip(columns, sample, strict=True)])
    ruled_out = residual > ((1.0 - threshold**2) * ROUNDING * allowed)[:, None]
    near = ~(ruled_out | ruled_out.T)
    np.fill_diagonal(near, flat.diagonal())
    return near


def _spread_about(column: np.ndarray, centre: float) -> float:
    distance = column - column.dtype.type(centre)
    distance[~np.isfinite(distance)] = 0.0
    with np.errstate(over="ignore"):
        return float(distance @ distance)


def _mean(column: np.ndarray) -> float:
    known = column[np.isfinite(column)]
    return float(known.mean(dtype=np.float64)) if known.size else 0.0


def _moments(columns: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Over the rows common to a and b: sum of products of deviations, sum of squares of a's, and whether one is flat.

    Rows are taken a block at a time: a copy of all of them in float64 would cost more than the arithmetic.
    """
    means = np.array([[_mean(column)] for column in columns])
    total = np.zeros((4, len(columns), len(columns)))
    for start in range(0, len(columns[0]) if len(columns) else 0, BLOCK):
        rows = np.array([column[start : start + BLOCK] for column in columns], dtype=np.float64)
        total += _of_block(rows - means)
    products, both, sums, squares = total
    n = np.maximum(both, 1.0)
    spread = squares - sums * sums / n
    floor = 1e-12 * np.maximum(squares, np.finfo(np.float64).tiny)
    flat = (spread <= floor) | (spread.T <= floor.T) | (both < 2)
    return products - sums * sums.T / n, spread, flat


def _of_block(centred: np.ndarray) -> np.ndarray:
    """For every pair (a, b): sum of products, rows where both are known, and a's sum and sum of squares over them.

    Columns of one warm-up share their mask: with a product per distinct mask instead of per column, 210 columns need
    a fifth of the arithmetic.
    """
    known = np.isfinite(centred)
    if not known.all():
        centred = np.where(known, centred, 0.0)
    names = [row.tobytes() for row in np.packbits(known, axis=1)]
    first = {name: position for position, name in reversed(list(enumerate(names)))}
    distinct = {name: number for number, name in enumerate(first)}
    mask = known[list(first.values())].astype(np.float64)
    group = np.array([distinct[name] for name in names], dtype=np.int64)
    both = (mask @ mask.T)[np.ix_(group, group)]
    sums, squares = centred @ mask.T, (centred * centred) @ mask.T
    return np.stack([centred @ centred.T, both, sums[:, group], squares[:, group]])


def correlation_rows(panel: pd.DataFrame, columns: Sequence[str], source: str) -> pd.DataFrame:
    """The `factors/<pool>/correlation` table of some panel columns, both triangles and the diagonal.

    Parameters
    ----------
    panel : DataFrame
        With `columns`; factor values as stored.
    source : str
        Where the data came from.
    """
    names = list(columns)
    matrix = pearson_matrix(panel[names].to_numpy(np.float64))
    return pd.DataFrame(
        {
            "column_a": np.repeat(names, len(names)),
            "column_b": np.tile(names, len(names)),
            "correlation": matrix.ravel(),
            "source": source,
        }
    ).astype({"column_a": str, "column_b": str, "correlation": np.float64})

"""Pearson correlations between panel columns over all rows of a pool. Not here: what to do with them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


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
    known = np.isfinite(values)
    counts = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, values, 0.0)
    centred -= np.where(known, centred.sum(axis=0) / counts, 0.0)
    both, sums, squares = _over_common_rows(centred, known)
    n = np.maximum(both, 1.0)
    covariance = centred.T @ centred - sums * sums.T / n
    spread = squares - sums * sums / n
    floor = 1e-12 * np.maximum(squares, np.finfo(np.float64).tiny)
    flat = (spread <= floor) | (spread.T <= floor.T) | (both < 2)
    scale = np.sqrt(np.where(flat, 1.0, spread)) * np.sqrt(np.where(flat, 1.0, spread.T))
    return np.where(flat, np.nan, covariance / scale).clip(-1.0, 1.0)


def _over_common_rows(centred: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every pair (a, b): rows where both are known, and the sum and sum of squares of a over them.

    Columns of one warm-up share their mask: with a product per distinct mask instead of per column, 210 columns need
    a fifth of the arithmetic.
    """
    names = [column.tobytes() for column in np.packbits(known, axis=0).T]
    first = {name: position for position, name in reversed(list(enumerate(names)))}
    distinct = {name: number for number, name in enumerate(first)}
    mask = known[:, list(first.values())].astype(np.float64)
    group = np.array([distinct[name] for name in names], dtype=np.int64)
    both = (mask.T @ mask)[np.ix_(group, group)]
    return both, (centred.T @ mask)[:, group], ((centred * centred).T @ mask)[:, group]


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

"""Pearson correlations between panel columns over all rows of a pool. Not here: what to do with them.

Moments of some rows and of the others give those of all rows: the years of a panel that never change are summed once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

BLOCK = 4096  # rows


@dataclass(frozen=True)
class Moments:
    """Sums over pairs of columns of some rows, about a centre of each column.

    Attributes
    ----------
    centres : ndarray of shape (n_columns,)
    known : ndarray of shape (n_columns,)
        Rows with a value.
    sums : ndarray of shape (4, n_columns, n_columns)
        For every pair (a, b), over the rows where both are known: products of the distances from the centres, number of
        rows, and a's distances and squared distances.
    """

    centres: np.ndarray
    known: np.ndarray
    sums: np.ndarray

    def about(self, centres: np.ndarray) -> "Moments":
        """The same rows about other centres."""
        products, both, sums, squares = self.sums
        by = (self.centres - centres)[:, None]
        moved = products + by * sums.T + by.T * sums + both * by * by.T
        wider = squares + 2.0 * by * sums + both * by * by
        return Moments(centres, self.known, np.stack([moved, both, sums + both * by, wider]))


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
    return pearson(moments(list(values.T)))


def moments(columns: Sequence[np.ndarray]) -> Moments:
    """Moments about the means of the columns, each of shape (n_rows,); values that are not finite are left out.

    Rows are taken a block at a time: a copy of all of them in float64 would cost more than the arithmetic.
    """
    means = np.array([_mean(column) for column in columns])
    known = np.array([np.isfinite(column).sum() for column in columns], dtype=np.float64)
    total = np.zeros((4, len(columns), len(columns)))
    for start in range(0, len(columns[0]) if len(columns) else 0, BLOCK):
        rows = np.array([column[start : start + BLOCK] for column in columns], dtype=np.float64)
        total += _of_block(rows - means[:, None])
    return Moments(means, known, total)


def moment_arrays(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """`moments` of the columns of a frame as arrays by name: arguments of `Moments`."""
    of_one_type = frame.dtypes.nunique() == 1  # then a panel is one block, and 343 columns need not be asked for
    columns = list(frame.to_numpy().T) if of_one_type else [frame[name].to_numpy() for name in frame]
    return dict(vars(moments(columns)))


def joined_moments(parts: Sequence[Moments]) -> Moments:
    """Moments of all rows, about their means, from those of disjoint parts."""
    known = np.add.reduce([part.known for part in parts])
    weighted = np.add.reduce([part.known * part.centres for part in parts])
    centres = weighted / np.maximum(known, 1.0)
    return Moments(centres, known, np.add.reduce([part.about(centres).sums for part in parts]))


def pearson(of: Moments) -> np.ndarray:
    """Correlations from moments, as `pearson_matrix` gives them."""
    products, both, sums, squares = of.sums
    n = np.maximum(both, 1.0)
    spread = squares - sums * sums / n
    floor = 1e-12 * np.maximum(squares, np.finfo(np.float64).tiny)
    flat = (spread <= floor) | (spread.T <= floor.T) | (both < 2)
    scale = np.sqrt(np.where(flat, 1.0, spread)) * np.sqrt(np.where(flat, 1.0, spread.T))
    return np.where(flat, np.nan, (products - sums * sums.T / n) / scale).clip(-1.0, 1.0)


def close_pairs(correlations: np.ndarray, threshold: float) -> np.ndarray:
    """Which pairs have |Pearson| above the threshold; symmetric, False where it is NaN, True on the diagonal."""
    close = np.abs(np.nan_to_num(correlations)) > threshold
    np.fill_diagonal(close, True)
    return close


def _mean(column: np.ndarray) -> float:
    known = column[np.isfinite(column)]
    return float(known.mean(dtype=np.float64)) if known.size else 0.0


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

"""How the columns of a day were made independent: measured on a sample of scores, applied to rows.

Here: mean, deviation and coefficients of every column, why one was left out, and the scores that follow. Not here:
which sessions are the sample (`synthesis`), the linear algebra (`orthogonal`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import erfc, sqrt
from typing import get_args

import numpy as np

from etf_platform.core.config.scoring import FactorName
from etf_platform.core.config.scoring import Synthesis as Settings
from etf_platform.scoring.orthogonal import DEPENDENT, gram_schmidt, symmetric_transform

FACTORS: tuple[str, ...] = get_args(FactorName)
FLAT = 1e-9


@dataclass(frozen=True)
class ColumnBasis:
    """How one column was made independent; the fields of `SCORE_BASIS`.

    `coefficients`: what the residuals of earlier columns are multiplied by before they are taken from z; with the
    symmetric method, what every z is multiplied by before they are added. `position` counts from 1, 0 where dropped.
    """

    factor: str
    position: int = 0
    values: int = 0
    mean: float | None = None
    std: float | None = None
    residual_std: float | None = None
    coefficients: Mapping[str, float] = field(default_factory=dict)
    dropped: str = ""

    def z(self, score: np.ndarray) -> np.ndarray:
        """Standardised scores; 0 where there is none. The column must not be a dropped one."""
        standardised: np.ndarray = np.nan_to_num((score - (self.mean or 0.0)) / (self.std or 1.0))
        return standardised


def fit_basis(matrix: np.ndarray, settings: Settings) -> tuple[ColumnBasis, ...]:
    """How to make the columns of a sample independent.

    Parameters
    ----------
    matrix : ndarray of shape (6, n_rows)
        Raw scores, factors in the order of `FACTORS`; NaN where unavailable. z is measured over what is available; a
        missing entry is 0 in the projection, and has no part in the deviation of the residual.

    Returns
    -------
    tuple of ColumnBasis
        In `settings.order`; a column with too few values, without variation, or that depends on those before it says
        so in `dropped`. For the symmetric method dependence is judged in the same order.
    """
    rows: dict[str, np.ndarray] = {name: matrix[FACTORS.index(name)] for name in settings.order}
    measured = [_measured(name, row, settings.min_values) for name, row in rows.items()]
    kept = _independent([column for column in measured if not column.dropped], rows)
    fitted = {column.factor: column for column in _fitted(kept, rows, settings.method == "symmetric")}
    return tuple(
        column if column.dropped else fitted.get(column.factor, replace(column, dropped="与前面的因子线性相关"))
        for column in measured
    )


def orth_scores(
    columns: Sequence[ColumnBasis], by_asset: Mapping[str, Mapping[str, float]], method: str
) -> dict[tuple[str, str], float]:
    """100 * Phi of the scaled residual, of every available score whose column is in the basis.

    Parameters
    ----------
    columns : sequence of ColumnBasis
        As fitted, or as stored.
    by_asset : mapping of asset to {factor: raw score}
    method : str
        `symmetric`, or `orthogonal` (Gram-Schmidt).
    """
    used = sorted((column for column in columns if not column.dropped), key=lambda column: column.position)
    if not used or not by_asset:
        return {}
    raw = np.array([[scores.get(column.factor, np.nan) for scores in by_asset.values()] for column in used])
    residuals = _applied(used, raw, method == "symmetric")
    return {
        (asset, column.factor): 100.0 * _phi(float(residuals[i, j]) / (column.residual_std or 1.0))
        for i, column in enumerate(used)
        for j, (asset, scores) in enumerate(by_asset.items())
        if column.factor in scores
    }


def _measured(name: str, row: np.ndarray, min_values: int) -> ColumnBasis:
    known = row[np.isfinite(row)]
    if known.size < min_values:
        return ColumnBasis(name, values=known.size, dropped=f"只有{known.size}个值，少于{min_values}个")
    column = ColumnBasis(name, values=known.size, mean=float(known.mean()), std=float(known.std()))
    return column if known.std() > FLAT else replace(column, dropped="所有值相同")


def _independent(columns: list[ColumnBasis], rows: Mapping[str, np.ndarray]) -> list[ColumnBasis]:
    """Columns of which something is left where they are available, after what those before them explain."""
    if not columns:
        return []
    found = gram_schmidt(_standardised(columns, rows))
    spread = [_spread(row, rows[column.factor]) for column, row in zip(columns, found.residuals, strict=True)]
    return [
        column
        for column, is_independent, deviation in zip(columns, found.independent, spread, strict=True)
        if is_independent and deviation**2 >= DEPENDENT
    ]


def _fitted(columns: list[ColumnBasis], rows: Mapping[str, np.ndarray], is_symmetric: bool) -> tuple[ColumnBasis, ...]:
    if not columns:
        return ()
    z, names = _standardised(columns, rows), [column.factor for column in columns]
    if is_symmetric:
        weights = symmetric_transform(z)
        residuals = np.array([(row[:, None] * z).sum(axis=0) for row in weights])
    else:
        found = gram_schmidt(z)
        residuals, weights = found.residuals, found.coefficients
    counts = [len(names) if is_symmetric else i for i in range(len(names))]
    return tuple(
        replace(
            column,
            position=i + 1,
            residual_std=_spread(residuals[i], rows[column.factor]),
            coefficients=dict(zip(names[: counts[i]], weights[i, : counts[i]].tolist(), strict=True)),
        )
        for i, column in enumerate(columns)
    )


def _standardised(columns: list[ColumnBasis], rows: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.array([column.z(rows[column.factor]) for column in columns])


def _spread(residual: np.ndarray, row: np.ndarray) -> float:
    return float(residual[np.isfinite(row)].std())


def _applied(used: Sequence[ColumnBasis], raw: np.ndarray, is_symmetric: bool) -> np.ndarray:
    """Residuals of shape (columns, assets), asset by asset independent of the others."""
    z = {column.factor: column.z(row) for column, row in zip(used, raw, strict=True)}
    if is_symmetric:
        return np.array([sum(share * z[name] for name, share in column.coefficients.items()) for column in used])
    residuals: dict[str, np.ndarray] = {}
    for column in used:
        rest = z[column.factor]
        for name, share in column.coefficients.items():
            rest = rest - share * residuals[name]
        residuals[column.factor] = rest
    return np.array(list(residuals.values()))


def _phi(x: float) -> float:
    return 0.5 * erfc(-x / sqrt(2.0))

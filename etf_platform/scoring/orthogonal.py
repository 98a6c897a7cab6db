"""Independent columns from correlated ones: Gram-Schmidt in an order, and symmetric (Loewdin) without one.

Here: linear algebra on plain arrays, a column of numbers per row of the array, so that every sum runs over contiguous
memory in an order that depends on nothing but the shape. Not here: what the columns are, and what is missing in them
(`synthesis`).
"""

from dataclasses import dataclass

import numpy as np

DEPENDENT = 1e-8
PASSES = 2


@dataclass(frozen=True)
class Orthogonal:
    """What Gram-Schmidt made of k columns of n numbers.

    Attributes
    ----------
    residuals : ndarray of shape (k, n)
        Mutually orthogonal; zeros where the column depends on those before it.
    coefficients : ndarray of shape (k, k)
        residual k = column k - sum over j of coefficients[k, j] * residual j; strictly lower triangular.
    independent : ndarray of bool of shape (k,)
        False for a column that was left out because it depends on those before it.
    """

    residuals: np.ndarray
    coefficients: np.ndarray
    independent: np.ndarray


def gram_schmidt(columns: np.ndarray, dependent: float = DEPENDENT) -> Orthogonal:
    """What every column adds to those before it.

    The classical step, carried out twice: once leaves correlations of 0.5 on nearly dependent columns (Laeuchli's
    matrix), twice leaves rounding. The first column is unchanged.

    Parameters
    ----------
    columns : ndarray of shape (k, n)
        One column per row, in priority order; no NaN.
    dependent : float
        A residual whose squared norm is below this share of the column's own is left out, and zero.

    References
    ----------
    Giraud, Langou and Rozloznik (2005), doi:10.1016/j.camwa.2005.08.009, on why twice is enough.
    """
    k = columns.shape[0]
    residuals, squares = np.zeros_like(columns, dtype=np.float64), np.zeros(k)
    coefficients, independent = np.zeros((k, k)), np.zeros(k, dtype=bool)
    for i in range(k):
        rest = columns[i].astype(np.float64)
        own = _dot(rest, rest)
        for _ in range(PASSES):
            shares = [_dot(residuals[j], rest) / squares[j] if independent[j] else 0.0 for j in range(i)]
            for j, share in enumerate(shares):
                rest = rest - share * residuals[j]
                coefficients[i, j] += share
        square = _dot(rest, rest)
        if square > 0.0 and square >= dependent * own:
            residuals[i], squares[i], independent[i] = rest, square, True
    return Orthogonal(residuals, coefficients, independent)


def symmetric_transform(columns: np.ndarray) -> np.ndarray:
    """T of shape (k, k), symmetric, so that T @ columns has mean products of the identity: (Z'Z/N)^(-1/2).

    Of all orthonormal columns these are the nearest to the given ones, whatever their order. The columns, of shape
    (k, n), must be independent.

    References
    ----------
    Loewdin (1950), doi:10.1063/1.1747632; Klein and Chow (2013), doi:10.1016/j.qref.2013.02.003.
    """
    k, n = columns.shape
    products = np.array([[_dot(columns[i], columns[j]) / n for j in range(k)] for i in range(k)])
    return inverse_root(products)


def inverse_root(products: np.ndarray) -> np.ndarray:
    """S^(-1/2) of a symmetric positive definite matrix."""
    values, vectors = np.linalg.eigh(products)
    root: np.ndarray = (vectors / np.sqrt(values)) @ vectors.T
    return root


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum())

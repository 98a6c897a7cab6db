"""How much of a result is explained: the parts of a fill's result, and the share that the residual leaves.

Here: the names of the parts and the arithmetic on them, which risk, fuses and reports share. Not here: how a part comes
about (`risk.attribution`), effects against a benchmark (`measures.brinson`).
"""

import numpy as np

FILL_PARTS = ("spread_capture", "adverse_selection_cost", "inventory_cost", "hedging_cost", "fees")


def attribution_coverage(components: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """Share of a result that named parts explain: 1 - |residual| / (sum of |components| + |residual|).

    Parameters
    ----------
    components : ndarray of shape (..., n_components)
        Money; NaN gives NaN.
    residual : ndarray of shape (...)
        Money.

    Returns
    -------
    ndarray of shape (...)
        In [0, 1]; 1 where there was nothing to explain.
    """
    left = np.abs(np.asarray(residual, dtype=np.float64))
    gross = np.abs(np.asarray(components, dtype=np.float64)).sum(axis=-1) + left
    return 1.0 - left / np.where(gross == 0.0, 1.0, gross)


def residual_share(components: np.ndarray, residual: np.ndarray) -> float:
    """|residual| summed over rows / |components| summed over rows and parts; an identity that closes gives 0.

    Parameters
    ----------
    components : ndarray of shape (n_rows, n_components)
    residual : ndarray of shape (n_rows,)

    Returns
    -------
    float
        0 without any residual, infinite for a residual beside parts that are all 0; NaN where an input is NaN.
    """
    left, gross = float(np.abs(residual).sum()), float(np.abs(components).sum())
    if gross == 0.0:
        return 0.0 if left == 0.0 else float("inf")
    return left / gross

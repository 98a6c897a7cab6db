"""Many tests at once: what a probability is worth when others were tried. Not here: the tests."""

import numpy as np
from numpy.typing import ArrayLike


def benjamini_hochberg(p: ArrayLike) -> np.ndarray:
    """Adjusted probabilities: rejecting those <= q keeps the expected share of false rejections <= q.

    Parameters
    ----------
    p : array-like of shape (n_tests,)
        Probabilities; NaN is a test that was not made: it stays NaN and does not count.

    Returns
    -------
    ndarray of shape (n_tests,)
        In the order given, never below `p`, at most 1.

    References
    ----------
    Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    given = np.asarray(p, dtype=np.float64)
    adjusted = np.full(given.shape, np.nan)
    known = np.flatnonzero(np.isfinite(given))
    falling = known[np.argsort(-given[known], kind="stable")]
    ranks = np.arange(known.size, 0, -1)
    adjusted[falling] = np.minimum(np.minimum.accumulate(given[falling] * known.size / ranks), 1.0)
    return adjusted

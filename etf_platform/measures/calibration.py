"""How far predictions lie from what happened, in bins. Numbers in, numbers out; not here: what was predicted."""

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.core.errors import BadInputError


def bin_calibration_error(probabilities: ArrayLike, outcomes: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error over bins of equal count: sum of n_b / n * |mean p - mean y|.

    Parameters
    ----------
    probabilities : array-like of shape (n_forecasts,)
        In [0, 1], no NaN. Ties are split in the order given.
    outcomes : array-like of shape (n_forecasts,)
        1 where it happened, else 0.
    bins : int
        With fewer forecasts every one is a bin of its own.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    BadInputError
        Nothing was predicted, shapes differ, or a probability lies outside [0, 1] or is NaN.

    References
    ----------
    Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning, AAAI.
    """
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(outcomes, dtype=np.float64)
    if p.shape != y.shape or not p.size or not ((p >= 0.0) & (p <= 1.0)).all():
        raise BadInputError("measuring calibration", f"{p.size} forecasts, {y.size} outcomes", "pass p in [0, 1], y")
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, min(bins, p.size))
    return float(sum(len(part) / p.size * abs(p[part].mean() - y[part].mean()) for part in parts))


def bucket_error(predicted: ArrayLike, realised: ArrayLike, buckets: ArrayLike) -> float:
    """Sum over buckets of n_b / n * |mean predicted - mean realised|, in the unit of the predictions.

    Parameters
    ----------
    predicted, realised, buckets : array-like of shape (n_predictions,)
        No NaN.

    Raises
    ------
    BadInputError
        Nothing was predicted, or shapes differ.
    """
    p, r, names = np.asarray(predicted, np.float64), np.asarray(realised, np.float64), np.asarray(buckets, dtype=str)
    if p.shape != r.shape or p.shape != names.shape or not p.size:
        raise BadInputError("measuring predictions", f"{p.size} predicted, {r.size} realised", "pass as many of each")
    found = [names == name for name in sorted(set(names.tolist()))]
    return float(sum(at.mean() * abs(p[at].mean() - r[at].mean()) for at in found))

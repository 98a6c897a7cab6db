"""Quantiles and tail means of sorted samples, and the value in which tail figures travel.

Here: what all estimators of `tails` share. Not here: the estimators.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etf_platform.core.errors import BadInputError

NEARLY = 1e-9
"""Slack with which a position in the sorted sample counts as whole: 0.05 is not exactly 1 - 0.95."""


@dataclass(frozen=True)
class Tail:
    """VaR and ES of shape (..., n_levels), and the standard deviation behind them of shape (...); NaN is undefined."""

    var: np.ndarray
    es: np.ndarray
    sigma: np.ndarray


def checked_sample(returns: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """The returns as a contiguous float64 array.

    Raises
    ------
    BadInputError
        Fewer than two returns, one that is not finite, or a level outside (0.5, 1).
    """
    sample = np.ascontiguousarray(returns, dtype=np.float64)
    if sample.ndim == 0 or sample.shape[-1] < 2 or not np.isfinite(sample).all():
        raise BadInputError(
            "estimating tail risk", "fewer than two returns, or a return that is not finite", "drop gaps first"
        )
    if not levels or not all(0.5 < level < 1.0 for level in levels):
        raise BadInputError("estimating tail risk", f"confidence levels {list(levels)}", "pass levels such as 0.99")
    return sample


def place_below(position: float) -> int:
    """The whole part of a position in a sorted sample."""
    return int(position + NEARLY)


def quantile_of_sorted(ordered: np.ndarray, n: int, q: float) -> np.ndarray:
    """Type 7 quantile of a sample of size n whose smallest values are `ordered`."""
    position = q * (n - 1)
    low = place_below(position)
    weight = max(0.0, position - low)
    high = min(low + 1, ordered.shape[-1] - 1)
    below: np.ndarray = ordered[..., low]
    return below + (ordered[..., high] - below) * weight


def tail_of_sorted(ordered: np.ndarray, n: int, levels: Sequence[float], sigma: np.ndarray) -> Tail:
    """VaR and ES of a sample of size n whose smallest values are `ordered`."""
    var = [-quantile_of_sorted(ordered, n, 1.0 - level) for level in levels]
    es = [-_mean_of_worst(ordered, place_below((1.0 - level) * (n - 1)) + 1) for level in levels]
    return stacked(var, es, sigma)


def stacked(var: Sequence[np.ndarray], es: Sequence[np.ndarray], sigma: np.ndarray) -> Tail:
    """One array per level becomes the last axis."""
    return Tail(np.stack(var, axis=-1), np.stack(es, axis=-1), sigma)


def _mean_of_worst(ordered: np.ndarray, count: int) -> np.ndarray:
    return np.ascontiguousarray(ordered[..., :count]).mean(axis=-1)

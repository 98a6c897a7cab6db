"""Deviations on one side of a target return; per period, over all returns (divisor n). VaR and ES stand in `tails`."""

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.measures.samples import finite


def lower_partial_moment(returns: ArrayLike, target: float = 0.0, order: int = 1) -> float:
    """Mean of max(target - r, 0) ** order over all returns, >= 0; NaN are ignored.

    Raises
    ------
    InsufficientDataError
        No finite return.

    References
    ----------
    Fishburn (1977), https://www.jstor.org/stable/1807225
    """
    return float((np.maximum(target - finite(returns, 1, "measuring the downside"), 0.0) ** order).mean())


def upper_partial_moment(returns: ArrayLike, target: float = 0.0, order: int = 1) -> float:
    """Mean of max(r - target, 0) ** order over all returns, >= 0; NaN are ignored.

    Raises
    ------
    InsufficientDataError
        No finite return.
    """
    return float((np.maximum(finite(returns, 1, "measuring the upside") - target, 0.0) ** order).mean())


def downside_deviation(returns: ArrayLike, target: float = 0.0) -> float:
    """Root of the mean squared shortfall below `target`, over all n returns.

    Parameters
    ----------
    returns : array-like of shape (n_periods,)
        Simple returns as fractions; NaN are ignored.
    target : float
        Minimum acceptable return per period.

    Raises
    ------
    InsufficientDataError
        No finite return.

    References
    ----------
    Sortino and van der Meer (1991), doi:10.3905/jpm.1991.409343
    """
    return float(np.sqrt(lower_partial_moment(returns, target, 2)))


def semi_deviation(returns: ArrayLike) -> float:
    """Downside deviation below the mean of the returns."""
    return downside_deviation(returns, float(finite(returns, 1, "measuring a semi-deviation").mean()))


def upside_potential(returns: ArrayLike, target: float = 0.0) -> float:
    """Upside potential ratio: mean gain above `target` over the downside deviation; NaN without a shortfall.

    References
    ----------
    Sortino, van der Meer and Plantinga (1999), doi:10.3905/jpm.1999.319775
    """
    below = downside_deviation(returns, target)
    return upper_partial_moment(returns, target) / below if below > 0.0 else float("nan")

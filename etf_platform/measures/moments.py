"""Skewness and kurtosis in the variants that tools differ by. Sharpe tests use population moments, non-excess."""

from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.measures.samples import finite

Variant = Literal["population", "sample"]


def central_moment(returns: ArrayLike, order: int) -> float:
    """Mean of (r - mean) ** order, divisor n; NaN are ignored.

    Raises
    ------
    InsufficientDataError
        No finite return.
    """
    known = finite(returns, 1, "computing a central moment")
    return float(((known - known.mean()) ** order).mean())


def skewness(returns: ArrayLike, variant: Variant = "population") -> float:
    """Third standardised moment.

    Parameters
    ----------
    returns : array-like of shape (n_periods,)
        NaN are ignored.
    variant : {"population", "sample"}
        m3 / m2 ** 1.5 with divisor n, or that times sqrt(n (n - 1)) / (n - 2).

    Returns
    -------
    float
        NaN when the returns do not vary.

    Raises
    ------
    InsufficientDataError
        Fewer than three finite returns.

    References
    ----------
    Joanes and Gill (1998), doi:10.1111/1467-9884.00122
    """
    known = finite(returns, 3, "computing skewness")
    spread = central_moment(known, 2)
    if _is_constant(known):
        return float("nan")
    plain, n = central_moment(known, 3) / spread**1.5, known.size
    return plain if variant == "population" else plain * sqrt(n * (n - 1.0)) / (n - 2.0)


def kurtosis(returns: ArrayLike, variant: Variant = "population", excess: bool = False) -> float:
    """Fourth standardised moment; 3 for a normal law, or 0 with `excess`.

    Parameters
    ----------
    returns : array-like of shape (n_periods,)
        NaN are ignored.
    variant : {"population", "sample"}
        m4 / m2 ** 2 with divisor n, or the unbiased form (n - 1) / ((n - 2)(n - 3)) * ((n + 1) g + 6) of its excess g.
    excess : bool
        Subtract 3.

    Returns
    -------
    float
        NaN when the returns do not vary.

    Raises
    ------
    InsufficientDataError
        Fewer than four finite returns.

    References
    ----------
    Joanes and Gill (1998), doi:10.1111/1467-9884.00122
    """
    known = finite(returns, 4, "computing kurtosis")
    if _is_constant(known):
        return float("nan")
    beyond, n = central_moment(known, 4) / central_moment(known, 2) ** 2 - 3.0, known.size
    if variant == "sample":
        beyond = (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * beyond + 6.0)
    return beyond if excess else beyond + 3.0


def _is_constant(known: np.ndarray) -> bool:
    return bool(np.ptp(known) == 0.0)

"""An account against a benchmark: premium, tracking error, information ratio, beta, alpha, capture.

Both series have the same periods; a period in which either is NaN is left out.
"""

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.core.errors import BadInputError
from etf_platform.measures.performance import SESSIONS_PER_YEAR, annualised_return, annualised_volatility
from etf_platform.measures.samples import need


def paired(returns: ArrayLike, benchmark: ArrayLike, least: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """The periods that both series have.

    Raises
    ------
    BadInputError
        The series differ in length.
    InsufficientDataError
        Fewer than `least` common periods.
    """
    left, right = np.asarray(returns, dtype=np.float64), np.asarray(benchmark, dtype=np.float64)
    if left.shape != right.shape:
        saw = f"{left.size} returns and {right.size} of the benchmark"
        raise BadInputError("comparing with a benchmark", saw, "align the two series by date")
    both = np.isfinite(left) & np.isfinite(right)
    need(int(both.sum()), least, "comparing with a benchmark")
    return left[both], right[both]


def active_premium(returns: ArrayLike, benchmark: ArrayLike, periods: int = SESSIONS_PER_YEAR) -> float:
    """Geometric annual return minus that of the benchmark over the common periods, a fraction per year."""
    left, right = paired(returns, benchmark)
    return annualised_return(left, periods) - annualised_return(right, periods)


def tracking_error(returns: ArrayLike, benchmark: ArrayLike, periods: int = SESSIONS_PER_YEAR) -> float:
    """Standard deviation (ddof 1) of the difference of returns, per year."""
    left, right = paired(returns, benchmark)
    return annualised_volatility(left - right, periods)


def information_ratio(returns: ArrayLike, benchmark: ArrayLike, periods: int = SESSIONS_PER_YEAR) -> float:
    """Active premium over tracking error; NaN when the two never differ.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd edition, page 80.
    """
    risk = tracking_error(returns, benchmark, periods)
    return active_premium(returns, benchmark, periods) / risk if risk > 0.0 else float("nan")


def beta(returns: ArrayLike, benchmark: ArrayLike, risk_free: float = 0.0) -> float:
    """Slope of the excess returns on those of the benchmark; `risk_free` per period; NaN for a constant benchmark.

    References
    ----------
    Sharpe (1964), doi:10.1111/j.1540-6261.1964.tb02865.x
    """
    left, right = paired(returns, benchmark)
    centred = right - right.mean()
    spread = float(centred @ centred)
    return float(centred @ (left - risk_free)) / spread if spread > 0.0 else float("nan")


def alpha(returns: ArrayLike, benchmark: ArrayLike, risk_free: float = 0.0) -> float:
    """Intercept of that regression, per period.

    References
    ----------
    Jensen (1968), doi:10.1111/j.1540-6261.1968.tb00815.x
    """
    left, right = paired(returns, benchmark)
    excess = left.mean() - risk_free, right.mean() - risk_free
    return float(excess[0] - beta(left, right) * excess[1])


def correlation(returns: ArrayLike, benchmark: ArrayLike) -> float:
    """Pearson correlation in [-1, 1]; NaN when either does not vary."""
    left, right = paired(returns, benchmark)
    scale = float(left.std() * right.std())
    return float(((left - left.mean()) * (right - right.mean())).mean()) / scale if scale > 0.0 else float("nan")


def capture(returns: ArrayLike, benchmark: ArrayLike, upside: bool = True) -> float:
    """Mean return over the benchmark's mean in the periods in which the benchmark rises (falls); NaN without any.

    References
    ----------
    Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd edition, page 47.
    """
    left, right = paired(returns, benchmark)
    chosen = right > 0.0 if upside else right < 0.0
    return float(left[chosen].mean() / right[chosen].mean()) if chosen.any() else float("nan")

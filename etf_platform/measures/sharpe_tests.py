"""Whether a Sharpe ratio means anything: probabilistic, deflated, minimum track record.

Every ratio here is **per period** (daily returns: the daily ratio, not times sqrt(252)), and kurtosis is the plain
fourth standardised moment (3 for a normal), not the excess. Published examples go wrong on exactly these two points.
"""

from dataclasses import dataclass
from math import e, nan, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.core.errors import BadInputError, InsufficientDataError

EULER_GAMMA = 0.5772156649015329
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Moments:
    """Count, per-period Sharpe ratio, skewness and (non-excess) kurtosis of a return series."""

    n: int
    sharpe: float
    skew: float
    kurtosis: float


def moments(returns: ArrayLike, risk_free: float = 0.0) -> Moments:
    """Moments of simple returns; NaN are ignored; skewness and kurtosis are population moments.

    Parameters
    ----------
    returns : array-like of shape (n_periods,)
    risk_free : float
        Per period, subtracted from every return.

    Raises
    ------
    InsufficientDataError
        Fewer than three finite returns, or returns that do not vary.
    """
    excess = np.asarray(returns, dtype=np.float64) - risk_free
    excess = excess[np.isfinite(excess)]
    if excess.size < 3 or excess.std() == 0.0:
        raise InsufficientDataError(
            "computing moments of returns", f"{excess.size} varying returns", "pass at least 3 returns that vary"
        )
    centred = excess - excess.mean()
    unit = centred / centred.std()
    ratio = excess.mean() / excess.std(ddof=1)
    return Moments(int(excess.size), float(ratio), float((unit**3).mean()), float((unit**4).mean()))


def probabilistic_sharpe(
    sharpe: float, n: int, benchmark: float = 0.0, skew: float = 0.0, kurtosis: float = 3.0
) -> float:
    """Probability that the true Sharpe ratio exceeds `benchmark`, given one estimated from `n` returns.

    Returns
    -------
    float
        In [0, 1]; NaN where the variance term is not positive.

    Raises
    ------
    InsufficientDataError
        `n` is below 2.

    References
    ----------
    Bailey and Lopez de Prado (2012), The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2).
    """
    if n < 2:
        raise InsufficientDataError("computing a probabilistic Sharpe ratio", f"{n} returns", "pass at least 2")
    variance = _variance(sharpe, skew, kurtosis)
    return _NORMAL.cdf((sharpe - benchmark) * sqrt(n - 1.0) / sqrt(variance)) if variance > 0.0 else nan


def expected_maximum_sharpe(n_trials: int, variance: float) -> float:
    """Sharpe ratio that the best of `n_trials` worthless strategies is expected to show; 0 for a single trial.

    Parameters
    ----------
    n_trials : int
        Independent trials, at least 1.
    variance : float
        Variance of the trials' per-period Sharpe ratios.

    References
    ----------
    Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, doi:10.3905/jpm.2014.40.5.094
    """
    if n_trials < 1 or variance < 0.0:
        raise BadInputError(
            "deflating a Sharpe ratio", f"{n_trials} trials, variance {variance:g}", "pass 1 or more and >= 0"
        )
    if n_trials == 1:
        return 0.0
    first, second = _NORMAL.inv_cdf(1.0 - 1.0 / n_trials), _NORMAL.inv_cdf(1.0 - 1.0 / (n_trials * e))
    return sqrt(variance) * ((1.0 - EULER_GAMMA) * first + EULER_GAMMA * second)


def deflated_sharpe(
    sharpe: float, n: int, n_trials: int, variance: float, skew: float = 0.0, kurtosis: float = 3.0
) -> float:
    """Probability that the best of many trials has a true Sharpe ratio above what luck would have given it.

    `probabilistic_sharpe` against `expected_maximum_sharpe`; all ratios and the variance per period.

    References
    ----------
    Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio, doi:10.3905/jpm.2014.40.5.094
    """
    return probabilistic_sharpe(sharpe, n, expected_maximum_sharpe(n_trials, variance), skew, kurtosis)


def minimum_track_record(
    sharpe: float, benchmark: float = 0.0, skew: float = 0.0, kurtosis: float = 3.0, level: float = 0.95
) -> float:
    """Number of returns after which the Sharpe ratio exceeds `benchmark` with probability `level`.

    Returns
    -------
    float
        Periods; infinity when `sharpe` is not above `benchmark`.

    References
    ----------
    Bailey and Lopez de Prado (2012), The Sharpe Ratio Efficient Frontier, Journal of Risk 15(2).
    """
    if sharpe <= benchmark:
        return float("inf")
    return 1.0 + _variance(sharpe, skew, kurtosis) * (_NORMAL.inv_cdf(level) / (sharpe - benchmark)) ** 2


def _variance(sharpe: float, skew: float, kurtosis: float) -> float:
    return 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2

"""Reward over risk, other than the Sharpe ratio (`performance.sharpe`): one line each over the other measures.

All per period unless `periods` is an argument; NaN where the risk is zero, never infinity.
"""

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.measures import downside, drawdowns
from etf_platform.measures.performance import SESSIONS_PER_YEAR, annualised_return
from etf_platform.measures.samples import finite


def over(reward: float, risk: float) -> float:
    """Reward / risk; NaN where the risk is not positive."""
    return float(reward / risk) if risk > 0.0 else float("nan")


def sortino(returns: ArrayLike, target: float = 0.0) -> float:
    """Mean return above `target` over the downside deviation below it, per period; NaN without a shortfall.

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
    Sortino and Price (1994), doi:10.3905/joi.3.3.59
    """
    mean = float(finite(returns, 1, "computing a Sortino ratio").mean())
    return over(mean - target, downside.downside_deviation(returns, target))


def calmar(annual_return: float, max_drawdown: float) -> float:
    """Annual return over the size of the deepest drawdown (<= 0); NaN without a drawdown.

    References
    ----------
    Young (1991), Calmar Ratio: A Smoother Tool, Futures 20(1).
    """
    return over(annual_return, -max_drawdown)


def omega(returns: ArrayLike, threshold: float = 0.0) -> float:
    """Mean gain above `threshold` over mean loss below it, per period; NaN without a loss.

    At threshold 0 it is the gain-loss ratio of Bernardo and Ledoit (2000), doi:10.1086/262114.

    References
    ----------
    Keating and Shadwick (2002), A Universal Performance Measure, Journal of Performance Measurement 6(3).
    """
    gain = downside.upper_partial_moment(returns, threshold)
    return over(gain, downside.lower_partial_moment(returns, threshold))


def reward_to_tail(returns: ArrayLike, tail: float, risk_free: float = 0.0) -> float:
    """Mean excess return over a tail risk (VaR or ES, a positive loss) of the same excess returns, per period.

    References
    ----------
    Dowd (2000), doi:10.1016/S0261-5606(00)00019-2
    """
    return over(float(finite(returns, 1, "computing reward to tail risk").mean()) - risk_free, tail)


def burke(returns: ArrayLike, risk_free: float = 0.0, periods: int = SESSIONS_PER_YEAR) -> float:
    """Annual excess return over the root of the sum of squared drawdowns.

    Parameters
    ----------
    returns : array-like of shape (n_periods,)
        Simple returns as fractions; NaN are ignored.
    risk_free : float
        Per year.
    periods : int
        Periods per year.

    References
    ----------
    Burke (1994), A Sharper Sharpe Ratio, Futures 23(3); one term per fall from a peak to its recovery.
    """
    falls = [fall.depth for fall in drawdowns.drawdown_table(account_of(returns))]
    return over(annualised_return(returns, periods) - risk_free, float(np.sqrt(np.sum(np.square(falls)))))


def sterling(returns: ArrayLike, excess: float = 0.1, periods: int = SESSIONS_PER_YEAR) -> float:
    """Annual return over the size of the deepest drawdown plus `excess` (10 %).

    References
    ----------
    Deane Sterling Jones, in Kestner (1996), Futures 25(1).
    """
    fall = drawdowns.deepest(account_of(returns))
    return over(annualised_return(returns, periods), excess - (fall.depth if fall else 0.0))


def martin(returns: ArrayLike, risk_free: float = 0.0, periods: int = SESSIONS_PER_YEAR) -> float:
    """Annual excess return over the ulcer index (ulcer performance index); `risk_free` per year.

    References
    ----------
    Martin and McCann (1989), The Investor's Guide to Fidelity Funds.
    """
    return over(annualised_return(returns, periods) - risk_free, drawdowns.ulcer_index(account_of(returns)))


def pain(returns: ArrayLike, risk_free: float = 0.0, periods: int = SESSIONS_PER_YEAR) -> float:
    """Annual excess return over the pain index; `risk_free` per year.

    References
    ----------
    Becker (2006), The Zephyr Pain Index and Pain Ratio.
    """
    return over(annualised_return(returns, periods) - risk_free, drawdowns.pain_index(account_of(returns)))


def account_of(returns: ArrayLike) -> np.ndarray:
    """Value of an account that starts at 1 and earns these returns, shape (n_finite + 1,).

    Raises
    ------
    InsufficientDataError
        No finite return.
    """
    return np.append(1.0, np.cumprod(1.0 + finite(returns, 1, "compounding returns")))

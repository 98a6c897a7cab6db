"""What an account did: return, drawdown, Sharpe, months, turnover, cost.

Arrays in, numbers out; fractions, never percent. How a rotation account comes about stands in `backtest`; whether a
Sharpe ratio means anything stands in `sharpe_tests`.
"""

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from etf_platform.core.errors import BadInputError
from etf_platform.measures.samples import finite, need

DAYS_PER_YEAR = 365.25
SESSIONS_PER_YEAR = 252


def years(dates: ArrayLike) -> float:
    """Calendar days from the first to the last date, over 365.25.

    Parameters
    ----------
    dates : array-like of datetime64, shape (n_sessions,), ascending

    Raises
    ------
    InsufficientDataError
        Fewer than two dates.
    """
    days = np.asarray(dates, dtype="datetime64[D]")
    need(days.size, 2, "counting the years of an account")
    return float((days[-1] - days[0]).astype(np.int64) / DAYS_PER_YEAR)


def total_return(values: ArrayLike) -> float:
    """Last over first account value, minus one, as a fraction.

    Parameters
    ----------
    values : array-like of shape (n_sessions,)
        Account values at the close, finite and positive at the start.

    Raises
    ------
    InsufficientDataError
        Fewer than two values.
    BadInputError
        A value is NaN or infinite, or the first is not positive.
    """
    account = _account(values, "measuring a total return")
    return float(account[-1] / account[0] - 1.0)


def annual_return(values: ArrayLike, dates: ArrayLike) -> float:
    """Compound growth per year: (V_T / V_0) ** (1 / years) - 1, years = calendar days / 365.25.

    Parameters
    ----------
    values : array-like of shape (n_sessions,)
        Account values at the close.
    dates : array-like of datetime64, shape (n_sessions,), ascending

    Returns
    -------
    float
        A fraction; NaN where the last value is not positive.

    Raises
    ------
    InsufficientDataError, BadInputError
        As `total_return` and `years`.
    """
    growth = 1.0 + total_return(values)
    return float(growth ** (1.0 / years(dates)) - 1.0) if growth > 0.0 else float("nan")


def max_drawdown(values: ArrayLike) -> float:
    """Deepest fall below an earlier peak, as a fraction <= 0; the first value counts as a peak.

    Parameters
    ----------
    values : array-like of shape (n_sessions,)

    Raises
    ------
    InsufficientDataError, BadInputError
        As `total_return`.
    """
    account = _account(values, "measuring a drawdown")
    return float((account / np.maximum.accumulate(account) - 1.0).min())


def returns_of(values: ArrayLike) -> np.ndarray:
    """Simple returns from one value to the next, shape (n_sessions - 1,).

    Raises
    ------
    InsufficientDataError, BadInputError
        As `total_return`.
    """
    account = _account(values, "computing returns")
    return account[1:] / account[:-1] - 1.0


def sharpe(returns: ArrayLike, risk_free: float = 0.03, periods: int = SESSIONS_PER_YEAR) -> float:
    """Annual Sharpe ratio: mean excess return over its standard deviation (ddof 1), times sqrt(periods).

    Parameters
    ----------
    returns : array-like of shape (n_periods,)
        Simple returns as fractions; NaN are ignored.
    risk_free : float
        Per year; `risk_free / periods` is subtracted from every return (0 when these are excess returns already).
    periods : int
        Periods per year; 1 gives the ratio per period.

    Returns
    -------
    float
        NaN when the returns do not vary.

    Raises
    ------
    InsufficientDataError
        Fewer than two finite returns.

    References
    ----------
    Sharpe (1994), doi:10.3905/jpm.1994.409501
    """
    excess = np.asarray(returns, dtype=np.float64) - risk_free / periods
    excess = excess[np.isfinite(excess)]
    need(excess.size, 2, "computing a Sharpe ratio")
    spread = excess.std(ddof=1)
    if spread <= 1e-14 * max(1.0, float(np.abs(excess).max())):
        return float("nan")
    return float(excess.mean() / spread * np.sqrt(periods))


def annualised_return(returns: ArrayLike, periods: int = SESSIONS_PER_YEAR, geometric: bool = True) -> float:
    """Return per year of periodic returns: the product of 1 + r to the power periods / n, minus one.

    Parameters
    ----------
    returns : array-like of shape (n_periods,)
        Simple returns as fractions; NaN are ignored.
    periods : int
        Periods per year.
    geometric : bool
        False takes the mean times `periods`.

    Returns
    -------
    float
        A fraction; NaN where everything was lost.

    Raises
    ------
    InsufficientDataError
        No finite return.
    """
    known = finite(returns, 1, "annualising returns")
    if not geometric:
        return float(known.mean() * periods)
    growth = float(np.prod(1.0 + known))
    return growth ** (periods / known.size) - 1.0 if growth > 0.0 else float("nan")


def annualised_volatility(returns: ArrayLike, periods: int = SESSIONS_PER_YEAR) -> float:
    """Standard deviation (ddof 1) of simple returns times sqrt(periods), a fraction per year; NaN are ignored.

    Raises
    ------
    InsufficientDataError
        Fewer than two finite returns.
    """
    return float(finite(returns, 2, "measuring volatility").std(ddof=1) * np.sqrt(periods))


def monthly_returns(
    values: ArrayLike, dates: ArrayLike, complete_only: bool = True, next_session: date | str | None = None
) -> pd.Series:
    """Return of each calendar month, from the last value of the month before to the last value of the month.

    Parameters
    ----------
    values : array-like of shape (n_sessions,)
    dates : array-like of datetime64, shape (n_sessions,), ascending
    complete_only : bool
        Leave out the first month (its start is not in the series) and the last one, unless `next_session` shows that it
        has ended. With False the first month counts from the first value, and is left out when it has only that one.
    next_session : date, Timestamp or ISO string, optional
        First session after the last date.

    Returns
    -------
    Series of float
        Fractions, indexed by `YYYY-MM`, ascending; empty when no month qualifies.

    Raises
    ------
    InsufficientDataError, BadInputError
        As `total_return`.
    """
    account, months = _account(values, "measuring months"), np.asarray(dates, dtype="datetime64[M]")
    last = np.append(np.flatnonzero(months[1:] != months[:-1]), months.size - 1)
    ends = account[last]
    starts, chosen = np.append(account[0], ends[:-1]), np.ones(last.size, dtype=bool)
    chosen[0] = not complete_only and last[0] > 0
    if complete_only and not _has_ended(months[-1], next_session):
        chosen[-1] = False
    returns = (ends / starts - 1.0)[chosen]
    return pd.Series(returns, index=pd.Index(months[last][chosen].astype(str), name="month"), dtype=np.float64)


def monthly_win_rate(months: ArrayLike) -> float:
    """Share of months with a return above zero; NaN when there is no month.

    Parameters
    ----------
    months : array-like of shape (n_months,)
        Monthly returns as fractions; NaN are ignored.
    """
    returns = np.asarray(months, dtype=np.float64)
    returns = returns[np.isfinite(returns)]
    return float((returns > 0.0).mean()) if returns.size else float("nan")


def annual_turnover(turnover: ArrayLike, span: float) -> float:
    """One-way turnover per year: the sum of daily one-way turnovers over `span` years.

    Parameters
    ----------
    turnover : array-like of shape (n_sessions,)
        Half the traded value over the value before trading, per session.
    span : float
        Years; NaN is returned for a span of 0.
    """
    return float(np.sum(np.asarray(turnover, dtype=np.float64)) / span) if span > 0.0 else float("nan")


def cost_drag(costs: ArrayLike, values: ArrayLike, span: float) -> float:
    """Cost per year as a fraction of the mean account value: sum(costs) / mean(values) / span.

    Parameters
    ----------
    costs : array-like of shape (n_sessions,)
        Cost paid per session, in the currency of `values`.
    values : array-like of shape (n_sessions,)
    span : float
        Years; NaN is returned for a span of 0.
    """
    paid, mean = np.sum(np.asarray(costs, dtype=np.float64)), np.mean(np.asarray(values, dtype=np.float64))
    return float(paid / mean / span) if span > 0.0 else float("nan")


def _has_ended(month: np.datetime64, next_session: date | str | None) -> bool:
    return next_session is not None and f"{pd.Timestamp(next_session):%Y-%m}" > str(month)


def _account(values: ArrayLike, doing: str) -> np.ndarray:
    account = np.asarray(values, dtype=np.float64)
    need(account.size, 2, doing)
    if not np.isfinite(account).all() or account[0] <= 0.0:
        raise BadInputError(
            doing, "an account value is NaN, infinite or not positive at the start", "pass the daily equity"
        )
    return account

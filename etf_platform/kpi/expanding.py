"""The figures of `measures.performance` at every close of an account, in one pass.

Entry t is the figure of the account that ends at t. Every sum runs forward from the first session (`accumulate`, never
a pairwise sum), so entry t is the same number, bit for bit, whatever follows it. NaN where a figure is not defined.
"""

import numpy as np

from etf_platform.measures.performance import DAYS_PER_YEAR, SESSIONS_PER_YEAR


def years(dates: np.ndarray) -> np.ndarray:
    """Calendar years since the first date; NaN on the first.

    Parameters
    ----------
    dates : ndarray of datetime64, shape (n_sessions,), ascending
    """
    days = dates.astype("datetime64[D]")
    return _positive((days - days[:1]).astype(np.int64) / DAYS_PER_YEAR)


def total_return(values: np.ndarray) -> np.ndarray:
    """Account value over the first one, minus one, as fractions of shape (n_sessions,); NaN on the first."""
    returns = values / values[:1] - 1.0
    returns[:1] = np.nan
    return returns


def annual_return(values: np.ndarray, dates: np.ndarray) -> np.ndarray:
    """Compound growth per year as fractions of shape (n_sessions,); NaN where the value is not positive."""
    return _positive(1.0 + total_return(values)) ** (1.0 / years(dates)) - 1.0


def max_drawdown(values: np.ndarray) -> np.ndarray:
    """Deepest fall so far below an earlier peak, fractions <= 0 of shape (n_sessions,); NaN on the first."""
    deepest = np.minimum.accumulate(values / np.maximum.accumulate(values) - 1.0)
    deepest[:1] = np.nan
    return deepest


def sharpe(values: np.ndarray, risk_free: float) -> np.ndarray:
    """Annual Sharpe ratio of the daily returns so far, shape (n_sessions,).

    Parameters
    ----------
    values : ndarray of shape (n_sessions,)
        CNY; a return that is not finite is left out.
    risk_free : float
        Per year.

    Returns
    -------
    ndarray
        NaN before the second return, and while the returns do not vary.

    References
    ----------
    Welford (1962), doi:10.1080/00401706.1962.10490022: every term of the squares is positive, so nothing cancels.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = values[1:] / values[:-1] - 1.0
        known = np.isfinite(returns)
        excess = np.where(known, returns - risk_free / SESSIONS_PER_YEAR, 0.0)
        count = np.cumsum(known)
        mean = np.where(count > 0, np.cumsum(excess) / count, 0.0)
        before = np.append(0.0, mean[:-1])[: mean.size]
        squares = np.cumsum(np.where(known, (excess - before) ** 2 * ((count - 1.0) / count), 0.0))
        spread = np.sqrt(squares / (count - 1.0))
        varies = (count > 1) & (spread > 1e-14 * np.fmax(1.0, np.fmax.accumulate(np.abs(excess))))
        ratios = np.where(varies, mean / spread * np.sqrt(SESSIONS_PER_YEAR), np.nan)
    return np.append(np.nan, ratios)[: values.size]


def annual_turnover(turnover: np.ndarray, span: np.ndarray) -> np.ndarray:
    """One-way turnover so far per year, shape (n_sessions,); `span` is that of `years`."""
    return np.cumsum(turnover) / span


def cost_drag(costs: np.ndarray, values: np.ndarray, span: np.ndarray) -> np.ndarray:
    """Costs so far over the mean account value so far, per year: fractions of shape (n_sessions,)."""
    mean = np.cumsum(values) / np.arange(1, values.size + 1)
    return np.cumsum(costs) / mean / span


def monthly_win_rate(values: np.ndarray, dates: np.ndarray, is_month_end: np.ndarray) -> np.ndarray:
    """Share of the complete months so far with a return above zero, shape (n_sessions,); NaN while there is none."""
    ended, running, month = _months(values, dates, is_month_end)
    wins = np.append(0, np.cumsum(ended > 0.0))[month] + (running > 0.0)
    count = np.append(0, np.cumsum(~np.isnan(ended)))[month] + ~np.isnan(running)
    return wins / _positive(count)


def worst_month(values: np.ndarray, dates: np.ndarray, is_month_end: np.ndarray) -> np.ndarray:
    """Lowest return of a complete month so far, fractions of shape (n_sessions,); NaN while there is none."""
    ended, running, month = _months(values, dates, is_month_end)
    return np.fmin(np.append(np.nan, np.fmin.accumulate(ended))[month], running)


def best_month(values: np.ndarray, dates: np.ndarray, is_month_end: np.ndarray) -> np.ndarray:
    """Highest return of a complete month so far, fractions of shape (n_sessions,); NaN while there is none."""
    ended, running, month = _months(values, dates, is_month_end)
    return np.fmax(np.append(np.nan, np.fmax.accumulate(ended))[month], running)


def _months(
    values: np.ndarray, dates: np.ndarray, is_month_end: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns of the months; of each session's own month where the session completes it; the number of that month.

    The first month is NaN, because its start is not in the account. A session sees the months before its own only.
    """
    months = dates.astype("datetime64[M]")
    is_first = np.append(True, months[1:] != months[:-1])[: months.size]
    month = np.cumsum(is_first) - 1
    ends = values[np.append(is_first[1:], True)[: months.size]]
    starts = np.append(np.nan, ends[:-1])[: ends.size]
    with np.errstate(divide="ignore", invalid="ignore"):
        return ends / starts - 1.0, np.where(is_month_end, values / starts[month] - 1.0, np.nan), month


def _positive(numbers: np.ndarray) -> np.ndarray:
    """NaN in the place of what is not above zero."""
    return np.where(numbers > 0.0, numbers, np.nan)

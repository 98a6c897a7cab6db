"""What a back-test account had shown by the close of one day.

Values and slicing only; the formulas are in `measures.performance`.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from etf_platform.measures.performance import monthly_returns, years


@dataclass(frozen=True)
class Account:
    """Daily account up to and including one close.

    Attributes
    ----------
    values, costs, turnover, n_positions : ndarray of shape (n_sessions,)
        CNY, CNY, one-way fractions, funds held.
    dates : ndarray of datetime64[ns], shape (n_sessions,)
    next_session : Timestamp or None
        First session after the last date; None when the calendar given does not reach that far.
    risk_free : float
        Per year, as a fraction.
    """

    values: np.ndarray
    costs: np.ndarray
    turnover: np.ndarray
    n_positions: np.ndarray
    dates: np.ndarray
    next_session: pd.Timestamp | None
    risk_free: float

    @classmethod
    def until(cls, equity: pd.DataFrame, date: pd.Timestamp, sessions: pd.DatetimeIndex, risk_free: float) -> "Account":
        """The rows of `backtest/<pool>/equity` dated up to `date`; `equity` is sorted by date."""
        past = equity.iloc[: int(equity["date"].searchsorted(date, side="right"))]
        after = int(sessions.searchsorted(date, side="right"))
        names = ("portfolio_value", "cost", "turnover", "n_positions")
        values, costs, turnover, held = (past[name].to_numpy(np.float64) for name in names)
        following = sessions[after] if after < len(sessions) else None
        return cls(values, costs, turnover, held, past["date"].to_numpy(), following, risk_free)

    @cached_property
    def span(self) -> float:
        """Calendar years from the first to the last date."""
        return years(self.dates)

    @cached_property
    def months(self) -> np.ndarray:
        """Returns of the complete calendar months, shape (n_months,)."""
        return monthly_returns(self.values, self.dates, next_session=self.next_session).to_numpy()

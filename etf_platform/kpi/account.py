"""What a back-test account had shown by the close of each of its sessions.

Values only; the figures of every close are in `expanding`, those of one account in `measures.performance`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError


@dataclass(frozen=True)
class Account:
    """Daily account from its first session on.

    Attributes
    ----------
    values, costs, turnover, n_positions : ndarray of shape (n_sessions,)
        CNY, CNY, one-way fractions, funds held.
    dates : ndarray of datetime64[ns], shape (n_sessions,), ascending
    is_month_end : ndarray of bool, shape (n_sessions,)
        The next session of the calendar is in a later month; False where the calendar does not reach that far.
    risk_free : float
        Per year, as a fraction.
    """

    values: np.ndarray
    costs: np.ndarray
    turnover: np.ndarray
    n_positions: np.ndarray
    dates: np.ndarray
    is_month_end: np.ndarray
    risk_free: float

    @classmethod
    def of(cls, equity: pd.DataFrame, sessions: pd.DatetimeIndex, risk_free: float) -> "Account":
        """The rows of `backtest/<pool>/equity`, sorted by date.

        Raises
        ------
        BadInputError
            A value is NaN or infinite, or the first is not positive.
        """
        names = ("portfolio_value", "cost", "turnover", "n_positions")
        values, costs, turnover, held = (equity[name].to_numpy(np.float64) for name in names)
        if not np.isfinite(values).all() or (values.size and values[0] <= 0.0):
            raise BadInputError(
                "measuring an account day by day",
                "an account value is NaN, infinite or not positive at the start",
                "pass the daily equity",
            )
        dates = equity["date"].to_numpy("datetime64[ns]")
        return cls(values, costs, turnover, held, dates, _ends_month(dates, sessions), risk_free)


def _ends_month(dates: np.ndarray, sessions: pd.DatetimeIndex) -> np.ndarray:
    calendar = sessions.to_numpy("datetime64[ns]")
    after = np.searchsorted(calendar, dates, side="right")
    following = np.append(calendar, np.datetime64("NaT"))[after]
    return following.astype("datetime64[M]") > dates.astype("datetime64[M]")

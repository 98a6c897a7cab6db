"""On which sessions a rotation is decided: a fact of the exchange calendar, known in advance.

Not here: what is decided (`strategies.selection`), when it is filled (`backtest`).
"""

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError


def is_decision(rows: pd.DatetimeIndex, sessions: pd.DatetimeIndex, rebalance_freq: str) -> np.ndarray:
    """Whether each row is a decision date.

    Parameters
    ----------
    rows : DatetimeIndex
        Consecutive sessions, from the first bar of the pool on.
    sessions : DatetimeIndex
        Sessions of the exchange, reaching beyond the last row: whether a month is complete shows only in the session
        that follows. Where that one is not given, the last row is no decision.
    rebalance_freq : str
        `M`: the last session of each complete calendar month. `5D`: every fifth session, counted from the first row.

    Returns
    -------
    ndarray of bool, shape (n_rows,)

    Raises
    ------
    BadInputError
        Another frequency.
    """
    if rebalance_freq == "M":
        return _is_month_end(rows, sessions)
    if rebalance_freq.endswith("D") and rebalance_freq[:-1].isdigit() and int(rebalance_freq[:-1]):
        every = int(rebalance_freq[:-1])
        return np.arange(1, len(rows) + 1) % every == 0
    raise BadInputError("reading rebalance_freq", f"{rebalance_freq!r}", "write M, or a number of sessions such as 5D")


def _is_month_end(rows: pd.DatetimeIndex, sessions: pd.DatetimeIndex) -> np.ndarray:
    days, months = sessions.to_numpy(dtype="datetime64[ns]"), sessions.to_numpy(dtype="datetime64[M]")
    following = days.searchsorted(rows.to_numpy(dtype="datetime64[ns]"), side="right")
    after = months[np.minimum(following, len(months) - 1)]  # the row's own month where nothing follows
    return np.asarray(after > rows.to_numpy(dtype="datetime64[M]"))

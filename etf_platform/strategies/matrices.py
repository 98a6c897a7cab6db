"""Long frames to matrices of sessions x symbols, and sums over trailing windows that are pure functions of the window.

Not here: anything that knows what the numbers mean.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.places import places_of


def session_rows(dates: pd.Series, sessions: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The exchange sessions from the first to the last of `dates`: the rows of every matrix.

    Raises
    ------
    BadInputError
        A date is no session, or there is no date at all.
    """
    doing = "laying out bars by session"
    if dates.empty:
        raise BadInputError(doing, "there are no bars", "write bars of the pool first")
    days = pd.DatetimeIndex(dates.unique()).as_unit("ns")
    rows = sessions.as_unit("ns")
    rows = rows[(rows >= days.min()) & (rows <= days.max())]
    stray = days.difference(rows)
    if len(stray):
        raise BadInputError(doing, f"{stray[0]:%Y-%m-%d} is no exchange session", "pass all sessions of the exchange")
    return rows


def to_matrices(frame: pd.DataFrame, columns: Sequence[str], rows: pd.DatetimeIndex, symbols: pd.Index) -> np.ndarray:
    """Columns of a long frame as float64 matrices.

    Parameters
    ----------
    frame : DataFrame
        With `date`, `symbol` and `columns`, at most one row per date and symbol; other dates and symbols are left out.

    Returns
    -------
    ndarray of shape (n_columns, n_sessions, n_symbols)
        NaN where there is no row.

    Raises
    ------
    BadInputError
        A column is missing, or a date and symbol stand twice.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise BadInputError("laying out a panel", f"there is no column {', '.join(missing)}", "rebuild the panel")
    cells = rows.get_indexer(pd.Index(frame["date"])) * len(symbols)
    places = places_of(frame["symbol"], symbols)
    inside = (cells >= 0) & (places >= 0)
    cells = (cells + places)[inside]
    if cells.size and np.bincount(cells).max() > 1:
        raise BadInputError("laying out a panel", "a date and symbol stand twice", "remove the duplicate rows")
    matrices = np.full((len(columns), len(rows) * len(symbols)), np.nan)
    for matrix, name in zip(matrices, columns, strict=True):
        matrix[cells] = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)[inside]
    return matrices.reshape(len(columns), len(rows), len(symbols))


def trailing_sum(matrix: np.ndarray, window: int) -> np.ndarray:
    """Sum of the last `window` rows, this one included; rows before the first count as zero.

    The terms are added from the newest to the oldest, so the result depends on the window alone, bit for bit: a running
    sum would carry rounding from rows that have left it.
    """
    total = np.zeros(matrix.shape, dtype=np.float64)
    for back in range(min(window, len(matrix))):
        total[back:] += matrix[: len(matrix) - back]
    return total


def in_order_sum(matrix: np.ndarray) -> np.ndarray:
    """Sum over the last axis from first to last, NaN as zero: empty columns do not move it by a bit."""
    return np.cumsum(np.nan_to_num(matrix), axis=-1)[..., -1]

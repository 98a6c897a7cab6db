"""Long frames to dense session x symbol matrices, and the bundles of matrices that the kernels take. NaN = no row."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.places import places_of


class Market(NamedTuple):
    """Session x symbol matrices; NaN = no bar. `fill` is the price of the fills, `adj` the cumulative adjustment."""

    fill: np.ndarray
    close: np.ndarray
    adj: np.ndarray
    is_traded: np.ndarray
    at_down: np.ndarray
    at_up: np.ndarray


class Plan(NamedTuple):
    """`decision[t]` is the row of `weights` (decision x symbol) that fills in session t, or -1."""

    decision: np.ndarray
    weights: np.ndarray


class Rules(NamedTuple):
    """One-way cost per symbol as fractions of the traded value; lot in shares (0: fractional); see `rotation.Terms`."""

    buy_cost: np.ndarray
    sell_cost: np.ndarray
    lot: float
    min_change: float
    liquidates: bool


def dense(frame: pd.DataFrame, columns: list[str], sessions: pd.DatetimeIndex, symbols: pd.Index) -> list[np.ndarray]:
    """One float64 matrix of shape (n_sessions, n_symbols) per column; NaN where the frame has no row.

    Raises
    ------
    BadInputError
        A row dated on no session or of no listed symbol; two rows of one symbol on one session.
    """
    rows, cols = sessions.get_indexer(pd.DatetimeIndex(frame["date"])), places_of(frame["symbol"], symbols)
    doing = "laying out bars by session and symbol"
    if (rows < 0).any() or (cols < 0).any():
        stray = frame.loc[(rows < 0) | (cols < 0), ["date", "symbol"]].iloc[0]
        raise BadInputError(
            doing, f"{stray.symbol} on {stray.date:%Y-%m-%d} has no place", "drop rows outside the calendar"
        )
    cells = rows.astype(np.int64) * len(symbols) + cols
    is_taken = np.zeros(len(sessions) * len(symbols), dtype=bool)
    is_taken[cells] = True
    if np.count_nonzero(is_taken) != cells.size:
        twice = frame.loc[frame.duplicated(["date", "symbol"]), ["date", "symbol"]].iloc[0]
        raise BadInputError(doing, f"{twice.symbol} on {twice.date:%Y-%m-%d} stands twice", "remove the duplicate")
    return [_scatter(frame[c].to_numpy(dtype=np.float64), cells, (len(sessions), len(symbols))) for c in columns]


def _scatter(values: np.ndarray, cells: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    matrix = np.full(shape, np.nan)
    matrix.reshape(-1)[cells] = values
    return matrix


def filled_forward(matrix: np.ndarray) -> np.ndarray:
    """Every NaN replaced by the last number above it in its column; leading NaN stay."""
    known = np.isfinite(matrix)
    last = np.maximum.accumulate(np.where(known, np.arange(matrix.shape[0])[:, None], 0), axis=0)
    return np.take_along_axis(matrix, last, axis=0)


def sources_of(frame: pd.DataFrame) -> str:
    """The distinct sources of a frame in one string, `a + b`."""
    return " + ".join(sorted(pd.unique(frame["source"]))) if len(frame) else "none"

"""Prices of an account's funds by session, as matrices: what its fills and marks are priced with. No sums."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.places import places_of


@dataclass(frozen=True)
class Prices:
    """Close and adjustment of every session and fund, carried over sessions without a bar; the next bar's open.

    Matrices of shape (n_sessions, n_symbols); `adj_before` is of the session before, `next_open` in shares of this
    session.
    """

    days: pd.DatetimeIndex
    symbols: pd.Index
    close: np.ndarray
    adj: np.ndarray
    adj_before: np.ndarray
    next_open: np.ndarray

    @classmethod
    def of(cls, bars: pd.DataFrame, sessions: pd.DatetimeIndex) -> "Prices":
        """Of the sessions and every day with a bar."""
        days = pd.DatetimeIndex(bars["date"].unique()).union(sessions).sort_values()
        symbols = pd.Index(sorted(bars["symbol"].unique()))
        place = days.get_indexer(pd.DatetimeIndex(bars["date"])), places_of(bars["symbol"], symbols)
        opens, close, adj = (
            laid_out(bars[name], place, (len(days), len(symbols))) for name in ("open", "close", "adj_factor")
        )
        is_bar = np.zeros(close.shape, dtype=bool)
        is_bar[place] = True
        ahead = _next_row(is_bar)
        there, last = ahead < len(days), np.minimum(ahead, len(days) - 1)
        cells = last, np.arange(len(symbols))
        next_open = np.where(there & is_bar, opens[cells] * adj[cells] / adj, np.nan)
        carried = _filled_down(adj)
        return cls(days, symbols, _filled_down(close), carried, row_above(carried), next_open)

    def at(self, dates: pd.Series, symbols: pd.Series) -> dict[str, np.ndarray]:
        """`close`, `adj`, `adj_before` and `next_open` of these sessions and funds.

        Raises
        ------
        BadInputError
            A day that is no row, or a fund without any bar.
        """
        rows, columns = self.days.get_indexer(pd.DatetimeIndex(dates)), places_of(symbols, self.symbols)
        if (rows < 0).any() or (columns < 0).any():
            first = int(np.argmax((rows < 0) | (columns < 0)))
            saw = f"{symbols.iloc[first]} on {dates.iloc[first]:%Y-%m-%d} has no bar"
            raise BadInputError("attributing the rotation account", saw, "pass the bars that the account used")
        return {name: getattr(self, name)[rows, columns] for name in ("close", "adj", "adj_before", "next_open")}


def laid_out(values: pd.Series, place: tuple[np.ndarray, np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """A float64 matrix with these values at these rows and columns; NaN elsewhere."""
    matrix = np.full(shape, np.nan)
    matrix[place] = values.to_numpy(dtype=np.float64)
    return matrix


def row_above(matrix: np.ndarray) -> np.ndarray:
    """Every row of the one before it; the first is NaN."""
    return np.vstack([np.full((1, matrix.shape[1]), np.nan), matrix[:-1]])


def _filled_down(matrix: np.ndarray) -> np.ndarray:
    """Every NaN replaced by the last number above it in its column; leading NaN stay."""
    rows = np.where(np.isnan(matrix), 0, np.arange(len(matrix))[:, None])
    return np.take_along_axis(matrix, np.maximum.accumulate(rows, axis=0), axis=0)


def _next_row(is_bar: np.ndarray) -> np.ndarray:
    """Row of the next bar of each column below every cell; the number of rows where there is none."""
    rows = np.where(is_bar, np.arange(len(is_bar))[:, None], len(is_bar))
    at_or_below = np.minimum.accumulate(rows[::-1], axis=0)[::-1]
    return np.vstack([at_or_below[1:], np.full((1, is_bar.shape[1]), len(is_bar))])

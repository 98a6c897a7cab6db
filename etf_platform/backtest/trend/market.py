"""The bars and columns of one symbol, checked and laid out once for any number of accounts. Not here: any trading."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.core.states import State
from etf_platform.core.units.signal import SignalStrategy

Reader = Callable[[Any], pd.DataFrame]
Columns = pd.DataFrame | Reader
PRICES = ("open", "high", "low", "close")
LONGEST_GAP = 2
_DOING = "back-testing a trend strategy"


@dataclass(frozen=True)
class Market:
    """Adjusted prices of one symbol, ascending.

    Attributes
    ----------
    symbol, source : str
    bars : DataFrame
        date, open, high, low, close and what else came (volume), plus `n_bars`; fresh index.
    dates : DatetimeIndex
    open, high, low, close : ndarray of shape (n_sessions,)
    base : int
        Row of the first decision: `warmup_bars` rows up to and including it. The account starts there at 1, flat.
    sessions : DatetimeIndex
        Sessions of the exchange calendar.
    state : State
    notes : tuple of str
        Why the state is WARN.
    """

    symbol: str
    source: str
    bars: pd.DataFrame
    dates: pd.DatetimeIndex
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    base: int
    sessions: pd.DatetimeIndex
    state: State
    notes: tuple[str, ...]

    @property
    def first(self) -> int:
        """Row of the first tradable session."""
        return self.base + 1

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.dates)


def lay_out(bars: pd.DataFrame, sessions: pd.DatetimeIndex, warmup_bars: int) -> Market:
    """Check the bars of one symbol and lay them out.

    Parameters
    ----------
    bars : DataFrame
        date, symbol, open, high, low, close (adjusted), optionally volume and source; ascending.
    sessions : DatetimeIndex
        All sessions of the exchange calendar; bars outside its range are not compared with it.
    warmup_bars : int
        Rows that must lie before the first tradable session.

    Returns
    -------
    Market
        WARN when single sessions have no bar (up to two in a row).

    Raises
    ------
    BadInputError
        Several symbols, duplicate or unordered dates, a price that is missing or not positive, prices that never
        change, bars on days that are no sessions, more than two sessions in a row without a bar.
    InsufficientDataError
        No session after the warm-up.
    """
    symbol = _one_symbol(bars)
    frame = bars.reset_index(drop=True)
    dates = pd.DatetimeIndex(frame["date"]).as_unit("ns")
    _check_dates(symbol, dates)
    _check_prices(symbol, frame, dates)
    if len(frame) <= warmup_bars:
        saw = f"{symbol} has {len(frame)} bars, and the warm-up takes {warmup_bars}"
        raise InsufficientDataError(_DOING, saw, "load more history or configure a shorter warm-up")
    notes = _gaps(symbol, dates, pd.DatetimeIndex(sessions).as_unit("ns"))
    prices = {name: np.ascontiguousarray(frame[name], dtype=np.float64) for name in PRICES}
    source = ", ".join(sorted(frame["source"].unique())) if "source" in frame else ""
    state = State.WARN if notes else State.PASS
    frame = frame.assign(n_bars=np.arange(1, len(frame) + 1))
    return Market(
        symbol, source, frame, dates, **prices, base=warmup_bars - 1, sessions=sessions, state=state, notes=notes
    )


def reader_of(market: Market, columns: Columns) -> Reader:
    """Settings -> bars and indicator columns side by side; joined once where the columns are the same for all settings.

    Raises
    ------
    BadInputError
        The columns have other rows than the bars: at once for a DataFrame, else when a reading is made.
    """
    if isinstance(columns, pd.DataFrame):
        once = _joined(market, columns)
        return lambda settings: once
    return lambda settings: _joined(market, columns(settings))


def prepared(market: Market, read: Reader, strategy: SignalStrategy, settings: Any) -> pd.DataFrame:
    """What the strategy reads: the bars, its indicator columns and what it derives from them, row by row.

    Raises
    ------
    BadInputError
        A column that the strategy needs is absent.
    """
    frame = read(settings)
    absent = sorted(name for name in strategy.indicators(settings) if name not in frame.columns)
    if absent:
        saw = f"{strategy.name} needs the columns {', '.join(absent)}"
        raise BadInputError(_DOING, saw, "compute the indicators that the strategy names")
    return strategy.prepare(frame, settings, market.sessions)


def _joined(market: Market, columns: pd.DataFrame) -> pd.DataFrame:
    if len(columns) != market.size or not np.array_equal(_days(columns), market.dates.to_numpy()):
        saw = f"the indicator columns have {len(columns)} rows and not the dates of the {market.size} bars"
        raise BadInputError(_DOING, saw, "prepare bars and columns together")
    own = [name for name in columns.columns if name not in market.bars.columns]
    return pd.concat([market.bars, columns[own].set_axis(market.bars.index)], axis=1)


def _days(frame: pd.DataFrame) -> np.ndarray:
    return pd.DatetimeIndex(frame["date"]).as_unit("ns").to_numpy()


def _one_symbol(bars: pd.DataFrame) -> str:
    symbols = sorted(bars["symbol"].unique()) if len(bars) else []
    if len(symbols) > 1:
        raise BadInputError(_DOING, f"bars of {len(symbols)} symbols, {', '.join(symbols)}", "pass one symbol")
    if not symbols:
        raise InsufficientDataError(_DOING, "there are no bars", "load the history of the symbol")
    return str(symbols[0])


def _check_dates(symbol: str, dates: pd.DatetimeIndex) -> None:
    twice = dates[dates.duplicated()]
    if len(twice):
        saw = f"{symbol} has {len(twice)} rows on a date that it has already, first {twice[0]:%Y-%m-%d}"
        raise BadInputError(_DOING, saw, "remove the duplicate rows by a rule")
    if not dates.is_monotonic_increasing:
        raise BadInputError(_DOING, f"the bars of {symbol} are not in order of date", "sort them by date")


def _check_prices(symbol: str, frame: pd.DataFrame, dates: pd.DatetimeIndex) -> None:
    values = frame[list(PRICES)].to_numpy(dtype=np.float64)
    bad = ~(np.isfinite(values) & (values > 0.0))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        saw = f"the {PRICES[column]} of {symbol} on {dates[row]:%Y-%m-%d} is {values[row, column]:g}"
        raise BadInputError(_DOING, saw, "repair the bar or drop it by a rule")
    if len(frame) > 1 and np.ptp(values[:, PRICES.index("close")]) == 0.0:
        raise BadInputError(_DOING, f"the close of {symbol} never changes", "look at the source: the feed is dead")


def _gaps(symbol: str, dates: pd.DatetimeIndex, sessions: pd.DatetimeIndex) -> tuple[str, ...]:
    if not len(sessions):
        return ()
    start, end = max(dates[0], sessions[0]), min(dates[-1], sessions[-1])
    due = sessions[(sessions >= start) & (sessions <= end)]
    strange = dates[(dates >= start) & (dates <= end)].difference(due)
    if len(strange):
        saw = f"{len(strange)} bars of {symbol} lie on days that are no sessions, first {strange[0]:%Y-%m-%d}"
        raise BadInputError(_DOING, saw, "check the calendar and the time zone of the dates")
    missing = ~due.isin(dates)
    if not missing.any():
        return ()
    first, run = due[int(np.argmax(missing))], _longest_run(missing)
    if run > LONGEST_GAP:
        saw = (
            f"{symbol} has no bar in {run} sessions in a row; {int(missing.sum())} are missing, first {first:%Y-%m-%d}"
        )
        raise BadInputError(_DOING, saw, "fetch the missing bars")
    return (f"{int(missing.sum())} sessions have no bar, first {first:%Y-%m-%d}",)


def _longest_run(flags: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max())

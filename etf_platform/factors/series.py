"""The series that kernels may take as inputs: bar columns, and a few that many kernels would otherwise derive again.

Rows by symbol, oldest first; `offsets` says where each symbol starts. Not here: windows and anything with a parameter;
those are kernels.
"""

import functools
import itertools
from collections.abc import Callable, Mapping

import numpy as np

from etf_platform.factors.jit import compiled
from etf_platform.factors.kernels.bands import BAND_WINDOWS, moments_by_symbol
from etf_platform.factors.kernels.order import RANK_WINDOWS, order_keys, positions, standings

PRICES = ("open", "high", "low", "close")
BAR_COLUMNS = (*PRICES, "volume", "amount")
Arrays = Mapping[str, np.ndarray]


def returns(offsets: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Simple return of every bar as a fraction; NaN in a symbol's first row."""
    out = np.empty(close.size)
    np.divide(close[1:], close[:-1], out=out[1:])
    out[1:] -= 1.0
    return _without_first(offsets, out)


def true_range(offsets: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Range of the bar extended to the previous close; NaN in a symbol's first row, which has none."""
    out = np.empty(close.size)
    np.subtract(np.maximum(high[1:], close[:-1]), np.minimum(low[1:], close[:-1]), out=out[1:])
    return _without_first(offsets, out)


def signed_volume(offsets: np.ndarray, close: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """Volume in shares with the sign of the close's change; NaN in a symbol's first row."""
    out = np.empty(close.size)
    np.multiply(np.sign(np.diff(close)), volume[1:], out=out[1:])
    return _without_first(offsets, out)


def illiquidity(offsets: np.ndarray, close: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Absolute return per yuan of turnover; NaN in a symbol's first row and where nothing was traded."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(amount > 0, np.abs(returns(offsets, close)) / amount, np.nan)


def dense_order(offsets: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Position of every close among the distinct closes of its symbol, as int16 (int32 beyond 32,767 rows).

    Only comparisons between positions mean anything: these do not change when later rows are added. NaN become -1.
    """
    small = np.int16 if np.diff(offsets).max(initial=0) <= np.iinfo(np.int16).max else np.int32
    keys, ranks = np.empty(close.size, dtype=np.int64), np.empty(close.size, dtype=small)
    compiled(order_keys)(offsets, close, keys)
    for a, b in itertools.pairwise(offsets.tolist()):
        keys[a:b].sort()
    compiled(positions)(offsets, close, keys, ranks)
    return ranks


def close_standings(offsets: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Smaller minus larger closes in every window of `RANK_WINDOWS`, one column each; void before it is full."""
    order = dense_order(offsets, close)
    out = np.empty((len(RANK_WINDOWS), close.size), dtype=order.dtype)
    compiled(standings)(offsets, order, out)
    return out.T


def close_mean(offsets: np.ndarray, close: np.ndarray, w: int) -> np.ndarray:
    """Mean of the last `w` closes; NaN until there are as many."""
    return _close_moments(offsets, close, w)[0]


def close_squares(offsets: np.ndarray, close: np.ndarray, w: int) -> np.ndarray:
    """Sum of the squared deviations of the last `w` closes from their mean; NaN until there are as many."""
    return _close_moments(offsets, close, w)[1]


def _close_moments(offsets: np.ndarray, close: np.ndarray, w: int) -> np.ndarray:
    out = np.empty((2, close.size))
    compiled(moments_by_symbol)(offsets, close, w, out[0], out[1])
    return out


def _without_first(offsets: np.ndarray, out: np.ndarray) -> np.ndarray:
    out[offsets[:-1]] = np.nan
    return out


DERIVED: dict[str, tuple[Callable[..., np.ndarray], tuple[str, ...]]] = {
    "returns": (returns, ("close",)),
    "true_range": (true_range, ("high", "low", "close")),
    "signed_volume": (signed_volume, ("close", "volume")),
    "illiquidity": (illiquidity, ("close", "amount")),
    "close_standings": (close_standings, ("close",)),
    **{f"close_mean_{w}": (functools.partial(close_mean, w=w), ("close",)) for w in BAND_WINDOWS},
    **{f"close_squares_{w}": (functools.partial(close_squares, w=w), ("close",)) for w in BAND_WINDOWS},
}


def required_columns(names: tuple[str, ...]) -> tuple[str, ...]:
    """Bar columns behind the named series, in the order of `BAR_COLUMNS`."""
    needed = {column for name in names for column in (DERIVED[name][1] if name in DERIVED else (name,))}
    return tuple(column for column in BAR_COLUMNS if column in needed)


def derive(name: str, bars: Arrays, offsets: np.ndarray) -> np.ndarray:
    """One series of some symbols; a bar column stands for itself.

    Parameters
    ----------
    bars : mapping of str to ndarray of shape (n_rows,)
    offsets : ndarray of int, shape (n_symbols + 1,)
        First row of every symbol, and the number of rows.
    """
    if name in bars:
        return bars[name]
    function, columns = DERIVED[name]
    return function(offsets, *(bars[column] for column in columns))

"""The series that kernels may take as inputs: bar columns, and a few that many kernels would otherwise derive again.

One symbol at a time, oldest first, contiguous. Not here: windows and anything with a parameter; those are kernels.
"""

from collections.abc import Callable, Mapping

import numpy as np

PRICES = ("open", "high", "low", "close")
BAR_COLUMNS = (*PRICES, "volume", "amount")
Arrays = Mapping[str, np.ndarray]


def returns(close: np.ndarray) -> np.ndarray:
    """Simple return of every bar as a fraction; NaN in the first row."""
    out = np.full(close.size, np.nan)
    np.divide(close[1:], close[:-1], out=out[1:])
    out[1:] -= 1.0
    return out


def true_range(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Range of the bar extended to the previous close; NaN in the first row, which has none."""
    out = np.full(close.size, np.nan)
    np.subtract(np.maximum(high[1:], close[:-1]), np.minimum(low[1:], close[:-1]), out=out[1:])
    return out


def signed_volume(close: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """Volume in shares with the sign of the close's change; NaN in the first row."""
    out = np.full(close.size, np.nan)
    np.multiply(np.sign(np.diff(close)), volume[1:], out=out[1:])
    return out


def illiquidity(close: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Absolute return per yuan of turnover; NaN in the first row and where nothing was traded."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(amount > 0, np.abs(returns(close)) / amount, np.nan)


def dense_order(close: np.ndarray) -> np.ndarray:
    """Position of every close among the distinct closes of the series, as int16 (int32 beyond 32,767 rows).

    Only comparisons between positions mean anything: these do not change when later rows are added. NaN become -1.
    """
    small = np.int16 if close.size <= np.iinfo(np.int16).max else np.int32
    order = np.argsort(close)  # equal closes get equal positions, so no stable sort is needed
    ordered = close[order]
    ranks = np.empty(close.size, dtype=small)
    ranks[order] = np.concatenate(([0], np.cumsum(ordered[1:] != ordered[:-1]))).astype(small)
    ranks[np.isnan(close)] = -1
    return ranks


DERIVED: dict[str, tuple[Callable[..., np.ndarray], tuple[str, ...]]] = {
    "returns": (returns, ("close",)),
    "true_range": (true_range, ("high", "low", "close")),
    "signed_volume": (signed_volume, ("close", "volume")),
    "illiquidity": (illiquidity, ("close", "amount")),
    "close_order": (dense_order, ("close",)),
}


def required_columns(names: tuple[str, ...]) -> tuple[str, ...]:
    """Bar columns behind the named series, in the order of `BAR_COLUMNS`."""
    needed = {column for name in names for column in (DERIVED[name][1] if name in DERIVED else (name,))}
    return tuple(column for column in BAR_COLUMNS if column in needed)


def derive(name: str, bars: Arrays) -> np.ndarray:
    """One series of one symbol; a bar column stands for itself."""
    if name in bars:
        return bars[name]
    function, columns = DERIVED[name]
    return function(*(bars[column] for column in columns))

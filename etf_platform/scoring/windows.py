"""Windows and recursions over one array of days, oldest first.

Here: arithmetic whose row t is computed from rows up to t in an order that does not depend on what follows, so that a
day alone keeps its last bit. Windows read nothing before their first row; recursions start at the first row given.
Not here: indicators and their names.
"""

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError

BAR = ("high", "low", "close", "volume")


def checked(bars: pd.DataFrame) -> pd.DataFrame:
    """`bars` if it is usable: dates rise, prices are positive.

    Raises
    ------
    BadInputError
        A column is missing, dates do not rise, or a price is missing or not positive.
    """
    doing = "reading the bars of a scored asset"
    if missing := [name for name in BAR if name not in bars.columns]:
        raise BadInputError(doing, f"no column {', '.join(missing)}", f"pass {', '.join(BAR)}")
    if not (isinstance(bars.index, pd.DatetimeIndex) and bars.index.is_monotonic_increasing and bars.index.is_unique):
        raise BadInputError(doing, "an index that is not rising dates", "sort by date, one row each")
    prices = bars[["high", "low", "close"]].to_numpy(dtype=np.float64)
    if not bool(np.all(prices > 0.0)) or not bool(np.all(np.isfinite(prices))):
        raise BadInputError(doing, "a price that is missing or not positive", "quarantine the row first")
    return bars


def values(bars: pd.DataFrame, name: str) -> np.ndarray:
    """Column `name` as contiguous float64; NaN everywhere when there is none."""
    if name not in bars.columns:
        return np.full(len(bars), np.nan)
    return np.ascontiguousarray(bars[name].to_numpy(dtype=np.float64))


def before(x: np.ndarray, n: int = 1) -> np.ndarray:
    """The value `n` rows before; NaN in the first `n` rows."""
    out = np.full(x.size, np.nan)
    if n < x.size:
        out[n:] = x[: x.size - n]
    return out


def window_sum(x: np.ndarray, n: int) -> np.ndarray:
    """Sum of the last `n` values, oldest first; NaN before row n - 1 and over a NaN."""
    out = np.full(x.size, np.nan)
    rows = x.size - n + 1
    if rows < 1:
        return out
    total = x[:rows].copy()
    for k in range(1, n):
        total += x[k : k + rows]
    out[n - 1 :] = total
    return out


def window_mean(x: np.ndarray, n: int) -> np.ndarray:
    """Mean of the last `n` values; NaN before row n - 1 and over a NaN."""
    return window_sum(x, n) / n


def window_std(x: np.ndarray, n: int) -> np.ndarray:
    """Sample deviation (ddof 1) of the last `n` values, by two passes; exactly 0 where they are equal."""
    out = np.full(x.size, np.nan)
    rows = x.size - n + 1
    if rows < 1:
        return out
    mean = window_mean(x, n)[n - 1 :]
    total = np.zeros(rows)
    for k in range(n):
        gap = x[k : k + rows] - mean
        total += gap * gap
    is_flat = window_max(x, n)[n - 1 :] == -window_max(-x, n)[n - 1 :]
    out[n - 1 :] = np.where(is_flat, 0.0, np.sqrt(total / (n - 1)))
    return out


def window_max(x: np.ndarray, n: int) -> np.ndarray:
    """Highest of the last `n` values; NaN before row n - 1 and over a NaN."""
    out = np.full(x.size, np.nan)
    rows = x.size - n + 1
    if rows < 1:
        return out
    highest = x[:rows].copy()
    for k in range(1, n):
        np.maximum(highest, x[k : k + rows], out=highest)
    out[n - 1 :] = highest
    return out


def window_min(x: np.ndarray, n: int) -> np.ndarray:
    """Lowest of the last `n` values; NaN before row n - 1 and over a NaN."""
    return -window_max(-x, n)


def percentile_rank(x: np.ndarray, n: int, at_least: int | None = None) -> np.ndarray:
    """Share of the last `n` values (its own among them) that lie below a value, equal ones counting half.

    In (0, 1); 0.5 where all are equal. With `at_least` a shorter start counts too, from that many values on. NaN where
    the window holds a NaN or is too short.
    """
    rows, need = x.size, n if at_least is None else at_least
    below, count = np.zeros(rows), np.zeros(rows)
    for k in range(min(n, rows)):
        old, new = x[: rows - k], x[k:]
        below[k:] += (old < new) + 0.5 * (old == new)
        count[k:] += 1.0
    gaps = np.cumsum(np.isnan(x))
    has_gap = gaps - np.concatenate((np.zeros(min(n, rows)), gaps[: max(rows - n, 0)])) > 0
    return np.where(has_gap | (count < need), np.nan, below / np.maximum(count, 1.0))


def window_quantile(x: np.ndarray, n: int, level: float, at_least: int) -> np.ndarray:
    """Quantile (linear) of the finite ones of the last `n` values; NaN where these are fewer than `at_least`."""
    return pd.Series(x).rolling(n, min_periods=at_least).quantile(level).to_numpy()


def exponential(x: np.ndarray, alpha: float, start: float | None = None) -> np.ndarray:
    """y[t] = y[t-1] + alpha * (x[t] - y[t-1]) from the first finite row on; y starts there, or comes from `start`.

    NaN before the first finite row; a later NaN leaves y as it was.
    """
    out = np.full(x.size, np.nan)
    level = start
    for t, value in enumerate(x.tolist()):
        if value == value:
            level = value if level is None else level + alpha * (value - level)
        elif level is start:
            continue
        out[t] = level
    return out


def wilder(x: np.ndarray, n: int) -> np.ndarray:
    """Wilder's mean: the mean of the first `n` finite values, then (previous * (n - 1) + x) / n.

    NaN before the seed. The finite values must come without a gap.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems.
    """
    out = np.full(x.size, np.nan)
    first = int(np.argmax(np.isfinite(x))) if np.isfinite(x).any() else x.size
    if first + n > x.size:
        return out
    listed = x.tolist()
    level = sum(listed[first : first + n]) / n
    out[first + n - 1] = level
    for t in range(first + n, x.size):
        level = (level * (n - 1) + listed[t]) / n
        out[t] = level
    return out


def ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """Quotient; NaN where the denominator is 0 or either side is NaN."""
    out = np.full(over.size, np.nan)
    np.divide(over, under, out=out, where=(under != 0.0) & ~np.isnan(under))
    return out


def log_returns(close: np.ndarray) -> np.ndarray:
    """log(close / close before); NaN in the first row."""
    return np.log(close / before(close))


def volatility(close: np.ndarray, n: int) -> np.ndarray:
    """Sample deviation of the last `n` log returns times sqrt(252), a fraction; NaN before row n."""
    return window_std(log_returns(close), n) * np.sqrt(252.0)

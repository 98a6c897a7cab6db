"""Which fills a daily price limit forbids: the limit of every fund and session, and whether a price stands at it.

The arithmetic on whole ticks is `core.ticks`; which limit holds since when is known to whoever makes `limit_rate`.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from etf_platform.backtest.matrices import dense
from etf_platform.core.ticks import limit_price, to_ticks


def limit_rates(
    bars: pd.DataFrame, sessions: pd.DatetimeIndex, symbols: pd.Index, limit_of: Mapping[str, float]
) -> np.ndarray:
    """Daily limit as a fraction: of every bar when `bars` has `limit_rate`, else of every symbol; NaN for none.

    Returns
    -------
    ndarray of shape (n_sessions, n_symbols) or (n_symbols,)
    """
    if "limit_rate" in bars.columns:
        return dense(bars, ["limit_rate"], sessions, symbols)[0]
    return np.array([limit_of.get(symbol, np.nan) for symbol in symbols], dtype=np.float64)


def at_limits(price: np.ndarray, prev_close: np.ndarray, limit: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Whether a price stands at the lower and at the upper limit; False where a price or the limit is NaN.

    Parameters
    ----------
    price, prev_close : ndarray of shape (n_sessions, n_symbols)
        CNY per share.
    limit : ndarray that broadcasts to that shape, or float
        Fraction, exact to a basis point.

    Returns
    -------
    (ndarray of bool, ndarray of bool)
    """
    ticks = to_ticks(price)
    down, up = (to_ticks(limit_price(prev_close, limit, side=side)) for side in ("down", "up"))
    return ticks <= down, ticks >= up

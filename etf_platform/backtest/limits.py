"""Daily price limits in integer ticks, because binary fractions round half-way cases wrongly. Nothing else."""

import numpy as np

TICKS_PER_YUAN = 1000


def limit_prices(prev_close: np.ndarray, limit: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest price of the day: prev_close * (1 -+ limit), rounded half up to 0.001.

    Parameters
    ----------
    prev_close : ndarray of shape (n_sessions, n_symbols)
        CNY per share; NaN (first day) has no limit.
    limit : ndarray of shape (n_symbols,), or float
        Fraction, exact to a basis point.

    Returns
    -------
    (ndarray, ndarray)
        CNY per share, shape of `prev_close`; NaN where there is no limit.

    References
    ----------
    SSE trading rules (2023), 3.3.13 and 3.3.14: 4.709 at 10 % gives 5.180, 3.514 at 20 % gives 4.217.
    """
    down, up = _limit_ticks(prev_close, limit)
    absent = ~np.isfinite(prev_close)
    return _yuan(down, absent), _yuan(up, absent)


def at_limits(price: np.ndarray, prev_close: np.ndarray, limit: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Whether a price stands at the lower and at the upper limit; False where either price is NaN.

    Parameters
    ----------
    price, prev_close : ndarray of shape (n_sessions, n_symbols)
        CNY per share.
    limit : ndarray of shape (n_symbols,), or float
        Fraction.

    Returns
    -------
    (ndarray of bool, ndarray of bool)
    """
    down, up = _limit_ticks(prev_close, limit)
    known, ticks = np.isfinite(price) & np.isfinite(prev_close), _ticks(price)
    return known & (ticks <= down), known & (ticks >= up)


def _limit_ticks(prev_close: np.ndarray, limit: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    basis = np.rint(np.asarray(limit, dtype=np.float64) * 10_000).astype(np.int64)
    ticks = _ticks(prev_close)
    return (ticks * (10_000 - basis) + 5_000) // 10_000, (ticks * (10_000 + basis) + 5_000) // 10_000


def _ticks(price: np.ndarray) -> np.ndarray:
    return np.rint(np.nan_to_num(price, nan=0.0) * TICKS_PER_YUAN).astype(np.int64)


def _yuan(ticks: np.ndarray, absent: np.ndarray) -> np.ndarray:
    return np.where(absent, np.nan, ticks / TICKS_PER_YUAN)

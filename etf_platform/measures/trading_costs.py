"""What a small order pays: square-root impact, and the volatility and turnover that it follows from."""

import numpy as np
from numpy.typing import ArrayLike

SESSIONS = 20


def square_root_impact(volatility: ArrayLike, order: ArrayLike, adv: ArrayLike) -> np.ndarray:
    """Impact of one side of a trade as a fraction: volatility * sqrt(order / adv).

    Parameters
    ----------
    volatility : array-like
        Daily volatility as a fraction.
    order, adv : array-like
        Order and average daily turnover, the same currency.

    Returns
    -------
    ndarray
        At least 0; NaN where an input is NaN or `adv` is not positive.

    References
    ----------
    Torre and Ferrari (1997), BARRA Market Impact Model Handbook.
    """
    volume = np.asarray(adv, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(volume > 0.0, np.asarray(order, dtype=np.float64) / volume, np.nan)
        impact: np.ndarray = np.asarray(volatility, dtype=np.float64) * np.sqrt(share)
    return impact


def trailing_mean(values: ArrayLike, window: int = SESSIONS) -> np.ndarray:
    """Mean of the last `window` values up to each row, this one included; NaN before, or where one of them is NaN.

    Every row is computed from its own window alone, so that it does not depend on where the series begins.
    """
    return _trailing(values, window).mean(axis=1)


def trailing_volatility(returns: ArrayLike, window: int = SESSIONS) -> np.ndarray:
    """Sample standard deviation of the last `window` returns up to each row; NaN as `trailing_mean`."""
    return _trailing(returns, window).std(axis=1, ddof=1)


def _trailing(values: ArrayLike, window: int) -> np.ndarray:
    known = np.asarray(values, dtype=np.float64)
    padded = np.concatenate([np.full(window - 1, np.nan), known])
    return np.lib.stride_tricks.sliding_window_view(padded, window)

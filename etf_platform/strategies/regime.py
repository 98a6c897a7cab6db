"""How much of the pool may be invested, by the volatility of a reference fund; one exposure per session.

Not here: which funds are held.
"""

import numpy as np
import pandas as pd

from etf_platform.core.config.models import RegimeGate
from etf_platform.core.errors import BadInputError
from etf_platform.strategies.matrices import to_matrices, trailing_sum

SESSIONS_PER_YEAR = 252


def exposure(reference: pd.DataFrame | None, rows: pd.DatetimeIndex, gate: RegimeGate) -> np.ndarray:
    """Share of the pool that may be invested on a decision of each session.

    The annualised standard deviation (ddof 1) of the last `window` daily total returns of the reference, known one
    session before; the share falls to `exposures[k]` from `cuts[k - 1]` on.

    Parameters
    ----------
    reference : DataFrame
        `market/bars` that hold `gate.symbol`.
    rows : DatetimeIndex
        Consecutive sessions.

    Returns
    -------
    ndarray of shape (n_rows,)
        The lowest exposure where the volatility is not known: a missing input never frees capital.

    Raises
    ------
    BadInputError
        There are no bars of the reference.
    """
    if reference is None or not (reference["symbol"] == gate.symbol).any():
        raise BadInputError("reading the regime", f"there are no bars of {gate.symbol}", "pass bars of its pool")
    close, factor = to_matrices(reference, ("close", "adj_factor"), rows, pd.Index([gate.symbol]))[:, :, 0]
    known = _volatility(close * factor, gate.window)
    lagged = np.concatenate(([np.nan], known[:-1]))
    shares = np.array(gate.exposures)[np.searchsorted(gate.cuts, lagged, side="right")]
    return np.where(np.isnan(lagged), min(gate.exposures), shares)


def _volatility(prices: np.ndarray, window: int) -> np.ndarray:
    """Annualised volatility of the last `window` returns; NaN unless all of them are there."""
    returns = np.full(prices.size, np.nan)
    returns[1:] = prices[1:] / prices[:-1] - 1.0
    mean = trailing_sum(returns, window) / window
    squares = np.zeros(prices.size)
    for back in range(min(window, prices.size)):
        squares[back:] += (returns[: prices.size - back] - mean[back:]) ** 2
    squares[: min(window, prices.size)] = np.nan
    return np.sqrt(squares / (window - 1) * SESSIONS_PER_YEAR)

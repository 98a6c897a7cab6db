"""The six methods by name, on many windows at once.

Here: which estimator of `measures.tails` a method is, with which settings and draws. Not here: windows of which series
(`forecasts`). The draws of a simulated method are one set per seed and method, used for every series and every day: a
day alone and a backfill are bit-identical, and the noise of the draws does not move from day to day.
"""

import functools
import itertools
import zlib
from collections.abc import Callable

import numpy as np

from etf_platform.core.config.risk import RiskConfig
from etf_platform.core.errors import UnknownUnitError
from etf_platform.measures import tails
from etf_platform.measures.tails import Tail

Estimator = Callable[[np.ndarray, RiskConfig], Tail]
AT_ONCE = 2_000  # windows per block: 4 MB of returns


def _filtered(windows: np.ndarray, config: RiskConfig) -> Tail:
    draws = _draws(config.seed, "filtered_historical", config.draws)
    return tails.filtered_historical(windows, config.levels, config.decay, draws)


def _evt(windows: np.ndarray, config: RiskConfig) -> Tail:
    return tails.evt_pot(windows, config.levels, config.tail_quantile, min_tail=config.min_tail)


def _monte_carlo(windows: np.ndarray, config: RiskConfig) -> Tail:
    return tails.monte_carlo(windows, config.levels, _draws(config.seed, "monte_carlo", config.monte_carlo_draws))


METHODS: dict[str, Estimator] = {
    "historical": lambda windows, config: tails.historical(windows, config.levels),
    "parametric": lambda windows, config: tails.parametric(windows, config.levels),
    "cornish_fisher": lambda windows, config: tails.cornish_fisher(windows, config.levels, within_domain=True),
    "filtered_historical": _filtered,
    "evt_pot": _evt,
    "monte_carlo": _monte_carlo,
}


def estimate(method: str, windows: np.ndarray, config: RiskConfig) -> Tail:
    """VaR and ES of every window by the named method.

    Parameters
    ----------
    method : str
        A key of `METHODS`.
    windows : ndarray of shape (n_windows, config.window)
        Finite simple returns, oldest first; may be a sliding view.

    Returns
    -------
    Tail
        `var`, `es` of shape (n_windows, n_levels), `sigma` of shape (n_windows,).

    Raises
    ------
    UnknownUnitError
        No method has that name.
    """
    if method not in METHODS:
        raise UnknownUnitError(
            "forecasting risk", f"no method is called {method!r}", f"use one of {', '.join(METHODS)}"
        )
    starts = range(0, len(windows), AT_ONCE)
    parts = [METHODS[method](np.ascontiguousarray(windows[a : a + AT_ONCE]), config) for a in starts]
    return Tail(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("var", "es", "sigma")))


def rolling_historical(
    returns: np.ndarray, window: int, level: float, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Rolling historical VaR and ES of many series, compiled.

    Parameters
    ----------
    returns : ndarray of shape (n_series, n_sessions)
        Simple returns; a window that holds a NaN, or is not full, gives NaN.
    window : int
        Sessions, at least 2.
    level : float
        Confidence level.
    threads : int
        Series are shared out; the figures do not depend on it.

    Returns
    -------
    var, es : ndarray of shape (n_series, n_sessions)
        Positive losses: the type 7 quantile, and the mean of the returns at or below it.
    """
    from concurrent.futures import ThreadPoolExecutor

    from etf_platform.risk.kernels import rolling_tail

    values = np.ascontiguousarray(returns, dtype=np.float64)
    var, es = np.empty_like(values), np.empty_like(values)
    position = (1.0 - level) * (window - 1)
    edges = np.linspace(0, len(values), max(1, threads) + 1).astype(int)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        jobs = [
            pool.submit(rolling_tail, values[a:b], window, position, var[a:b], es[a:b])
            for a, b in itertools.pairwise(edges)
        ]
        for job in jobs:
            job.result()
    return var, es


@functools.lru_cache(maxsize=8)
def _draws(seed: int, method: str, size: int) -> np.ndarray:
    return tails.standard_uniforms(seed, zlib.crc32(method.encode()), size)

"""Common factors of the simulated market: regimes, volatility clustering, correlated regions.

Only daily factor returns; what a fund makes of them stands in `market.sources.sample`.
"""

import math
from dataclasses import dataclass

import numpy as np

from etf_platform.market.sources.streams import normals, stream


@dataclass(frozen=True)
class Regime:
    """Daily drift and volatility of the Chinese equity market, and the chances of what comes next."""

    drift: float
    volatility: float
    next: tuple[tuple[str, float], ...]


REGIMES: dict[str, Regime] = {
    "calm": Regime(0.0003, 0.008, (("bull", 0.006), ("bear", 0.008))),
    "bull": Regime(0.0014, 0.012, (("calm", 0.012), ("bear", 0.006), ("crash", 0.002))),
    "bear": Regime(-0.0008, 0.013, (("calm", 0.012), ("bull", 0.005), ("crash", 0.004))),
    "crash": Regime(-0.010, 0.028, (("bear", 0.10), ("calm", 0.03), ("bull", 0.02))),
}
# GARCH(1,1) in units of the regime's volatility; the weights sum to one with a mean of one.
SHOCK, MEMORY = 0.08, 0.90
ABROAD = {"hk": (0.5, 0.010, 0.0002), "us": (0.15, 0.010, 0.0005)}
QUIET = {"bond": (-0.01, 0.0008, 0.00012), "gold": (-0.05, 0.008, 0.0003)}


def regimes(seed: int, n_sessions: int) -> list[str]:
    """Name of the regime of each session: a Markov chain that starts calm."""
    chances, now, path = stream(seed, "regime").random(n_sessions), "calm", []
    for chance in chances:
        path.append(now)
        edge = 0.0
        for successor, weight in REGIMES[now].next:
            edge += weight
            if chance < edge:
                now = successor
                break
    return path


def factor_returns(seed: int, n_sessions: int) -> dict[str, np.ndarray]:
    """Daily log returns of the factors `cn`, `hk`, `us`, `bond`, `gold`.

    Returns
    -------
    dict of ndarray of shape (n_sessions,)
        Fractions. Volatility clusters; `hk` and `us` load on the Chinese market, bonds and gold lean slightly against.
    """
    states = [REGIMES[name] for name in regimes(seed, n_sessions)]
    shock = _clustered(seed, "cn", n_sessions) * np.array([s.volatility for s in states])
    found = {"cn": np.array([s.drift for s in states]) + shock}
    for name, (load, volatility, drift) in (ABROAD | QUIET).items():
        found[name] = drift + load * shock + volatility * _clustered(seed, name, n_sessions)
    return found


def _clustered(seed: int, name: str, n_sessions: int) -> np.ndarray:
    draws, variance = normals(seed, f"factor/{name}", n_sessions, 1)[:, 0], 1.0
    shocks = np.empty(n_sessions)
    for t, draw in enumerate(draws):
        shocks[t] = math.sqrt(variance) * draw
        variance = (1.0 - SHOCK - MEMORY) + SHOCK * shocks[t] ** 2 + MEMORY * variance
    return shocks

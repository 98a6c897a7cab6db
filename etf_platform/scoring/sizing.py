"""Weights of a portfolio from totals, risks and volatilities, within the range that the state of the market allows.

Here: who is chosen and how much. Unknown is no candidate: no total, no risk or no volatility means no position. Not
here: the positions of the bands, which are hints for one asset (`judgement`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from etf_platform.core.config.scoring import Sizing
from etf_platform.scoring.market_state import MarketState
from etf_platform.scoring.risk import HIGH


@dataclass(frozen=True)
class Candidate:
    """What sizing looks at: total in points, risk score 0 to 1, 60-day volatility per year; None is unknown."""

    total: float | None
    risk_score: float | None
    volatility: float | None


def weights(candidates: Mapping[str, Candidate], market: MarketState | None, settings: Sizing) -> dict[str, float]:
    """Share of the portfolio of every asset.

    Candidates have a total of at least `min_score` and a risk below 高风险; of these the `max_positions` with the
    highest totals (ties: by key) are held in proportion to 1 / volatility, none above `max_weight`, together at most
    the upper end of the range of the market and 1 - `min_cash`. What the cap takes from one goes to the others.

    Returns
    -------
    dict
        Every key of `candidates`; 0 where not chosen, and everywhere when the state of the market is unknown.
    """
    chosen = chosen_of(candidates, settings)
    sizes = dict.fromkeys(candidates, 0.0)
    if market is None or not chosen:
        return sizes
    invested = min(market.regime.high, 1.0 - settings.min_cash)
    return sizes | _capped({key: 1.0 / volatility for key, volatility in chosen.items()}, invested, settings.max_weight)


def chosen_of(candidates: Mapping[str, Candidate], settings: Sizing) -> dict[str, float]:
    """Volatility of the assets that are held, best total first."""
    fit = [
        (-one.total, key, one.volatility)
        for key, one in candidates.items()
        if one.total is not None
        and one.total >= settings.min_score
        and one.risk_score is not None
        and one.risk_score < HIGH
        and one.volatility is not None
        and one.volatility > 0.0
    ]
    return {key: volatility for _, key, volatility in sorted(fit)[: settings.max_positions]}


def _capped(shares: Mapping[str, float], invested: float, cap: float) -> dict[str, float]:
    """Sizes in proportion to `shares` that sum to `invested`, or to less when every one is at the cap."""
    sizes: dict[str, float] = {}
    free = dict(sorted(shares.items()))
    while free:
        left = invested - cap * len(sizes)
        scale = left / sum(free.values())
        full = [key for key, share in free.items() if share * scale > cap]
        if not full:
            return sizes | {key: share * scale for key, share in free.items()}
        sizes |= dict.fromkeys(full, cap)
        free = {key: share for key, share in free.items() if key not in full}
    return sizes

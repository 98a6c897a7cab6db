"""Whether a signal pays: expected edge net of costs, and the score with every part of it.

Units: weights, returns and premiums are fractions, edges and costs basis points, money yuan, times trading seconds.
None is unknown; it is never taken for 0. Not here: what boards earn (`expectation`), what a fund is worth (`iopv`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from etf_platform.arbitrage.iopv import is_known
from etf_platform.core.states import State
from etf_platform.measures.trading_costs import square_root_impact

POINTS = {"edge": 40.0, "premium": 15.0, "liquidity": 15.0, "time": 10.0, "seal": 10.0, "holdings": 10.0}
NEEDED = ("edge", "premium")


@dataclass(frozen=True)
class Costs:
    """What a purchase costs, basis points; None is unknown."""

    fees: float
    half_spread: float | None
    impact: float | None


@dataclass(frozen=True)
class Edge:
    """Expected gain net of costs.

    Attributes
    ----------
    bps : float or None
        gross - premium - fees - half_spread - impact; None when one of them is unknown.
    parts : dict
        Each of them in basis points.
    """

    bps: float | None
    parts: dict[str, float | None]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the parts that are not known."""
        return tuple(name for name, value in self.parts.items() if value is None)


def edge(gains: Iterable[tuple[float, float | None]], premium: float | None, costs: Costs) -> Edge:
    """1e4 * sum of weight * E[g] over all sealed holdings - 1e4 * max(premium, 0) - costs, in basis points.

    Parameters
    ----------
    gains : iterable of (weight, expected gain)
        Fractions, one pair per sealed holding; an unknown gain makes the edge unknown.
    premium : float or None
        Fraction; a discount is no gain.
    costs : Costs
        Of the purchase.
    """
    pairs = list(gains)
    known = [weight * gain for weight, gain in pairs if is_known(gain)]
    parts = {
        "gross": 1e4 * sum(known) if known and len(known) == len(pairs) else None,
        "premium": 1e4 * max(premium, 0.0) if is_known(premium) else None,
        "fees": costs.fees,
        "half_spread": costs.half_spread if is_known(costs.half_spread) else None,
        "impact": costs.impact if is_known(costs.impact) else None,
    }
    values = [value for value in parts.values() if value is not None]
    return Edge(values[0] - sum(values[1:]) if len(values) == len(parts) else None, parts)


def impact(sigma: float | None, order: float, adv: float | None) -> float | None:
    """Market impact in basis points, 1e4 * sigma * sqrt(order / adv).

    Parameters
    ----------
    sigma : float or None
        Standard deviation of daily returns over 20 sessions.
    order : float
        Size of the purchase, yuan.
    adv : float or None
        Mean turnover of 20 sessions, yuan; 0 is as good as unknown.
    """
    if not is_known(sigma) or not is_known(adv) or not adv > 0.0:
        return None
    return 1e4 * float(square_root_impact(sigma, order, adv))


def half_spread(bid: float | None, ask: float | None) -> float | None:
    """Half of the gap between the best two prices in basis points of their middle; None unless both sides stand."""
    if not is_known(bid) or not is_known(ask) or not 0.0 < bid <= ask:
        return None
    return 1e4 * (ask - bid) / (ask + bid)


@dataclass(frozen=True)
class Parts:
    """What the score is made of; None is unknown.

    Attributes
    ----------
    edge_bps, premium, projected_amount, seal_ratio, quality : float or None
        Basis points, fraction, yuan, fraction of the tradable shares, 0 to 1 (`holdings.quality`).
    seconds_to_close : int or None
        Trading seconds.
    """

    edge_bps: float | None
    premium: float | None
    projected_amount: float | None
    seconds_to_close: int | None
    seal_ratio: float | None
    quality: float | None


@dataclass(frozen=True)
class Score:
    """The score and where it is from.

    Attributes
    ----------
    total : float or None
        0 to 100 over the parts that are known; None when edge or premium is not.
    components : dict
        Per part `value`, `points` and `of` (the most it can give); a missing part has value and points None.
    missing : tuple of str
        Parts without a value.
    state : State
        PASS, WARN when the other parts stand in for a missing one, BLOCKED without edge or premium.
    """

    total: float | None
    components: dict[str, dict[str, Any]]
    missing: tuple[str, ...]
    state: State


def score(parts: Parts, min_amount: float) -> Score:
    """Score of a signal: 40 points for the edge (full at 50 bps), 15 premium (0 at 2 %), 15 liquidity (full at four
    times `min_amount` yuan), 10 time (0 at 600 s, full at 3,600 s), 10 seal ratio (full at 2 %), 10 holdings.

    Parts that are not known drop out, and the points of the others count for 100.
    """
    values = {
        "edge": (parts.edge_bps, lambda v: v / 50.0),
        "premium": (parts.premium, lambda v: 1.0 - v / 0.02),
        "liquidity": (parts.projected_amount, lambda v: v / (4.0 * min_amount) if min_amount > 0.0 else 1.0),
        "time": (parts.seconds_to_close, lambda v: (v - 600.0) / 3000.0),
        "seal": (parts.seal_ratio, lambda v: v / 0.02),
        "holdings": (parts.quality, lambda v: v),
    }
    components = {name: _component(value, POINTS[name], reach) for name, (value, reach) in values.items()}
    missing = tuple(name for name, part in components.items() if part["points"] is None)
    state = State.BLOCKED if set(missing) & set(NEEDED) else State.WARN if missing else State.PASS
    known = [part for part in components.values() if part["points"] is not None]
    total = 100.0 * sum(part["points"] for part in known) / sum(part["of"] for part in known) if known else None
    return Score(None if state is State.BLOCKED else total, components, missing, state)


def _component(value: float | None, of: float, reach: Any) -> dict[str, Any]:
    if not is_known(value):
        return {"value": None, "points": None, "of": of}
    return {"value": value, "points": of * min(max(reach(value), 0.0), 1.0), "of": of}

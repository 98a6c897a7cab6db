"""Figures over the net returns of closed trades. Not here: how trades come about."""

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.measures.ratios import over


def win_rate(net_returns: ArrayLike) -> float:
    """Share of trades that gained; NaN without trades. Net of costs; a trade at exactly 0 did not gain."""
    known = _known(net_returns)
    return float((known > 0.0).mean()) if known.size else float("nan")


def profit_factor(net_returns: ArrayLike) -> float:
    """Sum of gains over the sum of losses; NaN without losses."""
    known = _known(net_returns)
    return over(float(known[known > 0.0].sum()), float(-known[known < 0.0].sum()))


def payoff_ratio(net_returns: ArrayLike) -> float:
    """Mean gain over mean loss; NaN without gains or without losses."""
    known = _known(net_returns)
    gains, losses = known[known > 0.0], known[known < 0.0]
    return float(gains.mean() / -losses.mean()) if gains.size and losses.size else float("nan")


def _known(net_returns: ArrayLike) -> np.ndarray:
    values = np.asarray(net_returns, dtype=np.float64)
    return values[np.isfinite(values)]

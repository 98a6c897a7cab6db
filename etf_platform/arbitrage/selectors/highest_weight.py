"""The selector `highest_weight`."""

from etf_platform.core.units.arbitrage import Candidate, Selector


def value(candidate: Candidate) -> float | None:
    """Weight of the stock in the fund."""
    return candidate.weight


HIGHEST_WEIGHT = Selector("highest_weight", "持有该股票权重最高的基金", value)

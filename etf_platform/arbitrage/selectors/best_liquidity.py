"""The selector `best_liquidity`."""

from etf_platform.core.units.arbitrage import Candidate, Selector


def value(candidate: Candidate) -> float | None:
    """Turnover of the fund so far, yuan: the funds are compared at the same moment."""
    return candidate.amount


BEST_LIQUIDITY = Selector("best_liquidity", "成交额最大的基金", value)

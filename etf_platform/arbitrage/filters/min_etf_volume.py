"""The filter `min_etf_volume`."""

from etf_platform.core.config.arbitrage import Strategy
from etf_platform.core.units.arbitrage import Candidate, Filter


def refuse(candidate: Candidate, strategy: Strategy) -> str:
    """Refuses a fund whose projected turnover of the day is too small, or not known; a minimum of 0 asks nothing.

    `original_compatible`: what has been traded so far must reach a quarter of the minimum, as in the original.
    """
    if strategy.original_compatible:
        return _too_small("已成交额", candidate.amount, strategy.min_amount / 4.0)
    return _too_small("预计全天成交额", candidate.projected_amount, strategy.min_amount)


def _too_small(what: str, amount: float | None, least: float) -> str:
    if least <= 0.0:
        return ""
    if amount is None:
        return f"{what}未知，无法判断流动性"
    return "" if amount >= least else f"{what} {amount / 1e8:.2f} 亿元，低于要求的 {least / 1e8:.3g} 亿元"


MIN_ETF_VOLUME = Filter("min_etf_volume", "基金当天的（预计）成交额足够", refuse)

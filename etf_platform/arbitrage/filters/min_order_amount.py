"""The filter `min_order_amount`."""

from etf_platform.core.config.arbitrage import Strategy
from etf_platform.core.units.arbitrage import Candidate, Filter


def refuse(candidate: Candidate, strategy: Strategy) -> str:
    """Refuses a board with too few waiting orders, or unknown ones; only with `use_min_order_amount`."""
    if not strategy.use_min_order_amount:
        return ""
    if candidate.seal_amount is None:
        return "封单金额未知，无法判断封板强度"
    if candidate.seal_amount >= strategy.min_order_amount:
        return ""
    return f"封单 {candidate.seal_amount / 1e8:.2f} 亿元，低于要求的 {strategy.min_order_amount / 1e8:.3g} 亿元"


MIN_ORDER_AMOUNT = Filter("min_order_amount", "封单金额足够（仅在启用时）", refuse)

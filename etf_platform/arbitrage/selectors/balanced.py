"""The selector `balanced`."""

from etf_platform.core.units.arbitrage import Candidate, Selector


def value(candidate: Candidate) -> float | None:
    """weight * turnover so far / (1 + premium)."""
    if candidate.amount is None or candidate.premium is None or candidate.premium <= -1.0:
        return None
    return candidate.weight * candidate.amount / (1.0 + candidate.premium)


BALANCED = Selector("balanced", "权重 × 成交额 ÷ (1 + 溢价) 最大的基金", value)

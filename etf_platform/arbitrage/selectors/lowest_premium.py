"""The selector `lowest_premium`."""

from etf_platform.core.units.arbitrage import Candidate, Selector


def value(candidate: Candidate) -> float | None:
    """Premium with its sign turned; a discount is the lowest premium of all."""
    return None if candidate.premium is None else -candidate.premium


LOWEST_PREMIUM = Selector("lowest_premium", "溢价最低（折价最多）的基金", value)

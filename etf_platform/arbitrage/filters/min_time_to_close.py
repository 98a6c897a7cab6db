"""The filter `min_time_to_close`."""

from etf_platform.core.config.arbitrage import Strategy
from etf_platform.core.units.arbitrage import Candidate, Filter


def refuse(candidate: Candidate, strategy: Strategy) -> str:
    """Refuses when fewer trading seconds are left than asked for; none are left outside a session."""
    if candidate.seconds_to_close >= strategy.min_time_to_close and candidate.seconds_to_close > 0:
        return ""
    return f"距收盘 {max(candidate.seconds_to_close, 0)} 秒，少于要求的 {strategy.min_time_to_close} 秒"


MIN_TIME_TO_CLOSE = Filter("min_time_to_close", "距收盘的交易秒数足够", refuse)

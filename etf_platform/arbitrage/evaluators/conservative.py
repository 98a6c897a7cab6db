"""The evaluator `conservative`: constants of its own; only the morning hour is from `signal_evaluation`."""

from etf_platform.arbitrage.words import before_morning_hour, is_above, known_rank, of_time, of_weight
from etf_platform.core.config.arbitrage import SignalEvaluation
from etf_platform.core.units.arbitrage import Candidate, Evaluator, Word, Words

HIGH_WEIGHT, LOW_WEIGHT = 0.15, 0.08
LAST_RANK = 5
HIGH_SECONDS, LOW_SECONDS = 1800, 7200
HIGH_RATIO = 0.60


def evaluate(candidate: Candidate, settings: SignalEvaluation) -> Words:
    """Weight, then a rank beyond the fifth is 低; time, then a concentrated fund is 高, then the morning."""
    confidence = of_weight(candidate.weight, HIGH_WEIGHT, LOW_WEIGHT)
    why = [f"权重 {candidate.weight:.2%}：置信度{confidence}"]
    rank = known_rank(candidate.rank)
    if rank is not None and rank > LAST_RANK:
        confidence = "低"
        why.append(f"第 {rank} 大持仓：置信度低")
    risk: Word = of_time(candidate.seconds_to_close, HIGH_SECONDS, LOW_SECONDS)
    why.append(f"距收盘 {candidate.seconds_to_close} 秒：风险{risk}")
    if is_above(candidate.top10_ratio, HIGH_RATIO):
        risk = "高"
        why.append(f"前十大占比 {candidate.top10_ratio:.2%} > {HIGH_RATIO:.2%}：风险高")
    calmed = before_morning_hour(risk, candidate.hour, settings.risk_morning_hour)
    if calmed != risk:
        why.append(f"{settings.risk_morning_hour} 点前：风险{calmed}")
    return Words(confidence, calmed, tuple(why))


CONSERVATIVE = Evaluator("conservative", "更高的权重与时间要求，集中的基金一律高风险", evaluate)

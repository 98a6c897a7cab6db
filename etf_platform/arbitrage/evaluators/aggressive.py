"""The evaluator `aggressive`: constants of its own; only the morning hour is from `signal_evaluation`."""

from etf_platform.arbitrage.words import before_morning_hour, is_above, known_rank, of_time, of_weight, raised
from etf_platform.core.config.arbitrage import SignalEvaluation
from etf_platform.core.units.arbitrage import Candidate, Evaluator, Words

HIGH_WEIGHT, LOW_WEIGHT = 0.08, 0.03
LIFTING_RANK = 20
HIGH_SECONDS, LOW_SECONDS = 300, 1800
HIGH_RATIO = 0.80


def evaluate(candidate: Candidate, settings: SignalEvaluation) -> Words:
    """Weight, then a rank up to the twentieth lifts 低 to 中; time, then concentration, then the morning."""
    confidence = of_weight(candidate.weight, HIGH_WEIGHT, LOW_WEIGHT)
    why = [f"权重 {candidate.weight:.2%}：置信度{confidence}"]
    rank = known_rank(candidate.rank)
    if confidence == "低" and rank is not None and rank <= LIFTING_RANK:
        confidence = "中"
        why.append(f"第 {rank} 大持仓：置信度中")
    risk = of_time(candidate.seconds_to_close, HIGH_SECONDS, LOW_SECONDS)
    why.append(f"距收盘 {candidate.seconds_to_close} 秒：风险{risk}")
    if is_above(candidate.top10_ratio, HIGH_RATIO):
        risk = raised(risk)
        why.append(f"前十大占比 {candidate.top10_ratio:.2%} > {HIGH_RATIO:.2%}：风险{risk}")
    calmed = before_morning_hour(risk, candidate.hour, settings.risk_morning_hour)
    if calmed != risk:
        why.append(f"{settings.risk_morning_hour} 点前：风险{calmed}")
    return Words(confidence, calmed, tuple(why))


AGGRESSIVE = Evaluator("aggressive", "更低的权重与时间要求，前二十大持仓不低于中", evaluate)

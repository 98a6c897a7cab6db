"""The evaluator `default`: all thresholds from `signal_evaluation`."""

from etf_platform.arbitrage.words import before_morning_hour, is_above, known_rank, of_time, of_weight, raised
from etf_platform.core.config.arbitrage import SignalEvaluation
from etf_platform.core.units.arbitrage import Candidate, Evaluator, Word, Words


def evaluate(candidate: Candidate, settings: SignalEvaluation) -> Words:
    """Weight, then rank, for the confidence; time, then concentration, then the morning, for the risk."""
    confidence, ranked = _confidence(candidate, settings)
    risk, raised_by = risk_of(candidate, settings)
    return Words(confidence, risk, (*ranked, *raised_by))


def risk_of(candidate: Candidate, settings: SignalEvaluation) -> tuple[Word, tuple[str, ...]]:
    """Risk word and what made it; an unknown concentration changes nothing."""
    seconds, ratio = candidate.seconds_to_close, candidate.top10_ratio
    risk = of_time(seconds, settings.risk_high_time_seconds, settings.risk_low_time_seconds)
    why = [f"距收盘 {seconds} 秒：风险{risk}"]
    if is_above(ratio, settings.risk_top10_ratio_high):
        risk = raised(risk)
        why.append(f"前十大占比 {ratio:.2%} > {settings.risk_top10_ratio_high:.2%}：风险{risk}")
    calmed = before_morning_hour(risk, candidate.hour, settings.risk_morning_hour)
    if calmed != risk:
        why.append(f"{settings.risk_morning_hour} 点前：风险{calmed}")
    return calmed, tuple(why)


def _confidence(candidate: Candidate, settings: SignalEvaluation) -> tuple[Word, tuple[str, ...]]:
    word = of_weight(candidate.weight, settings.confidence_high_weight, settings.confidence_low_weight)
    why = [f"权重 {candidate.weight:.2%}：置信度{word}"]
    rank = known_rank(candidate.rank)
    ranked: Word | None = None
    if rank is not None and rank <= settings.confidence_high_rank:
        ranked = "高"
    elif rank is not None and rank > settings.confidence_low_rank:
        ranked = "低"
    if ranked is not None:
        why.append(f"第 {rank} 大持仓：置信度{ranked}")
    return ranked or word, tuple(why)


DEFAULT = Evaluator("default", "权重、排名、时间、集中度，阈值取自 signal_evaluation", evaluate)

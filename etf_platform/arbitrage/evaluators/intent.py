"""The evaluator `intent`: what the original's description promised, which its code never did. Risk as in `default`."""

from etf_platform.arbitrage.evaluators.default import risk_of
from etf_platform.arbitrage.words import is_above
from etf_platform.core.config.arbitrage import SignalEvaluation
from etf_platform.core.units.arbitrage import Candidate, Evaluator, Word, Words

HIGH_WEIGHT, LOW_WEIGHT = 0.08, 0.05
HIGH_AMOUNT, LOW_AMOUNT = 1e8, 5e7
HIGH_SECONDS, LOW_SECONDS = 3600, 1800
HIGH_PREMIUM, LOW_PREMIUM = 0.01, 0.02


def evaluate(candidate: Candidate, settings: SignalEvaluation) -> Words:
    """高 needs weight, turnover of the day, time and premium all known and good; one bad one of them is 低.

    Turnover is the projected one; what has been traded so far counts as a lower bound where that is not known.
    """
    against = _against(candidate)
    confidence: Word = "低" if against else "高" if _has_all(candidate) else "中"
    risk, why = risk_of(candidate, settings)
    return Words(confidence, risk, (*(against or (f"意图规则：置信度{confidence}",)), *why))


def _has_all(candidate: Candidate) -> bool:
    amount = candidate.amount if candidate.projected_amount is None else candidate.projected_amount
    cheap = candidate.premium is not None and candidate.premium < HIGH_PREMIUM
    early = candidate.seconds_to_close > HIGH_SECONDS
    return candidate.weight >= HIGH_WEIGHT and is_above(amount, HIGH_AMOUNT) and early and cheap


def _against(candidate: Candidate) -> tuple[str, ...]:
    amount, seconds = candidate.projected_amount, candidate.seconds_to_close
    found = (
        (candidate.weight < LOW_WEIGHT, f"权重 {candidate.weight:.2%} < {LOW_WEIGHT:.0%}"),
        (amount is not None and amount < LOW_AMOUNT, f"预计全天成交额 {(amount or 0.0) / 1e8:.2f} 亿元不足"),
        (is_above(candidate.premium, LOW_PREMIUM), f"溢价 {candidate.premium or 0.0:+.2%} > {LOW_PREMIUM:.0%}"),
        (0 <= seconds < LOW_SECONDS, f"距收盘 {seconds} 秒 < {LOW_SECONDS} 秒"),
    )
    return tuple(f"{text}：置信度低" for is_bad, text in found if is_bad)


INTENT = Evaluator("intent", "原项目说明中的规则：权重、成交额、时间、溢价同时满足才高", evaluate)

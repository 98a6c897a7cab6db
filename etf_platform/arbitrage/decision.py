"""Whether a signal may be acted on, and what is against it, in words. Not here: the score, the words of evaluators."""

from dataclasses import dataclass

from etf_platform.arbitrage import economics, words
from etf_platform.arbitrage.funds import FundView
from etf_platform.arbitrage.inputs import Market
from etf_platform.core.states import State, worst
from etf_platform.core.units.arbitrage import Words

PART_NAMES = {
    "edge": "预期收益",
    "premium": "溢价",
    "liquidity": "流动性",
    "time": "时间",
    "seal": "封单强度",
    "holdings": "持仓质量",
}


@dataclass(frozen=True)
class Decision:
    """PASS, WARN or BLOCKED, and what is against acting on the signal."""

    state: State
    against: tuple[str, ...]


def decide(market: Market, score: economics.Score, spoken: Words, view: FundView) -> Decision:
    """By economics or by words, as configured; a pull that did not pass its gates is against it in any case."""
    gates: State = State.BLOCKED if market.gates is State.FAIL else market.gates
    if market.settings.strategy.decision == "words":
        state, against = gates, _against_words(spoken)
    else:
        state, against = worst((score.state, gates)), _against_economics(score, view)
    if market.gates is not State.PASS:
        against = [f"行情校验为 {market.gates.value}", *against]
    return Decision(state, tuple(against))


def _against_words(spoken: Words) -> list[str]:
    if words.says_buy(spoken.confidence, spoken.risk):
        return []
    return [f"置信度{spoken.confidence}、风险{spoken.risk}"]


def _against_economics(score: economics.Score, view: FundView) -> list[str]:
    against = [f"{PART_NAMES[name]}未知" for name in score.missing if name in economics.NEEDED]
    if view.edge.bps is not None and view.edge.bps <= 0.0:
        against.append("预期收益不足以覆盖成本")
    return against

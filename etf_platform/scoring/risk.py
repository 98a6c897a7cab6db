"""Risk of an asset from its view: the original's rules, and volatility, drawdown and VaR beside them.

Here: points, texts and levels. A part that cannot be judged adds nothing and is named; without any indicator of the
price there is no risk score, and so no 低风险. Not here: what to do about it (`strategies`, `sizing`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor

from etf_platform.scoring.views import AssetView

LEVELS = ((70, "极高风险", "🔴🔴🔴"), (50, "高风险", "🔴🔴"), (30, "中风险", "⚠️"), (0, "低风险", "✅"))
HIGH = 0.5
DOWN = ((0.7, 30, "历史20日下跌概率>70%"), (0.6, 20, "历史20日下跌概率>60%"), (0.5, 10, ""))
DISTANCE = 0.15
DRAWDOWN = -0.20
VAR = 0.10


@dataclass(frozen=True)
class Part:
    """One part of the risk: its name, points in hundredths (None: unknown), text where it counts, and whose it is."""

    name: str
    points: int | None
    text: str = ""
    is_rule: bool = True


@dataclass(frozen=True)
class Risk:
    """Risk of an asset.

    Attributes
    ----------
    risk_score, rule_risk : float or None
        0 to 1; the original's rules alone (at most 0.85). Sums of what is known; None without indicators.
    level, mark : str
        极高风险, 高风险, 中风险 or 低风险, and its sign; empty when unknown.
    factors : tuple of str
        What counted, in the words of the report.
    unavailable : tuple of str
        Parts that could not be judged.
    """

    risk_score: float | None
    rule_risk: float | None
    level: str
    mark: str
    factors: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """What counted, then in one text what could not be judged: `不可用: 资金情绪、20日VaR`."""
        return (*self.factors, "不可用: " + "、".join(self.unavailable)) if self.unavailable else self.factors

    @property
    def is_high(self) -> bool | None:
        """Whether it is 高风险 or worse; None when unknown."""
        return None if self.risk_score is None else self.risk_score >= HIGH


def assess(view: AssetView, original_compatible: bool = False) -> Risk:
    """Risk of an asset; `original_compatible` counts the original's rules alone."""
    parts = [part for part in _parts(view) if part.is_rule or not original_compatible]
    unavailable = tuple(part.name for part in parts if part.points is None)
    if view.technical is None or view.technical.close is None:
        return Risk(None, None, "", "", (), unavailable)
    rules = sum(part.points or 0 for part in parts if part.is_rule)
    points = min(100, sum(part.points or 0 for part in parts))
    level, mark = next((level, mark) for limit, level, mark in LEVELS if points >= limit)
    texts = tuple(part.text for part in parts if part.points and part.text)
    return Risk(points / 100, rules / 100, level, mark, texts, unavailable)


def _parts(view: AssetView) -> Iterator[Part]:
    tech = view.technical
    yield _down(view.up_prob.down_prob if view.up_prob else None)
    has_macd = tech is not None and tech.macd is not None
    is_top = tech is not None and tech.macd_divergence == "top"
    yield Part("MACD背离", (15 if is_top else 0) if has_macd or is_top else None, "MACD顶背离")
    yield _rsi(tech.rsi if tech else None)
    yield _distance(tech.dist20 if tech else None)
    yield _flow(view.flows.sentiment if view.flows else None)
    volatility, limit = (tech.volatility_20, tech.volatility_20_limit) if tech else (None, None)
    is_wild = None if volatility is None or limit is None else volatility > limit
    yield _ours("20日波动率", is_wild, 15, "20日波动率高于5年90分位")
    drawdown, var = (tech.drawdown_250, tech.var_20) if tech else (None, None)
    yield _ours("250日回撤", None if drawdown is None else drawdown < DRAWDOWN, 15, "距250日高点回撤>20%")
    yield _ours("20日VaR", None if var is None else var > VAR, 10, "20日VaR(95%)>10%")


def _ours(name: str, holds: bool | None, points: int, text: str) -> Part:
    return Part(name, None if holds is None else points * holds, text, is_rule=False)


def _down(probability: float | None) -> Part:
    if probability is None:
        return Part("20日下跌概率", None)
    points, text = next(((points, text) for limit, points, text in DOWN if probability > limit), (0, ""))
    return Part("20日下跌概率", points, text)


def _rsi(rsi: float | None) -> Part:
    if rsi is None:
        return Part("RSI", None)
    return Part("RSI", 10, "RSI严重超买(>80)") if rsi > 80.0 else Part("RSI", 5 if rsi > 70.0 else 0, "RSI超买(>70)")


def _distance(distance: float | None) -> Part:
    if distance is None:
        return Part("MA20偏离", None)
    share = abs(distance)
    return Part("MA20偏离", 10 if share > DISTANCE else 0, f"MA20偏离>{floor(100.0 * share)}%")


def _flow(sentiment: float | None) -> Part:
    if sentiment is None:
        return Part("资金情绪", None)
    if sentiment < 30.0:
        return Part("资金情绪", 20, "资金大幅流出")
    return Part("资金情绪", 10 if sentiment < 40.0 else 0, "资金持续流出")

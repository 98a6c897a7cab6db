"""Advice in words, and combinations of signals, from the view of an asset and its risk.

Here: texts in the order of the report. A condition whose input is unknown is not met, and is counted as unknown. Not
here: positions (`judgement`, `sizing`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from etf_platform.scoring.blocks import Technical
from etf_platform.scoring.risk import Risk
from etf_platform.scoring.views import AssetView

HOLD = "持有"


@dataclass(frozen=True)
class Combo:
    """A combination: its name, conditions met, conditions in all, and those that could not be judged."""

    name: str
    matched: int
    total: int
    unknown: int = 0

    @property
    def text(self) -> str:
        """`牛市确认 3/5`; with conditions that could not be judged `牛市确认 3/5 (1项不可用)`."""
        return f"{self.name} {self.matched}/{self.total}" + (f" ({self.unknown}项不可用)" if self.unknown else "")


@dataclass(frozen=True)
class _Known:
    up_prob: float | None
    rsi: float | None
    flow: float | None
    risk: float | None
    is_golden: bool | None
    is_top: bool | None


def texts(view: AssetView, risk: Risk) -> tuple[str, ...]:
    """Advice in the order of the report; nothing is said about what is unknown."""
    known = _known(view, risk)
    said = (
        (_above(known.up_prob, 0.6), "历史概率支持，可以配置"),
        (_below(known.up_prob, 0.4), "历史概率偏空，建议减仓"),
        (known.is_top, "MACD顶背离，警惕回调"),
        (_above(known.rsi, 70.0), "RSI超买，不追高"),
        (_below(known.rsi, 30.0), "RSI超卖，可分批买入"),
        (_above(known.risk, 0.7), "高风险，强烈建议减仓"),
        (_below(known.risk, 0.3), "低风险，可以持有"),
    )
    return tuple(text for holds, text in said if holds)


def holding_advice(advice: Sequence[str]) -> str:
    """Column 持有建议: the first text with 持有 in it, else `-`."""
    return next((text for text in advice if HOLD in text), "-")


def combos(view: AssetView, risk: Risk) -> tuple[Combo, ...]:
    """Combinations to show: 牛市确认 from one condition, the others from two."""
    known = _known(view, risk)
    bull = _combo(
        "牛市确认",
        _above(known.up_prob, 0.6),
        _below(known.risk, 0.4),
        known.is_golden,
        None if known.rsi is None else 30.0 < known.rsi < 70.0,
        _above(known.flow, 60.0),
    )
    bear = _combo(
        "熊市确认",
        _below(known.up_prob, 0.4),
        _above(known.risk, 0.6),
        _either(None if known.is_golden is None else not known.is_golden, known.is_top),
        _above(known.rsi, 70.0),
        _below(known.flow, 40.0),
    )
    bottom = _combo("抄底", _below(known.rsi, 30.0), _above(known.flow, 50.0), _above(known.up_prob, 0.5))
    top = _combo("逃顶", known.is_top, _above(known.rsi, 80.0), _above(known.risk, 0.7), _below(known.flow, 40.0))
    return tuple(combo for combo, least in ((bull, 1), (bear, 2), (bottom, 2), (top, 2)) if combo.matched >= least)


def _known(view: AssetView, risk: Risk) -> _Known:
    tech = view.technical
    is_golden = _is_golden(tech)
    is_top = None if tech is None or (is_golden is None and not tech.macd_divergence) else tech.macd_divergence == "top"
    up_prob = view.up_prob.up_prob if view.up_prob else None
    flow = view.flows.sentiment if view.flows else None
    return _Known(up_prob, tech.rsi if tech else None, flow, risk.risk_score, is_golden, is_top)


def _is_golden(tech: Technical | None) -> bool | None:
    if tech is None or tech.macd is None or tech.macd_signal is None:
        return None
    return tech.macd > tech.macd_signal


def _combo(name: str, *conditions: bool | None) -> Combo:
    return Combo(name, sum(met is True for met in conditions), len(conditions), sum(met is None for met in conditions))


def _above(value: float | None, limit: float) -> bool | None:
    return None if value is None else value > limit


def _below(value: float | None, limit: float) -> bool | None:
    return None if value is None else value < limit


def _either(first: bool | None, second: bool | None) -> bool | None:
    if first or second:
        return True
    return None if first is None or second is None else False

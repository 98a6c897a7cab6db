"""Targets, operating alerts and reading aids of the trend desk, beside what is observed.

Here: the declared limits (specification 1.6) and the comparison. Not here: computing a figure.
"""

import math
from dataclasses import dataclass

import pandas as pd

from etf_platform.core.states import State
from etf_platform.reports.display import shown
from etf_platform.reports.signal.facts import Evidence, SignalFacts

CAPS = (
    "仓位上限: 牛市 0.8，熊市 0.3，其他 0.5；TQQQ 0.4 / 0.1 / 0.2",
    "每日最多 2 笔交易；回撤 ≥ 10 % 时降至 0.3 并暂停 2 天",
    "时效: 信号须在收盘后 15 分钟内发出；数据延迟超过 5 分钟即暂停",
)


@dataclass(frozen=True)
class Target:
    """A figure that should reach `goal`; `relaxed` still counts as WARN. `at_most` turns the comparison round."""

    name: str
    metric: str
    goal: float
    unit: str
    relaxed: float | None = None
    at_most: bool = False


TARGETS = (
    Target("年化收益率", "annual_return", 0.15, "fraction"),
    Target("平均盈亏比", "payoff_ratio", 1.5, "ratio"),
    Target("最大回撤", "max_drawdown", -0.15, "fraction", relaxed=-0.20),
    Target("夏普比率", "sharpe", 1.2, "ratio"),
    Target("胜率", "win_rate", 0.62, "fraction"),
    Target("假信号率", "false_signals", 0.20, "fraction", at_most=True),
)


def target_rows(metrics: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """(name, observed, goal, state) of the strategy over its full sample, first variant; BLOCKED is not known."""
    values = figures(metrics, "strategy")
    rows = []
    for target in TARGETS:
        value = values.get(target.metric, math.nan)
        sign = "≤" if target.at_most else "≥"
        goal = f"{sign} {shown(target.goal, target.unit)}"
        if target.relaxed is not None:
            goal += f"（放宽 {shown(target.relaxed, target.unit)}）"
        rows.append((target.name, shown(value, target.unit), goal, _state(target, value).value))
    return rows


def figures(metrics: pd.DataFrame, account: str, variant: str | None = None, sample: str = "full") -> dict[str, float]:
    """Metric -> value of one account; the first variant of the rows unless one is named; empty without rows."""
    if metrics.empty:
        return {}
    variant = variant or _first_variant(metrics)
    rows = metrics[(metrics["account"] == account) & (metrics["variant"] == variant) & (metrics["sample"] == sample)]
    return dict(zip(rows["metric"], rows["value"].astype(float), strict=True))


def _first_variant(metrics: pd.DataFrame) -> str:
    variants = list(metrics["variant"].unique())
    return next((v for v in ("default", "condition_1") if v in variants), str(variants[0]))


def _state(target: Target, value: float) -> State:
    if math.isnan(value):
        return State.BLOCKED
    sign = -1.0 if target.at_most else 1.0
    if sign * value >= sign * target.goal:
        return State.PASS
    return State.WARN if target.relaxed is not None and value >= target.relaxed else State.FAIL


def alert_rows(facts: SignalFacts, evidence: Evidence) -> list[tuple[str, str, str, str]]:
    """(alert, observed, limit, state): FAIL where it is raised, BLOCKED where its input is not known."""
    values = figures(evidence.metrics, "strategy")
    gap = math.nan if evidence.missing_sessions is None else float(evidence.missing_sessions)
    vix = facts.number("vix")
    checks = (
        ("数据缺口（周期）", gap, "", 2.0, False),
        ("连续止损次数", _stopped_in_a_row(evidence.trades), "", 2.0, False),
        ("单日涨跌幅", _last_move(evidence.history), "fraction", 0.05, False),
        ("VIX", math.nan if vix is None else vix, "", 40.0, False),
        ("最大回撤", values.get("max_drawdown", math.nan), "fraction", -0.20, True),
        ("胜率", values.get("win_rate", math.nan), "fraction", 0.50, True),
    )
    return [_alert(*check) for check in checks]


def _alert(name: str, value: float, unit: str, limit: float, is_floor: bool) -> tuple[str, str, str, str]:
    wording = f"{'不低于' if is_floor else '不超过'} {shown(limit, unit)}"
    if math.isnan(value):
        return name, shown(value), wording, State.BLOCKED.value
    raised = value < limit if is_floor else value > limit
    return name, shown(value, unit), wording, (State.FAIL if raised else State.PASS).value


def _stopped_in_a_row(trades: pd.DataFrame) -> float:
    if trades.empty:
        return math.nan
    stopped = trades.loc[trades["exit_reason"] != "", "exit_reason"].eq("stop_loss").to_numpy()[::-1]
    return float(len(stopped) if stopped.all() else stopped.argmin())


def _last_move(history: pd.DataFrame) -> float:
    if len(history) < 2:
        return math.nan
    close = history["close"].to_numpy(float)
    return abs(float(close[-1] / close[-2] - 1.0))


def reading_aids(facts: SignalFacts) -> list[str]:
    """One line per indicator that people read by rules of thumb; an indicator that is not known has no line."""
    lines = []
    adx = facts.number(f"adx_{facts.settings.get('adx_period', 14)}")
    if adx is not None:
        word = "无趋势" if adx < 20 else "弱趋势" if adx <= 25 else "强趋势" if adx <= 30 else "主升浪"
        lines.append(f"ADX {adx:.1f}: {word}（<20 无，20-25 弱，>25 强，>30 主升浪）")
    rsi = facts.number(f"rsi_{facts.settings.get('rsi_period', 14)}")
    if rsi is not None:
        lines.append(f"RSI {rsi:.1f}: {'健康' if 50 <= rsi <= 70 else '健康区间之外'}（50-70 健康）")
    vix = facts.number("vix")
    if vix is not None:
        word = "健康" if vix < 20 else "谨慎" if vix <= 30 else "忽略买入信号"
        lines.append(f"VIX {vix:.2f}: {word}（<20 健康，20-30 谨慎，>30 忽略买入信号）")
    return lines

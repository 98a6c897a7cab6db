"""The text report: lines in their fixed order, framed; also the body that Markdown and HTML show.

Not here: the words of derivation and action (`wording`).
"""

from collections.abc import Callable

import pandas as pd

from etf_platform.reports.signal.facts import SignalFacts, defined
from etf_platform.reports.signal.wording import (
    FRAME,
    NOT_DEFINED,
    action,
    derivation,
    mark,
    number,
    trend_type,
    volatility,
)

NOTHING = "【无数据】无法生成报告。"
SIMULATED = "数据来源: 模拟数据（simulated），并非真实行情"


def report_text(facts: SignalFacts | None) -> str:
    """The report for a terminal or a mail, without a closing line break.

    None (no bars at all) and too few bars give one sentence each. Simulated data add one line before the closing frame.
    """
    if facts is None:
        return NOTHING
    if facts.is_too_short:
        return too_few(facts)
    return "\n".join([FRAME, headline(facts), *(f"  {line}" for line in body(facts)), FRAME])


def too_few(facts: SignalFacts) -> str:
    """The sentence for fewer bars than the warm-up."""
    return f"【无数据】需要至少 {facts.warmup_bars} 根 K 线。"


def headline(facts: SignalFacts) -> str:
    """The first line inside the frame."""
    return f"【{facts.symbol} {facts.title} - {facts.date}】"


def body(facts: SignalFacts) -> list[str]:
    """Lines between headline and closing frame, not indented."""
    middle = _MIDDLES.get(facts.strategy, _nothing)
    stop, target = defined(facts.signal["stop_loss"]), defined(facts.signal["take_profit"])
    return [
        f"收盘价: {_shown(facts, 'close')}",
        *middle(facts),
        f"推导逻辑: {derivation(facts)}",
        f"操作建议: {action(facts)}",
        *([] if stop is None else [f"止损: {stop:.2f}"]),
        *([] if target is None else [f"止盈: {target:.2f}"]),
        *([SIMULATED] if facts.is_simulated else []),
    ]


def macd_column(settings: dict[str, object]) -> str:
    """Column of the MACD line: plain for 12, 26, 9, else with its parameters."""
    spans = tuple(settings[f"macd_{part}"] for part in ("fast", "slow", "signal"))
    return "macd_line" if spans == (12, 26, 9) else "macd_line_{}_{}_{}".format(*spans)


def _shown(facts: SignalFacts, column: str) -> str:
    return number(facts.number(column))


def _nothing(facts: SignalFacts) -> list[str]:
    return []


def _averages(facts: SignalFacts, *keys: str) -> list[str]:
    spans = [facts.settings[key] for key in keys]
    return [f"EMA{span}: {_shown(facts, f'ema_{span}')}" for span in spans]


def _trend_v3(facts: SignalFacts) -> list[str]:
    period, threshold = facts.settings["adx_period"], facts.settings["adx_threshold"]
    line = facts.number(macd_column(dict(facts.settings)))
    side = "—" if line is None else "0轴上方" if line > 0.0 else "0轴下方"
    return [
        *_averages(facts, "ema_fast", "ema_slow"),
        f"SMA200: {_shown(facts, 'sma_200')}",
        f"ADX({period}): {_shown(facts, f'adx_{period}')}  (阈值: {threshold:g})",
        f"MACD线: {number(line)}  ({side})",
        _conditions(facts),
        *([_vix(facts)] if facts.settings["use_vix_filter"] else []),
        *([_volatility_filter(facts)] if facts.settings["use_vol_filter"] else []),
    ]


def condition_names(facts: SignalFacts) -> tuple[str, ...]:
    """What the five conditions of EMA_trend_v3 say, with the configured windows; none for other strategies."""
    if facts.strategy != "EMA_trend_v3":
        return ()
    fast, slow = facts.settings["ema_fast"], facts.settings["ema_slow"]
    threshold = facts.settings["adx_threshold"]
    return f"{fast}EMA>{slow}EMA", f"收盘>{fast}EMA", f"ADX>{threshold:g}", "MACD>0", "收盘>SMA200"


def _conditions(facts: SignalFacts) -> str:
    met = facts.conditions or (None,) * 5
    parts = zip(condition_names(facts), met, strict=True)
    return "  |  ".join(f"条件{i} {name}: {mark(value)}" for i, (name, value) in enumerate(parts, start=1))


def _vix(facts: SignalFacts) -> str:
    vix, threshold = facts.number("vix"), facts.settings["vix_threshold"]
    day = facts.indicators.get("vix_date")
    when = NOT_DEFINED if vix is None or day is None or pd.isna(day) else f"{pd.Timestamp(day):%Y-%m-%d}"
    met = mark(None if vix is None else vix < threshold)
    return f"VIX: {number(vix)}  (阈值: {threshold:g}, 日期: {when})  满足: {met}"


def _volatility_filter(facts: SignalFacts) -> str:
    window, threshold = facts.settings["vol_window"], facts.settings["vol_threshold"]
    value = facts.number(f"vol_{window}")
    met = mark(None if value is None else value < threshold)
    return f"{window}日波动率: {volatility(value)}  (阈值: {threshold:g})  满足: {met}"


def _trend_v2(facts: SignalFacts) -> list[str]:
    window, threshold = facts.settings["vol_window"], facts.settings["vol_threshold"]
    shown = volatility(facts.number(f"vol_{window}"))
    return [*_averages(facts, "ema_fast", "ema_slow"), f"{window}日波动率: {shown}  (阈值: {threshold:g})"]


def _cross_v1(facts: SignalFacts) -> list[str]:
    return _averages(facts, "short_ema", "long_ema")


def _ma50_volume_rsi(facts: SignalFacts) -> list[str]:
    period = facts.settings["rsi_period"]
    return [
        f"SMA50: {_shown(facts, 'sma_50')}",
        f"趋势类型: {trend_type(facts)}",
        f"RSI({period}): {_shown(facts, f'rsi_{period}')}  量能比(20日均量): {_shown(facts, 'volume_ratio')}",
    ]


def _short_term(facts: SignalFacts) -> list[str]:
    periods = facts.settings["rsi_params"]
    short, long = periods["short_period"], periods["long_period"]
    return [
        f"MA50: {_shown(facts, 'sma_50')}",
        f"RSI({short}): {_shown(facts, f'rsi_{short}')}",
        f"RSI({long}): {_shown(facts, f'rsi_{long}')}",
        f"量能比: {_shown(facts, 'volume_ratio')}",
    ]


_MIDDLES: dict[str, Callable[[SignalFacts], list[str]]] = {
    "EMA_trend_v3": _trend_v3,
    "EMA_trend_v2": _trend_v2,
    "EMA_cross_v1": _cross_v1,
    "NDX_MA50_Volume_RSI": _ma50_volume_rsi,
    "NDX_short_term": _short_term,
}

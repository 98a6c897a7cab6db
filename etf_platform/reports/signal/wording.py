"""Every sentence and number format of the signal report, as the specification words them.

Windows and thresholds come from the settings. Not here: the order of lines (`text`), and any rule.
"""

from collections.abc import Callable

from etf_platform.reports.signal.facts import SignalFacts

NOT_DEFINED = "N/A"
FRAME = "=" * 55
GENERAL = {
    "missing_indicators": "指标缺失 → 无法出信号",
    "insufficient_data": "数据不足 → 无法出信号",
}
KEEPS = ("hold", "hold_until_month_end")
SHORT_TERM = {
    "no_signal": "RSI/均线/量能未触发买卖条件 → 观望",
    "extreme_market": "极端行情 → 观望",
    "golden_cross": "RSI 金叉 + 量能确认 → 建议加仓",
    "death_cross": "RSI 死叉 → 建议减仓/空仓",
    "close_overbought_exit": "超买区平仓退出 → 减仓",
    "close_oversell_exit": "超卖区平仓退出 → 观望或回补",
    "overbought": "RSI 超买 → 减仓/观望",
    "strong_overbought": "RSI 超买 → 减仓/观望",
    "oversell": "RSI 超卖 → 考虑加仓",
    "strong_oversell": "RSI 超卖 → 考虑加仓",
    "bullish_divergence": "底背离 → 看多",
    "bearish_divergence": "顶背离 → 看空",
    "trend_pullback": "趋势回踩 + 量能 → 轻仓试多",
    "pullback_volume_reject": "回踩量能不足 → 观望",
    "overbought_with_volume_ignore": "超买但量能支撑 → 暂持",
    "trend_bounce_sell": "反弹遇阻 → 减仓",
    "trend_bounce_sell_light": "反弹遇阻 → 轻减仓",
}
TREND_TYPES = {"bull": "上升趋势", "bear": "下降趋势", "osc": "震荡趋势", "transition": "趋势过渡（无明确方向）"}
OPERATIONS = {
    "bull_pullback_volume_ok": "加仓30-40%，止损MA50下方2%",
    "bull_overbought_volume_weak": "轻仓减仓20-30%，不做空",
    "bull_overbought_volume_ok": "继续持仓，忽略超买",
    "bull_hold": "观望/维持",
    "bear_rally_volume_heavy": "减仓40-50%，不做多",
    "bear_oversold_volume_light": "轻仓试多30%，止损MA20下方3%",
    "bear_oversold_no_bottom": "观望，不抄底",
    "bear_hold": "观望",
    "osc_sell": "减仓30-40%，止盈RSI回50附近",
    "osc_buy": "加仓30-40%，止盈RSI回50附近",
    "osc_hold": "观望",
    "transition": "观望",
}


def number(value: float | None) -> str:
    """Two decimals; four significant digits below 1e-4 and from 1e4 on; N/A where it is not defined."""
    if value is None:
        return NOT_DEFINED
    return f"{value:.4g}" if abs(value) < 1e-4 or abs(value) >= 1e4 else f"{value:.2f}"


def volatility(value: float | None) -> str:
    """Four decimals, because a daily volatility of 0.0119 reads 0.01 with two."""
    return NOT_DEFINED if value is None else f"{value:.4f}"


def mark(met: bool | None) -> str:
    """是, 否, or — where a condition is not defined."""
    return "—" if met is None else "是" if met else "否"


def trend_type(facts: SignalFacts) -> str:
    """The displayed trend of NDX_MA50_Volume_RSI; — where the inputs allow none."""
    return TREND_TYPES.get(facts.reason.split("_")[0], "—")


def action(facts: SignalFacts) -> str:
    """What to do, in the words of 操作建议.

    A null position reads 观望; where EMA_cross_v1 keeps its stored position, that position is what it advises.
    """
    if facts.strategy == "NDX_MA50_Volume_RSI":
        return OPERATIONS.get(facts.reason, "观望")
    if facts.reason == "all_conditions_met":
        return "强烈买入"
    weight = float(facts.signal["weight"]) if facts.reason in KEEPS else facts.position
    if weight is None:
        return "观望"
    if abs(weight) >= 0.99:
        return "满仓持有" if weight > 0.0 else "空仓/做空"
    if weight:
        return f"部分持仓({weight:.0%})" if weight > 0.0 else f"轻空仓({weight:.0%})"
    return "空仓观望"


def derivation(facts: SignalFacts) -> str:
    """Why, in the words of 推导逻辑."""
    if facts.reason in GENERAL:
        return GENERAL[facts.reason]
    rule = _DERIVATIONS.get(facts.strategy)
    return rule(facts) if rule else f"原因: {facts.reason}"


def _trend_v3(facts: SignalFacts) -> str:
    fast, slow = facts.settings["ema_fast"], facts.settings["ema_slow"]
    if facts.reason.startswith("vix_above_"):
        return f"VIX ≥ {facts.settings['vix_threshold']:g} → 空仓"
    return {
        "all_conditions_met": "五条件均满足 → 强烈买入",
        "uptrend": f"{fast}EMA > {slow}EMA → 做多，其余条件供参考",
        "ema_not_uptrend": f"{fast}EMA ≤ {slow}EMA → 空仓",
        "vol_above_threshold": f"{facts.settings['vol_window']}日波动率超阈值 → 空仓",
    }.get(facts.reason, f"原因: {facts.reason}")


def _trend_v2(facts: SignalFacts) -> str:
    fast, slow, column = facts.settings["ema_fast"], facts.settings["ema_slow"], f"vol_{facts.settings['vol_window']}"
    first, second = number(facts.number(f"ema_{fast}")), number(facts.number(f"ema_{slow}"))
    vol, limit = volatility(facts.number(column)), f"{facts.settings['vol_threshold']:g}"
    if facts.reason == "uptrend_low_vol":
        rising = f"EMA{fast}({first}) > EMA{slow}({second}) → 上升趋势"
        return f"{rising}；{column}({vol}) < {limit} → 低波动；上升+低波动 → 满仓持有"
    return f"EMA{fast}({first}) vs EMA{slow}({second})；{column}({vol}) 阈值{limit}；未满足「上升+低波动」→ 空仓/减仓"


def _cross_v1(facts: SignalFacts) -> str:
    short, long = facts.settings["short_ema"], facts.settings["long_ema"]
    a, b = facts.number(f"ema_{short}"), facts.number(f"ema_{long}")
    left, right = f"EMA{short}({number(a)})", f"EMA{long}({number(b)})"
    if facts.reason == "hold":
        is_up = a is not None and b is not None and a > b
        trend = f"{left} {'>' if is_up else '<'} {right}，{'趋势向上' if is_up else '趋势向下'}"
        return f"{trend}，未发生交叉 → {'维持持有' if facts.signal['weight'] else '维持空仓'}"
    return {
        "golden_cross": f"{left} 上穿 {right} → 黄金交叉 → 建议买入/持有",
        "death_cross": f"{left} 下穿 {right} → 死亡交叉 → 建议卖出/空仓",
        "monthly_rebalance_bull": f"月末调仓：EMA{short} vs EMA{long} → 做多",
        "monthly_rebalance_bear": f"月末调仓：EMA{short} vs EMA{long} → 空仓",
        "hold_until_month_end": "未到月末调仓日 → 维持当前仓位",
    }.get(facts.reason, f"原因: {facts.reason}")


def _ma50_volume_rsi(facts: SignalFacts) -> str:
    period = facts.settings["rsi_period"]
    rsi, ratio = number(facts.number(f"rsi_{period}")), number(facts.number("volume_ratio"))
    return f"{trend_type(facts)} | RSI({period})={rsi} 量能比={ratio} → {facts.reason}"


def _short_term(facts: SignalFacts) -> str:
    return SHORT_TERM.get(facts.reason, f"原因: {facts.reason}")


_DERIVATIONS: dict[str, Callable[[SignalFacts], str]] = {
    "EMA_trend_v3": _trend_v3,
    "EMA_trend_v2": _trend_v2,
    "EMA_cross_v1": _cross_v1,
    "NDX_MA50_Volume_RSI": _ma50_volume_rsi,
    "NDX_short_term": _short_term,
}

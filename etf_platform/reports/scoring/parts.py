"""What is known of one asset, part by part: price, past, indicators, valuation, money, volume, levels, fear, risk.

Each function gives the lines below a heading; without data it gives one line that says so. Not here: which parts an
asset has, and in which order (`assets`).
"""

from etf_platform.reports.scoring.document import AssetReport, Chance, Indicators, Money
from etf_platform.reports.scoring.layout import Cell, Line, Part, below, item, missing, table
from etf_platform.reports.scoring.overview import breadth_table, margin_items
from etf_platform.reports.scoring.words import (
    FLOW_NAMES,
    NOT_AVAILABLE,
    billions,
    day,
    known_cell,
    likely_cell,
    mood,
    moved,
    number,
    percent,
    price,
    valuation_level,
)

TREND = ((25.0, "strong 🔥"), (20.0, "medium 📊"))


def price_part(asset: AssetReport) -> list[Part]:
    """Newest price, change, date, and whose price it is where it is a proxy's."""
    if asset.close is None:
        return [missing(asset.reasons.get("bars", asset.reason))]
    return [
        item("最新价格", price(asset.close)),
        item("涨跌幅", moved(asset.change)),
        item("数据日期", day(asset.data_date)),
        *([item("代理", f"{asset.proxy} (价格为该代理标的)")] if asset.proxy else []),
    ]


def past_part(asset: AssetReport) -> list[Part]:
    """Probabilities of a rise by the past in the same state, with interval, base rate and independent matches."""
    known = [chance for chance in asset.chances if chance.up_prob is not None]
    if not known:
        return [missing("; ".join(_untold(asset)) or asset.reasons.get("bars", ""))]
    first = known[0]
    return [
        item("相似点位", f"{first.matches} 个 (独立样本 {first.effective} 个)"),
        table("周期|#上涨概率|#平均收益|#收益中位|#置信度", [_chance_row(chance) for chance in asset.chances]),
        *[_interval(chance) for chance in known],
        *[item("不可用", why) for why in _untold(asset)],
        *(_tails(first) if asset.type == "index" or asset.group == "core" else []),
    ]


def _untold(asset: AssetReport) -> list[str]:
    """Why horizons have no probability: `未来60日: 独立样本1个，少于3个`."""
    return [f"未来{chance.horizon}日: {chance.reason}" for chance in asset.chances if chance.reason]


def _chance_row(chance: Chance) -> tuple[str | Cell, ...]:
    label = f"未来{chance.horizon}日"
    if chance.up_prob is None:
        return label, known_cell(NOT_AVAILABLE), "-", "-", "-"
    returns = (known_cell(percent(value, 2, signed=True)) for value in (chance.mean, chance.median))
    return label, likely_cell(chance.up_prob), *returns, known_cell(percent(chance.confidence))


def _interval(chance: Chance) -> Part:
    between = f"{percent(chance.low)} 至 {percent(chance.high)}"
    return item(f"{chance.horizon}日概率80%区间", f"{between}，基准上涨率 {percent(chance.base_rate)}")


def _tails(chance: Chance) -> list[Part]:
    pairs = (
        ("VaR(5%)", chance.var_5, 2),
        ("CVaR(5%)", chance.cvar_5, 2),
        ("最大回撤", chance.max_drawdown, 2),
    )
    told = [f"{name} {percent(value, places)}" for name, value, places in pairs if value is not None]
    told += [
        f"{name} {number(value)}"
        for name, value in (("夏普", chance.sharpe), ("偏度", chance.skew))
        if value is not None
    ]
    return [
        *([item("相似点位之后", "，".join(told))] if told else []),
        *([item("市场环境", chance.environment)] if chance.environment else []),
        *([item("仓位提示(历史概率)", percent(chance.position_hint, 0))] if chance.position_hint is not None else []),
    ]


def technical_part(asset: AssetReport) -> list[Part]:
    """MACD, RSI, KDJ, Bollinger bands and DMI/ADX."""
    tech = asset.technical
    if tech is None:
        return [missing(asset.reasons.get("bars", ""))]
    return [
        item("MACD", _macd(tech)),
        item("RSI", _rsi(tech.rsi)),
        item("KDJ", _kdj(tech)),
        item("布林带", _bollinger(tech.boll_position)),
        item("DMI/ADX", _trend(tech)),
    ]


def _macd(tech: Indicators) -> str:
    if tech.macd is None or tech.macd_signal is None:
        return NOT_AVAILABLE
    return "✅ 金叉" if tech.macd > tech.macd_signal else "🔴 死叉"


def _rsi(value: float | None) -> str:
    if value is None:
        return NOT_AVAILABLE
    return f"{value:.1f} ({'⚠️ 超买' if value > 70.0 else '✅ 超卖' if value < 30.0 else '😊 正常'})"


def _kdj(tech: Indicators) -> str:
    if tech.k is None or tech.d is None or tech.j is None:
        return NOT_AVAILABLE
    return f"K={tech.k:.1f}, D={tech.d:.1f}, J={tech.j:.1f} {'✅' if tech.k > tech.d else '🔴'}"


def _bollinger(position: float | None) -> str:
    if position is None:
        return NOT_AVAILABLE
    where = "⚠️ 接近上轨" if position > 0.8 else "✅ 接近下轨" if position < 0.2 else "😊 中轨区域"
    return f"{percent(position, 0)} ({where})"


def _trend(tech: Indicators) -> str:
    if tech.adx is None or tech.plus_di is None or tech.minus_di is None:
        return NOT_AVAILABLE
    adx = tech.adx
    strength = next((text for limit, text in TREND if adx > limit), "weak ⚡")
    return f"{adx:.1f} ({strength}, {'📈' if tech.plus_di > tech.minus_di else '📉'})"


def valuation_part(asset: AssetReport) -> list[Part]:
    """PE, PB, level, and the earnings yield against bonds."""
    worth = asset.valuation
    if worth is None or (worth.pe is None and worth.pb is None):
        return [missing(asset.reasons.get("valuation", ""))]
    return [
        item("PE", f"{number(worth.pe)} (历史分位 {percent(worth.pe_percentile)})"),
        item("PB", f"{number(worth.pb)} (历史分位 {percent(worth.pb_percentile)})"),
        item("估值水平", valuation_level(worth.pe_percentile)),
        item("股债收益比(ERP)", percent(worth.erp, 2, signed=True)),
        item("数据日期", day(worth.as_of)),
    ]


def money_part(asset: AssetReport) -> list[Part]:
    """Flow of five sessions, its state and sentiment; margin balances beside or instead of it."""
    flow = asset.flows
    parts: list[Part] = []
    if flow is None:
        parts.append(missing(asset.reasons.get("capital", "")))
    elif flow.kind != "margin":
        parts += [Line(label=FLOW_NAMES.get(flow.kind, flow.kind)), *_flow_items(flow)]
    elif asset.margin is None:
        parts += [Line(label="融资融券(杠杆指标)"), *_flow_items(flow)]
    if asset.margin is not None:
        parts += [Line(label="融资融券(杠杆指标)"), *margin_items(asset.margin)]
    return parts


def _flow_items(flow: Money) -> list[Part]:
    score = NOT_AVAILABLE if flow.sentiment is None else f"{flow.sentiment:.0f}/100"
    return [
        item("近5日累计", billions(flow.five_day)),
        item("流向状态", flow.text or NOT_AVAILABLE),
        item("情绪评分", score),
        item("数据日期", day(flow.as_of)),
    ]


def levels_part(asset: AssetReport) -> list[Part]:
    """Pivot points of the newest bar."""
    tech = asset.technical
    if tech is None or tech.pivot is None:
        return [missing(asset.reasons.get("bars", ""))]
    return [
        item("轴心点", price(tech.pivot)),
        item("阻力位", f"R1={price(tech.r1)}, R2={price(tech.r2)}"),
        item("支撑位", f"S1={price(tech.s1)}, S2={price(tech.s2)}"),
    ]


def breadth_part(asset: AssetReport) -> list[Part]:
    """New highs and lows among the members."""
    return [breadth_table(asset.breadth) if asset.breadth else missing(asset.reasons.get("breadth", "没有成分股行情"))]


def mood_part(asset: AssetReport) -> list[Part]:
    """Sentiment of the asset's market."""
    if asset.sentiment_score is None:
        return [missing(asset.reasons.get("sentiment", ""))]
    return [
        item("情绪评分", f"{asset.sentiment_score:.1f}/100"),
        item("情绪等级", mood(asset.sentiment_score)),
    ]


def fear_part(asset: AssetReport) -> list[Part]:
    """Fear index: value with its band, date and advice."""
    fear = asset.panic
    if fear is None or fear.value is None:
        return [missing(asset.reasons.get("panic", ""))]
    return [
        item("指数值", f"{fear.value:.2f} ({fear.status})"),
        item("操作建议", fear.action),
        item("数据日期", day(fear.as_of)),
    ]


def relative_part(asset: AssetReport) -> list[Part]:
    """Alpha and beta against a benchmark."""
    found = asset.relative
    if found is None:
        return [missing(asset.reasons.get("relative", "没有基准收益"))]
    return [
        item("基准", f"{found.benchmark} ({found.sessions}个交易日)"),
        item("Alpha", f"{percent(found.alpha, 2, signed=True)} (年化超额收益)"),
        item("Beta", f"{found.beta:.2f} (系统性风险)"),
        item("表现", "✅ 跑赢基准" if found.alpha > 0.0 else "⚠️ 跑输基准" if found.alpha < 0.0 else "与基准持平"),
    ]


def chips_part(asset: AssetReport) -> list[Part]:
    """Distribution of holding costs."""
    chips = asset.chips
    if chips is None:
        return [missing(asset.reasons.get("chips", "没有换手率，无法估计持仓成本"))]
    return [
        item("主力成本", price(chips.cost)),
        item("成本区间", f"{price(chips.low)} - {price(chips.high)}"),
        item("筹码集中度", f"{chips.concentration:.1f}/100"),
        item("盈利筹码", percent(chips.profit_share)),
    ]


def divergence_part(asset: AssetReport) -> list[Part]:
    """Divergence of price against volume, MACD and RSI."""
    tech = asset.technical
    if tech is None:
        return [missing(asset.reasons.get("bars", ""))]
    series = (("成交量", tech.volume_divergence), ("MACD", tech.macd_divergence), ("RSI", tech.rsi_divergence))
    told: list[Part] = [item(name, _divergence(kind)) for name, kind in series]
    return [*told, *([] if tech.divergence_age is None else [item("距今", f"{tech.divergence_age}根K线")])]


def _divergence(kind: str) -> str:
    return {"top": "⚠️ 顶背离", "bottom": "✅ 底背离"}.get(kind, "无")


def risk_part(asset: AssetReport) -> list[Part]:
    """Risk with its level, what counted, and what could not be judged."""
    risk = asset.risk
    if risk.risk_score is None:
        return [missing(asset.reasons.get("bars", asset.reason))]
    rule = "" if risk.rule_risk is None else f"，规则分 {risk.rule_risk:.2f}"
    return [
        item("综合风险", f"{risk.risk_score:.2f} ({risk.mark} {risk.level}){rule}"),
        *([Line(label="风险因素", depth=0), *[below(text) for text in risk.factors]] if risk.factors else []),
        *([item("未能评估", "、".join(risk.unavailable))] if risk.unavailable else []),
    ]

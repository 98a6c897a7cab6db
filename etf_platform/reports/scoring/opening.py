"""The first three sections: title, recommendations, the market today. Not here: single assets."""

from collections.abc import Sequence

from etf_platform.reports.scoring.document import MarketReport, MarketView, PanicLine, Regime
from etf_platform.reports.scoring.layout import (
    Banner,
    Cell,
    Heading,
    Line,
    Part,
    Rule,
    item,
    missing,
    strong_row,
    table,
)
from etf_platform.reports.scoring.words import (
    NOT_AVAILABLE,
    known_cell,
    moved_cell,
    number,
    percent,
    price,
)

SIMULATED = Banner("SIMULATED DATA 模拟数据", "本报告由模拟行情生成 (simulated)，并非真实市场，不得用于投资。")
DIMENSIONS = {2: "强势", 1: "温和", 0: "震荡", -1: "温和", -2: "强势"}


def title(report: MarketReport) -> list[Part]:
    """Title, banner of simulated data, when it was made, and of which session."""
    return [
        Heading(1, "📊 市场洞察报告"),
        *([SIMULATED] if report.is_simulated else []),
        Line(f"{report.generated_at:%Y-%m-%d %H:%M:%S}", "生成时间"),
        Line(report.day.isoformat(), "交易日"),
        *([Line(report.method, "合成方法")] if report.method else []),
        Rule(),
    ]


def advice(report: MarketReport) -> list[Part]:
    """Names by direction; a list without a name is left out, and so is no asset without a judgement."""
    parts: list[Part] = [Heading(2, "🎯 【建议】"), Line(intro(report))]
    for heading, names in lists(report):
        parts += [Heading(3, heading), Line("、".join(names), depth=0)]
    if not report.judged:
        parts.append(missing("没有一个资产可以评分"))
    elif report.unjudged:
        parts.append(Line("、".join(one.name for one in report.unjudged), "数据不足，未给建议"))
    return [*parts, Rule()]


def intro(report: MarketReport) -> str:
    """The sentence over the lists, with the number of assets that there really are."""
    return f"根据你的交易系统生成的{report.total_count}个资产分析报告，我来为你筛选当前建议参与的标的："


def lists(report: MarketReport) -> list[tuple[str, tuple[str, ...]]]:
    """Heading and names of every list that has a name, best first."""
    found = [
        (band.heading, tuple(asset.name for asset in report.judged if asset.direction == band.direction))
        for band in report.bands
    ]
    return [(heading, names) for heading, names in found if names]


def market(report: MarketReport) -> list[Part]:
    """Indices, fear, and the state of the market with its range of positions."""
    return [
        Heading(2, "🔥 今日市场大盘分析"),
        Heading(3, "📈 核心指数表现"),
        _indices(report),
        Heading(3, "😱 市场恐慌指数"),
        *_panic(report),
        Heading(3, "🌍 市场环境与仓位策略"),
        *(_state(report.state, report.regimes) if report.state else [missing(report.state_reason)]),
        Rule(),
    ]


def _indices(report: MarketReport) -> Part:
    if not report.indices:
        return missing("没有核心指数")
    rows = [
        (line.label, known_cell(price(line.close)), moved_cell(line.change), known_cell(line.direction + line.mark))
        for line in report.indices
    ]
    return table("指数|#最新价格|#涨跌幅|方向判断", rows)


def _panic(report: MarketReport) -> list[Part]:
    if not report.panic:
        return [missing("没有恐慌指数")]
    rows = table("市场|指数|#数值|状态|操作建议", [_panic_row(line) for line in report.panic])
    return [rows, Line(report.panic_summary or NOT_AVAILABLE, "综合判断")]


def _panic_row(line: PanicLine) -> tuple[str | Cell, ...]:
    fear = line.fear
    if fear is None or fear.value is None:
        return (
            line.market,
            fear.name if fear else "-",
            known_cell(NOT_AVAILABLE),
            known_cell(NOT_AVAILABLE),
            line.reason,
        )
    return line.market, fear.name, number(fear.value), fear.status, fear.action


def _state(state: MarketView, regimes: tuple[Regime, ...]) -> list[Part]:
    now = state.regime
    return [
        Line(f"{now.emoji} {now.name}", "当前市场状态"),
        *([_lacking(state)] if state.missing else []),
        Line(label="多维度分析"),
        _dimensions(state),
        Line("(按周调整):", "战略仓位建议", has_colon=False),
        item("建议仓位", f"{_tenths(now.low, now.high)} ({percent(now.low, 0)}-{percent(now.high, 0)})"),
        item(
            "现金储备",
            f"{_tenths(1.0 - now.high, 1.0 - now.low)} ({percent(1.0 - now.high, 0)}-{percent(1.0 - now.low, 0)})",
        ),
        item("操作策略", now.advice),
        item("调整周期", "每周复盘后调整"),
        Line(label="动态仓位参考"),
        *[_regime(regime, regime.name == now.name) for regime in regimes],
    ]


def _lacking(state: MarketView) -> Line:
    told = "; ".join(f"{name} {why}" for name, why in state.missing.items())
    return Line(f"{'、'.join(state.used)} (缺: {told})", "依据指数")


def _regime(regime: Regime, is_now: bool) -> Line:
    current = " ← 当前" if is_now else ""
    return Line(f"{regime.emoji} {regime.name}: {_tenths(regime.low, regime.high)}{current}", depth=0)


def _tenths(low: float, high: float) -> str:
    return f"{round(10.0 * low)}-{round(10.0 * high)}成"


def _dimensions(state: MarketView) -> Part:
    rows: list[Sequence[str | Cell]] = [
        ("短期趋势", f"{state.short:+.1f}", f"当日均涨{percent(state.change, 2, signed=True)}", _short(state.short)),
        ("长期趋势", f"{state.long:+.1f}", f"年内累计{percent(state.year_to_date, 1, signed=True)}", _long(state.long)),
        ("市场宽度", f"{state.breadth:+.1f}", f"{percent(state.rising, 0)}指数上涨", _breadth(state.breadth)),
        strong_row("综合评分", f"{state.total:.2f}", "范围:-2到+2", f"置信度: {state.regime.confidence}%"),
    ]
    return table("维度|#评分|数据|说明", rows)


def _short(score: int) -> str:
    return f"{_arrow(score)} {DIMENSIONS[score]}"


def _long(score: int) -> str:
    return f"{_arrow(score)} {'牛市' if score > 0 else '熊市' if score < 0 else '震荡'}"


def _arrow(score: int) -> str:
    return "🚀" if score > 0 else "📉" if score < 0 else "➡️"


def _breadth(score: int) -> str:
    return "✅ 普涨" if score > 0 else "❌ 普跌" if score < 0 else "🟡 分化"

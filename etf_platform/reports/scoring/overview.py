"""The table of all assets, and the institutional indicators of 沪深300. Not here: single assets in full."""

from etf_platform.reports.scoring.document import AssetReport, Breadth, Institutional, Margin, MarketReport, Percentiles
from etf_platform.reports.scoring.holdings import holding_advice, risk_label
from etf_platform.reports.scoring.layout import Cell, Heading, Line, Part, Rule, Table, item, missing, table
from etf_platform.reports.scoring.words import (
    NOT_AVAILABLE,
    breadth_level,
    day,
    known_cell,
    likely_cell,
    mood,
    moved_cell,
    number,
    percent,
    price,
    total_points,
    valuation_level,
)

FLAT = 0.001


def overview(report: MarketReport) -> list[Part]:
    """Counts, and one row per asset, judged or not."""
    parts: list[Part] = [
        Heading(2, "📊 标的汇总"),
        Heading(3, "📋 分析概览"),
        item("总资产数", str(report.total_count)),
        item("成功分析", str(len(report.judged))),
        item("失败数", str(len(report.unjudged))),
    ]
    if not report.assets:
        return [*parts, missing("没有可分析的资产"), Rule()]
    heads = "标的名称|#当前价格|#涨跌幅|方向判断|#多因子评分|建议仓位|#20日上涨概率|风险等级|持有建议|有效因子|数据日期"
    return [*parts, table(heads, [_row(asset) for asset in report.assets]), Rule()]


def _row(asset: AssetReport) -> tuple[str | Cell, ...]:
    chance = asset.chance(20)
    return (
        asset.label,
        known_cell(price(asset.close)),
        moved_cell(asset.change),
        known_cell(asset.direction + asset.mark),
        known_cell(total_points(asset.total)),
        asset.position or "-",
        likely_cell(chance.up_prob if chance else None),
        known_cell(risk_label(asset)),
        holding_advice(asset),
        f"{asset.available}/{asset.applicable}",
        known_cell(day(asset.data_date)),
    )


def institutional(report: MarketReport) -> list[Part]:
    """Valuation, breadth and margin of 沪深300; what has no data says so."""
    found = report.institutional
    return [
        Heading(2, "🏛️ 机构级核心指标"),
        Line("基于沪深300指数，这三个指标是机构投资者避免高位被套的核心工具", "说明"),
        Heading(3, "📊 估值分析 (PE/PB历史分位数)"),
        _valuation(found.valuation) if found.valuation else _lacking(found, "valuation"),
        Heading(3, "📈 市场宽度 (新高新低)"),
        breadth_table(found.breadth) if found.breadth else _lacking(found, "breadth"),
        Heading(3, "💰 融资融券 (市场情绪)"),
        *(margin_items(found.margin) if found.margin else [_lacking(found, "margin")]),
        Rule(),
    ]


def _lacking(found: Institutional, name: str) -> Part:
    return missing(found.reasons.get(name, ""))


def _valuation(rows: tuple[Percentiles, ...]) -> Table:
    cells = [
        (
            f"{row.years}年",
            known_cell(percent(row.pe)),
            known_cell(percent(row.pb)),
            known_cell(valuation_level(row.pe)),
        )
        for row in rows
    ]
    return table("周期|#PE分位数|#PB分位数|估值水平", cells)


def breadth_table(rows: tuple[Breadth, ...]) -> Table:
    """New highs against new lows, with the number of members that were counted."""
    cells = [
        (
            f"{row.sessions}日",
            f"{row.highs}/{row.members}",
            f"{row.lows}/{row.members}",
            number(row.highs / row.lows) if row.lows else "-",
            breadth_level(row.highs, row.lows),
        )
        for row in rows
    ]
    return table("周期|#创新高|#创新低|#宽度比|市场强度", cells)


def margin_items(margin: Margin) -> list[Part]:
    """Balance, trend over five sessions, sentiment and its band."""
    balance = NOT_AVAILABLE if margin.balance is None else f"¥{margin.balance / 1e8:.0f}亿"
    score = NOT_AVAILABLE if margin.sentiment is None else f"{margin.sentiment:.0f}/100"
    return [
        item("融资余额", f"{balance} ({day(margin.as_of)})"),
        item("趋势", _trend(margin.five_day_change)),
        item("情绪得分", score),
        item("情绪水平", margin.text or mood(margin.sentiment)),
    ]


def _trend(change: float | None) -> str:
    if change is None:
        return NOT_AVAILABLE
    word = "上升" if change > FLAT else "下降" if change < -FLAT else "平稳"
    return f"{word} (5日{percent(change, 2, signed=True)})"

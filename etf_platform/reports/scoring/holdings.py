"""The reader's positions beside what the report says of them. Not here: reading them (`positions`)."""

from etf_platform.reports.scoring.document import AssetReport, MarketReport
from etf_platform.reports.scoring.layout import Cell, Heading, Part, Rule, item, missing, table
from etf_platform.reports.scoring.positions import Position, Positions
from etf_platform.reports.scoring.words import NOT_AVAILABLE, known_cell, percent, total_points

LARGEST = 0.20
FEWEST, MOST = 3, 5
UNSCORED = "未评分"
HOLD = "持有"


def holdings(report: MarketReport) -> list[Part]:
    """Positions with direction, score, risk and advice; nothing without positions."""
    found = report.positions
    if found is None:
        return []
    heading = Heading(2, "💼 【我的持仓分析】")
    if not found.rows:
        return [heading, missing("持仓为空"), Rule()]
    known = {asset.key: asset for asset in report.assets}
    rows = table(
        "标的|代码|#仓位|#市值(元)|方向判断|#多因子评分|风险等级|持有建议",
        [_row(row, known.get(row.asset_key)) for row in found.rows],
    )
    return [heading, rows, *_summary(report, found), Rule()]


def holding_advice(asset: AssetReport) -> str:
    """Column 持有建议: the first advice with 持有 in it, else `-`."""
    return next((text for text in asset.strategies if HOLD in text), "-")


def risk_label(asset: AssetReport) -> str:
    """Mark and level of the risk."""
    return f"{asset.risk.mark} {asset.risk.level}" if asset.risk.level else NOT_AVAILABLE


def _row(row: Position, asset: AssetReport | None) -> tuple[str | Cell, ...]:
    value = "-" if row.current_value is None else f"{row.current_value:,.0f}"
    held = (row.asset_name, row.asset_code or "-", percent(row.position_ratio), value)
    if asset is None:
        return *held, UNSCORED, "-", "-", "-"
    judged = (
        known_cell(asset.direction + asset.mark),
        known_cell(total_points(asset.total)),
        known_cell(risk_label(asset)),
    )
    return *held, *judged, holding_advice(asset)


def _summary(report: MarketReport, found: Positions) -> list[Part]:
    invested = found.invested
    return [
        item("总仓位", f"{percent(invested)}{_against(report, invested)}"),
        item("现金", percent(max(0.0, 1.0 - invested))),
        item("持仓数量", f"{len(found.rows)}只{_count(len(found.rows))}"),
        *_too_large(found),
        item("持仓来源", found.origin),
    ]


def _against(report: MarketReport, invested: float) -> str:
    if report.state is None:
        return ""
    low, high = report.state.regime.low, report.state.regime.high
    word = "低于" if invested < low - 1e-9 else "高于" if invested > high + 1e-9 else "符合"
    return f" ({word}建议仓位 {percent(low, 0)}-{percent(high, 0)})"


def _count(held: int) -> str:
    return "" if FEWEST <= held <= MOST else f" (纪律: 集中{FEWEST}-{MOST}只)"


def _too_large(found: Positions) -> list[Part]:
    names = [f"{row.asset_name} {percent(row.position_ratio)}" for row in found.rows if row.position_ratio > LARGEST]
    return [item("超过单一标的上限20%", "、".join(names), "⚠️")] if names else []

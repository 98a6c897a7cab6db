"""How one asset was judged: direction, advice, and the factor table.

Not here: what the factors were made of (`parts`).
"""

from etf_platform.reports.scoring.document import AssetReport, FactorRow, MarketReport
from etf_platform.reports.scoring.layout import Cell, Line, Part, Table, item, missing, strong_row, table
from etf_platform.reports.scoring.words import NOT_APPLICABLE, NOT_AVAILABLE, known_cell, percent, points, total_points

DROPPED = "剔除"


def judgement(report: MarketReport, asset: AssetReport) -> list[Part]:
    """Direction, position, advice, combinations, and the factor table where it is shown."""
    if not asset.is_judged:
        return [item("方向判断", asset.direction), missing(asset.reason), *_table(report, asset)]
    return [
        item("方向判断", f"{asset.direction}{asset.mark}"),
        item("建议仓位", asset.position),
        *([item("组合权重", percent(asset.target_weight))] if asset.target_weight else []),
        *([item("提示", asset.reason, "⚠️")] if asset.reason and not has_table(report, asset) else []),
        *([item("信号组合", "、".join(asset.combos))] if asset.combos else []),
        Line(label="操作策略"),
        *([Line(text, depth=0) for text in asset.strategies] or [Line("无", depth=0)]),
        *_table(report, asset),
    ]


def has_table(report: MarketReport, asset: AssetReport) -> bool:
    """Whether the factor table is shown: always for core assets, for sector ones by `factor_table`."""
    return asset.group == "core" or report.factor_table == "all" or asset.direction == report.top_band


def _table(report: MarketReport, asset: AssetReport) -> list[Part]:
    if not has_table(report, asset):
        return []
    if not asset.factors:
        return [missing("没有因子评分")]
    return [Line(label="多因子评分"), factor_table(asset)]


def factor_table(asset: AssetReport) -> Table:
    """Six factors and the total; an unavailable factor is 不可用, one that cannot exist for the asset 不适用."""
    is_orthogonal = any(row.orth_score is not None for row in asset.factors)
    rows = [_row(row, is_orthogonal) for row in asset.factors]
    total, raw = total_points(asset.total), points(asset.raw_total)
    last = strong_row("总分", raw if is_orthogonal else total)
    judged = f"{asset.direction}{asset.mark}"
    whole = "100%" if asset.is_judged else "-"
    cells = (*last, Cell(total if is_orthogonal else "-", strong=is_orthogonal), Cell(whole))
    return table("因子|#评分|#正交分|#权重|#加权分|关键指标", [*rows, (*cells, Cell(total, strong=True), Cell(judged))])


def _row(row: FactorRow, is_orthogonal: bool) -> tuple[str | Cell, ...]:
    if not row.available or row.score is None:
        word = NOT_AVAILABLE if row.applicable else NOT_APPLICABLE
        return row.label, known_cell(word), "-", "-", "-", row.reason or "-"
    counted = row.orth_score if is_orthogonal else row.score
    if row.weight is None or counted is None:
        return row.label, points(row.score), DROPPED if is_orthogonal else "-", "-", "-", row.detail
    orth = points(row.orth_score) if is_orthogonal else "-"
    return row.label, points(row.score), orth, percent(row.weight), points(row.weight * counted), row.detail

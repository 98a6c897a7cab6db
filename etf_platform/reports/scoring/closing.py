"""The last three sections: what failed, the discipline, the disclaimer; and the order of all sections."""

from etf_platform.reports.scoring.assets import core_assets, sector_assets
from etf_platform.reports.scoring.document import MarketReport
from etf_platform.reports.scoring.holdings import holdings
from etf_platform.reports.scoring.layout import Heading, Line, Part, Rule, item
from etf_platform.reports.scoring.opening import advice, market, title
from etf_platform.reports.scoring.overview import institutional, overview

DISCIPLINE = (
    ("仓位管理", "保持5-9成,留至少1成应对黑天鹅"),
    ("标的选择", "集中3-5只,单一标的≤20%"),
    ("投资节奏", "长线底仓+波段加减仓"),
    ("收益目标", "年化15%,穿越牛熊"),
    ("纪律执行", "先制定方案→执行→迭代,不情绪化操作"),
)
DISCLAIMER = Line("本报告仅供参考,不构成投资建议。投资有风险,入市需谨慎。", "免责声明")


def parts_of(report: MarketReport) -> list[Part]:
    """The whole report in its order."""
    return [
        *title(report),
        *advice(report),
        *market(report),
        *holdings(report),
        *overview(report),
        *institutional(report),
        *core_assets(report),
        *sector_assets(report),
        *_failures(report),
        *_discipline(),
        DISCLAIMER,
        Line(f"报告生成时间: {report.generated_at:%Y-%m-%d %H:%M:%S}", is_quiet=True),
    ]


def _failures(report: MarketReport) -> list[Part]:
    if not report.unjudged:
        return []
    rows = [item(one.name, one.reason or "原因未记录") for one in report.unjudged]
    return [Heading(2, "⚠️ 分析失败"), *rows, Rule()]


def _discipline() -> list[Part]:
    return [Heading(2, "📖 【投资纪律】"), *[item(label, text, "✅") for label, text in DISCIPLINE], Rule()]

"""The sections of single assets: core ones by group, then one section per sector asset. Not here: what a part says."""

from collections.abc import Callable

from etf_platform.reports.scoring.document import AssetReport, MarketReport
from etf_platform.reports.scoring.judgement import judgement
from etf_platform.reports.scoring.layout import Heading, Line, Part, Rule
from etf_platform.reports.scoring.parts import (
    breadth_part,
    chips_part,
    divergence_part,
    fear_part,
    levels_part,
    money_part,
    mood_part,
    past_part,
    price_part,
    relative_part,
    risk_part,
    technical_part,
    valuation_part,
)
from etf_platform.reports.scoring.volume import volume_part

GROUPS = {
    "tech_index": "四大科技指数",
    "broad_index": "宽基指数",
    "commodity": "大宗商品",
    "crypto": "加密货币",
}
OTHERS = "其他核心资产"


def core_assets(report: MarketReport) -> list[Part]:
    """Core assets below the heading of their group; groups without an asset are left out."""
    found = [asset for asset in report.assets if asset.group == "core"]
    parts: list[Part] = []
    for category, title in (*GROUPS.items(), ("", OTHERS)):
        members = [asset for asset in found if (asset.category if asset.category in GROUPS else "") == category]
        if members:
            parts.append(Heading(2, title))
        for asset in members:
            parts += _core(report, asset)
    return parts


def sector_assets(report: MarketReport) -> list[Part]:
    """One section per sector asset: `CATEGORY: name`."""
    return [part for asset in report.assets if asset.group == "sector" for part in (*_sector(report, asset), Rule())]


def _core(report: MarketReport, asset: AssetReport) -> list[Part]:
    is_chinese = asset.underlying_market == "CN"
    has_money = asset.underlying_market in ("CN", "HK")
    fear = f" ({asset.panic.name})" if asset.panic else ""
    parts: list[Part] = [
        Heading(3, asset.label, is_asset=True),
        Heading(4, "当前点位"),
        *price_part(asset),
        Heading(4, "综合判断"),
        *judgement(report, asset),
    ]
    followed = (
        ("历史点位分析", past_part, True),
        ("技术面分析", technical_part, True),
        ("估值分析 (A股专属)", valuation_part, is_chinese),
        ("资金面分析", money_part, has_money),
        ("成交量分析", volume_part, True),
        ("支撑压力位", levels_part, True),
        ("市场宽度 (A股专属)", breadth_part, is_chinese),
        ("综合市场情绪", mood_part, True),
        (f"恐慌指数{fear}", fear_part, True),
        ("相对强度分析 (Alpha/Beta)", relative_part, True),
        ("筹码分布", chips_part, True),
        ("量价背离", divergence_part, True),
    )
    return [*parts, *_titled(4, asset, followed), Rule()]


def _sector(report: MarketReport, asset: AssetReport) -> list[Part]:
    parts: list[Part] = [
        Heading(2, f"{asset.category.upper()}: {asset.label}", is_asset=True),
        Line(asset.description or f"{asset.name} ({asset.symbol})", "描述"),
        Heading(3, "当前点位"),
        *price_part(asset),
        Heading(3, "综合判断"),
        *judgement(report, asset),
    ]
    followed = (
        ("历史点位分析", past_part, True),
        ("技术面分析", technical_part, True),
        ("资金面分析", money_part, True),
        ("风险评估", risk_part, True),
        ("量能分析", volume_part, True),
        ("支撑压力位", levels_part, True),
    )
    return [*parts, *_titled(3, asset, followed)]


def _titled(
    level: int, asset: AssetReport, followed: tuple[tuple[str, Callable[[AssetReport], list[Part]], bool], ...]
) -> list[Part]:
    return [part for title, make, is_shown in followed if is_shown for part in (Heading(level, title), *make(asset))]

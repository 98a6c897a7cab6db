"""What goes out through the alert channels: recommendations first, then the market, the table, what failed.

Here: plain blocks of text. Not here: the event (`alerts.wording.market_report`), whose closing stays whole when a
channel cuts the rest.
"""

from etf_platform.reports.scoring.closing import DISCLAIMER
from etf_platform.reports.scoring.document import AssetReport, MarketReport
from etf_platform.reports.scoring.opening import SIMULATED, lists
from etf_platform.reports.scoring.words import NOT_AVAILABLE, likely, moved, number, price, total_points

Lines = tuple[str | tuple[str, str], ...]


def message_blocks(report: MarketReport) -> tuple[tuple[str, Lines], ...]:
    """(heading, lines) of the message, the most important first; a line is a text or (label, value)."""
    blocks: list[tuple[str, Lines]] = [(heading, ("、".join(names),)) for heading, names in lists(report)]
    if not blocks:
        blocks.append(("数据不足", ("没有一个资产可以评分",)))
    blocks.append(("🌍 市场环境", _market(report)))
    if report.judged:
        blocks.append(("📊 标的汇总", tuple((asset.label, _asset(asset)) for asset in report.judged)))
    if report.unjudged:
        blocks.append(("⚠️ 分析失败", tuple((one.name, one.reason or "原因未记录") for one in report.unjudged)))
    return tuple(blocks)


def message_closing(report: MarketReport) -> str:
    """The end of the message, which no channel cuts: simulated data, and the disclaimer."""
    told = f"{SIMULATED.label}: {SIMULATED.text}\n\n" if report.is_simulated else ""
    return f"{told}{DISCLAIMER.plain}"


def message_subject(report: MarketReport) -> str:
    """`市场洞察报告 2025-05-30: 27/29个资产`."""
    simulated = " (simulated)" if report.is_simulated else ""
    return f"市场洞察报告 {report.day.isoformat()}: {len(report.judged)}/{report.total_count}个资产{simulated}"


def _market(report: MarketReport) -> Lines:
    state = report.state
    now = NOT_AVAILABLE if state is None else f"{state.regime.emoji} {state.regime.name} ({state.regime.advice})"
    fears = [
        f"{line.market} {line.fear.name} {number(line.fear.value)}"
        for line in report.panic
        if line.fear is not None and line.fear.value is not None
    ]
    return (
        ("市场状态", now),
        ("恐慌指数", "、".join(fears) or NOT_AVAILABLE),
        ("综合判断", report.panic_summary or NOT_AVAILABLE),
    )


def _asset(asset: AssetReport) -> str:
    chance = asset.chance(20)
    probability = likely(chance.up_prob if chance else None)
    judged = f"{asset.direction}{asset.mark} {total_points(asset.total)} ({asset.available}/{asset.applicable})"
    now = f"{price(asset.close)} {moved(asset.change)}"
    return f"{judged} | {now} | 20日 {probability} | {asset.risk.level or NOT_AVAILABLE}"

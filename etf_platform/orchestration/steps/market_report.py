"""Stored scores to the daily market report: Markdown, HTML and text.

Same tables, same bytes: nothing of the clock or the machine goes in. Not here: what the report says.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from etf_platform.core import tables as t
from etf_platform.orchestration.files import replace_text
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.scoring import report_of
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.scoring import heat_map
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.plots import as_data_uri
from etf_platform.reports.scoring.document import MarketReport
from etf_platform.reports.scoring.layout import Picture
from etf_platform.reports.scoring.message import message_blocks, message_closing, message_subject
from etf_platform.reports.scoring.render import report_html, report_markdown
from etf_platform.reports.scoring.text import report_text

HEAT_MAP = "每个资产的因子评分: 橙色高，蓝色低，灰色为不可用"


def write_market_report(platform: Platform, universe: str, window: Window) -> Outcome:
    """The report of the window's last session, in every form."""
    tables = StepTables(platform, window)
    day = window.end or tables.read(t.ASSET_SCORES, universe)["date"].max().date()
    report = report_of(platform, day, tables=tables)
    path = report_path(platform, day)
    rows = [tables.read(table, universe, start=day, end=day) for table in (t.FACTOR_SCORES, t.ASSET_SCORES)]
    for suffix, text in rendered(report, [picture(heat_map(*rows))]).items():
        replace_text(path.with_suffix(suffix), text)
    facts = {
        "session": str(day),
        "message": message_of(report),
        "report": str(path),
        "assets with a total": f"{len(report.judged)} of {report.total_count}",
        "without": "; ".join(f"{one.name}: {one.reason}" for one in report.unjudged) or "none",
    }
    return tables.outcome(facts=facts)


def message_of(report: MarketReport) -> dict[str, object]:
    """What the alert channels are told, as JSON values; the watch of the reports makes an event of it."""
    blocks = [
        [heading, [line if isinstance(line, str) else list(line) for line in lines]]
        for heading, lines in message_blocks(report)
    ]
    return {"subject": message_subject(report), "blocks": blocks, "closing": message_closing(report)}


def rendered(report: MarketReport, pictures: Sequence[Picture] = ()) -> dict[str, str]:
    """Suffix -> the report in that form; only HTML shows pictures."""
    return {".md": report_markdown(report), ".html": report_html(report, pictures), ".txt": report_text(report)}


def picture(png: bytes) -> Picture:
    """The heat map of the factor scores as a part of the page."""
    return Picture(HEAT_MAP, as_data_uri(png))


def report_path(platform: Platform, day: date) -> Path:
    """Where the Markdown form of a session stands; the others have its name."""
    return platform.workspace.reports / "daily" / f"{day:%Y-%m}" / f"市场洞察报告_{day:%Y%m%d}.md"

"""Stored scores to the daily market report: Markdown, HTML and text.

Same tables, same bytes: nothing of the clock or the machine goes in. Not here: what the report says.
"""

from datetime import date
from pathlib import Path

from etf_platform.core import tables as t
from etf_platform.orchestration.files import replace_text
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.scoring import report_of
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.scoring.document import MarketReport
from etf_platform.reports.scoring.render import report_html, report_markdown
from etf_platform.reports.scoring.text import report_text


def write_market_report(platform: Platform, universe: str, window: Window) -> Outcome:
    """The report of the window's last session, in every form."""
    tables = StepTables(platform, window)
    day = window.end or tables.read(t.ASSET_SCORES, universe)["date"].max().date()
    report = report_of(platform, day, tables=tables)
    path = report_path(platform, day)
    for suffix, text in rendered(report).items():
        replace_text(path.with_suffix(suffix), text)
    facts = {
        "session": str(day),
        "report": str(path),
        "assets with a total": f"{len(report.judged)} of {report.total_count}",
        "without": "; ".join(f"{one.name}: {one.reason}" for one in report.unjudged) or "none",
    }
    return tables.outcome(facts=facts)


def rendered(report: MarketReport) -> dict[str, str]:
    """Suffix -> the report in that form."""
    return {".md": report_markdown(report), ".html": report_html(report), ".txt": report_text(report)}


def report_path(platform: Platform, day: date) -> Path:
    """Where the Markdown form of a session stands; the others have its name."""
    return platform.workspace.reports / "daily" / f"{day:%Y-%m}" / f"市场洞察报告_{day:%Y%m%d}.md"

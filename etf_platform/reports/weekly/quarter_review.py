"""Markdown of the quarter review. Not here: what it says (`governance.weekly.quarter_review`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.markdown import bullets, grid, page


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    names = ("goal", "target", "value", "baseline", "trend", "state", "reason")
    results = ([row[name] or "none" * (name == "baseline") for name in names] for row in document["results"])
    said = ("recommendation", "decision", "signoff")
    weeks = grid(
        ("week", *said), ([week["week"], *(week[name] or "not written" for name in said)] for week in document["weeks"])
    )
    sections = {
        "Results": grid(names, results),
        "Gaps": bullets(document["gaps"]),
        "Backlog": bullets(document["backlog"]),
        "Weeks": weeks,
    }
    return page("Quarter Review", document, sections, [f"- Quarter: {document['quarter']}"])

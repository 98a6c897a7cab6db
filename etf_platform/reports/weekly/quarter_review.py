"""Markdown of the quarter review. Not here: what it says (`governance.weekly.quarter_review`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.parts import bullets, page, records, table


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    names = ("goal", "target", "value", "baseline", "trend", "state", "reason")
    results = ([row[name] for name in names] for row in document["results"])
    weeks = records(("week", "recommendation", "decision", "signoff"), document["weeks"])
    sections = {
        "Results": table(names, results),
        "Gaps": bullets(document["gaps"]),
        "Backlog": bullets(document["backlog"]),
        "Weeks": weeks,
    }
    lead = [f"- Quarter: {document['quarter']}", f"- State: **{document['status']}**"]
    return page("Quarter Review", lead, sections)

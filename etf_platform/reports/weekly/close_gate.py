"""Markdown of the close gate. Not here: what it says (`governance.weekly.signoff_pack`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.markdown import brief, bullets, code, page


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    sections = {
        "Status": [f"**{document['status']}**"],
        "Gate": [f"**{document['gate']}**"],
        "Reason": [brief(document["reason"], 400) or "Every check passed and everything is signed."],
        "Auto Blockers": bullets(document["auto_blockers"]),
        "Pending Items": bullets(document["pending_items"]),
        "Missing Manual Checks": bullets(document["missing_manual_checks"]),
        "Missing Role Sign-offs": bullets(document["missing_role_signoffs"]),
        "PR brief": code(document["pr_brief"]),
    }
    return page("Close Gate", document, sections)

"""Markdown of the sign-off pack. Not here: what it says (`governance.weekly.signoff_pack`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.manual_status import items, signoffs
from etf_platform.reports.weekly.markdown import bullets, code, grid, page


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    checks = ((check["label"], check["state"], check["reason"]) for check in document["auto_checks"])
    outdated = ["", "Signed files have changed:", "", *bullets(document["outdated"])] if document["outdated"] else []
    sections = {
        "Status": [f"**{document['status']}**", *outdated],
        "Auto Checks": grid(("check", "state", "reason"), checks),
        "Manual Checks": items(document["manual_items"]),
        "Role Sign-offs": signoffs(document["role_signoffs"]),
        "Suggested Manual Update": code(document["suggested_manual_update"]),
        "Pending Items": bullets(document["pending_items"]),
    }
    return page("Sign-off Pack", document, sections)

"""Markdown of the decision log. Not here: what it says (`governance.weekly.decision_log`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.canary_checklist import baseline
from etf_platform.reports.weekly.markdown import DIGEST, brief, bullets, grid, page, signatures


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    evidence = ((e["document"], e["status"], brief(e["reason"]), e["sha256"][:DIGEST]) for e in document["evidence"])
    tasks = ((t["role"], t["task"], brief(t["blocker"], 60)) for t in document["follow_up_tasks"])
    acts = ["", "Decisions on releases in this week:", "", *bullets(document["acts"])] if document["acts"] else []
    sections = {
        "Decision": [f"**{document['decision']}**"],
        "Recommendation": [f"Canary checklist: {document['recommendation']}"],
        "Reason": _reasons(document),
        "Blockers": bullets(f"`{name}`" for name in document["blockers"]),
        "Warnings": bullets(document["warnings"]),
        "Evidence": [*grid(("document", "state", "reason", "sha256"), evidence), *acts],
        "Rollback Reference": baseline(document["rollback"]),
        "Follow-up Tasks": grid(("role", "task", "because of"), tasks),
        "Sign-off": signatures(document["sign_off"]),
    }
    return page("Decision Log", document, sections)


def _reasons(document: Mapping[str, Any]) -> list[str]:
    """Every blocker, and below it what stands behind it."""
    if not document["explained"]:
        return [str(document["decision_reason"])]
    lines = []
    for one in document["explained"]:
        lines += [f"- `{one['blocker']}`", *(f"  - {brief(reason, 240)}" for reason in one["because"])]
    return lines

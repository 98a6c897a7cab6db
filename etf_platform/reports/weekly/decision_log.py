"""Markdown of the decision log. Not here: what it says (`governance.weekly.decision_log`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.canary_checklist import baseline
from etf_platform.reports.weekly.parts import brief, bullets, page, signatures, table


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    evidence = ((e["document"], e["status"], brief(e["reason"]), e["sha256"][:12]) for e in document["evidence"])
    tasks = ((t["role"], t["task"], brief(t["blocker"], 60)) for t in document["follow_up_tasks"])
    acts = "\n\nDecisions on releases in this week:\n\n" + bullets(document["acts"]) if document["acts"] else ""
    sections = {
        "Decision": f"**{document['decision']}**",
        "Recommendation": f"Canary checklist: {document['recommendation']}",
        "Reason": _reasons(document),
        "Blockers": bullets(f"`{name}`" for name in document["blockers"]),
        "Warnings": bullets(document["warnings"]),
        "Evidence": table(("document", "state", "reason", "sha256"), evidence) + acts,
        "Rollback Reference": baseline(document["rollback"]),
        "Follow-up Tasks": table(("role", "task", "because of"), tasks),
        "Sign-off": signatures(document["sign_off"]),
    }
    return page("Decision Log", [f"- Week: {document['week']}", f"- State: **{document['status']}**"], sections)


def _reasons(document: Mapping[str, Any]) -> str:
    """Every blocker, and below it what stands behind it."""
    if not document["explained"]:
        return str(document["decision_reason"])
    lines = []
    for one in document["explained"]:
        lines += [f"- `{one['blocker']}`", *(f"  - {brief(reason, 240)}" for reason in one["because"])]
    return "\n".join(lines)

"""Markdown of the decision log. Not here: what it says (`governance.weekly.decision_log`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.canary_checklist import baseline
from etf_platform.reports.weekly.parts import bullets, lead_of, page, signatures, table


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    evidence = ((e["document"], e["status"], e["reason"], e["sha256"][:12]) for e in document["evidence"])
    tasks = ((t["role"], t["task"], t["blocker"]) for t in document["follow_up_tasks"])
    acts = "\n\nDecisions on releases in this week:\n\n" + bullets(document["acts"]) if document["acts"] else ""
    sections = {
        "Decision": f"**{document['decision']}**",
        "Recommendation": f"Canary checklist: {document['recommendation']}",
        "Reason": bullets(document["blockers"]) if document["blockers"] else document["decision_reason"],
        "Blockers": bullets(f"`{name}`" for name in document["blockers"]),
        "Warnings": bullets(document["warnings"]),
        "Evidence": table(("document", "state", "reason", "sha256"), evidence) + acts,
        "Rollback Reference": baseline(document["rollback"]),
        "Follow-up Tasks": table(("role", "task", "because of"), tasks),
        "Sign-off": signatures(document["sign_off"]),
    }
    return page("Decision Log", lead_of(document), sections)

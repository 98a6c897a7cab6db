"""Markdown of a decision record, part by part. Not here: what it says, and keeping text of people (`governance`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.canary_checklist import baseline
from etf_platform.reports.weekly.markdown import brief, bullets, grid, section, table, text

EXCEPTIONS = tuple(
    (name, name, "") for name in ("strategy", "metric", "threshold", "actual", "scope", "action", "experiment_id")
)


def head(document: Mapping[str, Any]) -> str:
    """Title, number, week and status."""
    lines = [
        f"# ADR {document['number']:04d}: {document['title']}",
        "",
        f"- Status: **{document['adr_status']}**",
        f"- Week: {document['week']}",
    ]
    if document["supersedes"]:
        lines.append(f"- Supersedes: ADR {document['supersedes']:04d}")
    return "\n".join([*lines, "", "Text outside the marked parts is kept when this record is generated again.", ""])


def parts(document: Mapping[str, Any]) -> dict[str, str]:
    """Name -> text of every generated part, in order; each ends with a line break."""
    evidence = ((e["document"], e["status"], brief(e["reason"])) for e in document["evidence"])
    changes = ((c.get("date"), c.get("commit8"), c.get("subject")) for c in document["recent_changes"])
    texts = {
        "Decision": _decision(document),
        "Evidence": grid(("document", "state", "reason"), evidence),
        "Rollback Baseline": baseline(document["rollback_baseline"]),
        "Risk Findings": table(document["risk_findings"], EXCEPTIONS),
        "Recent Changes": grid(("date", "commit", "subject"), changes),
        "Follow-up Actions": bullets(document["follow_up"]),
        "Sign-off": bullets(
            ["signed by `gov manual-update --item adr_signed --by NAME`; roles sign in the sign-off pack"]
        ),
    }
    return {
        name.lower().replace(" ", "_").replace("-", "_"): text(section(name, lines)[1:])
        for name, lines in texts.items()
    }


def markdown(document: Mapping[str, Any]) -> str:
    """The page that stands in the week's folder and points at the record."""
    lines = [
        f"# ADR {document['number']:04d}: {document['title']}",
        "",
        f"- Week: {document['week']}",
        f"- Status: {document['adr_status']}",
        f"- Decision: {document['decision']}",
        f"- Record: [{document['file']}](../{document['file']})",
    ]
    return "\n".join(lines) + "\n"


def _decision(document: Mapping[str, Any]) -> list[str]:
    about = ", ".join(document["releases"]) or "no release waits or rises"
    because = bullets(f"`{name}`" for name in document["reasons"])
    return [f"Proposed: **{document['decision']}** ({about}).", *([""] if because else []), *because]

"""Markdown of the canary checklist. Not here: what it says (`governance.weekly.canary_checklist`)."""

from collections.abc import Mapping
from typing import Any

from etf_platform.reports.weekly.markdown import bullets, grid, page, signatures


def markdown(document: Mapping[str, Any]) -> str:
    """The text of the document."""
    sections = {
        "Recommendation": [f"**{document['recommendation']}**"],
        "Blockers": bullets(f"`{name}`" for name in document["blockers"]),
        "Warnings": bullets(document["warnings"]),
        "Preconditions (Auto)": grid(
            ("check", "state", "reason"), ((c["label"], c["state"], c["reason"]) for c in document["preconditions"])
        ),
        "Rollback Baseline": baseline(document["rollback_baseline"]),
        "Canary Plan": [*_candidates(document), "", *_plan(document)],
        "Observation Checklist": _observation(document),
        "Triggered Rollback Conditions": [
            "Any one rolls back by itself:",
            "",
            *bullets(document["rollback_conditions"]),
        ],
        "Sign-off": signatures(document["sign_off"]),
    }
    return page("Canary Checklist", document, sections)


def baseline(marker: Mapping[str, str]) -> list[str]:
    """What would be rolled back to, and whether a tag or only a commit says so."""
    if not marker.get("reference"):
        return ["None marked."]
    return bullets([f"Reference: `{marker['reference']}`", f"Source: {marker['source'] or 'unknown'}"])


def _candidates(document: Mapping[str, Any]) -> list[str]:
    rows = document["candidates"]
    if not rows:
        return ["No release waits or rises."]
    shown = ((r["strategy"], r["release"], r["stage"] or "not started", f"{r['exposure']:.0%}") for r in rows)
    return grid(("strategy", "release", "stage", "exposure"), shown)


def _plan(document: Mapping[str, Any]) -> list[str]:
    rows = (
        (s["stage"], f"{s['exposure']:.0%}", s["sessions"], "a signature" if s["needs_signature"] else "gates PASS")
        for s in document["plan"]
    )
    return grid(("stage", "exposure", "least sessions", "to leave it"), rows)


def _observation(document: Mapping[str, Any]) -> list[str]:
    rows = ((f"☐ {o['label']}", o["limit"], o["now"]) for o in document["observation"])
    return grid(("to watch", "limit", "at the end of this week"), rows)

"""What changed in the week, each change bound to an experiment, and what it would be rolled back to.

A change is an act on a release in the week: proposed, started, promoted, stable, rolled back. A field that nobody
filled in makes the record FAIL; a release whose experiment is not on record is BLOCKED. Commits stand below. Not here:
the folds (`governance.releases`, `governance.experiments`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from etf_platform.core.states import State
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event
from etf_platform.governance.experiment_record import Experiment
from etf_platform.governance.releases import Release
from etf_platform.governance.weekly.about import About, Judged, overall
from etf_platform.governance.weekly.artefact import Artefact

NAME = "change_rollback_record"
CHANGES = (
    kinds.RELEASE_PROPOSED,
    kinds.RELEASE_STARTED,
    kinds.RELEASE_PROMOTED,
    kinds.RELEASE_STABLE,
    kinds.RELEASE_ROLLED_BACK,
)
BESIDES = (
    kinds.FREEZE_ON,
    kinds.FREEZE_OFF,
    kinds.DRILL_PASSED,
    kinds.DRILL_FAILED,
    kinds.THRESHOLDS_SIGNED,
    kinds.RETRAIN_OPENED,
    kinds.RETRAIN_CLOSED,
)
FIELDS = ("experiment_id", "change", "data_window", "config_version", "expected_impact", "rollback_version")


@dataclass(frozen=True)
class Facts:
    """What the record is made of: events that count up to the week's end, releases and experiments by id, commits."""

    events: Sequence[Event] = ()
    releases: Mapping[str, Release] = field(default_factory=dict)
    experiments: Mapping[str, Experiment] = field(default_factory=dict)
    commits: Sequence[Mapping[str, str]] = ()


def build(facts: Facts, about: About) -> Artefact:
    """The record; PASS also in a week without any change, which it says."""
    mine = [event for event in facts.events if event.as_of is not None and event.as_of in set(about.sessions)]
    changes = [_change(event, facts) for event in mine if event.kind in CHANGES and event.subject in facts.releases]
    rollbacks = [row for row in changes if row["act"] == kinds.RELEASE_ROLLED_BACK]
    body = {
        "as_of": str(about.last or ""),
        "summary": {"changes": len(changes), "rollbacks": len(rollbacks), "commits": len(facts.commits)},
        "changes": changes,
        "rollbacks": rollbacks,
        "other_acts": [_besides(event) for event in mine if event.kind in BESIDES],
        "commits": [dict(line) for line in facts.commits],
    }
    return about.artefact(NAME, _judged(changes, facts), body)


def _judged(changes: Iterable[Mapping[str, Any]], facts: Facts) -> Judged:
    parts: list[Judged] = []
    for row in changes:
        if row["experiment_id"] not in facts.experiments:
            parts.append((State.BLOCKED, f"missing: {row['release_id']} names no experiment on record"))
        gaps = [name for name in FIELDS if not row[name]]
        if gaps:
            parts.append((State.FAIL, f"{row['release_id']}: nothing said of {', '.join(gaps)}"))
    return overall(parts)


def _change(event: Event, facts: Facts) -> dict[str, Any]:
    release = facts.releases[event.subject]
    found = facts.experiments.get(release.experiment_id)
    results = found.results if found else None
    window = f"{results.start or 'first'}..{results.end or 'last'}" if results else ""
    return {
        "session": str(event.as_of),
        "strategy": release.strategy,
        "release_id": release.release_id,
        "act": event.kind,
        "experiment_id": release.experiment_id,
        "change": f"{_said(event)}: {found.plan.title}" if found else "",
        "data_window": window,
        "config_version": release.config_hash,
        "expected_impact": found.plan.expected_impact if found else "",
        "rollback_version": release.rollback_to,
        "parameter_id": found.params_hash if found else "",
        "commit": release.commit,
        "by": event.by,
        "reason": str(event.payload.get("reason", "") or "; ".join(event.payload.get("reasons", ()))),
    }


def _said(event: Event) -> str:
    verb = event.kind.removeprefix("release.").replace("_", " ")
    target = event.payload.get("stage") or event.payload.get("to")
    return f"{verb} to {target}" if target else verb


def _besides(event: Event) -> dict[str, str]:
    return {
        "session": str(event.as_of),
        "kind": event.kind,
        "subject": event.subject,
        "by": event.by,
        "reason": str(event.payload.get("reason", "") or "; ".join(map(str, event.payload.get("problems", ())))),
    }

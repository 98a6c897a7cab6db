"""The decision log: APPROVE_CANARY or HOLD_AND_REMEDIATE, made after live deviation and replay, with its evidence.

Not here: the recommendation (`canary_checklist`), signatures (`manual`), raising a release, which the ledger and its
gates decide anew (`governance.stages`).
"""

from collections.abc import Sequence
from typing import Any

from etf_platform.core.states import State
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.governance.weekly.canary_checklist import PROCEED, ROLES
from etf_platform.governance.weekly.pack import DELIVERABLES, Pack, replay_check

NAME = "decision_log"
APPROVE, REMEDIATE = "APPROVE_CANARY", "HOLD_AND_REMEDIATE"

# blocker -> role that sees to it, and what to do
TASKS = {
    "risk_exceptions": ("risk", "close every risk exception: name strategy, parameter and action"),
    "consistency_exceptions": ("engineering", "find why online and offline differ, from the first diverging stage on"),
    "minimum_regression_failed": ("engineering", "mend the regression and run `gov daily-regression` again"),
    "performance_baseline_failed": ("engineering", "bring the P95 of VaR and back-test below its limit"),
    "latency_baseline_failed": ("engineering", "bring signal, risk check and end to end below their limits"),
    "rollback_baseline_not_tagged": (
        "engineering",
        "have a stable release to fall back on, and tag it (`gov prepare-rollback-tag`)",
    ),
    "drift_major": ("research", "audit the parameters of the strategies that drift; close the retrain that was opened"),
    "data_blocked": ("engineering", "bring the missing inputs, each named under Reason, and run the chain again"),
    "consistency_replay": ("engineering", "make online and offline agree over the week"),
    "live_deviation": ("risk", "explain every deviation alert between market and model"),
    "frozen": ("risk", "see to the cause of the freeze, then lift it by a signature: `gov unfreeze`"),
    "deliverable_missing": ("research", "make the deliverable that is missing"),
}

# blocker -> check of the checklist, or document, that says more
ABOUT = {
    "risk_exceptions": "risk_exceptions_zero",
    "consistency_exceptions": "consistency_replay",
    "minimum_regression_failed": "minimum_regression_passed",
    "performance_baseline_failed": "performance_baseline_passed",
    "latency_baseline_failed": "latency_baseline_passed",
    "rollback_baseline_not_tagged": "rollback_version_marked",
    "drift_major": "drift_report",
}


def build(pack: Pack, freezes: Sequence[str] = (), acts: Sequence[str] = ()) -> Artefact:
    """The decision of a week.

    Parameters
    ----------
    pack : Pack
        With the canary checklist and the ADR draft among its documents.
    freezes : sequence of str
        Open freezes, as sentences.
    acts : sequence of str
        Decisions on releases that the ledger holds of this week, as sentences.
    """
    canary = pack.documents.get("canary_checklist") or {}
    held = held_by(pack, freezes)
    approved = not held
    body = {
        "decision": APPROVE if approved else REMEDIATE,
        "recommendation": pack.text("canary_checklist", "recommendation") or "none",
        "decision_reason": "every check of the week passed" if approved else "; ".join(held),
        "explained": [_explained(pack, reason) for reason in held],
        "blockers": held,
        "warnings": list(canary.get("warnings", ())),
        "evidence": [_evidence(pack, name) for name in sorted(pack.documents)],
        "acts": list(acts),
        "rollback": dict(canary.get("rollback_baseline") or {"reference": "", "source": ""}),
        "follow_up_tasks": [_task(reason) for reason in held],
        "sign_off": list(ROLES),
    }
    return pack.artefact(NAME, (State.PASS, "") if approved else (_state(pack, held), "; ".join(held)), body)


def held_by(pack: Pack, freezes: Sequence[str] = ()) -> list[str]:
    """What speaks against approving: blockers of the canary, then replay, deviation, freezes, deliverables."""
    state, reason = pack.state("canary_checklist")
    outdated = pack.outdated("canary_checklist")
    found = [str(name) for name in pack.rows("canary_checklist", "blockers")]
    if pack.text("canary_checklist", "recommendation") != PROCEED and not found:
        found.append(f"data_blocked=canary_checklist ({reason or state})")
    if outdated:
        found.append(f"data_blocked=canary_checklist (stale: {', '.join(outdated)} changed after it)")
    replay, known = replay_check(pack), ",".join(found)
    if replay.state is not State.PASS and "consistency_replay" not in known:
        found.append(f"consistency_replay {replay.state}: {replay.reason}".rstrip(": "))
    state, reason = pack.state("live_deviation_snapshot")
    if not state.is_open and "live_deviation_snapshot" not in known:
        found.append(f"live_deviation {state}: {reason}".rstrip(": "))
    found += [f"frozen: {freeze}" for freeze in freezes]
    absent = [name for name in DELIVERABLES if name not in pack.documents and name not in known]
    return found + [f"deliverable_missing: {name}" for name in absent]


def _state(pack: Pack, held: Sequence[str]) -> State:
    blocked = any(reason.startswith(("data_blocked", "deliverable_missing")) or " BLOCKED" in reason for reason in held)
    return State.BLOCKED if blocked else State.FAIL


def _explained(pack: Pack, blocker: str) -> dict[str, Any]:
    """A blocker with what stands behind it: reasons of the documents or checks that it is about."""
    key, _, names = blocker.partition("=")
    checks = {row["key"]: row["reason"] for row in pack.rows("canary_checklist", "preconditions")}
    if key == "data_blocked":
        words = {name: checks.get(name) or pack.state(name)[1] for name in names.split(",")}
        return {"blocker": key, "because": [f"{name}: {reason}" for name, reason in words.items()]}
    name = ABOUT.get(key, "")
    said = checks.get(name, "") or (pack.state(name)[1] if name else "")
    return {"blocker": blocker, "because": [said] if said else []}


def _evidence(pack: Pack, name: str) -> dict[str, Any]:
    state, reason = pack.state(name)
    sources = {source.path.rpartition("/")[2]: source for source in pack.about.inputs}
    source = sources.get(f"{name}.json")
    return {
        "document": name,
        "path": source.path if source else "",
        "sha256": source.sha256 if source else "",
        "status": str(state),
        "reason": reason,
    }


def _task(reason: str) -> dict[str, str]:
    key = reason.replace(":", "=").replace(" ", "=").partition("=")[0]
    role, task = TASKS.get(key, ("research", "see to it"))
    return {"blocker": reason, "role": role, "task": task}

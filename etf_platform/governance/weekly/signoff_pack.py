"""The sign-off pack and the close gate: nine automatic checks, then what people have signed.

AUTO_BLOCKED while a check is not PASS, PENDING_MANUAL_SIGNOFF while an item or a role is open, else READY_FOR_CLOSE.
Not here: who may sign (`manual`), running the chain before the gate (`orchestration.weekly`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from etf_platform.core.states import State, worst
from etf_platform.governance.weekly import manual
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.governance.weekly.canary_checklist import PROCEED
from etf_platform.governance.weekly.decision_log import APPROVE
from etf_platform.governance.weekly.manual import ITEMS, ROLES, Manual
from etf_platform.governance.weekly.pack import EVIDENCE, Check, Pack, evidence_checks, replay_check

NAME, GATE = "signoff_pack", "close_gate"
BLOCKED, PENDING, READY = "AUTO_BLOCKED", "PENDING_MANUAL_SIGNOFF", "READY_FOR_CLOSE"


def auto_checks(pack: Pack) -> list[Check]:
    """The nine automatic checks, in the order of the specification."""
    return [
        *evidence_checks(pack),
        _said(pack, "canary_proceed", "canary_checklist", "recommendation", PROCEED, "灰度建议为放行"),
        _said(pack, "decision_approved", "decision_log", "decision", APPROVE, "决策为批准灰度"),
        replay_check(pack),
    ]


def build(pack: Pack, state: Manual, changed: Sequence[str] = ()) -> Artefact:
    """The pack of a week; `changed` are signed files that no longer have the bytes that were signed."""
    checks = auto_checks(pack)
    failed = [check for check in checks if check.state is not State.PASS]
    still = manual.open_of(state, changed)
    status = BLOCKED if failed else PENDING if still else READY
    form = manual.build(pack, state, changed).body
    body = {
        "auto_checks": [check.row() for check in checks],
        "manual_items": form["items"],
        "role_signoffs": form["signoffs"],
        "outdated": list(changed),
        "suggested_manual_update": [_command(pack.about.week, name) for name in still],
        "pending_items": [check.key for check in failed] + still,
    }
    about = pack.about
    why = _why(failed, still, changed)
    return Artefact(NAME, about.week, status, why, body, about.inputs, about.commit, about.is_dirty)


def gate(pack: Pack) -> Artefact:
    """The close gate of a week: whether its sign-off pack says READY_FOR_CLOSE, and what keeps it from that."""
    document = pack.documents.get(NAME) or {}
    status = str(document.get("status") or BLOCKED)
    failed = [row for row in document.get("auto_checks", ()) if row["state"] != State.PASS]
    items = [key for key, row in document.get("manual_items", {}).items() if not row["done"]]
    roles = [role for role, row in document.get("role_signoffs", {}).items() if not row["done"]]
    verdict = gate_state(document)
    body = {
        "gate": str(verdict),
        "auto_checks": list(document.get("auto_checks", ())),
        "manual_items": dict(document.get("manual_items", {})),
        "role_signoffs": dict(document.get("role_signoffs", {})),
        "auto_blockers": [f"{row['key']} {row['state']}: {row['reason']}".rstrip(": ") for row in failed],
        "pending_items": list(document.get("pending_items", ())),
        "missing_manual_checks": [f"{key} {ITEMS.get(key, '')}".strip() for key in items],
        "missing_role_signoffs": roles,
        "decision": pack.text("decision_log", "decision"),
        "pr_brief": _brief(pack, status, failed, items, roles),
    }
    reason = str(document.get("reason") or ("" if document else "signoff_pack is missing"))
    about = pack.about
    return Artefact(GATE, about.week, status, reason, body, about.inputs, about.commit, about.is_dirty)


def gate_state(document: Mapping[str, Any]) -> State:
    """PASS when the pack is ready; FAIL or BLOCKED as its worst check; BLOCKED while people are waited for."""
    if document.get("status") == READY:
        return State.PASS
    states = [State(row["state"]) for row in document.get("auto_checks", ())]
    found = worst(states)
    return State.FAIL if found is State.FAIL else State.BLOCKED


def _said(pack: Pack, key: str, name: str, field: str, wanted: str, label: str) -> Check:
    said, label = pack.text(name, field), f"{label} {field} = {wanted}"
    if not said:
        return Check(key, label, State.BLOCKED, f"{name} is missing")
    outdated = pack.outdated(name, (*EVIDENCE, "canary_checklist"))
    if outdated:
        return Check(key, label, State.BLOCKED, f"stale: {', '.join(outdated)} changed after {name}")
    if said == wanted:
        return Check(key, label, State.PASS)
    state, _ = pack.state(name)
    return Check(key, label, State.BLOCKED if state is State.BLOCKED else State.FAIL, f"it is {said}")


def _why(failed: Sequence[Check], still: Sequence[str], changed: Sequence[str]) -> str:
    parts = [f"{check.key} {check.state}" for check in failed]
    if changed:
        parts.append(f"signed files have changed: {', '.join(changed)}")
    if still and not failed:
        parts.append(f"open: {', '.join(still)}")
    return "; ".join(parts)


def _command(week: str, name: str) -> str:
    role = name.removeprefix("signoff_")
    asked = f"--signoff {role}=NAME" if role != name else f"--item {name} --by NAME"
    return f"etf-platform gov manual-update --week {week} {asked}"


def _brief(
    pack: Pack, status: str, failed: Sequence[Mapping[str, Any]], items: Sequence[str], roles: Sequence[str]
) -> list[str]:
    """Lines that describe the week in a pull request."""
    checks = (pack.documents.get(NAME) or {}).get("auto_checks", ())
    baseline = (pack.documents.get("decision_log") or {}).get("rollback") or {}
    named = f"{baseline.get('reference') or 'none'} ({baseline.get('source') or 'no source'})"
    return [
        f"Week {pack.about.week}: {status}",
        f"Decision: {pack.text('decision_log', 'decision') or 'none'}",
        f"Automatic checks: {len(checks) - len(failed)} of {len(checks)} PASS",
        f"Manual items: {len(ITEMS) - len(items)} of {len(ITEMS)} done",
        f"Sign-offs: {len(ROLES) - len(roles)} of {len(ROLES)} given",
        f"Rollback baseline: {named}",
    ]

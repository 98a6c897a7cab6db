"""Releases of a strategy as a fold: proposed, approved by people, raised stage by stage, stable, or rolled back.

The fold is the law: an event that breaks a rule changes nothing, whoever wrote it. A release starts only after two
different people, one of them of risk, have sealed the digest of its proposal; stages come one after the other; a stage
that needs a signature is left only after one, and no stage before its minimum stay; nothing rises while a freeze is
open; a rollback always takes its release down. The fold knows no calendar: whoever promotes records the sessions that
were stayed, and these have to be as many days, one after the other, between both ends of the stage. Gates, which need
data, are judged in `stages`. Not here: what a rule says (`release_rules`), making events from decisions (`stages`,
`rollback`), storing them.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event, canonical
from etf_platform.governance import freezes
from etf_platform.governance.ledger import Finding, counted
from etf_platform.governance.release_record import APPROVERS, CASH, NEEDED_ROLE, Approval, Release, Releases
from etf_platform.governance.release_rules import (
    FAULTS,
    Rules,
    around,
    promotion_fault,
    settling_fault,
    start_fault,
)

__all__ = ["APPROVERS", "CASH", "NEEDED_ROLE", "Approval", "Release", "Releases", "around"]

KINDS = frozenset(
    {
        kinds.RELEASE_PROPOSED,
        kinds.RELEASE_APPROVED,
        kinds.RELEASE_STARTED,
        kinds.RELEASE_PROMOTED,
        kinds.RELEASE_HELD,
        kinds.RELEASE_ROLLED_BACK,
        kinds.RELEASE_STABLE,
        *freezes.KINDS,
    }
)


def fold(events: Iterable[Event], config: GovernanceConfig, strategy: str) -> Releases:
    """Releases of one strategy after all events of the ledger, in the order of recording."""
    state, frozen = Releases(), freezes.Freezes()
    for event in counted(config, (event for event in events if event.kind in KINDS)):
        if event.kind in freezes.KINDS:
            frozen = freezes.step(frozen, event)
        elif event.kind in _STEPS and _strategy_of(state, event) == strategy:
            state = _STEPS[event.kind](state, event, Rules(config, frozen.is_on(strategy)))
    return state


def broken(events: Iterable[Event], config: GovernanceConfig) -> list[Finding]:
    """Events that were to raise a release and broke a rule: the fold passes over them, the audit shows them."""
    states: dict[str, Releases] = {}
    of: dict[str, str] = {}
    frozen, found = freezes.Freezes(), []
    for event in counted(config, (event for event in events if event.kind in KINDS)):
        if event.kind in freezes.KINDS:
            frozen = freezes.step(frozen, event)
            continue
        name = of.setdefault(event.subject, str(event.payload.get("strategy", "")))
        state, rules = states.get(name, Releases()), Rules(config, frozen.is_on(name))
        reason = FAULTS[event.kind](state, event, rules) if event.kind in FAULTS else ""
        if reason:
            found.append(Finding(event.key, event.kind, event.subject, event.by, reason))
        if event.kind == kinds.RELEASE_PROPOSED or event.subject in state.by_id:
            states[name] = _STEPS[event.kind](state, event, rules)
    return found


def strategies(events: Iterable[Event]) -> tuple[str, ...]:
    """Strategies that a release was ever proposed for, in that order."""
    found = (event.payload.get("strategy", "") for event in events if event.kind == kinds.RELEASE_PROPOSED)
    return tuple(dict.fromkeys(str(name) for name in found))


def digest(proposal: Mapping[str, Any]) -> str:
    """SHA-256 of a proposal's payload in hex: approvals are of exactly this."""
    return hashlib.sha256(canonical(proposal).encode()).hexdigest()


PROPOSAL = ("strategy", "experiment_id", "config_hash", "data_version", "commit", "rollback_to")


def proposal(release_id: str, by: str, as_of: dt.date | None, facts: Mapping[str, str]) -> Event:
    """The event that proposes a release; `facts` are the texts named in `PROPOSAL`."""
    payload = {name: facts[name] for name in PROPOSAL}
    return Event(f"{kinds.RELEASE_PROPOSED}/{release_id}", kinds.RELEASE_PROPOSED, release_id, by, payload, as_of)


def approval(release: Release, by: str, role: str, as_of: dt.date | None, leaves: str = "") -> Event:
    """The event by which a person approves a release, or that it `leaves` a stage; to be sealed by its author."""
    key = f"{kinds.RELEASE_APPROVED}/{release.release_id}/{leaves or 'start'}/{role}/{by}"
    payload = {"digest": release.digest, "leaves": leaves}
    return Event(key, kinds.RELEASE_APPROVED, release.release_id, by, payload, as_of, role)


def follow(act: Event, release: Release) -> list[Event]:
    """What an act on a release does to its experiment: started or stable releases it, a rollback takes it back."""
    back = act.kind == kinds.RELEASE_ROLLED_BACK
    is_told = back or act.kind in (kinds.RELEASE_STARTED, kinds.RELEASE_STABLE)
    if not (is_told and release.experiment_id):
        return []
    kind = kinds.EXPERIMENT_ROLLED_BACK if back else kinds.EXPERIMENT_RELEASED
    payload = {"release": release.release_id, "act": act.kind}
    key = f"experiment/{release.experiment_id}/{act.kind}/{release.release_id}"
    return [Event(key, kind, release.experiment_id, act.by, payload, act.as_of)]


def _strategy_of(state: Releases, event: Event) -> str:
    if event.kind == kinds.RELEASE_PROPOSED:
        return str(event.payload.get("strategy", ""))
    known = state.by_id.get(event.subject)
    return known.strategy if known is not None else ""


def _put(state: Releases, release: Release) -> Releases:
    """The state with a new version of a release, wherever it stands."""
    active, candidate = (
        release if old is not None and old.release_id == release.release_id else old
        for old in (state.active, state.candidate)
    )
    return Releases(active, candidate, {**state.by_id, release.release_id: release})


def _propose(state: Releases, event: Event, rules: Rules) -> Releases:
    payload = event.payload
    complete = all(isinstance(payload.get(name), str) for name in PROPOSAL)
    if not complete or event.subject in state.by_id or event.subject == CASH:
        return state
    facts = {name: payload[name] for name in PROPOSAL}
    return _put(state, Release(event.subject, **facts, digest=digest(payload)))


def _approve(state: Releases, event: Event, rules: Rules) -> Releases:
    release = state.by_id[event.subject]
    if event.payload.get("digest") != release.digest or release.is_rolled_back:
        return state
    leaves = str(event.payload.get("leaves", ""))
    if leaves:
        is_there = release.stage == leaves
        return _put(state, replace(release, leaves=release.leaves | {leaves})) if is_there else state
    if event.by in {approval.name for approval in release.approvals}:
        return state
    given = Approval(event.role, event.by, event.recorded_at)
    return _put(state, replace(release, approvals=(*release.approvals, given)))


def _start(state: Releases, event: Event, rules: Rules) -> Releases:
    if start_fault(state, event, rules):
        return state
    release = state.by_id[event.subject]
    first = rules.config.stages[0].name
    release = replace(release, stage=first, since=event.as_of, started_at=event.as_of)
    return replace(_put(state, release), candidate=release)


def _promote(state: Releases, event: Event, rules: Rules) -> Releases:
    if promotion_fault(state, event, rules):
        return state
    release = state.by_id[event.subject]
    return _put(state, replace(release, stage=str(event.payload["stage"]), since=event.as_of))


def _hold(state: Releases, event: Event, rules: Rules) -> Releases:
    release, reason = state.by_id[event.subject], str(event.payload.get("reason", ""))
    if event.payload.get("hold", True):
        return _put(state, replace(release, held=reason or "held"))
    return state if event.is_system else _put(state, replace(release, held=""))


def _settle(state: Releases, event: Event, rules: Rules) -> Releases:
    if settling_fault(state, event, rules):
        return state
    release = replace(state.by_id[event.subject], stable_since=event.as_of)
    return replace(_put(state, release), active=release, candidate=None)


def _roll_back(state: Releases, event: Event, rules: Rules) -> Releases:
    if event.subject not in state.in_force:
        return state
    target = str(event.payload.get("to", CASH))
    target = target if state.can_return_to(target, but=event.subject) else CASH
    release = replace(state.by_id[event.subject], rolled_back=event.as_of, is_rolled_back=True)
    candidate = None if state.candidate is not None and state.candidate.release_id == event.subject else state.candidate
    return Releases(state.by_id.get(target), candidate, {**state.by_id, release.release_id: release})


_STEPS: dict[str, Callable[[Releases, Event, Rules], Releases]] = {
    kinds.RELEASE_PROPOSED: _propose,
    kinds.RELEASE_APPROVED: _approve,
    kinds.RELEASE_STARTED: _start,
    kinds.RELEASE_PROMOTED: _promote,
    kinds.RELEASE_HELD: _hold,
    kinds.RELEASE_STABLE: _settle,
    kinds.RELEASE_ROLLED_BACK: _roll_back,
}

"""Releases of a strategy as a fold: proposed, approved by people, raised stage by stage, stable, or rolled back.

The fold is the law: an event that breaks a rule changes nothing, whoever wrote it. A release starts only after two
different people, one of them of risk, have sealed the digest of its proposal; stages come one after the other; a stage
that needs a signature is left only after one; nothing rises while a freeze is open; a rollback always takes its release
down. Minimum stays and gates, which need data, are judged in `stages`. Not here: making events from decisions
(`stages`, `rollback`), storing them.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from etf_platform.core.config.governance import GovernanceConfig, Stage
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event, canonical
from etf_platform.governance import freezes
from etf_platform.governance.ledger import counted

CASH = "CASH"  # the release that holds nothing: what the first release is rolled back to
APPROVERS = 2
NEEDED_ROLE = "risk"

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


@dataclass(frozen=True)
class Approval:
    """A signature that counts: role, name, time of recording."""

    role: str
    name: str
    at: dt.datetime | None


@dataclass(frozen=True)
class Release:
    """One release and how far it has come.

    Attributes
    ----------
    stage : str
        Empty before the start, else a stage of `governance.yaml`.
    since : date or None
        Session at whose close the stage began.
    approvals : tuple of Approval
        To start it; one per person.
    leaves : frozenset of str
        Stages that somebody has signed to leave, while the release stood in them.
    held : str
        Why it must not rise; empty when it may.
    stable_since, rolled_back : date or None
    digest : str
        Of the proposal: what people sign.
    """

    release_id: str
    strategy: str
    experiment_id: str
    config_hash: str
    data_version: str
    commit: str
    rollback_to: str
    digest: str = ""
    approvals: tuple[Approval, ...] = ()
    leaves: frozenset[str] = frozenset()
    stage: str = ""
    since: dt.date | None = None
    started_at: dt.date | None = None
    stable_since: dt.date | None = None
    held: str = ""
    rolled_back: dt.date | None = None
    is_rolled_back: bool = False

    @property
    def is_approved(self) -> bool:
        """Two different people, one of them in the role of risk, have signed the proposal."""
        names = {approval.name for approval in self.approvals}
        return len(names) >= APPROVERS and any(approval.role == NEEDED_ROLE for approval in self.approvals)

    @property
    def is_stable(self) -> bool:
        """It counted as stable and was not rolled back since: others may fall back on it."""
        return self.stable_since is not None and not self.is_rolled_back


@dataclass(frozen=True)
class Releases:
    """Releases of one strategy.

    Attributes
    ----------
    active : Release or None
        The stable release in force; None means cash.
    candidate : Release or None
        The release that is being raised.
    by_id : mapping of str to Release
        All, in the order of their proposals.
    """

    active: Release | None = None
    candidate: Release | None = None
    by_id: Mapping[str, Release] = field(default_factory=dict)

    @property
    def in_force(self) -> tuple[str, ...]:
        """Ids of candidate and active release, as far as there are any."""
        return tuple(release.release_id for release in (self.candidate, self.active) if release is not None)

    def can_return_to(self, release_id: str, but: str = "") -> bool:
        """Whether one can roll back to a release: cash, or a stable one, other than `but`."""
        known = self.by_id.get(release_id)
        return release_id != but and (release_id == CASH or (known is not None and known.is_stable))


def fold(events: Iterable[Event], config: GovernanceConfig, strategy: str) -> Releases:
    """Releases of one strategy after all events of the ledger, in the order of recording."""
    state, frozen = Releases(), freezes.Freezes()
    for event in counted(config, (event for event in events if event.kind in KINDS)):
        if event.kind in freezes.KINDS:
            frozen = freezes.step(frozen, event)
        elif event.kind in _STEPS and _strategy_of(state, event) == strategy:
            state = _STEPS[event.kind](state, event, _Rules(config, frozen.is_on(strategy)))
    return state


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


def around(stages: Sequence[Stage], name: str) -> tuple[Stage | None, Stage | None]:
    """A stage and the one after it; None where there is none, as for a stage that the configuration no longer has."""
    names = [stage.name for stage in stages]
    if name not in names:
        return None, None
    at = names.index(name)
    return stages[at], stages[at + 1] if at + 1 < len(stages) else None


@dataclass(frozen=True)
class _Rules:
    config: GovernanceConfig
    is_frozen: bool


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


def _propose(state: Releases, event: Event, rules: _Rules) -> Releases:
    payload = event.payload
    complete = all(isinstance(payload.get(name), str) for name in PROPOSAL)
    if not complete or event.subject in state.by_id or event.subject == CASH:
        return state
    facts = {name: payload[name] for name in PROPOSAL}
    return _put(state, Release(event.subject, **facts, digest=digest(payload)))


def _approve(state: Releases, event: Event, rules: _Rules) -> Releases:
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


def _start(state: Releases, event: Event, rules: _Rules) -> Releases:
    release = state.by_id[event.subject]
    is_new = release.stage == "" and not release.is_rolled_back
    target_exists = state.can_return_to(release.rollback_to, but=release.release_id)
    if rules.is_frozen or state.candidate is not None or not (is_new and release.is_approved and target_exists):
        return state
    first = rules.config.stages[0].name
    release = replace(release, stage=first, since=event.as_of, started_at=event.as_of)
    return replace(_put(state, release), candidate=release)


def _promote(state: Releases, event: Event, rules: _Rules) -> Releases:
    release, stages = state.candidate, rules.config.stages
    if release is None or release.release_id != event.subject or release.held or rules.is_frozen:
        return state
    here, following = around(stages, release.stage)
    if here is None or following is None or event.payload.get("stage") != following.name:
        return state
    if here.needs_signature and release.stage not in release.leaves:
        return state
    return _put(state, replace(release, stage=following.name, since=event.as_of))


def _hold(state: Releases, event: Event, rules: _Rules) -> Releases:
    release, reason = state.by_id[event.subject], str(event.payload.get("reason", ""))
    if event.payload.get("hold", True):
        return _put(state, replace(release, held=reason or "held"))
    return state if event.is_system else _put(state, replace(release, held=""))


def _settle(state: Releases, event: Event, rules: _Rules) -> Releases:
    release, last = state.candidate, rules.config.stages[-1].name
    if release is None or release.release_id != event.subject or release.stage != last or release.held:
        return state
    release = replace(release, stable_since=event.as_of)
    return replace(_put(state, release), active=release, candidate=None)


def _roll_back(state: Releases, event: Event, rules: _Rules) -> Releases:
    if event.subject not in state.in_force:
        return state
    target = str(event.payload.get("to", CASH))
    target = target if state.can_return_to(target, but=event.subject) else CASH
    release = replace(state.by_id[event.subject], rolled_back=event.as_of, is_rolled_back=True)
    candidate = None if state.candidate is not None and state.candidate.release_id == event.subject else state.candidate
    return Releases(state.by_id.get(target), candidate, {**state.by_id, release.release_id: release})


_STEPS: dict[str, Callable[[Releases, Event, _Rules], Releases]] = {
    kinds.RELEASE_PROPOSED: _propose,
    kinds.RELEASE_APPROVED: _approve,
    kinds.RELEASE_STARTED: _start,
    kinds.RELEASE_PROMOTED: _promote,
    kinds.RELEASE_HELD: _hold,
    kinds.RELEASE_STABLE: _settle,
    kinds.RELEASE_ROLLED_BACK: _roll_back,
}

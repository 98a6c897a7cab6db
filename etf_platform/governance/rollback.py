"""When a release is rolled back by itself, and the one act that does it: switch, freeze, decision, incident, letters.

The act is appended in one transaction, so that a reader sees all of it or nothing, and happens once per release. Not
here: making letters (`alerts`; the caller hands in how), restoring the files of a release (`snapshots`, handed in too).
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.errors import BadInputError
from etf_platform.core.states import State
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event
from etf_platform.governance import freezes
from etf_platform.governance.releases import CASH, Release, Releases, fold, follow
from etf_platform.measures.sequential import PairedVerdict
from etf_platform.storage import events as ledger
from etf_platform.storage.outbox import transaction

Post = Callable[[sa.Connection, Sequence[Event]], None]  # puts letters about events into the outbox


@dataclass(frozen=True)
class Observation:
    """What was seen of a release in force on one session.

    Attributes
    ----------
    drawdown : float or None
        Positive fraction below the peak; None = unknown.
    limit : float
        Largest drawdown allowed, positive fraction.
    majors : tuple of bool
        Whether there was a major risk, per session, oldest first, the judged one last.
    data_quality, consistency : State
        Only FAIL trips; BLOCKED blocks promotion.
    error_rate : float or None
        Failed / all runs and orders.
    breaker : str
        Level, see `breaker.LEVELS`.
    missing_kpis : tuple of str
        Metrics that have no value for the session.
    paired : PairedVerdict or None
        Of a candidate against the stable release.
    """

    session: dt.date
    drawdown: float | None
    limit: float
    majors: tuple[bool, ...]
    data_quality: State
    consistency: State
    error_rate: float | None
    breaker: str
    missing_kpis: tuple[str, ...] = ()
    paired: PairedVerdict | None = None


@dataclass(frozen=True)
class Trigger:
    """A rule that demands a rollback, and what it saw."""

    rule: str
    reason: str


@dataclass(frozen=True)
class Act:
    """Who rolls back what, when and why."""

    release_id: str
    triggers: tuple[Trigger, ...]
    session: dt.date
    by: str = "system:rollback"


def judge(release: Release, seen: Observation, config: GovernanceConfig) -> tuple[Trigger, ...]:
    """Rules that demand a rollback of a release, in the order of the specification; empty when none does.

    An unknown drawdown or error rate counts as a missing KPI. A release that is not yet stable is in canary, with
    `drawdown_share` of the limit.
    """
    canary = config.canary
    share = 1.0 if release.is_stable else canary.drawdown_share
    unknown = [name for name in ("drawdown", "error_rate") if _is_unknown(getattr(seen, name))]
    absent = [*unknown, *(name for name in seen.missing_kpis if name not in unknown)]
    drawdown, errors, bound = seen.drawdown or 0.0, seen.error_rate or 0.0, share * seen.limit
    found = {
        "drawdown": (drawdown > bound, f"drawdown {drawdown:.4f} > {bound:g}"),
        "major_risk": (len(seen.majors) >= 2 and all(seen.majors[-2:]), "major risk on two sessions in a row"),
        "data_quality": (seen.data_quality is State.FAIL, "data quality FAIL"),
        "consistency": (seen.consistency is State.FAIL, "online/offline consistency FAIL"),
        "error_rate": (errors > canary.max_error_rate, f"error rate {errors:.4f} > {canary.max_error_rate:g}"),
        "breaker": (seen.breaker == "HALTED", "breaker HALTED"),
        "kpi_missing": (bool(absent), f"no value of {', '.join(absent)}"),
        "paired_test": (seen.paired is not None and seen.paired.has_failed, "worse than the stable release"),
    }
    return tuple(Trigger(rule, reason) for rule, (trips, reason) in found.items() if trips)


def target(releases: Releases, release: Release) -> str:
    """Where a release is rolled back to: its own target, else the latest stable release, else cash."""
    if releases.can_return_to(release.rollback_to, but=release.release_id):
        return release.rollback_to
    usable = [r for r in releases.by_id.values() if releases.can_return_to(r.release_id, but=release.release_id)]
    return max(usable, key=lambda r: r.stable_since or dt.date.min).release_id if usable else CASH


def plan(releases: Releases, act: Act) -> list[Event]:
    """Events of one rollback: switch, freeze, decision, incident, experiment; none when the release is not in force.

    Raises
    ------
    BadInputError
        No trigger says why.
    """
    if not act.triggers:
        raise BadInputError(f"rolling back {act.release_id}", "there is no reason", "say why")
    if act.release_id not in releases.in_force:
        return []
    release = releases.by_id[act.release_id]
    to, reasons = target(releases, release), [trigger.reason for trigger in act.triggers]
    facts = {
        "strategy": release.strategy,
        "stage": release.stage,
        "to": to,
        "rules": [trigger.rule for trigger in act.triggers],
        "reasons": reasons,
    }
    decided = {**facts, "decision": "ROLL_BACK", "decision_reason": "; ".join(reasons)}
    text = f"{act.release_id} was rolled back to {to}: {'; '.join(reasons)}"
    incident = {**facts, "severity": "critical", "text": text}
    switch = _event(act, kinds.RELEASE_ROLLED_BACK, act.release_id, facts)
    return [
        switch,
        freezes.freeze(release.strategy, f"rollback/{act.release_id}", act.by, text, act.session, "rollback"),
        _event(act, kinds.DECISION_MADE, act.release_id, decided),
        _event(act, kinds.INCIDENT_OPENED, release.strategy, incident),
        *follow(switch, release),
    ]


def roll_back(
    engine: sa.Engine, config: GovernanceConfig, act: Act, post: Post, now: dt.datetime | None = None
) -> list[Event]:
    """Roll back a release in one transaction; events that are new. A second call finds nothing to do.

    Raises
    ------
    BadInputError
        No such release, or no reason.
    StorageError
        The database failed; nothing of the act stays.
    """
    with transaction(engine) as connection:
        return append_rollback(connection, config, act, post, now)


def append_rollback(
    connection: sa.Connection, config: GovernanceConfig, act: Act, post: Post, now: dt.datetime | None = None
) -> list[Event]:
    """As `roll_back`, in the caller's transaction."""
    releases = releases_of(ledger.read(connection), config, act.release_id)
    fresh = ledger.append(connection, plan(releases, act), now)
    if fresh:
        post(connection, fresh)
    return fresh


def releases_of(events: Sequence[Event], config: GovernanceConfig, release_id: str) -> Releases:
    """Releases of the strategy that a release belongs to.

    Raises
    ------
    BadInputError
        No release of this id was proposed.
    """
    proposed = (e for e in events if e.kind == kinds.RELEASE_PROPOSED and e.subject == release_id)
    first = next(proposed, None)
    if first is None:
        remedy = "`etf-platform gov status` lists the releases"
        raise BadInputError("looking up a release", f"there is no {release_id!r}", remedy)
    return fold(events, config, str(first.payload.get("strategy", "")))


def _event(act: Act, kind: str, subject: str, payload: Mapping[str, object]) -> Event:
    key = f"{kind}/rollback/{act.release_id}"
    return Event(key, kind, subject, act.by, payload, act.session)


def _is_unknown(value: float | None) -> bool:
    return value is None or value != value

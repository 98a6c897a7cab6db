"""What fail-safe rules do when they fire: freeze, degrade to the last stable release, open a retrain, halt, or tell.

The rules are judged in `failsafe`; here their actions become events of one act, recorded in one transaction with the
letters about it. Recording the same session again adds nothing. Not here: running a retrain job (`orchestration`).
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event
from etf_platform.governance import breaker, freezes
from etf_platform.governance.failsafe import Verdict, fired_event
from etf_platform.governance.releases import fold
from etf_platform.governance.rollback import Act, Post, Trigger, plan
from etf_platform.storage import events as ledger
from etf_platform.storage.outbox import transaction

BY = "system:failsafe"


def record(
    engine: sa.Engine,
    config: GovernanceConfig,
    verdicts: Iterable[Verdict],
    strategy: str,
    post: Post,
    now: dt.datetime | None = None,
) -> list[Event]:
    """Append what the fired verdicts demand, in one transaction with its letters; events that are new.

    A verdict whose firing is on record demands nothing more: what a person lifted since stays lifted for that session.
    """
    with transaction(engine) as connection:
        known = ledger.read(connection)
        keys = {event.key for event in known}
        fired = [v for v in verdicts if v.has_fired and fired_event(v, strategy).key not in keys]
        fresh: list[Event] = []
        for verdict in fired:
            fresh += ledger.append(connection, react([*known, *fresh], config, verdict, strategy), now)
        if fresh:
            post(connection, fresh)
        return fresh


def react(events: Sequence[Event], config: GovernanceConfig, verdict: Verdict, strategy: str) -> list[Event]:
    """Events of one fired rule: the firing itself, its action, and an incident unless it only warns.

    A freeze or retrain of the same strategy that is still open is not opened twice, and while its freeze stands a rule
    that stays true opens no further incident: the firing says that it goes on, and nobody is told again.
    """
    goes_on = _has_frozen(events, config, _cause(verdict, strategy))
    acts = {
        "freeze": _freeze,
        "degrade": _degrade,
        "retrain": _retrain,
        "halt": _halt,
        "notify": _nothing,
    }[verdict.rule.action](events, config, verdict, strategy)
    has_one = goes_on or any(event.kind == kinds.INCIDENT_OPENED for event in acts)
    incident = [] if has_one or verdict.rule.severity == "warning" else [_incident(verdict, strategy)]
    return [fired_event(verdict, strategy, goes_on), *acts, *incident]


@dataclass(frozen=True)
class Cause:
    """Which rule demands something of a strategy on a session, and why."""

    strategy: str
    session: dt.date
    rule: str
    reason: str


def open_retrain(events: Sequence[Event], config: GovernanceConfig, cause: Cause) -> list[Event]:
    """Freeze the strategy's releases and open a retrain; what is open already is not opened twice."""
    frozen = _frozen(events, config, cause)
    if has_open_retrain(events, cause.strategy):
        return frozen
    payload = {"rule": cause.rule, "reason": cause.reason, "audit": "parameters"}
    key = f"{kinds.RETRAIN_OPENED}/{cause.strategy}/{cause.session}"
    return [*frozen, Event(key, kinds.RETRAIN_OPENED, cause.strategy, BY, payload, cause.session)]


def _frozen(events: Sequence[Event], config: GovernanceConfig, cause: Cause) -> list[Event]:
    if _has_frozen(events, config, cause):
        return []
    key = f"failsafe/{cause.rule}/{cause.strategy}/{cause.session}"
    return [freezes.freeze(cause.strategy, key, BY, cause.reason, cause.session, cause.rule)]


def _has_frozen(events: Sequence[Event], config: GovernanceConfig, cause: Cause) -> bool:
    return any(freeze.rule == cause.rule for freeze in freezes.fold(events, config).of(cause.strategy))


def _cause(verdict: Verdict, strategy: str) -> Cause:
    return Cause(strategy, verdict.session, verdict.rule.rule_id, verdict.reason)


def _freeze(events: Sequence[Event], config: GovernanceConfig, verdict: Verdict, strategy: str) -> list[Event]:
    return _frozen(events, config, _cause(verdict, strategy))


def _degrade(events: Sequence[Event], config: GovernanceConfig, verdict: Verdict, strategy: str) -> list[Event]:
    """Roll the candidate back, or without one the stable release; nothing when nothing is in force."""
    releases = fold(events, config, strategy)
    if not releases.in_force:
        return []
    trigger = Trigger(verdict.rule.rule_id, verdict.reason)
    return plan(releases, Act(releases.in_force[0], (trigger,), verdict.session, BY))


def _retrain(events: Sequence[Event], config: GovernanceConfig, verdict: Verdict, strategy: str) -> list[Event]:
    return open_retrain(events, config, _cause(verdict, strategy))


def _halt(events: Sequence[Event], config: GovernanceConfig, verdict: Verdict, strategy: str) -> list[Event]:
    before = breaker.fold(events, config, strategy)
    after = breaker.BreakerState("HALTED", verdict.session, 0, (verdict.reason,))
    frozen, halted = _freeze(events, config, verdict, strategy), breaker.moved(before, after, strategy)
    # the breaker may have moved by itself on this session: a key of its own
    return [*frozen, *(replace(event, key=f"{event.key}/{verdict.rule.rule_id}") for event in halted)]


def _nothing(events: Sequence[Event], config: GovernanceConfig, verdict: Verdict, strategy: str) -> list[Event]:
    return []


def has_open_retrain(events: Iterable[Event], strategy: str) -> bool:
    """Whether a retrain of the strategy was opened and not closed since."""
    about = [e for e in events if e.subject == strategy and e.kind in (kinds.RETRAIN_OPENED, kinds.RETRAIN_CLOSED)]
    return bool(about) and about[-1].kind == kinds.RETRAIN_OPENED


def _incident(verdict: Verdict, strategy: str) -> Event:
    rule = verdict.rule
    payload = {"rules": [rule.rule_id], "reasons": [verdict.reason], "severity": rule.severity, "text": verdict.reason}
    key = f"{kinds.INCIDENT_OPENED}/failsafe/{rule.rule_id}/{strategy}/{verdict.session}"
    return Event(key, kinds.INCIDENT_OPENED, strategy, BY, payload, verdict.session)

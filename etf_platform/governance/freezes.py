"""Freezes of releases: who or what set them, and the signed records that lifted them.

Anybody and any rule may freeze; only a person's signature lifts, and it names what it lifts and why. An open retrain
freezes as well, and while it is open no signature lifts the freeze of its rule ("releases frozen until closed");
closing it lifts nothing by itself. Not here: what a freeze forbids (`releases`, `stages`).
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.units.event import FREEZE_OFF, FREEZE_ON, RETRAIN_CLOSED, RETRAIN_OPENED, Event
from etf_platform.governance.ledger import counted

ALL = "releases"  # subject of a freeze of every strategy
KINDS = (FREEZE_ON, FREEZE_OFF, RETRAIN_OPENED, RETRAIN_CLOSED)


@dataclass(frozen=True)
class Freeze:
    """An open freeze: key of its event, strategy (or `releases` for all), reason, author, session.

    `retrain` is the key of the retrain that has to be closed before anybody can lift it; empty when none.
    """

    key: str
    subject: str
    reason: str
    by: str
    since: dt.date | None
    rule: str = ""
    retrain: str = ""

    @property
    def awaits(self) -> str:
        """What has to happen before it is gone."""
        return "the retrain, then a signature" if self.retrain else "a signature"


@dataclass(frozen=True)
class Freezes:
    """All freezes that nobody has lifted, oldest first."""

    open: tuple[Freeze, ...] = ()

    def of(self, strategy: str) -> tuple[Freeze, ...]:
        """Those that hold the releases of a strategy."""
        return tuple(freeze for freeze in self.open if freeze.subject in (ALL, strategy))

    def is_on(self, strategy: str) -> bool:
        """Whether nothing of this strategy may be started or promoted."""
        return bool(self.of(strategy))


def fold(events: Iterable[Event], config: GovernanceConfig) -> Freezes:
    """Freezes after all events; unsealed liftings do not count."""
    state = Freezes()
    for event in counted(config, (event for event in events if event.kind in KINDS)):
        state = step(state, event)
    return state


def step(state: Freezes, event: Event) -> Freezes:
    """The freezes after one more event that counts; other kinds change nothing.

    A lifting without a reason, of a freeze that it does not name, or whose retrain is still open, changes nothing.
    """
    if event.kind == RETRAIN_OPENED:
        return _retraining(state, event)
    if event.kind == RETRAIN_CLOSED:
        return Freezes(tuple(replace(f, retrain="") if f.subject == event.subject else f for f in state.open))
    if event.kind == FREEZE_ON and event.key not in {freeze.key for freeze in state.open}:
        payload = event.payload
        reason, rule = str(payload.get("reason", "")), str(payload.get("rule", ""))
        return Freezes((*state.open, Freeze(event.key, event.subject, reason, event.by, event.as_of, rule)))
    if event.kind == FREEZE_OFF and str(event.payload.get("reason", "")).strip():
        lifted = event.payload.get("lifts", ())
        return Freezes(tuple(freeze for freeze in state.open if freeze.key not in lifted or freeze.retrain))
    return state


def freeze(subject: str, key: str, by: str, reason: str, as_of: dt.date | None, rule: str = "") -> Event:
    """The event that freezes a strategy, or `ALL`; `key` names the cause for ever, e.g. `rollback/<release>`."""
    return Event(f"{FREEZE_ON}/{key}", FREEZE_ON, subject, by, {"reason": reason, "rule": rule}, as_of)


def lifting(freezes: Sequence[Freeze], by: str, role: str, reason: str, as_of: dt.date | None) -> Event:
    """The event that lifts freezes, to be sealed by its author (`people.sealed`)."""
    keys = sorted(freeze.key for freeze in freezes)
    payload = {"lifts": keys, "reason": reason}
    return Event(f"{FREEZE_OFF}/{'+'.join(keys)}", FREEZE_OFF, ALL, by, payload, as_of, role)


def _retraining(state: Freezes, event: Event) -> Freezes:
    """Bind the open freezes of the rule that opened a retrain to it; without one the retrain freezes by itself."""
    rule, reason = str(event.payload.get("rule", "")), str(event.payload.get("reason", ""))
    bound = {f.key for f in state.open if f.subject == event.subject and f.rule == rule}
    if bound:
        return Freezes(tuple(replace(f, retrain=event.key) if f.key in bound else f for f in state.open))
    own = Freeze(event.key, event.subject, f"retrain: {reason}", event.by, event.as_of, rule, event.key)
    return Freezes((*state.open, own))

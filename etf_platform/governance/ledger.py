"""The ledger as folds see it: events that count, and the audit of those that do not.

Every state of governance is a fold over `counted` events; nothing is updated, so no half state can exist. An event in
a person's name, or of a kind that only a person can make, counts only with a valid seal. Not here: storing events
(`storage.events`), making seals (`people`), what a kind means (its fold).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.units.event import PERSONAL, SYSTEM, Event
from etf_platform.governance import people


@dataclass(frozen=True)
class Finding:
    """An event that does not count, and why."""

    key: str
    kind: str
    subject: str
    by: str
    reason: str


def by_system(part: str) -> str:
    """Author of what a part of the platform does, e.g. `system:monitor`."""
    return f"{SYSTEM}{part}"


def counted(config: GovernanceConfig, events: Iterable[Event]) -> list[Event]:
    """Events that folds may read, in their order."""
    return [event for event in events if people.counts(config, event)]


def audit(config: GovernanceConfig, events: Iterable[Event]) -> list[Finding]:
    """Events that do not count: unsealed acts of people, forged or foreign seals, seals of the system."""
    return [
        Finding(event.key, event.kind, event.subject, event.by, _reason(config, event))
        for event in events
        if not people.counts(config, event)
    ]


def _reason(config: GovernanceConfig, event: Event) -> str:
    if not event.is_system:
        return people.fault(config, event)
    return f"{event.kind} is a person's act" if event.kind in PERSONAL else "a part of the platform cannot seal"

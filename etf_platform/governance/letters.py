"""What people are told about events of the ledger: one message per act, written in the act's own transaction.

Not here: which channel it goes to (`alerts.routing`), delivering it.
"""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from etf_platform.alerts.events import Block, Event, Kind, Severity
from etf_platform.alerts.post import Desk, post
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event as Recorded
from etf_platform.governance.rollback import Post

# The first of these kinds in an act is its headline; acts with none of them are not told.
HEADLINES: dict[str, Severity] = {
    kinds.INCIDENT_OPENED: Severity.CRITICAL,
    kinds.BREAKER_MOVED: Severity.ERROR,
    kinds.FREEZE_ON: Severity.ERROR,
    kinds.RETRAIN_OPENED: Severity.ERROR,
    kinds.DRILL_FAILED: Severity.ERROR,
    kinds.FAILSAFE_FIRED: Severity.WARNING,
    kinds.RETRAIN_CLOSED: Severity.WARNING,
    kinds.RELEASE_STARTED: Severity.INFO,
    kinds.RELEASE_PROMOTED: Severity.INFO,
    kinds.RELEASE_STABLE: Severity.INFO,
    kinds.FREEZE_OFF: Severity.INFO,
    kinds.BREAKER_LOWERED: Severity.INFO,
}
FACTS = ("strategy", "stage", "from", "to", "rule", "rules", "reason", "reasons", "problems")


def poster(desk: Desk, now: dt.datetime) -> Post:
    """What `rollback`, `rehearsal` and `reactions` call with the new events of an act."""

    def tell(connection: sa.Connection, events: Sequence[Recorded]) -> None:
        post(connection, messages(events, now), desk, now)

    return tell


def messages(events: Sequence[Recorded], now: dt.datetime) -> list[Event]:
    """The message about one act: its headline, and a line for every event; none when nothing needs telling."""
    found = [event for kind in HEADLINES for event in events if event.kind == kind and not _is_count(event)]
    if not found:
        return []
    head = found[0]
    severity = Severity(str(head.payload.get("severity", HEADLINES[head.kind])))
    lines = [(name, _text(head.payload[name])) for name in FACTS if head.payload.get(name)]
    done = tuple(f"{event.kind} {event.subject} by {event.by}" for event in events)
    blocks = (Block("", tuple(lines)), Block("On record", done))
    subject = str(head.payload.get("text") or f"{head.subject}: {head.kind}")
    return [Event(head.key, Kind.GOVERNANCE, severity, subject, now, f"governance/{head.subject}", blocks)]


def _is_count(event: Recorded) -> bool:
    """A breaker that only counted a calm session, or a rule that stays true while what it did stands."""
    if event.kind == kinds.FAILSAFE_FIRED:
        return bool(event.payload.get("goes_on"))
    return event.kind == kinds.BREAKER_MOVED and "to" in event.payload and event.payload["from"] == event.payload["to"]


def _text(value: object) -> str:
    return "; ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)

"""Alarms of the ledger and how they were closed: what the rate of false alarms counts.

An alarm is an event that asks somebody to look: drift or the breaker rose, a fail-safe rule fired, an incident was
opened, a decision would come out otherwise. Its id is the key of that event. Not here: telling (`letters`), the rate
(`kpi.metrics`). Closing an alarm lifts nothing, but it moves a metric in a person's name, so a person signs it.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from etf_platform.core.errors import BadInputError
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event

NO_ACTION = "no_action"
REASONS = (NO_ACTION, "data_repaired", "parameters_changed", "exposure_reduced", "retrained", "rolled_back")
RAISED = (kinds.DRIFT_MOVED, kinds.BREAKER_MOVED, kinds.FAILSAFE_FIRED, kinds.INCIDENT_OPENED, kinds.DECISION_DIFFERS)
_RISING = {
    kinds.DRIFT_MOVED: ("NORMAL", "ALERT", "DEGRADE", "RETRAIN"),
    kinds.BREAKER_MOVED: ("NORMAL", "WARNING", "RESTRICTED", "HALTED"),
}


@dataclass(frozen=True)
class Alarm:
    """One alarm; `closed_on` and `reason` are empty while it is open."""

    alarm_id: str
    strategy: str
    raised_on: dt.date | None
    what: str
    closed_on: dt.date | None = None
    reason: str = ""
    by: str = ""


def alarms(events: Iterable[Event]) -> list[Alarm]:
    """Every alarm in the order of recording, with how it was closed; the first closing counts.

    Parameters
    ----------
    events : iterable of Event
        Those that count (`ledger.counted`).
    """
    found: dict[str, Alarm] = {}
    for event in events:
        if event.kind in RAISED and _rises(event):
            found[event.key] = Alarm(event.key, event.subject, event.as_of, event.kind)
        elif event.kind == kinds.ALARM_CLOSED:
            name = str(event.payload.get("alarm", ""))
            if name in found and found[name].closed_on is None:
                held, reason = found[name], str(event.payload.get("reason", ""))
                found[name] = Alarm(name, held.strategy, held.raised_on, held.what, event.as_of, reason, event.by)
    return list(found.values())


def closing(alarm_id: str, known: Iterable[Event], by: str, role: str, reason: str, as_of: dt.date) -> Event:
    """The event by which a person closes an alarm, to be sealed by its author (`people.sealed`).

    Raises
    ------
    BadInputError
        There is no such open alarm, the reason is unknown, or it was raised later.
    """
    doing = f"closing the alarm {alarm_id}"
    held = {alarm.alarm_id: alarm for alarm in alarms(known)}.get(alarm_id)
    if held is None or held.closed_on is not None:
        saw = "there is no such alarm" if held is None else f"it was closed on {held.closed_on} by {held.by}"
        raise BadInputError(doing, saw, "list those that are open with `etf-platform kpi alarms`")
    if reason not in REASONS:
        raise BadInputError(doing, f"there is no reason {reason!r}", f"use one of {', '.join(REASONS)}")
    if held.raised_on is not None and as_of < held.raised_on:
        raise BadInputError(doing, f"it was raised on {held.raised_on}", "give that day or a later one")
    payload = {"alarm": alarm_id, "reason": reason}
    return Event(f"{kinds.ALARM_CLOSED}/{alarm_id}", kinds.ALARM_CLOSED, held.strategy, by, payload, as_of, role)


def _rises(event: Event) -> bool:
    levels = _RISING.get(event.kind)
    if levels is None:
        return not event.payload.get("goes_on")
    before, after = (str(event.payload.get(name, "")) for name in ("from", "to"))
    return before in levels and after in levels and levels.index(after) > levels.index(before)

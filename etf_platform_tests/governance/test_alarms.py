"""Alarms of the ledger: what raises one, and what closes it."""

import datetime as dt
from dataclasses import replace

import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event
from etf_platform.governance import ledger
from etf_platform.governance.alarms import alarms, closing

DAY = dt.date(2024, 11, 1)


def _moved(kind, before, after, name):
    return Event(name, kind, "A_SHARE", "system:x", {"from": before, "to": after}, DAY)


LEDGER = [
    _moved(kinds.DRIFT_MOVED, "NORMAL", "ALERT", "up"),
    _moved(kinds.DRIFT_MOVED, "ALERT", "NORMAL", "down"),
    _moved(kinds.BREAKER_MOVED, "RESTRICTED", "WARNING", "calmer"),
    _moved(kinds.BREAKER_MOVED, "NORMAL", "WARNING", "worse"),
    Event("fired", kinds.FAILSAFE_FIRED, "QDII", "system:x", {}, DAY),
    Event("freeze", kinds.FREEZE_ON, "QDII", "system:x", {"reason": "r"}, DAY),
]


def test_what_rises_or_fires_is_an_alarm():
    assert [alarm.alarm_id for alarm in alarms(LEDGER)] == ["up", "worse", "fired"]


def test_an_alarm_is_closed_once_with_reason_author_and_day():
    event = closing("fired", LEDGER, "Li Na", "risk", "no_action", DAY)
    again = Event("again", kinds.ALARM_CLOSED, "QDII", "Wu", {"alarm": "fired", "reason": "retrained"}, DAY)

    closed = next(alarm for alarm in alarms([*LEDGER, event, again]) if alarm.alarm_id == "fired")

    assert (event.kind, event.subject) == (kinds.ALARM_CLOSED, "QDII")
    assert (closed.closed_on, closed.reason, closed.by) == (DAY, "no_action", "Li Na")
    with pytest.raises(BadInputError, match="was closed on 2024-11-01 by Li Na"):
        closing("fired", [*LEDGER, event], "Wu", "risk", "retrained", DAY)


@pytest.mark.parametrize(
    ("changed", "saw"),
    [
        ({"alarm_id": "down"}, "no such alarm"),
        ({"reason": "whatever"}, "no_action, data_repaired"),
        ({"as_of": dt.date(2024, 10, 31)}, "raised on 2024-11-01"),
    ],
)
def test_what_cannot_be_closed_is_refused(changed, saw):
    given = {"alarm_id": "up", "by": "Li Na", "role": "risk", "reason": "no_action", "as_of": DAY} | changed

    with pytest.raises(BadInputError, match=saw):
        closing(known=LEDGER, **given)


def test_code_that_closes_an_alarm_in_a_name_or_its_own_changes_nothing(staff):
    """Only the person's seal counts: a name alone, the system, and a foreign seal leave the alarm open."""
    mine = closing("fired", LEDGER, "Zhao Min", "risk", "no_action", DAY)
    forged = [mine, replace(mine, by="system:x", role=""), replace(staff.seal(mine), payload={"alarm": "up"})]

    def open_after(events):
        return [a.alarm_id for a in alarms(ledger.counted(staff.config, [*LEDGER, *events])) if a.closed_on is None]

    assert open_after(forged) == ["up", "worse", "fired"]
    assert len(ledger.audit(staff.config, forged)) == 3
    assert open_after([staff.seal(mine)]) == ["up", "worse"]

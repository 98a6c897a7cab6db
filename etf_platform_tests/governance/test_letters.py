"""One message per act: the incident before the freeze before the rest."""

import datetime as dt

import pytest

from etf_platform.alerts.events import Severity
from etf_platform.core.units.event import Event
from etf_platform.governance.letters import messages
from etf_platform_tests.resources.release_story import day

NOW = dt.datetime(2024, 10, 8, 12, tzinfo=dt.UTC)


def make(kind: str, **payload) -> Event:
    return Event(f"{kind}/1", kind, "A_SHARE", "system:test", payload, day(0))


def test_a_rollback_is_one_critical_message_that_lists_the_whole_act():
    act = [
        make("release.rolled_back", to="R1"),
        make("freeze.on", reason="r"),
        make("decision.made"),
        make(
            "incident.opened", severity="critical", text="R2 was rolled back to R1", reasons=["drawdown", "error rate"]
        ),
    ]

    (told,) = messages(act, NOW)

    assert (told.subject, told.severity, told.key) == (
        "R2 was rolled back to R1",
        Severity.CRITICAL,
        "incident.opened/1",
    )
    assert told.blocks[0].lines == (("reasons", "drawdown; error rate"),)
    assert len(told.blocks[1].lines) == 4


@pytest.mark.parametrize(
    ("kind", "severity"),
    [("freeze.on", "error"), ("breaker.moved", "error"), ("release.promoted", "info"), ("failsafe.fired", "warning")],
)
def test_severity_of_a_single_event(kind, severity):
    assert messages([make(kind)], NOW)[0].severity == severity


def test_what_changes_nothing_is_not_told():
    assert messages([make("release.proposed"), make("drill.passed")], NOW) == []
    assert messages([make("breaker.moved", **{"from": "WARNING", "to": "WARNING"})], NOW) == []

"""Freezes and retrains: what is open, what a signature lifts, and when it lifts nothing."""

import datetime as dt

import pytest

from etf_platform.core.units.event import RETRAIN_CLOSED, RETRAIN_OPENED, Event
from etf_platform.governance import freezes

DAY = dt.date(2024, 10, 8)
RULE = freezes.freeze("QDII", "failsafe/drift_retrain", "system:failsafe", "drift", DAY, "drift_retrain")
OPENED = Event("retrain.opened/QDII/1", RETRAIN_OPENED, "QDII", "system:failsafe", {"rule": "drift_retrain"}, DAY)
CLOSED = Event("retrain.closed/QDII/1", RETRAIN_CLOSED, "QDII", "system:retrain", {"opened": OPENED.key}, DAY)


@pytest.fixture
def lifted(staff):
    """Keys that stay frozen for QDII after some events and, at the end, a signature that names all of these."""

    def after(*events, signed=True):
        state = freezes.fold(events, staff.config)
        if not signed:
            return [f.key for f in state.of("QDII")]
        signature = staff.seal(freezes.lifting(state.open, "Zhao Min", "risk", "looked at it", DAY))
        return [f.key for f in freezes.fold([*events, signature], staff.config).of("QDII")]

    return after


def test_a_signature_during_a_retrain_lifts_nothing(lifted):
    assert lifted(RULE, OPENED) == [RULE.key]


def test_a_closed_retrain_lifts_nothing_by_itself(lifted):
    assert lifted(RULE, OPENED, CLOSED, signed=False) == [RULE.key]


def test_a_signature_after_the_retrain_lifts(lifted):
    assert lifted(RULE, OPENED, CLOSED) == []


def test_a_retrain_without_a_freeze_freezes_by_itself_until_signed(lifted):
    assert lifted(OPENED) == [OPENED.key]
    assert lifted(OPENED, CLOSED, signed=False) == [OPENED.key]
    assert lifted(OPENED, CLOSED) == []


def test_freezes_of_other_causes_are_lifted_during_a_retrain(lifted):
    other = freezes.freeze("QDII", "rollback/REL-1", "system:rollback", "rolled back", DAY, "rollback")

    assert lifted(RULE, OPENED, other) == [RULE.key]


def test_a_retrain_binds_no_freeze_of_another_strategy(staff):
    other = freezes.freeze("OTHER", "failsafe/2", "system:failsafe", "drift", DAY, "drift_retrain")

    state = freezes.fold([other, RULE, OPENED], staff.config)
    assert {f.subject: f.awaits for f in state.open} == {
        "OTHER": "a signature",
        "QDII": "the retrain, then a signature",
    }

"""Fail-safe rules fire on runs of sessions, once per session, and do what they say."""

import datetime as dt

import pytest

from etf_platform.core.config.governance import FailSafeRule
from etf_platform.core.states import State
from etf_platform.governance import alarms, failsafe, freezes, letters, reactions, releases
from etf_platform.storage import events as recorded
from etf_platform_tests.governance.conftest import RULES
from etf_platform_tests.resources import release_story as story
from etf_platform_tests.resources.release_story import append, day, post

SESSIONS = [day(n) for n in range(10)]


def rule(window: int, consecutive: int, op: str = ">=", threshold: float = 1.0) -> FailSafeRule:
    return FailSafeRule(
        rule_id="r",
        metric="m",
        op=op,
        threshold=threshold,
        window_days=window,
        consecutive=consecutive,
        action="freeze",
        severity="error",
    )


def state(one: FailSafeRule, *values: float | None) -> State:
    observed = {SESSIONS[n]: value for n, value in enumerate(values)}
    return failsafe.judge([one], {"m": observed}, SESSIONS[: len(values)])[0].state


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1, 1), State.FAIL),
        ((1, 0, 1), State.PASS),
        ((1, 1, 0), State.PASS),
        ((1,), State.PASS),
        ((1, None), State.BLOCKED),
        ((None, 1), State.BLOCKED),
        ((float("nan"), 0), State.PASS),
        ((1, None, 1), State.BLOCKED),
        ((0, 1, 1), State.FAIL),
    ],
)
def test_two_sessions_in_a_row(values, expected):
    assert state(rule(2, 2), *values) is expected


def test_a_run_inside_a_longer_window_counts():
    assert state(rule(4, 2), 1, 1, 0, 0) is State.FAIL
    assert state(rule(4, 2), 1, 1, 0, 0, 0) is State.PASS


@pytest.mark.parametrize(
    ("op", "value", "fires"),
    [
        (">", 300.0, False),
        (">", 300.1, True),
        (">=", 300.0, True),
        ("<", 299.9, True),
        ("<=", 300.0, True),
        ("==", 300.0, True),
    ],
)
def test_operators(op, value, fires):
    assert (state(rule(1, 1, op, 300.0), value) is State.FAIL) is fires


def test_a_metric_that_nobody_observed_blocks():
    assert failsafe.judge([rule(1, 1)], {}, SESSIONS)[0].state is State.BLOCKED


@pytest.fixture
def raised(ops, staff):
    append(ops, story.proposal("R1"), story.proposal("R2", rollback_to="R1"))
    then = story.rise(ops, staff.config, staff, "R1", "stable")
    story.rise(ops, staff.config, staff, "R2", "S5", start=then)
    return ops


def observe(metric: str, value: float, n: int) -> list[failsafe.Verdict]:
    values = {metric: dict.fromkeys(SESSIONS[: n + 1], value)}
    return failsafe.judge(RULES, values, SESSIONS[: n + 1])


def kinds(events) -> list[str]:
    return [event.kind for event in events]


def test_major_risk_on_two_sessions_freezes(raised, staff):
    fresh = reactions.record(raised, staff.config, observe("major_risk", 1, 5), "A_SHARE", post)

    assert kinds(fresh) == ["failsafe.fired", "freeze.on", "incident.opened"]
    assert freezes.fold(recorded.events(raised), staff.config).is_on("A_SHARE")
    assert not freezes.fold(recorded.events(raised), staff.config).is_on("QDII")


def test_deviation_above_the_limit_degrades_to_the_last_stable_release(raised, staff):
    fresh = reactions.record(raised, staff.config, observe("live_deviation_bps", 301, 5), "A_SHARE", post)

    assert kinds(fresh) == [
        "failsafe.fired",
        "release.rolled_back",
        "freeze.on",
        "decision.made",
        "incident.opened",
        "experiment.rolled_back",
    ]
    state = releases.fold(recorded.events(raised), staff.config, "A_SHARE")
    assert (state.active.release_id, state.candidate) == ("R1", None)


def test_drift_on_three_sessions_opens_a_retrain_and_freezes(raised, staff):
    fresh = reactions.record(raised, staff.config, observe("drift_alarm", 1, 5), "A_SHARE", post)

    assert kinds(fresh) == ["failsafe.fired", "freeze.on", "retrain.opened", "incident.opened"]
    assert reactions.has_open_retrain(recorded.events(raised), "A_SHARE")


def test_the_same_session_fires_once_and_a_longer_run_opens_no_second_freeze_and_no_second_incident(raised, staff):
    first = reactions.record(raised, staff.config, observe("drift_alarm", 1, 5), "A_SHARE", post)

    again = reactions.record(raised, staff.config, observe("drift_alarm", 1, 5), "A_SHARE", post)
    later = reactions.record(raised, staff.config, observe("drift_alarm", 1, 6), "A_SHARE", post)

    now = dt.datetime(2024, 10, 14, tzinfo=dt.UTC)
    assert again == []
    assert kinds(later) == ["failsafe.fired"]
    assert (len(letters.messages(first, now)), letters.messages(later, now)) == (1, [])
    assert later[0].key not in {alarm.alarm_id for alarm in alarms.alarms([*first, *later])}


def test_a_quiet_day_records_nothing(raised, staff):
    assert reactions.record(raised, staff.config, observe("drift_alarm", 0, 5), "A_SHARE", post) == []


def test_halting_moves_the_breaker(raised, staff):
    halting = RULES[0].model_copy(update={"action": "halt"})
    verdicts = failsafe.judge([halting], {"major_risk": dict.fromkeys(SESSIONS, 1.0)}, SESSIONS)

    assert kinds(reactions.record(raised, staff.config, verdicts, "A_SHARE", post)) == [
        "failsafe.fired",
        "freeze.on",
        "breaker.moved",
        "incident.opened",
    ]


def test_no_session_is_refused():
    with pytest.raises(ValueError, match="no session"):
        failsafe.judge(RULES, {}, [])


def test_dates_stand_in_the_key():
    verdict = observe("major_risk", 1, 5)[0]

    assert failsafe.fired_event(verdict, "A_SHARE").key == f"failsafe.fired/major_risk/A_SHARE/{dt.date(2024, 10, 13)}"

"""The circuit breaker trips at once and recovers one level per cool-down."""

import datetime as dt
from dataclasses import replace

import pytest

from etf_platform.core.config.governance import BreakerLimits
from etf_platform.governance.breaker import BreakerState, Measures, fold, moved, step

LIMITS = BreakerLimits()
FINE = Measures(daily_loss=0.01, drawdown=0.02, var95=0.02, var99=0.03, concentration=0.15)


def day(n: int) -> dt.date:
    return dt.date(2024, 10, 8) + dt.timedelta(days=n)


def run(*days: dict, limits: BreakerLimits = LIMITS, start: str = "NORMAL") -> list[str]:
    state, levels = BreakerState(start), []
    for n, change in enumerate(days):
        state = step(state, replace(FINE, **change), limits, day(n))
        levels.append(state.level)
    return levels


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({}, "NORMAL"),
        ({"daily_loss": 0.0499}, "NORMAL"),
        ({"daily_loss": 0.05}, "WARNING"),
        ({"drawdown": 0.08}, "WARNING"),
        ({"var95": 0.05}, "WARNING"),
        ({"concentration": 0.20}, "WARNING"),
        ({"daily_loss": 0.05, "var95": 0.05}, "RESTRICTED"),
        ({"daily_loss": 0.10}, "RESTRICTED"),
        ({"drawdown": 0.15}, "RESTRICTED"),
        ({"var99": 0.10}, "RESTRICTED"),
        ({"concentration": 0.30}, "RESTRICTED"),
        ({"daily_loss": 0.10, "concentration": 0.30}, "HALTED"),
        ({"var99": 0.0999}, "NORMAL"),
    ],
)
def test_levels_of_a_first_session(change, level):
    assert run(change) == [level]


def test_one_critical_while_restricted_halts():
    assert run({"daily_loss": 0.10}, {"drawdown": 0.15}) == ["RESTRICTED", "HALTED"]


def test_recovery_goes_one_step_at_a_time():
    bad = {"daily_loss": 0.10, "drawdown": 0.15}

    assert run(bad, {}, {}, {}, {}) == ["HALTED", "RESTRICTED", "WARNING", "NORMAL", "NORMAL"]


def test_a_warning_holds_a_restricted_strategy_above_normal():
    assert run({"daily_loss": 0.10}, {"var95": 0.05}, {"var95": 0.05}) == ["RESTRICTED", "WARNING", "WARNING"]


def test_a_longer_cool_down_counts_calm_sessions_in_a_row():
    limits = BreakerLimits(cool_down_sessions=2)
    warned = {"var95": 0.05}

    assert run(warned, {}, warned, {}, {}, limits=limits) == ["WARNING", "WARNING", "WARNING", "WARNING", "NORMAL"]


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_a_missing_measure_trips_nothing_and_lets_nothing_recover(unknown):
    assert run({"var95": unknown}) == ["NORMAL"]
    assert run({"daily_loss": 0.10}, {"var95": unknown}, {}) == ["RESTRICTED", "RESTRICTED", "WARNING"]


def test_a_session_seen_twice_counts_once():
    state = step(BreakerState(), replace(FINE, daily_loss=0.10), LIMITS, day(0))

    assert step(state, replace(FINE, daily_loss=0.10), LIMITS, day(0)) == state


@pytest.mark.parametrize(("level", "size"), [("NORMAL", 1.0), ("WARNING", 0.5), ("RESTRICTED", 0.1), ("HALTED", 0.0)])
def test_sizes(level, size):
    assert BreakerState(level).size(LIMITS) == size


def test_moves_are_events_and_fold_back():
    before = BreakerState("WARNING")
    after = BreakerState("HALTED", day(1), 0, ("daily_loss 0.1200 >= 0.1",))

    events = moved(before, after, "A_SHARE")

    assert fold(events, "A_SHARE") == after
    assert fold(events, "QDII") == BreakerState()
    assert moved(after, after, "A_SHARE") == []


def test_calm_sessions_of_a_longer_cool_down_are_on_record():
    limits = BreakerLimits(cool_down_sessions=2)
    events, levels = [], []
    for n, change in enumerate([{"var95": 0.05}, {}, {}, {}]):
        before = fold(events, "A_SHARE")
        after = step(before, replace(FINE, **change), limits, day(n))
        events += moved(before, after, "A_SHARE")
        levels.append(after.level)

    assert levels == ["WARNING", "WARNING", "NORMAL", "NORMAL"]
    assert [event.payload["calm"] for event in events] == [0, 1, 0]

"""The circuit breaker trips at once and recovers one level per cool-down."""

import datetime as dt
from dataclasses import replace

import pytest

from etf_platform.core.config.governance import BreakerLimits, GovernanceConfig
from etf_platform.core.errors import BadInputError
from etf_platform.governance.breaker import BreakerState, Measures, findings, fold, lowering, moved, step

LIMITS = BreakerLimits()
CONFIG = GovernanceConfig()
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

    assert fold(events, CONFIG, "A_SHARE") == after
    assert fold(events, CONFIG, "QDII") == BreakerState()
    assert moved(after, after, "A_SHARE") == []


def test_calm_sessions_of_a_longer_cool_down_are_on_record():
    limits = BreakerLimits(cool_down_sessions=2)
    events, levels = [], []
    for n, change in enumerate([{"var95": 0.05}, {}, {}, {}]):
        before = fold(events, CONFIG, "A_SHARE")
        after = step(before, replace(FINE, **change), limits, day(n))
        events += moved(before, after, "A_SHARE")
        levels.append(after.level)

    assert levels == ["WARNING", "WARNING", "NORMAL", "NORMAL"]
    assert [event.payload["calm"] for event in events] == [0, 1, 0]


def test_what_keeps_it_from_recovering_is_named():
    measures = replace(FINE, drawdown=0.16, var95=0.05, var99=None)

    assert findings(measures, LIMITS) == ["drawdown 0.1600 >= 0.15", "var95 0.0500 >= 0.05", "var99 missing"]
    assert findings(FINE, LIMITS) == []


HALT = moved(BreakerState(), BreakerState("HALTED", day(0), 0, ("drawdown 0.1600 >= 0.15",)), "A_SHARE")


def test_a_person_of_risk_lowers_it_by_one_level_a_session_and_limits_trip_it_again(staff):
    first = staff.seal(lowering(fold(HALT, staff.config, "A_SHARE"), "A_SHARE", "Zhao Min", "looked at", day(1)))
    after = fold([*HALT, first], staff.config, "A_SHARE")

    assert (after.level, after.lowered, after.session) == ("RESTRICTED", day(1), day(0))
    assert fold([*HALT, first], staff.config, "QDII") == BreakerState()
    with pytest.raises(BadInputError, match="lowered as of 2024-10-09 already"):
        lowering(after, "A_SHARE", "Zhao Min", "again", day(1))
    assert step(after, replace(FINE, drawdown=0.15), LIMITS, day(1)).level == "HALTED"
    assert step(after, replace(FINE, var99=None), LIMITS, day(1)).level == "RESTRICTED"
    assert step(after, FINE, LIMITS, day(1)).lowered == day(1)


def test_a_later_move_keeps_the_session_from_which_losses_count(staff):
    down = staff.seal(lowering(fold(HALT, staff.config, "A_SHARE"), "A_SHARE", "Zhao Min", "looked at", day(1)))
    before = fold([*HALT, down], staff.config, "A_SHARE")
    moves = moved(before, step(before, FINE, LIMITS, day(1)), "A_SHARE")

    assert fold([*HALT, down, *moves], staff.config, "A_SHARE") == BreakerState("WARNING", day(1), 0, (), day(1))


@pytest.mark.parametrize(
    "change",
    [
        {"seal": ""},
        {"by": "system:x", "role": "", "seal": ""},
        {"by": "system:x", "seal": ""},
        {"by": "Li Wei"},
        {"payload": {"from": "HALTED", "reason": " "}},
        {"payload": {"from": "WARNING", "reason": "looked at"}},
        {"as_of": None},
    ],
)
def test_no_code_and_no_broken_record_lowers_it(staff, change):
    bare = lowering(fold(HALT, staff.config, "A_SHARE"), "A_SHARE", "Zhao Min", "looked at", day(1))
    forged = (
        replace(staff.seal(bare), **change)
        if "seal" in change or "by" in change
        else staff.seal(replace(bare, **change))
    )

    assert fold([*HALT, forged], staff.config, "A_SHARE").level == "HALTED"


def test_another_role_than_risk_does_not_lower_it(staff):
    bare = lowering(fold(HALT, staff.config, "A_SHARE"), "A_SHARE", "Sun Hao", "looked at", day(1))
    foreign = staff.seal(replace(bare, role="research"))

    assert fold([*HALT, foreign], staff.config, "A_SHARE").level == "HALTED"
    assert fold([*HALT, staff.seal(bare)], staff.config, "A_SHARE").level == "RESTRICTED"


def test_a_normal_breaker_cannot_be_lowered_and_a_reason_is_needed():
    with pytest.raises(BadInputError, match="it is NORMAL"):
        lowering(BreakerState(), "A_SHARE", "Zhao Min", "looked at", day(1))
    with pytest.raises(BadInputError, match="there is no reason"):
        lowering(BreakerState("HALTED"), "A_SHARE", "Zhao Min", " ", day(1))

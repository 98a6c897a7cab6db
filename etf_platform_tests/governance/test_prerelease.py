"""Pre-release checks: all must PASS; what is missing blocks."""

from dataclasses import replace

import pytest

from etf_platform.core.states import State
from etf_platform.core.units.event import Event
from etf_platform.governance import freezes, prerelease, releases
from etf_platform.governance.prerelease import BacktestFigures, Inputs
from etf_platform_tests.resources import release_story as story
from etf_platform_tests.resources.release_story import day

GOOD = BacktestFigures(sharpe=0.5, max_drawdown=-0.25, dsr=0.95, turnover=10.0, sharpe_double_cost=0.26)


def drill(n: int, kind: str = "drill.passed", target: str = "CASH") -> Event:
    return Event(f"drill/{n}", kind, "R1", "system:test", {"drill": "rollback", "target": target}, day(n))


@pytest.fixture
def inputs(staff) -> Inputs:
    signed = staff.seal(prerelease.thresholds_event(staff.config, "Zhao Min", "risk", day(0)))
    events = [story.proposal("R1"), signed, drill(0)]
    state = releases.fold(events, staff.config, "A_SHARE")
    return Inputs(
        release=state.by_id["R1"],
        releases=state,
        freezes=freezes.Freezes(),
        events=events,
        session=day(90),
        config_problems=(),
        config_hash="config of R1",
        commit="commit of R1",
        is_dirty=False,
        backtest=GOOD,
        regression=(State.PASS, ""),
        consistency=(State.PASS, ""),
    )


def test_all_checks_in_the_order_of_the_specification(inputs, staff):
    checks = prerelease.check(inputs, staff.config)

    assert [each.name for each in checks] == [
        "configuration",
        "thresholds",
        "backtest_sharpe",
        "backtest_drawdown",
        "backtest_dsr",
        "backtest_turnover",
        "backtest_double_cost",
        "regression",
        "consistency",
        "rollback_target",
        "rehearsal",
        "freeze",
    ]
    assert prerelease.is_clear(checks)
    assert not prerelease.is_clear([])


F, B = State.FAIL, State.BLOCKED


@pytest.mark.parametrize(
    ("change", "name", "state"),
    [
        ({"config_problems": None}, "configuration", B),
        ({"config_problems": ("fuses.yaml: x",)}, "configuration", F),
        ({"is_dirty": True}, "configuration", F),
        ({"commit": "another"}, "configuration", F),
        ({"config_hash": "another"}, "configuration", F),
        ({"backtest": replace(GOOD, sharpe=0.49)}, "backtest_sharpe", F),
        ({"backtest": replace(GOOD, sharpe=None)}, "backtest_sharpe", B),
        ({"backtest": replace(GOOD, max_drawdown=-0.26)}, "backtest_drawdown", F),
        ({"backtest": replace(GOOD, dsr=0.949)}, "backtest_dsr", F),
        ({"backtest": replace(GOOD, dsr=float("nan"))}, "backtest_dsr", B),
        ({"backtest": replace(GOOD, turnover=10.1)}, "backtest_turnover", F),
        ({"backtest": replace(GOOD, sharpe_double_cost=0.25)}, "backtest_double_cost", F),
        ({"regression": None}, "regression", B),
        ({"regression": (F, "two tests failed")}, "regression", F),
        ({"consistency": None}, "consistency", B),
        ({"session": day(91)}, "rehearsal", B),
        ({"freezes": freezes.Freezes((freezes.Freeze("k", "releases", "major", "system:x", None),))}, "freeze", F),
    ],
)
def test_each_check_alone_stops_a_release(inputs, staff, change, name, state):
    checks = prerelease.check(replace(inputs, **change), staff.config)

    assert {each.name: each.state for each in checks if each.state is not State.PASS} == {name: state}
    assert all(each.reason for each in checks if each.state is not State.PASS)
    assert not prerelease.is_clear(checks)


def test_thresholds_that_nobody_of_risk_signed_block(inputs, staff):
    by_research = staff.seal(prerelease.thresholds_event(staff.config, "Li Wei", "research", day(0)))
    unsigned = prerelease.thresholds_event(staff.config, "Zhao Min", "risk", day(0))
    events = [inputs.events[0], by_research, unsigned, drill(0)]

    checks = prerelease.check(replace(inputs, events=events), staff.config)

    assert {each.name for each in checks if each.state is State.BLOCKED} == {"thresholds"}


def test_changed_thresholds_need_a_new_signature(inputs, staff):
    weekly = staff.config.weekly.model_copy(update={"min_sharpe": 0.1})
    config = staff.config.model_copy(update={"weekly": weekly})

    assert prerelease.thresholds_signature(inputs.events, staff.config) is not None
    assert prerelease.thresholds_signature(inputs.events, config) is None


@pytest.mark.parametrize(
    ("target", "reason"), [("R9", "no stable release"), ("R1", "to itself"), ("", "no stable release")]
)
def test_a_rollback_target_must_exist_and_differ(inputs, staff, target, reason):
    release = replace(inputs.release, rollback_to=target)

    found = {each.name: each for each in prerelease.check(replace(inputs, release=release), staff.config)}

    assert found["rollback_target"].state is State.FAIL
    assert reason in found["rollback_target"].reason
    assert found["rehearsal"].state is State.BLOCKED


def test_a_failed_drill_is_no_rehearsal(inputs, staff):
    events = [*inputs.events[:2], drill(0, "drill.failed")]

    found = {each.name: each for each in prerelease.check(replace(inputs, events=events), staff.config)}

    assert found["rehearsal"].reason.startswith("missing")

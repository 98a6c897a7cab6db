"""What is missing for the next stage is said in full."""

from dataclasses import replace

import pytest

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.states import State
from etf_platform.governance import rollback
from etf_platform.governance.freezes import Freeze, Freezes
from etf_platform.governance.releases import Release, Releases
from etf_platform.governance.stages import Progress, exposures, may_become_stable, may_promote
from etf_platform.measures.sequential import PairedVerdict
from etf_platform_tests.resources.release_story import day

CONFIG, FREE = GovernanceConfig(), Freezes()
PASSED = {"data": (State.PASS, "")}


def at(stage: str, **rest) -> Release:
    return Release("R1", "A_SHARE", "", "", "", "", "CASH", stage=stage, since=day(0), **rest)


def progress(last: int, **rest) -> Progress:
    return Progress([day(n) for n in range(last + 1)], **{"gates": PASSED, **rest})


@pytest.mark.parametrize(("stage", "stay"), [("SHADOW", 1), ("S5", 2), ("S20", 3)])
def test_the_session_at_whose_close_a_stage_began_is_no_stay(stage, stay):
    assert may_promote(at(stage), FREE, progress(stay), CONFIG) == []
    assert may_promote(at(stage), FREE, progress(stay - 1), CONFIG) == [f"{stay - 1} of {stay} sessions in {stage}"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"majors": {day(1): "drawdown"}}, f"major on {day(1)}: drawdown"),
        ({"gates": {"data": (State.BLOCKED, "stale")}}, "data BLOCKED: stale"),
        ({"gates": {"data": (State.WARN, "late")}}, "data WARN: late"),
        ({"gates": {}}, "gates BLOCKED: nothing was judged"),
        ({"paired": PairedVerdict(5, -0.01, 25.0, 4)}, "worse than the stable release since its day 4"),
    ],
)
def test_each_obstacle_is_named(change, line):
    assert may_promote(at("S5"), FREE, progress(2, **change), CONFIG) == [line]


def test_a_major_before_the_stage_is_over_with():
    assert may_promote(at("S5"), FREE, progress(2, majors={day(0): "drawdown"}), CONFIG) == []


def test_a_freeze_a_hold_and_a_missing_signature_stop_it():
    frozen = Freezes((Freeze("k", "releases", "major risk", "system:x", day(1)),))

    assert may_promote(at("S50", held="odd fills"), frozen, progress(5), CONFIG) == [
        f"frozen since {day(1)}: major risk",
        "held: odd fills",
        "no signature to leave S50",
    ]


def test_full_exposure_is_stable_after_five_clean_sessions_in_a_row():
    major = {day(2): "var breach"}

    assert may_become_stable(at("FULL"), FREE, progress(5), CONFIG) == []
    assert may_become_stable(at("FULL"), FREE, progress(6, majors=major), CONFIG) == ["4 of 5 clean sessions"]
    assert may_become_stable(at("FULL"), FREE, progress(7, majors=major), CONFIG) == []
    assert may_become_stable(at("S50"), FREE, progress(9), CONFIG) == ["it is in S50, not in FULL"]


def test_there_is_nothing_above_the_last_stage():
    assert may_promote(at("FULL"), FREE, progress(9), CONFIG) == ["there is no stage after FULL"]


@pytest.mark.parametrize(
    ("stage", "shares"), [("SHADOW", (0.0, 1.0)), ("S5", (0.05, 0.95)), ("S50", (0.5, 0.5)), ("FULL", (1.0, 0.0))]
)
def test_exposure_of_candidate_and_stable_release(stage, shares):
    stable = Release("R0", "A_SHARE", "", "", "", "", "CASH", stage="FULL", stable_since=day(0))
    state = Releases(stable, at(stage), {})

    assert exposures(state, CONFIG) == {"R1": pytest.approx(shares[0]), "R0": pytest.approx(shares[1])}


def test_without_a_stable_release_the_rest_is_cash():
    assert exposures(Releases(None, at("S20"), {}), CONFIG) == {"R1": 0.20}


def test_without_its_own_target_a_release_falls_back_on_the_one_that_was_stable_last():
    """R1 became stable after R9; the release falls back on something that was rolled back."""
    bare = Release("", "A_SHARE", "EXP", "c", "d", "k", "GONE")
    stable = {name: replace(bare, release_id=name, stable_since=day(n)) for name, n in (("R9", 1), ("R1", 5))}
    mine = replace(bare, release_id="R10")

    assert rollback.target(Releases(None, mine, {**stable, "R10": mine}), mine) == "R1"
    assert rollback.target(Releases(None, mine, {"R10": mine}), mine) == "CASH"

"""What the fuses on scores say: how much is there, what is old, whether totals differ, whether probabilities help."""

from typing import Any

import pandas as pd
import pytest

from etf_platform.core.states import State
from etf_platform.fuses.scoring import (
    enough_assets_are_scored,
    factors_cover_the_assets,
    inputs_keep_coming,
    probabilities_have_skill,
    totals_differ,
)


def _changed(case: Any, name: str, **columns: object) -> Any:
    return case.with_table(name, case.tables[name].assign(**columns))


def test_coverage_counts_the_assets_for_which_a_factor_can_exist(good: Any) -> None:
    """Capital cannot exist for gold: half of the others have it."""
    rows = good.tables["factor_scores"]
    there = ~((rows["factor"] == "capital") & (rows["asset"] != "HS300"))

    reading = _changed(good, "factor_scores", available=there).judge(factors_cover_the_assets)

    assert (reading.state, reading.observed) == (State.PASS, 0.5)
    assert reading.details["coverage"] == {"capital": 0.5, "tech": 1.0}


def test_assets_without_a_total_are_named_with_their_reasons(good: Any) -> None:
    scores = good.tables["asset_scores"]
    without = scores["asset"] == "GOLD"
    changed = scores.assign(
        total_score=scores["total_score"].mask(without), reason=scores["reason"].mask(without, "old")
    )

    reading = good.with_table("asset_scores", changed).judge(enough_assets_are_scored)

    assert reading.observed == pytest.approx(2 / 3) and reading.state is State.PASS
    assert reading.details["without a total"] == {"GOLD": "old"}


def test_one_constant_for_all_assets_stops_what_follows(good: Any) -> None:
    """The original's 58.33; the report must not be made of it."""
    reading = _changed(good, "asset_scores", total_score=58.33).judge(totals_differ)

    assert (reading.state, totals_differ.on_fail) == (State.FAIL, "halt")
    assert reading.reason == "3 totals between 58.33 and 58.33"


def test_a_day_without_totals_is_no_constant_and_its_report_is_written(good: Any) -> None:
    case = _changed(good, "asset_scores", total_score=float("nan"))

    assert case.judge(totals_differ).state is State.PASS
    assert case.judge(enough_assets_are_scored).state is State.WARN


def test_what_never_came_is_not_old_and_a_shared_input_counts_once(good: Any) -> None:
    """Two assets share an old series, a third has no bars at all."""
    states = good.tables["asset_states"]
    is_gold = states["asset"] == "GOLD"
    changed = states.assign(
        input=states["input"].mask(~is_gold, "margin_balance"), state="BLOCKED", as_of=states["as_of"].mask(is_gold)
    )

    reading = good.with_table("asset_states", changed).judge(inputs_keep_coming)

    assert (reading.state, reading.observed, reading.reason) == (State.WARN, 1.0, "margin_balance")


def test_skill_that_cannot_be_judged_yet_is_a_warning_and_no_pass(good: Any) -> None:
    reading = _changed(good, "score_evaluation", n_effective=3).judge(probabilities_have_skill)

    assert reading.state is State.WARN
    assert reading.reason == "3 independent sessions have an outcome; 12 are needed"


def test_lost_skill_is_told_with_its_interval(good: Any) -> None:
    reading = _changed(good, "score_evaluation", value=-0.02).judge(probabilities_have_skill)

    assert reading.state is State.WARN
    assert reading.reason == "skill -0.020, 80 % interval -0.010 to +0.050"


def test_a_sunday_is_judged_by_its_friday_and_a_missing_session_is_blocked(good: Any) -> None:
    """Coins trade on Sundays, and the last bar of all assets may be one."""
    friday = good.context.sessions[99]
    sunday = good.with_context(as_of=friday + pd.Timedelta(days=2))
    late = good.with_context(as_of=good.context.sessions[100])

    assert friday.day_name() == "Friday" and sunday.judge(totals_differ).state is State.PASS
    assert late.judge(totals_differ).state is State.BLOCKED
    assert "the last session is" in late.judge(totals_differ).reason

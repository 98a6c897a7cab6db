"""The traffic light of the governing forecast decides; what stands beside it is only named."""

from typing import Any

import pandas as pd
import pytest

from etf_platform.core.states import State
from etf_platform.fuses.risk import forecast_coverage, forecasts_precede_their_day


@pytest.mark.parametrize(
    ("light", "state"),
    [("green", State.PASS), ("yellow", State.WARN), ("red", State.FAIL), ("", State.BLOCKED)],
)
def test_the_light_is_the_state(good: Any, light: str, state: State) -> None:
    table = good.tables["coverage"].assign(
        light=[light, "green"], status=[str(state), "PASS"], reason="insufficient: 60 forecasts"
    )

    reading = good.with_table("coverage", table).judge(forecast_coverage)

    assert reading.state is state
    assert bool(reading.reason) == (state is not State.PASS)


def test_a_red_method_beside_the_governing_one_is_named_and_holds_nothing(good: Any) -> None:
    reading = good.judge(forecast_coverage)

    assert reading.state is State.PASS
    assert reading.details["red beside"] == ["rotation parametric 0.99"]


def test_the_worst_series_decides_and_every_one_that_is_not_green_is_told(good: Any) -> None:
    base = good.tables["coverage"].head(1)
    lights = {"rotation": "green", "QQQ.US": "yellow", "SPY.US": "red"}
    status = {"green": "PASS", "yellow": "WARN", "red": "FAIL"}
    table = pd.concat(
        [base.assign(series=name, light=light, status=status[light], n_breaches=7) for name, light in lights.items()]
    )

    reading = good.with_table("coverage", table).judge(forecast_coverage)

    assert (reading.state, reading.observed) == (State.FAIL, 2.0)
    assert "QQQ.US is yellow: 7 of 250 sessions below -VaR, 2.5 expected" in reading.reason
    assert "rotation" not in reading.reason


def test_two_majors_hold_the_release_under_a_green_light(good: Any) -> None:
    """Specification 2.2: red or two majors freeze; what the table calls FAIL the fuse must not let pass."""
    faults = "green: 4 breaches, 2.5 expected; breaches follow breaches; losses beyond VaR larger than ES"
    table = good.tables["coverage"].assign(status="FAIL", n_breaches=4, reason=faults)

    reading = good.with_table("coverage", table).judge(forecast_coverage)

    assert reading.state is State.FAIL
    assert reading.reason.endswith("2.5 expected; breaches follow breaches; losses beyond VaR larger than ES")


@pytest.mark.parametrize(("place", "state"), [(99, State.PASS), (98, State.PASS), (97, State.BLOCKED)])
def test_tests_that_ended_more_than_one_session_ago_say_nothing_of_today(good: Any, place: int, state: State) -> None:
    """An account whose values went missing keeps its old, green tests."""
    last = good.context.sessions[place]
    table = good.tables["coverage"].assign(last_date=last)

    reading = good.with_table("coverage", table).judge(forecast_coverage)

    assert reading.state is state
    assert (f"stale, the last session tested is {last:%Y-%m-%d}" in reading.reason) == (state is State.BLOCKED)


def test_without_the_governing_method_nothing_is_known(good: Any) -> None:
    table = good.tables["coverage"].assign(is_governing=False)

    assert good.with_table("coverage", table).judge(forecast_coverage).state is State.BLOCKED


def test_a_forecast_that_skips_a_session_fails(good: Any) -> None:
    """For the session after the next one it is not the forecast that was asked for."""
    late = good.tables["forecasts"].copy()
    late.loc[7, "for_date"] = late.loc[8, "for_date"]

    reading = good.with_table("forecasts", late).judge(forecasts_precede_their_day)

    assert (reading.state, reading.observed) == (State.FAIL, 1.0)
    assert reading.reason == f"not for the next session: {late.date[7]:%Y-%m-%d} for {late.for_date[7]:%Y-%m-%d}"


def test_a_forecast_beyond_the_calendar_fails(good: Any) -> None:
    reading = good.with_context(sessions=good.context.sessions[:100]).judge(forecasts_precede_their_day)

    assert (reading.state, reading.observed) == (State.FAIL, 1.0)

"""Metrics of the machinery on hand-made facts: orders, runs, failovers, alarms, drift, deviation from the back-test."""

from statistics import mean

import pandas as pd
import pytest


def test_orders_that_were_only_modelled_calibrate_nothing(quarter):
    modelled = quarter.frames["slippage"].assign(realised=0.001, is_modelled=True)

    real, row = (
        quarter.rows().loc["fill_calibration_error"],
        quarter.rows(slippage=modelled).loc["fill_calibration_error"],
    )

    assert (real["value"], real["status"]) == (pytest.approx(0.1), "PASS")
    assert (row["value"], row["status"]) == (0.0, "WARN")
    assert row["reason"].startswith("modelled")
    assert "of 60 fills modelled" in row["source"] or "of 61 fills modelled" in row["source"]


def test_availability_counts_runs_in_time_of_the_last_sixty_sessions(quarter):
    runs = quarter.frames["runs"].copy()
    runs.loc[[0, 5, 6], "is_in_time"] = False  # the first has left the window, the last was only late
    runs.loc[5, "is_made"] = False

    rows = quarter.rows(runs=runs)

    assert rows.loc["availability", "value"] == pytest.approx(58 / 60)
    assert rows.loc["error_rate", "value"] == pytest.approx(1 / 60)
    assert rows.loc["availability", "status"] == rows.loc["error_rate", "status"] == "FAIL"


def test_false_alarms_are_judged_against_their_baseline_only(quarter):
    days = quarter.days
    closed = pd.DataFrame({"date": [days[10], days[11], days[60]], "is_false": [True, False, True]})

    first = quarter.rows(day=days[10], alarms=closed).loc["false_alarm_rate"]
    row = quarter.rows(alarms=closed).loc["false_alarm_rate"]

    assert (first["status"], first["reason"]) == ("BLOCKED", "no_baseline")
    earlier = [1.0] + [0.5] * 49
    assert row["value"] == pytest.approx(2 / 3)
    assert row["baseline"] == pytest.approx(mean(earlier))
    assert (row["warn"], row["status"]) == (pytest.approx(0.7 * mean(earlier)), "WARN")


@pytest.mark.parametrize(("value", "status"), [(50.0, "PASS"), (-60.0, "WARN"), (300.0, "WARN"), (-301.0, "FAIL")])
def test_a_deviation_counts_by_its_size(quarter, value, status):
    """Warning beyond 50 bp over the month, limit 300 bp, on either side."""
    last = quarter.frames["consistency"].tail(1).assign(value=value)

    row = quarter.rows(consistency=last).loc["live_deviation_bps"]

    assert (row["value"], row["status"]) == (abs(value), status)


@pytest.mark.parametrize("level", ["alert", "major"])
def test_a_feature_at_alert_or_major_is_an_alarm_and_is_named(quarter, level):
    drift = quarter.frames["drift"].copy()
    drift.loc[drift.index[-1], "level"] = level

    row, before = (quarter.rows(day, drift=drift).loc["drift_alarm"] for day in (quarter.days[-1], quarter.days[-2]))

    assert (row["value"], row["status"], row["reason"]) == (1.0, "WARN", "1 is above 0; alarm: volatility_20")
    assert (before["value"], before["status"]) == (0.0, "PASS")


def test_failovers_of_the_last_sixty_sessions_are_counted(quarter):
    """61 sessions: the change of provider on the first one has left the window."""
    changes = pd.DataFrame({"date": quarter.days[[0, 1, 60]]})

    assert quarter.rows(failovers=changes).loc["data_failovers", "value"] == 2.0

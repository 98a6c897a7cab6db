"""Calibration of forecasts and signals, and the rate of hits, on outcomes made by hand."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.kpi.facts import Facts, Rows, Settings
from etf_platform.kpi.inputs import signal_rows
from etf_platform.kpi.metrics import named
from etf_platform.kpi.values import Stamp, value_rows

DAYS = pd.bdate_range("2024-01-01", periods=130).astype("datetime64[ns]")
LAST = DAYS[69]  # sixty sessions end here: those from DAYS[10] on


def measured(quarter, key: str, frame: pd.DataFrame, name: str, known: str = "date") -> pd.Series:
    settings = Settings(quarter.facts().settings.governance)
    facts = Facts("portfolio", {name: Rows.of(frame, known)}, DAYS, settings, {"P": DAYS[0]})
    rows = value_rows(facts, [LAST], Stamp("c", "{}", "made (simulated)"), [named(key)])
    return rows[rows["period"] == "day"].iloc[0]


def forecasts(hits_of_a_bin: list[int]) -> pd.DataFrame:
    """Ten bins of ten forecasts: bin b says 0.05 + b / 10, and that many of its ten orders filled."""
    p = np.repeat(0.05 + np.arange(10) / 10.0, 10)
    y = np.concatenate([np.arange(10) < hits for hits in hits_of_a_bin]).astype(float)
    return pd.DataFrame({"date": LAST, "p": p, "y": y})


@pytest.mark.parametrize(
    ("hits", "value", "status"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 0.05, "PASS"),  # each bin 0.05 too high
        ([2, 3, 4, 5, 6, 7, 8, 9, 10, 10], 0.14, "PASS"),  # nine bins 0.15 too low, the last one 0.05
        ([5, 5, 5, 5, 5, 5, 5, 5, 5, 5], 0.25, "FAIL"),  # (0.45 + 0.35 + ... + 0.45) / 10
    ],
)
def test_probabilities_of_fills_are_set_against_their_bins(quarter, hits, value, status):
    row = measured(quarter, "fill_calibration_probability", forecasts(hits), "fill_forecasts")

    assert row["value"] == pytest.approx(value)
    assert (row["status"], row["major"]) == (status, 0.2)


def test_fewer_than_a_hundred_forecasts_calibrate_nothing(quarter):
    row = measured(quarter, "fill_calibration_probability", forecasts([5] * 10).head(99), "fill_forecasts")

    assert (row["status"], row["reason"]) == ("BLOCKED", "insufficient: 99 of 100 forecasts")


def signals(n_high: int = 12, n_low: int = 8) -> pd.DataFrame:
    """High confidence said 1 % and got 0.4 %; low said 0.2 % and lost 0.1 %."""
    high = {"evaluated_on": DAYS[30], "predicted": 0.010, "realised": 0.004, "bucket": "高"}
    low = {"evaluated_on": DAYS[40], "predicted": 0.002, "realised": -0.001, "bucket": "低"}
    return pd.DataFrame([high] * n_high + [low] * n_low)


def test_signals_are_set_against_what_their_funds_did_by_confidence(quarter):
    """12 / 20 * 0.6 % + 8 / 20 * 0.3 %."""
    row = measured(quarter, "fill_calibration_signals", signals(), "signals", "evaluated_on")

    assert row["value"] == pytest.approx(0.0048)
    assert row["as_of"] == DAYS[40]


def test_a_signal_that_predicted_nothing_is_no_forecast(quarter):
    rows = signals()
    rows.loc[0, "predicted"] = np.nan

    row = measured(quarter, "fill_calibration_signals", rows, "signals", "evaluated_on")

    assert (row["status"], row["reason"]) == ("BLOCKED", "insufficient: 19 of 20 signals")


def test_hits_are_gains_and_come_with_the_interval(quarter):
    """12 of 20; Wilson 95 %: 0.3866 to 0.7812."""
    value = {
        key: measured(quarter, key, signals(), "signals", "evaluated_on")["value"]
        for key in ("signal_hit_rate", "signal_hit_rate_low", "signal_hit_rate_high")
    }

    assert value["signal_hit_rate"] == 0.6
    assert (value["signal_hit_rate_low"], value["signal_hit_rate_high"]) == pytest.approx((0.3866, 0.7812), abs=5e-5)


def test_a_return_of_nothing_is_no_hit(quarter):
    rows = signals().assign(realised=0.0)

    assert measured(quarter, "signal_hit_rate", rows, "signals", "evaluated_on")["value"] == 0.0


@pytest.mark.parametrize("key", ["signal_hit_rate", "fill_calibration_signals"])
def test_only_outcomes_of_the_last_sixty_sessions_that_are_known_count(quarter, key):
    old = signals().assign(evaluated_on=DAYS[9], realised=1.0)
    later = signals().assign(evaluated_on=DAYS[70], realised=1.0)
    first = signals().assign(evaluated_on=DAYS[10])

    row = measured(quarter, key, pd.concat([old, first, later]), "signals", "evaluated_on")

    assert row["value"] == pytest.approx({"signal_hit_rate": 0.6, "fill_calibration_signals": 0.0048}[key])


def test_a_signal_predicts_its_gain_less_the_premium_before_costs():
    """62 bps of gain at a premium of 12: 0.5 %; what was not known is no prediction; no next open, no outcome."""
    outcomes = pd.DataFrame(
        {
            "signal_id": ["S1", "S2", "S3", "S4"],
            "evaluated_on": DAYS[1],
            "next_open": [0.004, -0.001, 0.002, np.nan],
            "confidence": ["高", "低", "中", "高"],
        }
    )
    parts = {"gross": 62.0, "premium": 12.0, "fees": 5.0, "half_spread": 3.0, "impact": 1.0}
    raised = [
        {"signal_id": "S1", "components": {"edge": {"parts": parts}}},
        {"signal_id": "S2", "components": {"edge": {"parts": parts | {"premium": None}}}},
        {"signal_id": "S4", "components": {"edge": {"parts": parts}}},
    ]

    rows = signal_rows(outcomes, raised)

    assert rows["predicted"].tolist() == pytest.approx([0.005, np.nan, np.nan], nan_ok=True)
    assert rows["realised"].tolist() == [0.004, -0.001, 0.002]
    assert rows["bucket"].tolist() == ["高", "低", "中"]

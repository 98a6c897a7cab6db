"""Key figures on a day: computed by hand, judged, blocked when something is missing, blind to what comes later."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.models import CiThresholds
from etf_platform.core.states import State
from etf_platform.core.tables import KPI
from etf_platform.kpi.observed import observe_panel
from etf_platform.kpi.snapshot import ACCOUNT_KPI, ROTATION_KPI, KpiRules, snapshot

SESSIONS = pd.bdate_range("2024-01-02", "2025-02-28").as_unit("ns")
POOL, PORTFOLIO = KpiRules(), KpiRules(is_portfolio=True)
THREE_MONTHS = {"2024-01-31": 100.0, "2024-02-29": 110.0, "2024-03-29": 99.0, "2024-04-30": 103.0}


def drawn_equity(sessions=SESSIONS[:280], drift=0.001, seed=0):
    rng = np.random.default_rng(seed)
    steps = rng.normal(drift, 0.01, len(sessions))
    return pd.DataFrame(
        {
            "date": sessions, "portfolio_value": 1e6 * np.cumprod(1.0 + steps), "cost": 10.0, "turnover": 0.01,
            "n_positions": 5, "source": "drawn (simulated)",
        }
    )  # fmt: skip


def steps_equity(ends):
    """Account that jumps to a new value on each given date and rests in between."""
    dates = SESSIONS[SESSIONS.slice_indexer(min(ends), max(ends))]
    values = pd.Series(ends).rename(index=pd.Timestamp).reindex(dates).ffill()
    return pd.DataFrame(
        {
            "date": dates, "portfolio_value": values.to_numpy(), "cost": 0.0, "turnover": 0.0, "n_positions": 5,
            "source": "drawn (simulated)",
        }
    )  # fmt: skip


def row_of(frame, name):
    return frame[frame["kpi"] == name].iloc[0]


def only(equity, date, rules=POOL, observed=None):
    return snapshot(equity, observed, [pd.Timestamp(date)], SESSIONS, rules)


def test_months_turnover_and_cost_by_hand():
    """Months +10 %, -10 % and 4/99 after a base in January; 90 days."""
    equity = steps_equity(THREE_MONTHS)
    equity.loc[[1, 30], "turnover"] = [0.5, 0.4]
    equity.loc[[1, 30], "cost"] = [3.0, 2.0]

    rows = only(equity, "2024-04-30").set_index("kpi")["value"]
    span = 90 / 365.25
    assert rows["total_return"] == pytest.approx(0.03, abs=1e-15)
    assert rows["annual_return"] == pytest.approx(1.03 ** (1 / span) - 1, rel=1e-12)
    assert rows["max_drawdown"] == pytest.approx(-0.1, abs=1e-15)
    assert rows["monthly_win_rate"] == pytest.approx(2 / 3)
    assert rows["worst_month"] == pytest.approx(-0.1, abs=1e-15)
    assert rows["best_month"] == pytest.approx(0.1, abs=1e-15)
    assert rows["annual_turnover"] == pytest.approx(0.9 / span)
    assert rows["cost_drag"] == pytest.approx(5.0 / equity["portfolio_value"].mean() / span)


def test_a_month_counts_from_the_session_on_which_it_is_complete():
    equity = steps_equity(THREE_MONTHS)

    assert row_of(only(equity, "2024-04-29"), "worst_month")["value"] == pytest.approx(-0.1)
    assert row_of(only(equity, "2024-03-28"), "worst_month")["value"] == pytest.approx(0.1)
    assert row_of(only(equity, "2024-03-29"), "worst_month")["value"] == pytest.approx(-0.1)


def test_the_last_month_is_incomplete_when_the_calendar_ends_with_it():
    equity = steps_equity(THREE_MONTHS)
    known = SESSIONS[SESSIONS <= "2024-03-29"]

    rows = snapshot(equity, None, [pd.Timestamp("2024-03-29")], known, POOL)
    assert row_of(rows, "worst_month")["value"] == pytest.approx(0.1)


@pytest.mark.parametrize(("rules", "status"), [(PORTFOLIO, "FAIL"), (POOL, "WARN")])
def test_a_breach_fails_the_portfolio_and_warns_a_pool(rules, status):
    row = row_of(only(steps_equity({"2024-01-31": 100.0, "2024-04-30": 60.0}), "2024-04-30", rules), "max_drawdown")

    assert (row["status"], row["threshold"], row["direction"]) == (status, -0.30, "min")
    assert row["reason"] == "-0.4 is below -0.3"


def test_a_value_on_its_threshold_passes():
    equity = steps_equity({"2024-01-31": 100.0, "2024-04-30": 75.0})
    rules = KpiRules(thresholds=CiThresholds(max_drawdown=-0.25), is_portfolio=True)

    assert row_of(only(equity, "2024-04-30", rules), "max_drawdown")["status"] == "PASS"


def test_an_extreme_month_warns_even_the_portfolio():
    equity = steps_equity({"2024-01-31": 100.0, "2024-02-29": 140.0, "2024-04-30": 140.0})

    row = row_of(only(equity, "2024-04-30", PORTFOLIO), "best_month")
    assert (row["status"], row["reason"]) == ("WARN", "0.4 is above 0.3")


def test_fewer_funds_than_places_warn():
    equity = drawn_equity()
    equity["n_positions"] = 4

    row = row_of(only(equity, SESSIONS[279]), "n_positions")
    assert (row["status"], row["reason"]) == ("WARN", "4 is below 5")


def given(date, **figures):
    rows = {"date": pd.Timestamp(date), "kpi": list(figures), "value": list(figures.values()), "source": "x simulated"}
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("coverage", 0.80, "PASS"), ("coverage", 0.79, "WARN"), ("coverage", 0.70, "WARN"), ("coverage", 0.69, "FAIL"),
        ("effective_factors", 8.0, "PASS"), ("effective_factors", 7.0, "FAIL"),
        ("zero_variance", 0.0, "PASS"), ("zero_variance", 1.0, "WARN"), ("zero_variance", 9.0, "WARN"),
        ("zero_variance", 10.0, "FAIL"),
        ("adv_violations", 5.0, "PASS"), ("adv_violations", 6.0, "WARN"),
        ("single_weight_violations", 0.0, "PASS"), ("single_weight_violations", 1.0, "WARN"),
    ],
)  # fmt: skip
def test_handed_in_figures_are_judged_by_the_table_of_checks(name, value, status):
    rows = only(None, "2024-03-01", observed=given("2024-03-01", **{name: value}))

    assert row_of(rows, name)["status"] == status
    assert row_of(rows, name)["source"] == "x simulated"


def test_without_any_input_every_figure_is_blocked_with_a_reason():
    rows = only(None, "2024-03-01")

    assert set(rows["kpi"]) == {kpi.name for kpi in ROTATION_KPI}
    assert set(rows["status"]) == {"BLOCKED"}
    assert (rows["reason"] != "").all()


def test_an_account_that_ended_before_the_date_is_blocked():
    """A stale account does not stand in for the day."""
    rows = only(drawn_equity(SESSIONS[:100]), SESSIONS[100])

    assert set(rows["status"]) == {"BLOCKED"}


def test_a_figure_of_an_older_date_does_not_stand_in():
    rows = only(None, "2024-03-04", observed=given("2024-03-01", coverage=0.9))

    assert row_of(rows, "coverage")["status"] == "BLOCKED"


def test_the_first_day_of_an_account_is_blocked():
    rows = snapshot(drawn_equity(), None, [SESSIONS[0]], SESSIONS, POOL, ACCOUNT_KPI).set_index("kpi")

    assert rows.loc["annual_return", "status"] == "BLOCKED"
    assert rows.loc["annual_return", "reason"] == "only 1 of the 2 sessions it takes"
    assert rows.loc["n_positions", "status"] == "PASS"


def test_without_a_complete_month_the_monthly_figures_are_blocked():
    rows = only(drawn_equity(), "2024-01-15")

    assert {row_of(rows, name)["status"] for name in ("worst_month", "best_month", "monthly_win_rate")} == {"BLOCKED"}


def test_later_rows_change_no_earlier_snapshot():
    """Deleting what comes after a day leaves its rows identical, bit for bit."""
    equity = drawn_equity()
    dates = list(SESSIONS[[5, 80, 200]])
    whole = snapshot(equity, None, dates, SESSIONS, POOL)

    for date in dates:
        alone = snapshot(equity[equity["date"] <= date], None, [date], SESSIONS, POOL)
        expected = whole[whole["date"] == date].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, expected, check_exact=True)


def test_rows_fit_the_declared_table():
    rows = snapshot(drawn_equity(), None, SESSIONS[:40], SESSIONS, POOL)

    assert KPI.conform(rows).num_rows == 40 * len(ROTATION_KPI)


def test_no_dates_give_an_empty_table():
    assert KPI.conform(snapshot(drawn_equity(), None, [], SESSIONS, POOL)).num_rows == 0


def test_every_figure_is_declared_completely():
    names = [kpi.name for kpi in ROTATION_KPI]

    assert len(names) == len(set(names))
    assert all(kpi.formula and kpi.unit for kpi in ROTATION_KPI)
    assert all((kpi.limit is None) == (kpi.direction == "none") for kpi in ROTATION_KPI)
    assert all(kpi.on_breach in (State.WARN, State.FAIL) for kpi in ROTATION_KPI)


def test_a_panel_is_observed_by_hand():
    """Two columns over two days: one is constant until the second day, one is never there."""
    panel = pd.DataFrame(
        {
            "date": pd.to_datetime(["2024-01-02"] * 2 + ["2024-01-03"] * 2),
            "symbol": ["A", "B"] * 2,
            "a": np.array([1.0, 1.0, 2.0, np.nan], dtype="float32"),
            "b": np.array([np.nan] * 4, dtype="float32"),
            "source": "x simulated",
        }
    )

    table = observe_panel(panel, ["a", "b"]).pivot(index="date", columns="kpi", values="value")
    assert table["coverage"].tolist() == [2 / 4, 3 / 8]
    assert table["effective_factors"].tolist() == [0.0, 1.0]
    assert table["zero_variance"].tolist() == [1.0, 0.0]


def test_a_panel_day_alone_is_the_day_in_a_range():
    rng = np.random.default_rng(1)
    panel = pd.DataFrame({"date": np.repeat(SESSIONS[:30], 4), "a": rng.normal(size=120), "source": "x simulated"})
    panel.loc[rng.random(120) < 0.3, "a"] = np.nan
    day = SESSIONS[17]

    alone, whole = observe_panel(panel[panel["date"] <= day], ["a"]), observe_panel(panel, ["a"])
    pd.testing.assert_frame_equal(
        alone[alone["date"] == day].reset_index(drop=True), whole[whole["date"] == day].reset_index(drop=True)
    )

"""KPI snapshot and risk exceptions of a week. Expected values are by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.governance import WeeklyThresholds
from etf_platform.core.tables import KPI_VALUES
from etf_platform.governance.weekly import kpi_snapshot, risk_exceptions
from etf_platform.governance.weekly.about import About, Reference

SESSIONS = tuple(dt.date(2024, 11, day) for day in (4, 5, 6, 7, 8))

FRIDAY = "2024-11-08"

ABOUT = About("2024-W45", SESSIONS, commit="0.1.0+354d4126060c", is_dirty=False)

SOUND = {
    "nav_return": 0.0012,
    "availability": 1.0,
    "pnl_net": 1200.0,
    "sharpe": 0.8,
    "max_drawdown": -0.06,
    "var_breach_rate": 0.012,
    "fill_calibration_error": 0.1,
}


def kpis(strategy: str = "A_SHARE", day: str = FRIDAY, period: str = "week", **changes: object) -> pd.DataFrame:
    """Weekly rows of one strategy; `changes` maps a metric to a value, or to a dict of columns."""
    rows = []
    for kpi, value in {**SOUND, **{k: v for k, v in changes.items() if k in SOUND}}.items():
        own = value if isinstance(value, dict) else {"value": value}
        base = {"baseline": np.nan, "trend": "flat", "warn": np.nan, "major": np.nan, "status": "PASS", "reason": ""}
        facts = {"experiment_id": "EXP-20241001-001", "config": "c0", "data_version": "{}", "registry_version": 1}
        key = {"date": pd.Timestamp(day), "strategy": strategy, "kpi": kpi, "period": period, "source": "local:x"}
        rows.append({**key, "as_of": pd.Timestamp(day), **base, **facts, **own})
    return pd.DataFrame(rows)[[c.name for c in KPI_VALUES.columns]]


def coverage(**changes: object) -> pd.DataFrame:
    """One row of exception tests: 99 %, 250 forecasts, 2 breaches, green."""
    row = {
        "strategy": "A_SHARE", "series": "rotation", "method": "historical", "level": 0.99,
        "first_date": pd.Timestamp("2023-10-30"), "last_date": pd.Timestamp(FRIDAY), "n_forecasts": 250,
        "n_breaches": 2, "expected": 2.5, "kupiec": 0.1084, "kupiec_p": 0.742, "tuff": 0.1, "independence": 0.03,
        "conditional": 0.14, "light": "green", "z1": 0.1, "z2": 0.2, "z2_p": 0.6, "mcneil_frey_p": 0.5,
        "clusters": "", "worst": -0.051, "worst_date": pd.Timestamp("2024-10-09"), "status": "PASS", "reason": "",
        "action": "none", "is_governing": True, "source": "local:x",
    }  # fmt: skip
    return pd.DataFrame([{**row, **changes}])


RED = {"n_breaches": 11, "light": "red", "status": "FAIL", "reason": "red: 11 breaches", "action": "freeze"}

YELLOW = {"n_breaches": 6, "light": "yellow", "status": "WARN", "reason": "yellow", "action": risk_exceptions.REVIEW}

POSITIONS = pd.DataFrame(
    {
        "strategy": "A_SHARE",
        "date": pd.Timestamp("2024-10-09"),
        "symbol": ["510050.SH", "510300.SH", "159915.SZ", "510500.SH"],
        "contribution": [-0.01, -0.02, 0.004, -0.025],
    }
)

RELEASED = {"A_SHARE": Reference("R1", "EXP-20241001-001", "abc")}


def exceptions(tests: pd.DataFrame, limits: WeeklyThresholds | None = None, **values: object) -> dict:
    rows = kpi_snapshot.build(kpis(**values), ("A_SHARE",), ABOUT).body["kpi_snapshot"]
    facts = risk_exceptions.Facts(tests, POSITIONS, rows, ("A_SHARE",), RELEASED)
    artefact = risk_exceptions.build(facts, limits or WeeklyThresholds(), ABOUT)
    return {"status": artefact.status, "reason": artefact.reason, **artefact.body}


class TestKpiSnapshot:
    def test_shows_the_weekly_figures_with_the_drawdown_as_a_positive_fraction(self):
        (row,) = kpi_snapshot.build(kpis(), ("A_SHARE",), ABOUT).body["kpi_snapshot"]

        shown = ("pnl", "sharpe", "max_drawdown_abs", "var_breach_rate", "fill_calibration_error")
        assert [row[name] for name in shown] == [1200.0, 0.8, 0.06, 0.012, 0.1]
        assert (row["experiment_id"], row["source"], row["status"]) == ("EXP-20241001-001", "local:x", "PASS")

    def test_a_metric_without_a_row_is_blocked_and_not_passed(self):
        rows = kpis()
        rows = rows[rows["kpi"] != "var_breach_rate"]

        artefact = kpi_snapshot.build(rows, ("A_SHARE",), ABOUT)

        assert artefact.status == "BLOCKED"
        assert "A_SHARE: missing: var_breach_rate" in artefact.reason

    def test_a_row_of_the_week_before_is_stale_whatever_its_file_time(self):
        artefact = kpi_snapshot.build(kpis(day="2024-11-01"), ("A_SHARE",), ABOUT)

        assert artefact.status == "BLOCKED"
        assert artefact.reason == "A_SHARE: stale: the newest weekly KPI are of 2024-11-01"
        assert artefact.body["kpi_snapshot"][0]["sharpe"] is None

    def test_a_row_of_today_made_from_older_inputs_is_stale(self):
        rows = kpis(sharpe={"value": 0.8, "as_of": pd.Timestamp("2024-11-07")})

        assert (
            kpi_snapshot.build(rows, ("A_SHARE",), ABOUT).reason
            == "A_SHARE: stale: sharpe, made from data of 2024-11-07"
        )

    def test_a_row_that_does_not_say_what_it_was_made_from_is_stale(self):
        artefact = kpi_snapshot.build(kpis(sharpe={"value": 0.8, "as_of": pd.NaT}), ("A_SHARE",), ABOUT)

        assert artefact.reason == "A_SHARE: stale: sharpe, made from data of no day"

    def test_every_metric_has_the_unit_of_its_record(self):
        (row,) = kpi_snapshot.build(kpis(), ("A_SHARE",), ABOUT).body["kpi_snapshot"]

        units = {metric["kpi"]: metric["unit"] for metric in row["metrics"]}
        assert (units["pnl_net"], units["max_drawdown"], units["sharpe"]) == ("CNY", "fraction", "ratio per year")

    def test_a_strategy_without_any_row_blocks_the_others(self):
        artefact = kpi_snapshot.build(kpis(), ("A_SHARE", "QDII"), ABOUT)

        assert (artefact.status, artefact.reason) == ("BLOCKED", "QDII: missing: no weekly KPI")

    def test_daily_rows_do_not_stand_in_for_weekly_ones(self):
        assert kpi_snapshot.build(kpis(period="day"), ("A_SHARE",), ABOUT).status == "BLOCKED"

    def test_a_metric_that_gates_nothing_and_cannot_be_judged_blocks_nothing_but_a_major_of_it_counts(self):
        rows = kpis()
        other = rows.iloc[[0]].assign(kpi="false_alarm_rate", status="BLOCKED", reason="insufficient")
        failed = other.assign(kpi="attribution_coverage", status="FAIL", reason="0.5 < 0.9")

        assert kpi_snapshot.build(pd.concat([rows, other]), ("A_SHARE",), ABOUT).status == "PASS"
        assert kpi_snapshot.build(pd.concat([rows, other, failed]), ("A_SHARE",), ABOUT).status == "FAIL"

    def test_strategies_that_share_a_reason_share_a_sentence(self):
        rows = pd.concat([kpis(s, sharpe={"value": 0.1, "status": "WARN", "reason": "low"}) for s in ("A", "B")])

        assert kpi_snapshot.build(rows, ("A", "B"), ABOUT).reason == "A, B: sharpe WARN: low"

    def test_a_failed_metric_is_named_with_its_reason(self):
        rows = kpis(sharpe={"value": 0.1, "status": "FAIL", "reason": "0.1 < 0.25"})

        artefact = kpi_snapshot.build(rows, ("A_SHARE",), ABOUT)

        assert (artefact.status, artefact.reason) == ("FAIL", "A_SHARE: sharpe FAIL: 0.1 < 0.25")


class TestRiskExceptions:
    def test_nothing_beyond_its_limit_passes(self):
        found = exceptions(coverage())

        assert (found["status"], found["exceptions"], found["blocked"]) == ("PASS", [], [])

    def test_a_test_carries_all_that_the_report_asks_for(self):
        (test,) = exceptions(coverage(clusters="2024-10-09, 2024-10-10"))["tests"]

        assert (test["T"], test["x"], test["expected"], test["light"]) == (250, 2, 2.5, "green")
        assert test["clusters"] == ["2024-10-09", "2024-10-10"]
        assert (test["worst"], test["worst_date"]) == (-0.051, "2024-10-09")
        assert [each["symbol"] for each in test["positions"]] == ["510500.SH", "510300.SH", "510050.SH"]
        assert (test["experiment_id"], test["parameter_id"]) == ("EXP-20241001-001", "abc")

    def test_yellow_asks_for_a_review_and_red_freezes(self):
        yellow, red = exceptions(coverage(**YELLOW)), exceptions(coverage(**RED))

        assert [(e["action"], e["is_major"]) for e in yellow["exceptions"]] == [(risk_exceptions.REVIEW, False)]
        assert [(e["action"], e["is_major"]) for e in red["exceptions"]] == [("freeze", True)]
        assert (yellow["status"], red["status"]) == ("WARN", "FAIL")

    def test_a_method_that_does_not_govern_stands_beside_without_being_an_exception(self):
        both = pd.concat([coverage(), coverage(method="parametric", is_governing=False, **RED)])

        assert exceptions(both)["summary"] == {"strategies": 1, "tests": 2, "exceptions": 0, "blocked": 0}

    @pytest.mark.parametrize(
        ("metric", "value", "said"),
        [
            ("sharpe", 0.4, ">= 0.5"),
            ("max_drawdown", -0.26, "<= 0.25"),
            ("var_breach_rate", 0.06, "<= 0.05"),
            ("fill_calibration_error", 0.3, "<= 0.2"),
        ],
    )
    def test_each_weekly_limit_that_is_passed_is_an_exception_with_strategy_parameter_and_action(
        self, metric, value, said
    ):
        found = exceptions(coverage(), **{metric: value})

        (only,) = found["exceptions"]
        assert (only["strategy"], only["parameter_id"], only["action"]) == ("A_SHARE", "abc", risk_exceptions.REVIEW)
        assert (only["threshold"], only["actual"], only["scope"]) == (
            said,
            f"{abs(value):g}" if value < 0 else f"{value:g}",
            "A_SHARE, R1",
        )

    @pytest.mark.parametrize("metric", ["sharpe", "max_drawdown", "var_breach_rate", "fill_calibration_error"])
    def test_a_value_that_is_not_there_is_blocked_and_neither_passed_nor_an_exception(self, metric):
        found = exceptions(coverage(), **{metric: None})

        assert (found["status"], found["exceptions"], len(found["blocked"])) == ("BLOCKED", [], 1)
        assert found["blocked"][0]["reason"].startswith("missing: ")

    def test_a_value_at_its_limit_is_none(self):
        assert exceptions(coverage(), sharpe=0.5, max_drawdown=-0.25)["exceptions"] == []

    def test_two_majors_of_a_strategy_freeze(self):
        major = {"status": "FAIL", "reason": "beyond major"}

        found = exceptions(coverage(), sharpe={"value": 0.1, **major}, max_drawdown={"value": -0.3, **major})

        assert [each["action"] for each in found["exceptions"]] == ["freeze", "freeze"]
        assert found["status"] == "FAIL"

    def test_a_naked_sharpe_of_a_few_weeks_freezes_nothing(self):
        found = exceptions(coverage(), sharpe=-1.5, fill_calibration_error=0.3)

        assert [each["action"] for each in found["exceptions"]] == [risk_exceptions.REVIEW] * 2
        assert found["status"] == "WARN"

    def test_too_few_forecasts_are_not_judged(self):
        few = coverage(n_forecasts=60, light="", status="BLOCKED", reason="insufficient: 60 forecasts", kupiec=np.nan)

        found = exceptions(few)

        assert found["status"] == "BLOCKED"
        assert found["blocked"][0] == {
            "strategy": "A_SHARE",
            "item": "VaR/ES historical 0.99",
            "reason": "insufficient: 60 forecasts",
        }
        assert found["tests"][0]["kupiec"] is None

    def test_tests_that_end_before_the_week_does_are_stale(self):
        found = exceptions(coverage(last_date=pd.Timestamp("2024-11-07")))

        assert (found["status"], found["blocked"][0]["reason"]) == ("BLOCKED", "stale: tested up to 2024-11-07")

    def test_a_strategy_without_forecasts_blocks(self):
        facts = risk_exceptions.Facts(coverage().iloc[:0], POSITIONS, [], ("A_SHARE",))

        artefact = risk_exceptions.build(facts, WeeklyThresholds(), ABOUT)

        assert artefact.status == "BLOCKED"
        assert [each["item"] for each in artefact.body["blocked"]] == ["VaR/ES tests", "weekly limits"]

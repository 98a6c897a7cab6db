"""Documents of a week's figures: KPI, risk exceptions, attribution, live deviation. Expected values are by hand."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.governance import ConsistencyThresholds, WeeklyThresholds
from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import KPI_VALUES
from etf_platform.governance.weekly import kpi_snapshot, live_deviation_snapshot, pnl_attribution, risk_exceptions
from etf_platform.governance.weekly.about import About, Reference
from etf_platform.governance.weekly.fill_parts import Terms, fill_parts
from etf_platform.governance.weekly.live_deviation_snapshot import Quoted, aligned

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


def day_of(date: str, nav: float, shares: float, close: float, adj: float = 1.0) -> dict:
    held = {"510300.SH": shares} if shares else {}
    marks = {"510300.SH": [close, adj]} if shares else {}
    return {
        "date": pd.Timestamp(date),
        "nav": nav,
        "positions": json.dumps(held),
        "marks": json.dumps(marks),
        "source": "s",
    }


def fill(**changes: object) -> pd.DataFrame:
    row = {
        "date": pd.Timestamp("2024-11-05"), "decision_date": pd.Timestamp("2024-11-04"), "symbol": "510300.SH",
        "side": "buy", "shares": 5000.0, "price": 4.012, "cost": 5.015, "status": "filled", "origin": "fills.csv",
    }  # fmt: skip
    return pd.DataFrame([{**row, **changes}])


def bar(date: str, opened: float, close: float, adj: float = 1.0) -> dict:
    return {"date": pd.Timestamp(date), "symbol": "510300.SH", "open": opened, "close": close, "adj_factor": adj}


# position before 10,000 at 4.000; bought 5,000 at 4.012 against a mid of 4.010; marked at 4.020; fee 5.015
BEFORE = day_of("2024-11-04", 100_000.0, 10_000.0, 4.000)
AFTER = day_of("2024-11-05", 100_234.985, 15_000.0, 4.020)
BARS = pd.DataFrame([bar("2024-11-04", 3.99, 4.000), bar("2024-11-05", 4.010, 4.020)])
KNOWN = {"A_SHARE": list(SESSIONS)}


class TestAttribution:
    def test_an_imported_fill_closes_as_by_hand(self):
        parts = fill_parts(pd.DataFrame([BEFORE, AFTER]), fill(), BARS, Terms("A_SHARE"))

        row = parts.rows.iloc[0]
        # spread 5000 * (4.010 - 4.012); adverse 5000 * (4.020 - 4.010); held 10000 * 0.020 + 5000 * (4.020 - 4.020)
        assert row[["spread_capture", "adverse_selection_cost", "inventory_cost", "fees"]].tolist() == pytest.approx(
            [-10.0, 50.0, 200.0, -5.015]
        )
        assert row["net_pnl"] == pytest.approx(234.985)
        assert row["residual"] == pytest.approx(0.0, abs=1e-9)
        assert row["delay"] == pytest.approx(5000 * (4.000 - 4.010))
        assert row["reason"] == "no_hedge"
        assert parts.change == pytest.approx(234.985)

    def test_a_modelled_fill_moves_its_slippage_from_the_cost_into_the_price(self):
        # bought at the open of 4.010, cost 25.0625 of which 80 % is slippage: 20.05 spread, 5.0125 fee
        done = fill(price=4.010, cost=25.0625, origin="modelled")
        after = {**AFTER, "nav": 100_000.0 + 200.0 + 50.0 - 25.0625}

        parts = fill_parts(pd.DataFrame([BEFORE, after]), done, BARS, Terms("A_SHARE", slippage_share=0.8))

        row = parts.rows.iloc[0]
        assert row[["spread_capture", "fees", "adverse_selection_cost", "inventory_cost"]].tolist() == pytest.approx(
            [-20.05, -5.0125, 50.0, 200.0]
        )
        assert row["residual"] == pytest.approx(0.0, abs=1e-9)

    def test_where_the_figures_come_from_stands_on_every_row(self):
        rows = [{**day, "source": "sample (simulated)"} for day in (BEFORE, AFTER)]
        parts = fill_parts(pd.DataFrame(rows), fill(), BARS, Terms("A_SHARE"))

        (row,) = pnl_attribution.build({"A_SHARE": parts}, KNOWN, {}, 0.9, ABOUT).body["attribution"]

        assert row["source"] == "sample (simulated)"

    def test_spread_capture_is_signed_and_counts_losses_too(self):
        parts = fill_parts(pd.DataFrame([BEFORE, AFTER]), fill(), BARS, Terms("A_SHARE"))

        assert parts.rows["spread_capture"].sum() < 0.0

    def test_a_split_is_no_result(self):
        after = day_of("2024-11-05", 100_000.0, 20_000.0, 2.000, adj=2.0)
        bars = pd.DataFrame([bar("2024-11-04", 3.99, 4.000), bar("2024-11-05", 2.0, 2.000, adj=2.0)])

        parts = fill_parts(pd.DataFrame([BEFORE, after]), fill().iloc[:0], bars, Terms("A_SHARE"))

        assert parts.rows["inventory_cost"].sum() == pytest.approx(0.0)
        assert parts.rows["residual"].sum() == pytest.approx(0.0)

    def test_a_fill_without_a_mid_goes_to_the_residual_and_is_listed(self):
        bars = pd.DataFrame([bar("2024-11-04", 3.99, 4.000), bar("2024-11-05", np.nan, 4.020)])

        parts = fill_parts(pd.DataFrame([BEFORE, AFTER]), fill(), bars, Terms("A_SHARE"))
        artefact = pnl_attribution.build({"A_SHARE": parts}, KNOWN, {}, 0.90, ABOUT)

        # net 234.985 = held 200 - fee 5.015 + 5000 * (4.020 - 4.012) that nothing explains
        assert parts.rows["residual"].sum() == pytest.approx(40.0)
        assert artefact.body["missing_entries"] == [
            {"strategy": "A_SHARE", "session": "2024-11-05", "symbol": "510300.SH", "reason": "no mid for buy 5000"}
        ]
        # coverage 1 - 40 / (200 + 5.015 + 40)
        assert artefact.body["attribution"][0]["coverage"] == pytest.approx(0.836745, abs=1e-6)
        assert artefact.status == "FAIL"
        assert artefact.body["summary"]["fully_populated"] == 0

    def test_cash_that_no_fill_explains_is_a_residual_of_its_own(self):
        after = {**AFTER, "nav": 100_334.985}

        parts = fill_parts(pd.DataFrame([BEFORE, after]), fill(), BARS, Terms("A_SHARE"))
        row = pnl_attribution.build({"A_SHARE": parts}, KNOWN, {}, 0.5, ABOUT).body

        assert row["attribution"][0]["residual"] == pytest.approx(100.0)
        assert row["attribution"][0]["closes"] is True
        assert row["missing_entries"][0]["symbol"] == "ACCOUNT"

    def test_every_strategy_without_an_account_row_is_missing_and_blocks(self):
        artefact = pnl_attribution.build({}, {"A_SHARE": []}, {}, 0.9, ABOUT)

        assert artefact.status == "BLOCKED"
        assert artefact.body["summary"] == {
            "strategies": 1,
            "fully_populated": 0,
            "missing_entries": 5,
            "parse_errors": 0,
        }

    def test_tables_that_cannot_be_attributed_are_a_parse_error(self):
        with pytest.raises(BadInputError):
            fill_parts(
                pd.DataFrame([BEFORE, day_of("2024-11-05", 1.0, 0.0, 0.0)]), fill().iloc[:0], BARS.iloc[:1], Terms("A")
            )
        artefact = pnl_attribution.build({}, {"A_SHARE": list(SESSIONS)}, {"A_SHARE": "no mark"}, 0.9, ABOUT)

        assert (artefact.status, artefact.reason) == ("BLOCKED", "A_SHARE: no mark")
        assert artefact.body["summary"]["parse_errors"] == 1


def quote(at: str, last: float = np.nan, iopv: float = np.nan, symbol: str = "510300.SH", day: int = 8) -> dict:
    return {
        "date": pd.Timestamp(2024, 11, day),
        "symbol": symbol,
        "at": pd.Timestamp(f"2024-11-{day:02d} {at}", tz="UTC"),
        "last": last,
        "iopv": iopv,
    }


def frame(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame(rows)


def live(quotes: pd.DataFrame, sessions: tuple[dt.date, ...] = (dt.date(2024, 11, 8),), **facts: object):
    about = About("2024-W45", sessions)
    return live_deviation_snapshot.build({"A_SHARE": Quoted(quotes, **facts)}, ConsistencyThresholds(), about)


class TestLiveDeviation:
    def test_deviation_is_market_less_model_over_model_in_basis_points(self):
        rows = aligned(frame(quote("03:00:00", 4.12, 4.00)), 60.0)

        assert rows["deviation_bps"].tolist() == pytest.approx([300.0])

    def test_the_newest_value_of_the_last_sixty_seconds_counts_and_an_older_or_later_one_does_not(self):
        quotes = frame(
            quote("03:00:00", iopv=4.00),
            quote("03:01:00", last=4.04),  # 60 s later: 100 bps
            quote("03:02:01", last=4.08),  # 121 s later: nothing to compare
            quote("03:03:00", last=4.20),
            quote("03:03:01", iopv=4.00),  # after the price
        )

        rows = aligned(quotes, 60.0)

        assert rows["deviation_bps"].tolist() == pytest.approx([100.0])

    def test_three_hundred_basis_points_are_an_alert_on_either_side(self):
        quotes = frame(
            quote("03:00:00", 4.12, 4.00), quote("03:01:00", 3.88, 4.00), quote("03:02:00", 4.1196, 4.00, "510500.SH")
        )

        artefact = live(quotes)

        counts = artefact.body["summary"]
        assert (counts["n_rows"], counts["n_alerts"]) == (3, 2)
        assert counts["max_abs_bps"] == pytest.approx(300.0)
        assert counts["mean_abs_bps"] == pytest.approx((300 + 300 + 299) / 3)
        assert artefact.status == "FAIL"
        assert len(artefact.body["alerts"]) == 1, "one line per fund and session, the worst"

    def test_at_most_fifty_alerts_are_listed_the_largest_first(self):
        quotes = frame(*[quote("03:00:00", 4.2 + 0.001 * k, 4.0, f"{510_000 + k}.SH") for k in range(60)])

        body = live(quotes).body

        assert (len(body["alerts"]), body["summary"]["n_alerts"]) == (50, 60)
        assert body["alerts"][0]["symbol"] == "510059.SH"

    def test_without_quotes_nothing_passes(self):
        artefact = live(frame(quote("03:00:00")).iloc[:0])

        assert artefact.status == "BLOCKED"
        assert artefact.reason.startswith("pending_data")
        assert artefact.body["summary"]["max_abs_bps"] is None

    def test_a_source_without_quotes_by_declaration_is_named_and_neither_blocks_nor_passes(self):
        artefact = live(frame(quote("03:00:00")).iloc[:0], are_due=False)

        assert (artefact.status, artefact.body["pending"]) == ("WARN", [])
        assert artefact.reason == "not_applicable: the source has no quotes by its declaration for A_SHARE"
        assert [each["strategy"] for each in artefact.body["not_applicable"]] == ["A_SHARE"]

    def test_a_source_without_quotes_does_not_hide_one_that_lacks_its_own(self):
        nothing, about = frame(quote("03:00:00")).iloc[:0], About("2024-W45", (dt.date(2024, 11, 8),))
        quoted = {"A_SHARE": Quoted(nothing), "QDII": Quoted(nothing, are_due=False)}

        artefact = live_deviation_snapshot.build(quoted, ConsistencyThresholds(), about)

        assert artefact.status == "BLOCKED"
        assert [each["strategy"] for each in artefact.body["pending"]] == ["A_SHARE"]

    def test_prices_without_fair_values_are_pending(self):
        assert live(frame(quote("03:00:00", 4.1))).reason.startswith("pending_data")

    def test_a_session_without_a_pair_is_pending_beside_one_that_has_them(self):
        artefact = live(frame(quote("03:00:00", 4.0, 4.0)), SESSIONS[-2:])

        assert artefact.status == "BLOCKED"
        assert artefact.body["pending"] == [{"strategy": "A_SHARE", "session": "2024-11-07", "reason": "pending_data"}]

    def test_all_sessions_close_to_fair_value_pass(self):
        assert live(frame(quote("03:00:00", 4.01, 4.0))).status == "PASS"

    def test_the_heat_map_has_a_cell_per_group_and_size(self):
        quotes = frame(
            quote("03:00:00", 4.04, 4.0),
            quote("03:00:00", 4.08, 4.0, "510500.SH"),
            quote("03:00:00", 4.0, 4.0, "159915.SZ"),
        )
        groups = {"510300.SH": "broad", "510500.SH": "broad", "159915.SZ": "growth"}
        traded = {"510300.SH": 2e9, "510500.SH": 2e8, "159915.SZ": 5e6}

        cells = live(quotes, groups=groups, traded=traded).body["heat_map"]

        assert [(c["group"], c["size"], c["n_rows"]) for c in cells] == [
            ("broad", "100m and more", 2),
            ("growth", "below 10m", 1),
        ]
        assert cells[0]["max_abs_bps"] == pytest.approx(200.0)
        assert cells[0]["mean_abs_bps"] == pytest.approx(150.0)

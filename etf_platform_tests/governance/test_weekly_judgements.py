"""Documents of a week's judgements: replay, drift, changes, regression, times, audit. Expected values are by hand."""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.governance import ConsistencyThresholds
from etf_platform.core.tables import CONSISTENCY, DRIFT
from etf_platform.core.units.event import Event
from etf_platform.governance.experiment_record import Artifact, Conditions, Experiment, Plan, Results
from etf_platform.governance.releases import CASH, Release, Releases
from etf_platform.governance.weekly import (
    artefact,
    change_rollback_record,
    changes,
    consistency_replay,
    daily_regression_gate,
    drift_report,
    operating_audit,
    timings,
)
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.changes import Commit, Repository
from etf_platform.governance.weekly.checklist import Facts
from etf_platform.governance.weekly.daily_regression_gate import Ran
from etf_platform.governance.weekly.rollback_marker import Marker, marker

SESSIONS = tuple(dt.date(2024, 11, day) for day in (4, 5, 6, 7, 8))
LAST = str(SESSIONS[-1])
ABOUT = About("2024-W45", SESSIONS, commit="0.1.0+354d4126060c", is_dirty=False)
LIMITS = ConsistencyThresholds()
QUIET = {"status": "PASS", "reason": "", "summary": {"n_alerts": 0}, "alerts": []}


def compared(failing: dict[int, str] | None = None, blocked: tuple[int, ...] = (), without: tuple[int, ...] = ()):
    """Rows of one measure a stage on every session; `failing` maps a day to the first stage that differs."""
    rows = []
    for day in SESSIONS:
        if day.day in without:
            continue
        first = (failing or {}).get(day.day)
        for stage in ("data", "signal", "fill"):
            state = "FAIL" if stage == first else "BLOCKED" if day.day in blocked else "PASS"
            row = {"date": pd.Timestamp(day), "stage": stage, "measure": f"{stage}_measure", "limit": 0.001}
            row |= {"value": 0.02 if state == "FAIL" else 0.0, "state": state, "is_first": stage == first}
            row |= {"reason": f"{stage} differs" if state == "FAIL" else "", "config": "c0", "source": "s"}
            rows.append({**row, "examples": '[{"symbol": "510300.SH"}]', "data_version": '{"market/A/bars": 7}'})
    return pd.DataFrame(rows, columns=[c.name for c in CONSISTENCY.columns])


def replay(rows: pd.DataFrame, live: dict | None = QUIET, **facts: object):
    return consistency_replay.build(consistency_replay.Facts({"A_SHARE": rows}, live, **facts), LIMITS, ABOUT)


class TestReplay:
    def test_every_session_alike_passes(self):
        found = replay(compared())

        assert (found.status, found.body["replay_status"]) == ("PASS", "PASS")
        assert found.body["summary"] == {"pairs": 5, "compared": 5, "pending": 0, "failed": 0, "breaches": 0}
        assert found.body["actions"] == []

    def test_a_breach_names_session_stage_and_cause(self):
        found = replay(compared(failing={5: "signal", 6: "signal"}))

        assert (found.status, found.body["replay_status"]) == ("FAIL", "FAIL")
        assert found.reason == "2 session(s) differ: A_SHARE 2024-11-05 signal, A_SHARE 2024-11-06 signal"
        (cause,) = found.body["root_cause_candidates"]
        assert (cause["stage"], cause["sessions"]) == ("signal", ["2024-11-05", "2024-11-06"])
        assert "knew later data" in cause["cause"]
        assert found.body["breaches"][0]["example"] == [{"symbol": "510300.SH"}]

    @pytest.mark.parametrize("how", [{"without": (6,)}, {"blocked": (6,)}])
    def test_a_session_that_was_not_compared_is_pending_and_never_passes(self, how):
        found = replay(compared(**how))

        assert (found.status, found.body["replay_status"]) == ("BLOCKED", "PENDING_DATA")
        assert found.reason == "pending_data: 1 session(s) not compared: A_SHARE 2024-11-06"

    def test_a_breach_stays_a_breach_while_another_session_is_pending(self):
        assert replay(compared(failing={4: "data"}, without=(8,))).body["replay_status"] == "FAIL"

    @pytest.mark.parametrize("name", ["config", "data_version"])
    def test_rows_of_two_configurations_or_data_versions_are_no_comparison(self, name):
        rows = compared()
        rows.loc[rows.index[0], name] = '{"other": 1}'

        found = replay(rows)

        assert found.body["consistency"]["pairs"][0]["status"] == "PENDING_DATA"
        assert found.status == "BLOCKED"

    def test_no_counterpart_at_all_is_pending(self):
        found = replay(CONSISTENCY.no_rows())

        assert (found.status, found.body["replay_status"]) == ("BLOCKED", "PENDING_DATA")

    def test_prices_without_fair_values_keep_the_replay_pending(self):
        live = {"status": "BLOCKED", "reason": "pending_data: no price", "summary": {"n_alerts": 0}, "alerts": []}

        found = replay(compared(), live)

        assert found.body["replay_status"] == "PENDING_DATA"
        assert found.body["consistency"]["offline"]["status"] == "PASS"
        assert replay(compared(), None).body["consistency"]["online"]["reason"] == "missing: no live deviation snapshot"

    def test_a_source_that_has_no_quotes_is_judged_offline_alone_and_the_document_says_so(self):
        live = {"status": "WARN", "reason": "not_applicable: x", "summary": {"n_alerts": 0, "n_rows": 0}, "alerts": []}

        found = replay(compared(), live)

        assert (found.status, found.body["replay_status"]) == ("PASS", "PASS")
        assert found.body["consistency"]["online"] == {"status": "NOT_APPLICABLE", "reason": "not_applicable: x"}
        assert replay(compared(failing={4: "data"}), live).status == "FAIL"

    def test_a_live_alert_fails_it_and_the_top_five_are_shown(self):
        live = {
            "status": "FAIL",
            "reason": "",
            "summary": {"n_alerts": 7},
            "alerts": [{"symbol": str(k)} for k in range(7)],
        }

        found = replay(compared(), live)

        assert (found.status, found.reason) == ("FAIL", "7 live alert(s)")
        assert [alert["symbol"] for alert in found.body["top_alerts"]] == ["0", "1", "2", "3", "4"]

    def test_the_change_of_a_metric_is_against_the_week_before(self):
        names = ("pnl", "max_drawdown_abs", "var_breach_rate", "fill_calibration_error")
        now, was = ({"kpi_snapshot": [{"strategy": "A", "sharpe": s, **dict.fromkeys(names)}]} for s in (0.9, 0.7))

        rows = {row["metric"]: row for row in replay(compared(), kpis=now, kpis_before=was).body["kpi_delta"]}

        assert rows["sharpe"]["delta"] == pytest.approx(0.2)
        assert list(rows) == ["sharpe"], "what neither week knows is left out"


def drift(day: int = 8, **changes: object) -> pd.DataFrame:
    rows = []
    for session in SESSIONS:
        row = {c.name: np.nan for c in DRIFT.columns}
        row |= {"date": pd.Timestamp(session), "feature": "volatility_20", "baseline_n": 250, "recent_n": 20}
        row |= {"level": "stable", "state": "PASS", "stage": "NORMAL", "reason": "", "source": "s", "psi": 0.05}
        rows.append({**row, **(changes if session.day == day else {})})
    return pd.DataFrame(rows)


class TestDrift:
    def test_a_stable_week_passes(self):
        found = drift_report.build({"A_SHARE": drift()}, [], ABOUT)

        assert (found.status, found.body["strategies"][0]["stage"]) == ("PASS", "NORMAL")

    def test_a_major_or_a_degraded_feature_fails_and_an_alert_warns(self):
        major = drift_report.build({"A": drift(level="major", state="FAIL", stage="DEGRADE")}, [], ABOUT)
        alert = drift_report.build({"A": drift(level="alert", state="WARN", stage="ALERT")}, [], ABOUT)

        assert (major.status, major.body["summary"]["majors"]) == ("FAIL", 1)
        assert (alert.status, alert.reason) == ("WARN", "A: volatility_20 alert, ALERT")

    def test_a_session_without_drift_blocks_and_is_named(self):
        rows = drift()

        found = drift_report.build({"A": rows[rows["date"] != pd.Timestamp("2024-11-06")]}, [], ABOUT)

        assert (found.status, found.reason) == ("BLOCKED", "A: missing: 2024-11-06")

    def test_a_feature_without_data_blocks(self):
        found = drift_report.build({"A": drift(level="unknown", state="BLOCKED", reason="missing")}, [], ABOUT)

        assert (found.status, found.body["summary"]["blocked"]) == ("BLOCKED", 1)

    def test_moves_of_the_week_are_listed_and_others_are_not(self):
        def moved(day: int) -> Event:
            said = {"feature": "volatility_20", "from": "NORMAL", "to": "ALERT", "reason": "psi"}
            return Event(f"k{day}", "drift.moved", "A", "system:drift", said, dt.date(2024, 11, day))

        found = drift_report.build({"A": drift()}, [moved(1), moved(5)], ABOUT)

        assert [(move["session"], move["to"]) for move in found.body["moves"]] == [("2024-11-05", "ALERT")]


def experiment(name: str = "EXP-20241001-001", impact: str = "less turnover") -> Experiment:
    conditions = Conditions({}, {}, "x", "c1", "s", "0.1.0+aaaaaaaaaaaa", False, "d", {})
    results = Results("2015-01-05", "2024-09-30", {}, (Artifact("a", "p", "s"),))
    return Experiment(
        name,
        Plan("rotation", "top_n 4", "A_SHARE", {"top_n": 4}, expected_impact=impact),
        None,
        "approved",
        conditions,
        results,
    )


RELEASE = Release("R2", "A_SHARE", "EXP-20241001-001", "c1", "{}", "0.1.0+bbbbbbbbbbbb", "R1")
PROMOTED = Event("p", "release.promoted", "R2", "Li Wei", {"stage": "S20"}, SESSIONS[2])


class TestChangeRecord:
    def test_a_change_fills_the_six_fields_of_the_template(self):
        known = {"EXP-20241001-001": experiment()}
        found = change_rollback_record.build(change_rollback_record.Facts([PROMOTED], {"R2": RELEASE}, known), ABOUT)

        (row,) = found.body["changes"]
        assert [row[name] for name in change_rollback_record.FIELDS] == [
            "EXP-20241001-001", "promoted to S20: top_n 4", "2015-01-05..2024-09-30", "c1", "less turnover", "R1",
        ]  # fmt: skip
        assert found.status == "PASS"

    def test_a_field_that_nobody_filled_in_fails(self):
        known = {"EXP-20241001-001": experiment(impact="")}

        found = change_rollback_record.build(change_rollback_record.Facts([PROMOTED], {"R2": RELEASE}, known), ABOUT)

        assert (found.status, found.reason) == ("FAIL", "R2: nothing said of expected_impact")

    def test_a_release_without_an_experiment_on_record_blocks(self):
        found = change_rollback_record.build(change_rollback_record.Facts([PROMOTED], {"R2": RELEASE}, {}), ABOUT)

        assert found.status == "BLOCKED"
        assert "R2 names no experiment on record" in found.reason

    def test_acts_of_other_weeks_are_not_of_this_one(self):
        other = replace(PROMOTED, as_of=dt.date(2024, 11, 11))

        found = change_rollback_record.build(change_rollback_record.Facts([other], {"R2": RELEASE}, {}), ABOUT)

        assert (found.status, found.body["summary"]["changes"]) == ("PASS", 0)


def commit(message: str, digest: str = "c" * 40) -> Commit:
    return Commit(digest, dt.datetime(2024, 11, 6, 12, tzinfo=dt.UTC), message)


class TestChangeLog:
    def test_a_commit_maps_by_its_message_by_the_commit_an_experiment_ran_on_or_by_saying_so(self):
        git = Repository(
            (
                commit("Tune (EXP-20241001-001)"),
                commit("x", "a" * 40),
                commit("Docs\n\nno-strategy-change"),
                commit("y"),
            )
        )

        lines = changes.entries(git, {"EXP-20241001-001"}, {"a" * 12: "EXP-20241001-001"})

        assert [line["maps_to"] for line in lines] == ["EXP-20241001-001", "EXP-20241001-001", "no-strategy-change", ""]
        assert changes.complete(git, lines)[0] == "FAIL"
        assert changes.complete(git, lines[:3]) == ("PASS", "")

    def test_an_experiment_that_is_not_in_the_registry_maps_nothing(self):
        (line,) = changes.entries(Repository((commit("EXP-20240101-009"),)), {"EXP-20241001-001"}, {})

        assert line["maps_to"] == ""

    def test_a_shallow_clone_and_no_checkout_block(self):
        assert changes.complete(Repository((), is_shallow=True), [])[0] == "BLOCKED"
        assert changes.complete(Repository(), [])[0] == "BLOCKED"
        assert changes.change_log(Repository(), [])["shallow"] is None


def stable(name: str, config: str, digits: str, to: str = CASH) -> Release:
    return Release(name, "A_SHARE", "E", config, "{}", f"0.1.0+{digits * 12}", to, stable_since=SESSIONS[0])


class TestRollbackMarker:
    def test_the_stable_release_before_the_candidate_is_marked_by_its_tag(self):
        active, candidate = stable("R1", "c1", "a"), replace(stable("R2", "c2", "b", "R1"), stable_since=None)
        tags = {"backup-release-20241101-120000-aaaaaaaa": "a" * 40, "v1": "a" * 40}

        found = marker("A_SHARE", Releases(active, candidate, {"R1": active, "R2": candidate}), tags)

        assert (found.release_id, found.target, found.tag) == ("R2", "R1", "backup-release-20241101-120000-aaaaaaaa")

    def test_a_tag_on_the_candidate_itself_marks_nothing(self):
        active, candidate = stable("R1", "c1", "a"), replace(stable("R2", "c2", "b", "R1"), stable_since=None)

        found = marker(
            "A_SHARE", Releases(active, candidate, {"R1": active, "R2": candidate}), {"backup-release-x": "b" * 40}
        )

        points = operating_audit.build(facts(markers=[found]), ABOUT).body["checklist"]
        assert points["rollback_version_marked"]["passed"] is True
        assert points["rollback_marker_from_tag"]["reason"] == "A_SHARE: R1 (aaaaaaaa) has no tag backup-release-..."

    def test_the_same_code_and_configuration_is_no_way_back(self):
        active = stable("R1", "c1", "a")
        candidate = replace(active, release_id="R2", rollback_to="R1", stable_since=None)

        found = marker("A_SHARE", Releases(active, candidate, {"R1": active, "R2": candidate}), {})

        assert "same code and configuration" in found.fault

    def test_without_a_release_it_is_blocked(self):
        points = operating_audit.build(facts(markers=[marker("A_SHARE", Releases(), {})]), ABOUT).body["checklist"]

        assert points["rollback_version_marked"]["status"] == "BLOCKED"


class TestRegressionGate:
    def test_a_failed_command_fails_the_gate_and_forty_lines_are_kept(self):
        output = "\n".join(str(k) for k in range(50))

        found = daily_regression_gate.build([Ran("a", 0, 0.5, ""), Ran("b", 127, 0.1, output)], LAST, ABOUT)

        assert (found.status, found.reason) == ("FAIL", "`b` ended with 127")
        assert found.body["summary"] == {"commands": 2, "failed": 1, "all_passed": False}
        assert found.body["results"][1]["output_tail"] == [str(k) for k in range(10, 50)]

    def test_no_command_is_blocked_and_not_passed(self):
        found = daily_regression_gate.build([], LAST, ABOUT)

        assert (found.status, found.body["summary"]["all_passed"]) == ("BLOCKED", False)


class TestTimings:
    def test_the_p95_is_judged_against_its_limit(self):
        # 20 rounds 1..20 ms: the 95 % quantile lies at 19.05 ms
        rounds = [k / 1000 for k in range(1, 21)]

        found = timings.build(timings.PERFORMANCE, {"var_monte_carlo": rounds, "backtest": rounds}, {}, ABOUT)

        assert [row["p95_ms"] for row in found.body["measures"]] == [19.05, 19.05]
        assert (found.status, found.body["executed"], found.body["passed"]) == ("PASS", True, True)

    def test_limits_are_those_of_the_specification(self):
        assert timings.LIMITS == {
            "performance_baseline": {"var_monte_carlo": 25.0, "backtest": 30.0},
            "latency_benchmark": {"signal": 10.0, "risk_check": 2.0, "end_to_end": 100.0},
        }

    def test_what_was_not_executed_is_blocked_and_never_passes(self):
        found = timings.build(timings.LATENCY, {"signal": [0.001] * 20, "risk_check": []}, {}, ABOUT)

        assert (found.status, found.body["executed"], found.body["passed"]) == ("BLOCKED", False, False)
        assert "risk_check was not measured" in found.reason

    def test_a_slow_measure_fails(self):
        rounds = {"signal": [0.02] * 20, "risk_check": [0.001] * 20, "end_to_end": [0.05] * 20}

        found = timings.build(timings.LATENCY, rounds, {}, ABOUT)

        assert (found.status, found.reason) == ("FAIL", "signal P95 20 ms > 10 ms")


FIGURES = {"pnl": 1.0, "sharpe": 0.8, "max_drawdown_abs": 0.1, "var_breach_rate": 0.01, "fill_calibration_error": 0.1}


def snapshot(
    week: str = "2024-W45", as_of: str = LAST, experiment_id: str = "EXP-20241001-001", **figures: float
) -> dict:
    row = {
        "strategy": "A_SHARE",
        "as_of": as_of,
        "experiment_id": experiment_id,
        "status": "PASS",
        **FIGURES,
        **figures,
    }
    return {"week": week, "as_of": as_of, "kpi_snapshot": [row]}


EXCEPTION = {"strategy": "A_SHARE", "metric": "sharpe", "parameter_id": "abc", "action": "review"}
RISK = {"week": "2024-W45", "summary": {"exceptions": 0, "blocked": 0}, "exceptions": [], "blocked": []}
GATE = {"as_of": LAST, "summary": {"commands": 1, "failed": 0, "all_passed": True}, "results": []}
FAILED_GATE = {**GATE, "summary": {"commands": 2, "failed": 1, "all_passed": False}}
TIMED = {"executed": True, "passed": True, "measures": [], "reason": ""}
SIGNED = {"signature": {"by": "Zhao Min", "role": "risk", "session": LAST}}
PAIRS = [{"strategy": "A_SHARE", "session": str(day), "status": "PASS", "first_stage": ""} for day in SESSIONS]


def facts(**changes: object) -> Facts:
    """A week in which every point of the checklist is true."""
    sound = {
        "strategies": ("A_SHARE",), "kpis": snapshot(), "risk": RISK, "risk_digest": "d1", "pairs": PAIRS,
        "regression": GATE, "performance": TIMED, "latency": TIMED, "experiments": {"EXP-20241001-001"},
        "thresholds": SIGNED, "repository": Repository(()), "manual_done": ("adr_signed",),
        "markers": [Marker("A_SHARE", "R2", "R1", "a" * 12, "backup-release-x")],
    }  # fmt: skip
    return Facts(**{**sound, **changes})


def points(**changes: object) -> dict:
    return operating_audit.build(facts(**changes), ABOUT).body["checklist"]


class TestAudit:
    def test_a_sound_week_passes_every_point(self):
        found = operating_audit.build(facts(), ABOUT)

        assert found.status == "PASS"
        assert all(point["passed"] for point in found.body["checklist"].values())

    def test_the_labels_are_those_of_the_specification(self):
        assert {key: point["label"] for key, point in points().items()} == {
            "kpi_snapshot_updated": "KPI 快照更新",
            "experiment_ids_assigned": "实验编号分配完成",
            "risk_thresholds_confirmed": "风险门槛已确认",
            "change_log_complete": "变更记录完整",
            "rollback_version_marked": "回滚版本已标记",
            "rollback_marker_from_tag": "回滚版本已标记",
            "minimum_regression_passed": "最小回归通过",
            "performance_baseline_passed": "性能基线达标",
            "latency_baseline_passed": "延迟基线达标",
            "consistency_check_completed": "一致性检查完成",
            "risk_exception_report_output": "风险例外报告输出",
            "anomalies_attributed": "异常项已归因",
        }

    @pytest.mark.parametrize(
        ("key", "status", "change"),
        [
            ("kpi_snapshot_updated", "BLOCKED", {"kpis": None}),
            ("kpi_snapshot_updated", "BLOCKED", {"kpis": snapshot(as_of="2024-11-07")}),
            ("kpi_snapshot_updated", "BLOCKED", {"strategies": ("A_SHARE", "QDII")}),
            ("experiment_ids_assigned", "BLOCKED", {"kpis": None}),
            ("experiment_ids_assigned", "FAIL", {"kpis": snapshot(experiment_id="")}),
            ("experiment_ids_assigned", "FAIL", {"kpis": snapshot(experiment_id="AUTO-20241001-001")}),
            ("risk_thresholds_confirmed", "BLOCKED", {"thresholds": {"signature": None}}),
            ("risk_thresholds_confirmed", "BLOCKED", {"thresholds": {}}),
            ("change_log_complete", "BLOCKED", {"repository": Repository()}),
            ("change_log_complete", "BLOCKED", {"repository": Repository((), is_shallow=True)}),
            ("minimum_regression_passed", "BLOCKED", {"regression": None}),
            ("minimum_regression_passed", "BLOCKED", {"regression": {**GATE, "as_of": "2024-11-07"}}),
            ("minimum_regression_passed", "FAIL", {"regression": FAILED_GATE}),
            ("performance_baseline_passed", "BLOCKED", {"performance": None}),
            ("performance_baseline_passed", "BLOCKED", {"performance": {**TIMED, "executed": False, "passed": None}}),
            ("performance_baseline_passed", "FAIL", {"performance": {**TIMED, "passed": False}}),
            ("latency_baseline_passed", "BLOCKED", {"latency": None}),
            ("consistency_check_completed", "BLOCKED", {"pairs": ()}),
            ("consistency_check_completed", "BLOCKED", {"pairs": [*PAIRS, {**PAIRS[0], "status": "PENDING_DATA"}]}),
            ("risk_exception_report_output", "BLOCKED", {"risk": None}),
            ("risk_exception_report_output", "BLOCKED", {"risk_digest": ""}),
            ("risk_exception_report_output", "BLOCKED", {"risk": {**RISK, "week": "2024-W44"}}),
            ("anomalies_attributed", "BLOCKED", {"risk": None}),
            ("anomalies_attributed", "FAIL", {"risk": {**RISK, "exceptions": [{**EXCEPTION, "parameter_id": ""}]}}),
            ("anomalies_attributed", "FAIL", {"risk": {**RISK, "exceptions": [{**EXCEPTION, "action": ""}]}}),
        ],
    )  # fmt: skip
    def test_a_point_is_true_only_with_its_evidence(self, key, status, change):
        found = points(**change)[key]

        assert (found["passed"], found["status"]) == (False, status)
        assert found["reason"]

    def test_an_attributed_exception_passes_its_point_and_is_counted(self):
        risk = {**RISK, "summary": {"exceptions": 1, "blocked": 0}, "exceptions": [EXCEPTION]}

        found = operating_audit.build(facts(risk=risk), ABOUT).body

        assert found["checklist"]["anomalies_attributed"]["passed"] is True
        assert found["summary"]["exceptions"] == 1

    def test_a_count_that_cannot_be_known_is_null_and_not_zero(self):
        unjudged = operating_audit.build(facts(risk={**RISK, "summary": {"exceptions": 0, "blocked": 2}}), ABOUT).body
        pending = operating_audit.build(facts(pairs=[{**PAIRS[0], "status": "PENDING_DATA"}]), ABOUT).body

        assert unjudged["summary"]["exceptions"] is None
        assert pending["summary"]["consistency_exceptions"] is None

    def test_sessions_that_differ_are_exceptions(self):
        pairs = [{**PAIRS[0], "status": "FAIL", "first_stage": "data"}, *PAIRS[1:]]

        assert operating_audit.build(facts(pairs=pairs), ABOUT).body["summary"]["consistency_exceptions"] == 1

    def test_differences_are_the_largest_since_the_week_before(self):
        before = snapshot("2024-W44", "2024-11-01", sharpe=1.1, pnl=4.0)

        checks = operating_audit.build(facts(kpis_before=before), ABOUT).body["consistency_checks"]

        assert (checks["abs_sharpe_diff"], checks["abs_pnl_diff"]) == (pytest.approx(0.3), pytest.approx(3.0))
        assert checks["abs_max_drawdown_diff"] == 0.0
        assert checks["previous_source"] == "2024-W44/kpi_snapshot.json, as of 2024-11-01"

    def test_incomplete_tasks_list_only_what_is_open(self):
        found = operating_audit.build(facts(latency=None), ABOUT).body

        assert found["incomplete_tasks"] == [
            "延迟基线达标: missing: the latency benchmark was not executed",
            "灰度发布完成",
            "24h 观察完成",
            "是否触发回滚已决策",
            "收益归因表确认",
            "变更与回滚记录",
        ]

    def test_a_document_that_cannot_be_read_blocks(self):
        found = operating_audit.build(facts(parse_errors=("2024-W45/kpi_snapshot.json: no JSON",)), ABOUT)

        assert found.status == "BLOCKED"
        assert found.body["summary"]["parse_errors"] == 1


def test_the_same_facts_give_the_same_bytes_at_any_time(tmp_path):
    built = [operating_audit.build(facts(), ABOUT) for _ in range(2)]
    for day, each in enumerate(built, 1):
        artefact.write(tmp_path / "w", each, "text\n", dt.datetime(2024, 11, 10 + day, tzinfo=dt.UTC))
        if day == 1:
            first = (tmp_path / "w" / "operating_audit.json").read_bytes()

    assert (tmp_path / "w" / "operating_audit.json").read_bytes() == first


def test_every_document_has_the_envelope(tmp_path):
    for each in (
        replay(compared()),
        drift_report.build({"A": drift()}, [], ABOUT),
        operating_audit.build(facts(), ABOUT),
    ):
        document = each.document(dt.datetime(2024, 11, 11, tzinfo=dt.UTC))
        keys = ["schema_version", "week", "generated_at_utc", "status", "reason", "inputs", "git"]
        assert list(document)[:7] == keys
        assert json.loads(json.dumps(document, allow_nan=False))["git"] == {
            "commit": "0.1.0+354d4126060c",
            "dirty": False,
        }

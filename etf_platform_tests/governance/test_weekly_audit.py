"""The operating audit of a week and the rollback marker in it."""

import datetime as dt
import json
from dataclasses import replace

import pytest

from etf_platform.core.config.governance import ConsistencyThresholds
from etf_platform.governance.releases import CASH, Release, Releases
from etf_platform.governance.weekly import artefact, consistency_replay, drift_report, operating_audit
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.changes import Repository
from etf_platform.governance.weekly.checklist import Facts
from etf_platform.governance.weekly.rollback_marker import Marker, marker

SESSIONS = tuple(dt.date(2024, 11, day) for day in (4, 5, 6, 7, 8))
LAST = str(SESSIONS[-1])
ABOUT = About("2024-W45", SESSIONS, commit="0.1.0+354d4126060c", is_dirty=False)


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

    def test_what_is_marked_is_what_a_rollback_would_restore(self):
        """A candidate may name an older stable release than the one in force."""
        old, active = stable("R0", "c0", "d"), stable("R1", "c1", "a")
        candidate = replace(stable("R2", "c2", "b", "R0"), stable_since=None)

        found = marker("A_SHARE", Releases(active, candidate, {"R0": old, "R1": active, "R2": candidate}), {})

        assert (found.release_id, found.target, found.commit) == ("R2", "R0", "d" * 12)

    def test_the_same_code_and_configuration_is_no_way_back(self):
        active = stable("R1", "c1", "a")
        candidate = replace(active, release_id="R2", rollback_to="R1", stable_since=None)

        found = marker("A_SHARE", Releases(active, candidate, {"R1": active, "R2": candidate}), {})

        assert "same code and configuration" in found.fault

    def test_without_a_release_it_is_blocked(self):
        points = operating_audit.build(facts(markers=[marker("A_SHARE", Releases(), {})]), ABOUT).body["checklist"]

        assert points["rollback_version_marked"]["status"] == "BLOCKED"


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
        consistency_replay.build(consistency_replay.Facts({}), ConsistencyThresholds(), ABOUT),
        drift_report.build({}, [], ABOUT),
        operating_audit.build(facts(), ABOUT),
    ):
        document = each.document(dt.datetime(2024, 11, 11, tzinfo=dt.UTC))
        keys = ["schema_version", "week", "generated_at_utc", "status", "reason", "inputs", "git"]
        assert list(document)[:7] == keys
        assert json.loads(json.dumps(document, allow_nan=False))["git"] == {
            "commit": "0.1.0+354d4126060c",
            "dirty": False,
        }

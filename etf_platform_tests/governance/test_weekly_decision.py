"""Canary checklist and decision log: every blocker under its name, nothing missing counts as passed."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.governance.weekly import canary_checklist, decision_log
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.artefact import Artefact, Source
from etf_platform.governance.weekly.canary_checklist import Candidate, Facts
from etf_platform.governance.weekly.pack import EVIDENCE, Pack
from etf_platform.reports.weekly import canary_checklist as canary_text
from etf_platform.reports.weekly import decision_log as decision_text
from etf_platform_tests.resources.good_week import WEEK, envelope, good_week

ABOUT = About(WEEK, (dt.date(2024, 11, 8),))
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Documents = dict[str, dict[str, Any]]


def canary(documents: Documents, **more: Any) -> Artefact:
    return canary_checklist.build(Facts(Pack(ABOUT, documents), GovernanceConfig(), **more))


def decided(documents: Documents, freezes: tuple[str, ...] = ()) -> Artefact:
    made = canary(documents).document(EPOCH)
    full = {**documents, "canary_checklist": made, "adr": envelope({"number": 1})}
    return decision_log.build(Pack(ABOUT, full), freezes)


def point(key: str, status: str) -> Callable[[Documents], None]:
    def change(documents: Documents) -> None:
        entry = documents["operating_audit"]["checklist"][key]
        entry.update(passed=False, status=status, reason="because")

    return change


def ticked_without_passing(key: str) -> Callable[[Documents], None]:
    """A point whose status says PASS while it has not passed: its file was written by hand."""
    return lambda documents: documents["operating_audit"]["checklist"][key].update(passed=False, status="PASS")


def count(key: str, value: int | None) -> Callable[[Documents], None]:
    def change(documents: Documents) -> None:
        documents["operating_audit"]["summary"][key] = value

    return change


def status(name: str, said: str) -> Callable[[Documents], None]:
    return lambda documents: documents[name].update(status=said, reason="because")


def without(name: str) -> Callable[[Documents], None]:
    return lambda documents: documents.pop(name) and None


def test_a_week_in_order_proceeds_and_is_approved():
    checklist, log = canary(good_week()), decided(good_week())

    assert (checklist.status, checklist.body["recommendation"]) == ("PASS", "PROCEED_CANARY")
    assert (checklist.body["blockers"], checklist.body["warnings"]) == ([], [])
    assert (log.status, log.body["decision"]) == ("PASS", "APPROVE_CANARY")
    assert log.body["rollback"] == {"reference": "backup-release-20241104-010203-0a1b2c3d", "source": "tag"}
    assert log.body["follow_up_tasks"] == []


UNJUDGED = "data_blocked=latency_baseline_passed"
BLOCKERS = [
    (count("exceptions", 3), "risk_exceptions=3", "FAIL"),
    (count("consistency_exceptions", 2), "consistency_exceptions=2", "FAIL"),
    (lambda d: d["consistency_replay"].update(breaches=[{}, {}, {}, {}]), "consistency_exceptions=4", "FAIL"),
    (point("minimum_regression_passed", "FAIL"), "minimum_regression_failed", "FAIL"),
    (point("performance_baseline_passed", "FAIL"), "performance_baseline_failed", "FAIL"),
    (point("latency_baseline_passed", "FAIL"), "latency_baseline_failed", "FAIL"),
    (point("rollback_version_marked", "FAIL"), "rollback_baseline_not_tagged", "FAIL"),
    (point("rollback_marker_from_tag", "FAIL"), "rollback_baseline_not_tagged", "FAIL"),
    (point("rollback_version_marked", "BLOCKED"), "rollback_baseline_not_tagged", "FAIL"),
    (lambda d: d["drift_report"]["summary"].update(majors=2), "drift_major=2", "FAIL"),
    (lambda d: d["drift_report"].pop("summary"), "data_blocked=drift_report", "BLOCKED"),
    (count("exceptions", None), "data_blocked=risk_exceptions_zero", "BLOCKED"),
    (count("consistency_exceptions", None), "data_blocked=consistency_exceptions_zero", "BLOCKED"),
    (point("minimum_regression_passed", "BLOCKED"), "data_blocked=minimum_regression_passed", "BLOCKED"),
    (lambda d: d["operating_audit"]["checklist"].pop("latency_baseline_passed"), UNJUDGED, "BLOCKED"),
    (ticked_without_passing("minimum_regression_passed"), "minimum_regression_failed", "FAIL"),
    *((without(name), f"data_blocked={name}", "BLOCKED") for name in EVIDENCE),
    *((status(name, "BLOCKED"), f"data_blocked={name}", "BLOCKED") for name in EVIDENCE),
    (status("kpi_snapshot", "whatever"), "data_blocked=kpi_snapshot", "BLOCKED"),
    (lambda d: d["drift_report"].update(week="2024-W44"), "data_blocked=drift_report", "BLOCKED"),
]


@pytest.mark.parametrize(("change", "blocker", "state"), BLOCKERS)
def test_each_blocker_holds_under_its_name(change, blocker, state):
    documents = good_week()
    change(documents)

    checklist, log = canary(documents), decided(documents)

    assert (checklist.body["recommendation"], checklist.body["blockers"]) == ("HOLD", [blocker])
    assert checklist.status == state
    assert log.body["decision"] == "HOLD_AND_REMEDIATE"
    assert blocker in log.body["blockers"]
    assert blocker in [task["blocker"] for task in log.body["follow_up_tasks"]]


def test_blockers_stand_in_the_order_of_the_specification():
    documents = good_week()
    for change, _, _ in (BLOCKERS[0], BLOCKERS[1], *BLOCKERS[3:7], BLOCKERS[9], (without("pnl_attribution"), "", "")):
        change(documents)

    assert canary(documents).body["blockers"] == [
        "risk_exceptions=3",
        "consistency_exceptions=2",
        "minimum_regression_failed",
        "performance_baseline_failed",
        "latency_baseline_failed",
        "rollback_baseline_not_tagged",
        "drift_major=2",
        "data_blocked=pnl_attribution",
    ]


def test_nothing_at_all_is_blocked_and_held():
    checklist, log = canary({}), decision_log.build(Pack(ABOUT, {}))

    assert checklist.body["blockers"] == [f"data_blocked={','.join(EVIDENCE)}"]
    assert (checklist.status, log.status, log.body["decision"]) == ("BLOCKED", "BLOCKED", "HOLD_AND_REMEDIATE")
    assert log.body["blockers"][0].startswith("data_blocked=canary_checklist")


@pytest.mark.parametrize(
    ("change", "held"),
    [
        (status("consistency_replay", "FAIL"), "consistency_replay FAIL: because"),
        (status("consistency_replay", "WARN"), "consistency_replay WARN: because"),
        (status("live_deviation_snapshot", "FAIL"), "live_deviation FAIL: because"),
    ],
)
def test_the_decision_is_made_after_replay_and_deviation(change, held):
    documents = good_week()
    change(documents)

    log = decided(documents)

    assert canary(documents).body["recommendation"] == "PROCEED_CANARY"
    assert (log.body["decision"], log.body["blockers"]) == ("HOLD_AND_REMEDIATE", [held])


def test_a_freeze_and_a_missing_record_hold():
    log = decided(good_week(), ("releases since 2024-11-06: incident",))
    pack = Pack(ABOUT, {**good_week(), "canary_checklist": canary(good_week()).document(EPOCH)})

    assert log.body["blockers"] == ["frozen: releases since 2024-11-06: incident"]
    assert decision_log.build(pack).body["blockers"] == ["deliverable_missing: adr"]


def test_warnings_do_not_hold_and_say_which_document():
    documents = good_week()
    status("kpi_snapshot", "WARN")(documents)
    status("pnl_attribution", "FAIL")(documents)

    checklist = canary(documents, freezes=("A_SHARE since 2024-11-06: odd",))

    assert checklist.body["recommendation"] == "PROCEED_CANARY"
    assert checklist.body["warnings"] == [
        "kpi_snapshot WARN: because",
        "pnl_attribution FAIL: because",
        "releases are frozen: A_SHARE since 2024-11-06: odd",
    ]


def test_plan_and_observation_show_configuration_and_the_strategy_nearest_to_the_limit():
    body = canary(good_week(), candidates=[Candidate("QDII", "REL-1", "S5", 0.05)]).body

    assert [(s["stage"], s["exposure"], s["sessions"], s["needs_signature"]) for s in body["plan"]] == [
        ("SHADOW", 0.0, 1, False),
        ("S5", 0.05, 2, False),
        ("S20", 0.2, 3, False),
        ("S50", 0.5, 5, True),
        ("FULL", 1.0, 5, False),
    ]
    assert [(o["key"], o["limit"], o["now"]) for o in body["observation"]] == [
        ("pnl_in_range", "> 0", "300 (QDII)"),
        ("sharpe_in_range", ">= 0.5", "0.9 (A_SHARE)"),
        ("drawdown", "<= 0.25", "0.08 (A_SHARE)"),
        ("var_breach_rate", "<= 0.05", "0.012 (A_SHARE)"),
        ("fill_error", "<= 0.2", "0.11 (QDII)"),
        ("no_abnormal_drift", "0 major", "0 major"),
    ]
    assert body["candidates"] == [{"strategy": "QDII", "release": "REL-1", "stage": "S5", "exposure": 0.05}]


def headings(text: str) -> list[str]:
    return [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]


def test_headings_stand_in_the_order_of_the_specification():
    assert headings(canary_text.markdown(canary(good_week()).document(EPOCH))) == [
        "Canary Checklist",
        "Recommendation",
        "Blockers",
        "Warnings",
        "Preconditions (Auto)",
        "Rollback Baseline",
        "Canary Plan",
        "Observation Checklist",
        "Triggered Rollback Conditions",
        "Sign-off",
    ]
    assert headings(decision_text.markdown(decided(good_week()).document(EPOCH))) == [
        "Decision Log",
        "Decision",
        "Recommendation",
        "Reason",
        "Blockers",
        "Warnings",
        "Evidence",
        "Rollback Reference",
        "Follow-up Tasks",
        "Sign-off",
    ]


def test_a_reason_with_a_bar_or_a_line_break_does_not_break_the_table():
    documents = good_week()
    point("latency_baseline_passed", "FAIL")(documents)
    documents["operating_audit"]["checklist"]["latency_baseline_passed"]["reason"] = "a|b\nc"

    assert "| a\\|b c |" in canary_text.markdown(canary(documents).document(EPOCH))


def test_a_checklist_made_before_its_evidence_changed_is_stale():
    path = "reports/governance/2024-W45/operating_audit.json"
    made = {**canary(good_week()).document(EPOCH), "inputs": [{"path": path, "sha256": "old", "as_of": ""}]}
    documents = {**good_week(), "canary_checklist": made, "adr": envelope({})}

    log = decision_log.build(Pack(About(WEEK, ABOUT.sessions, (Source(path, "new"),)), documents))

    assert log.body["blockers"] == ["data_blocked=canary_checklist (stale: operating_audit changed after it)"]
    assert (log.status, log.body["decision"]) == ("BLOCKED", "HOLD_AND_REMEDIATE")


def test_a_document_and_its_check_that_are_blocked_together_are_named_once():
    documents = good_week()
    count("exceptions", None)(documents)
    status("risk_exceptions", "BLOCKED")(documents)

    checklist = canary(documents)

    assert checklist.body["blockers"] == ["data_blocked=risk_exceptions"]
    assert checklist.body["preconditions"][0]["reason"] == "not counted: risk_exceptions BLOCKED (because)"

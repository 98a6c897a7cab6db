"""The automatic checklist of the operating audit: every key with its label and exactly what makes it true.

A point without its input is BLOCKED; nothing is true by default. Not here: the audit's other parts (`operating_audit`).
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from etf_platform.core.states import State
from etf_platform.governance.weekly import changes
from etf_platform.governance.weekly.about import Judged
from etf_platform.governance.weekly.changes import Repository
from etf_platform.governance.weekly.rollback_marker import Marker, is_marked, is_tagged

Document = Mapping[str, Any]
LABELS = {
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


@dataclass(frozen=True)
class Facts:
    """What the audit looks at; None = it was never written.

    Attributes
    ----------
    strategies : sequence of str
        The active ones.
    kpis, kpis_before, risk, performance, latency, regression : document or None
        Of the week; `kpis_before` of the week before.
    risk_digest : str
        SHA-256 of the file `risk_exceptions.json`; empty without it.
    pairs : sequence of mapping
        `strategy`, `session`, `status` (PASS, FAIL or PENDING_DATA), `first_stage` of every session of the week.
    experiments : collection of str
        Ids in the registry.
    manual_done : collection of str
        Manual items that a person has signed.
    thresholds : mapping
        The limits in force; `signature` is None while nobody has signed them.
    """

    strategies: Sequence[str]
    kpis: Document | None = None
    kpis_before: Document | None = None
    risk: Document | None = None
    risk_digest: str = ""
    pairs: Sequence[Mapping[str, Any]] = ()
    regression: Document | None = None
    performance: Document | None = None
    latency: Document | None = None
    manual_done: Collection[str] = ()
    experiments: Collection[str] = ()
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    repository: Repository = field(default_factory=Repository)
    change_lines: Sequence[Mapping[str, str]] = ()
    markers: Sequence[Marker] = ()
    parse_errors: Sequence[str] = ()


def checklist(facts: Facts, last: dt.date | None, week: str) -> dict[str, dict[str, Any]]:
    """Key -> label, passed, status, reason, in the order of the specification."""
    rows = list((facts.kpis or {}).get("kpi_snapshot", ()))
    judged: dict[str, Judged] = {
        "kpi_snapshot_updated": _updated(rows, facts.strategies, last),
        "experiment_ids_assigned": _assigned(rows, facts.strategies, facts.experiments),
        "risk_thresholds_confirmed": _confirmed(facts.thresholds),
        "change_log_complete": changes.complete(facts.repository, facts.change_lines),
        "rollback_version_marked": is_marked(facts.markers),
        "rollback_marker_from_tag": is_tagged(facts.markers),
        "minimum_regression_passed": _regressed(facts.regression, last),
        "performance_baseline_passed": _measured(facts.performance, "performance baseline"),
        "latency_baseline_passed": _measured(facts.latency, "latency benchmark"),
        "consistency_check_completed": _compared(facts.pairs),
        "risk_exception_report_output": _output(facts.risk, facts.risk_digest, week),
        "anomalies_attributed": _attributed(facts.risk),
    }
    return {
        key: {"label": LABELS[key], "passed": state is State.PASS, "status": state.value, "reason": reason}
        for key, (state, reason) in judged.items()
    }


def _updated(rows: Sequence[Mapping[str, Any]], strategies: Sequence[str], last: dt.date | None) -> Judged:
    if last is None or not strategies:
        return State.BLOCKED, "missing: no session or no strategy"
    dates = {row["strategy"]: row["as_of"] for row in rows}
    absent = [name for name in strategies if not dates.get(name)]
    stale = [f"{name} of {dates[name]}" for name in strategies if dates.get(name) and dates[name] != str(last)]
    if absent:
        return State.BLOCKED, f"missing: {', '.join(absent)}"
    return (State.BLOCKED, f"stale: {', '.join(stale)}") if stale else (State.PASS, "")


def _assigned(rows: Sequence[Mapping[str, Any]], strategies: Sequence[str], experiments: Collection[str]) -> Judged:
    named = {row["strategy"]: [name for name in str(row["experiment_id"] or "").split(", ") if name] for row in rows}
    if not named:
        return State.BLOCKED, "missing: no KPI snapshot"
    without = [name for name in strategies if not named.get(name)]
    strange = dict.fromkeys(each for name in strategies for each in named.get(name, ()) if each not in experiments)
    said = [f"no experiment: {', '.join(without)}"] * bool(without)
    said += [f"not in the registry: {', '.join(strange)}"] * bool(strange)
    return (State.FAIL, "; ".join(said)) if said else (State.PASS, "")


def _confirmed(thresholds: Mapping[str, Any]) -> Judged:
    if thresholds.get("signature") is None:
        return State.BLOCKED, "missing: nobody in the role of risk has signed these thresholds"
    return State.PASS, ""


def _regressed(gate: Document | None, last: dt.date | None) -> Judged:
    if gate is None or not gate["summary"]["commands"]:
        return State.BLOCKED, "missing: the regression was not run"
    if str(gate.get("as_of", "")) < str(last or ""):
        return State.BLOCKED, f"stale: it was last run for {gate.get('as_of') or 'no session'}"
    failed = gate["summary"]["failed"]
    return (State.PASS, "") if gate["summary"]["all_passed"] else (State.FAIL, f"{failed} command(s) failed")


def _measured(document: Document | None, name: str) -> Judged:
    if document is None or not document["executed"]:
        return State.BLOCKED, f"missing: the {name} was not executed"
    return (State.PASS, "") if document["passed"] is True else (State.FAIL, str(document["reason"]) or "beyond a limit")


def _compared(pairs: Sequence[Mapping[str, Any]]) -> Judged:
    pending = [f"{pair['strategy']} {pair['session']}" for pair in pairs if pair["status"] not in ("PASS", "FAIL")]
    if pending or not pairs:
        shown = ", ".join(pending[:5]) + (", ..." if len(pending) > 5 else "")
        return State.BLOCKED, f"pending_data: {shown or 'no session was compared'}"
    return State.PASS, ""


def _output(risk: Document | None, digest: str, week: str) -> Judged:
    if risk is None or not digest:
        return State.BLOCKED, "missing: risk_exceptions.json"
    return (State.PASS, "") if risk["week"] == week else (State.BLOCKED, f"stale: the file is of {risk['week']}")


def _attributed(risk: Document | None) -> Judged:
    if risk is None:
        return State.BLOCKED, "missing: no risk exception report"
    needed = ("strategy", "parameter_id", "action")
    loose = [
        f"{each['strategy']} {each['metric']} lacks {name}"
        for each in risk["exceptions"]
        for name in needed
        if not each[name]
    ]
    return (State.FAIL, "; ".join(loose[:5])) if loose else (State.PASS, "")

"""Markdown of the weekly operating audit, in the order of the specification."""

from collections.abc import Mapping, Sequence
from typing import Any

from etf_platform.reports.weekly.kpi_snapshot import COLUMNS as KPIS
from etf_platform.reports.weekly.markdown import Document, bullets, head, inputs, section, shortened, table, text, value
from etf_platform.reports.weekly.risk_exceptions import BLOCKED, EXCEPTIONS
from etf_platform.reports.weekly.timings import MEASURES

POINTS = (
    ("done", "box", ""),
    ("check", "label", ""),
    ("key", "key", ""),
    ("status", "status", ""),
    ("reason", "reason", ""),
)
PAIRS = (
    ("strategy", "strategy", ""),
    ("passed", "passed", ""),
    ("failed", "failed", ""),
    ("pending", "pending", ""),
    ("first stages", "stages", ""),
)
COMMANDS = (("command", "command", ""), ("return code", "return_code", ""), ("passed", "passed", ""))
CHANGES = (("date", "date", ""), ("commit", "commit8", ""), ("subject", "subject", ""), ("maps to", "maps_to", ""))
DIFFERENCES = {
    "abs_pnl_diff": "CNY",
    "abs_sharpe_diff": "ratio",
    "abs_max_drawdown_diff": "fraction",
    "latest_source": "",
    "previous_source": "",
}
MARKERS = (
    ("strategy", "strategy", ""),
    ("release", "release_id", ""),
    ("rolled back to", "target", ""),
    ("commit", "commit", ""),
    ("tag", "tag", ""),
    ("why not", "fault", ""),
)


def render(document: Document) -> str:
    """The audit as Markdown."""
    lines = head("Weekly Operating Audit", document)
    lines += ["", *bullets(f"{name}: {value(document['summary'], name)}" for name in document["summary"])]
    lines += section("Input Files", inputs(document))
    lines += section("KPI Snapshot", table(document["kpi_snapshot"], KPIS))
    lines += section("Risk Exceptions", _risk(document))
    lines += section("Consistency Checks", _consistency(document["consistency_checks"]))
    points = [{**p, "key": key, "box": "[x]" if p["passed"] else "[ ]"} for key, p in document["checklist"].items()]
    lines += section("Checklist (Auto)", table(points, POINTS))
    lines += section("Regression Check", _regression(document["regression"]))
    lines += section("Algorithm Performance Baseline", _timing(document["performance_baseline"]))
    lines += section("Latency Baseline", _timing(document["latency_baseline"]))
    lines += section("Change Log", _changes(document["change_log"]))
    lines += section("Rollback Marker", _marker(document["rollback_marker"]))
    items = document["manual_items"].values()
    lines += section(
        "Manual Items", [line for i in items for line in bullets([i["label"]], "[x]" if i["done"] else "[ ]")]
    )
    lines += section("Incomplete Tasks", bullets(document["incomplete_tasks"], "[ ]"))
    return text([*lines, *section("Parse Errors", bullets(document["parse_errors"]))])


def _risk(document: Document) -> list[str]:
    found, blocked = document["risk_exceptions"], document["risk_blocked"]
    lines = table(found, EXCEPTIONS) or ["No exception among what was judged."]
    return lines + (["", "Not judged:", "", *table(blocked, BLOCKED)] if blocked else [])


def _consistency(checks: Mapping[str, Any]) -> list[str]:
    counts: dict[str, dict[str, Any]] = {}
    for pair in checks["pairs"]:
        row = counts.setdefault(pair["strategy"], {"passed": 0, "failed": 0, "pending": 0, "stages": []})
        row[{"PASS": "passed", "FAIL": "failed"}.get(pair["status"], "pending")] += 1
        row["stages"] += [pair["first_stage"]] * bool(pair["first_stage"] and pair["first_stage"] not in row["stages"])
    rows = [{"strategy": name, **row} for name, row in counts.items()]
    said = bullets(f"{name}: {value(checks, name, unit) or 'none'}" for name, unit in DIFFERENCES.items())
    return [*said, *([""] if rows else []), *table(rows, PAIRS)]


def _regression(found: Mapping[str, Any]) -> list[str]:
    if not found["executed"]:
        return ["Not executed."]
    said = f"All passed: {value(found, 'all_passed')}. For the session {found['as_of']}."
    return [said, "", *table(found["results"], COMMANDS)]


def _timing(found: Mapping[str, Any]) -> list[str]:
    return table(found["measures"], MEASURES) if found["executed"] else ["Not executed."]


def _changes(log: Mapping[str, Any]) -> list[str]:
    clone = {None: "no git checkout", True: "shallow clone: commits may be missing", False: "full clone"}[
        log["shallow"]
    ]
    rows = shortened(_loose_first(log["entries"]), CHANGES)
    return [f"{log['count']} commit(s) in {log['since_days']} days, {clone}.", *([""] if rows else []), *rows]


def _loose_first(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Commits that map to nothing stand first: they are what somebody has to see to."""
    return sorted(entries, key=lambda entry: bool(entry["maps_to"]))


def _marker(found: Mapping[str, Any]) -> list[str]:
    said = [f"Tag: {found['tag'] or 'none'}", f"Source: {found['source'] or 'none'}"]
    return [*bullets(said), "", *table(found["strategies"], MARKERS)]

"""The weekly operating audit: what the week's documents and tables say, and the checklist that follows from them.

Counts that cannot be known are null, never 0. Not here: the points of the checklist (`checklist`), the
documents that it reads, what is decided on it.
"""

from collections.abc import Collection, Mapping
from typing import Any

from etf_platform.core.states import State
from etf_platform.governance.weekly import changes, rollback_marker
from etf_platform.governance.weekly.about import About, overall
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.governance.weekly.checklist import Document, Facts, checklist
from etf_platform.governance.weekly.manual import ITEMS

NAME = "operating_audit"
DIFFERENCES = {"abs_pnl_diff": "pnl", "abs_sharpe_diff": "sharpe", "abs_max_drawdown_diff": "max_drawdown_abs"}


def build(facts: Facts, about: About) -> Artefact:
    """The audit; its state is the worst of its checklist."""
    points = checklist(facts, about.last, about.week)
    manual = _manual(facts.manual_done)
    body = {
        "as_of": str(about.last or ""),
        "summary": _summary(facts),
        "kpi_snapshot": list((facts.kpis or {}).get("kpi_snapshot", ())),
        "risk_exceptions": list((facts.risk or {}).get("exceptions", ())),
        "risk_blocked": list((facts.risk or {}).get("blocked", ())),
        "risk_exception_report": {"sha256": facts.risk_digest},
        "consistency_checks": _consistency(facts),
        "checklist": points,
        "regression": _regression(facts.regression),
        "performance_baseline": _timing(facts.performance),
        "latency_baseline": _timing(facts.latency),
        "change_log": changes.change_log(facts.repository, facts.change_lines),
        "rollback_marker": rollback_marker.shown(facts.markers),
        "thresholds": dict(facts.thresholds),
        "parse_errors": list(facts.parse_errors),
        "manual_items": manual,
        "incomplete_tasks": _open(points, manual),
    }
    judged = [(State(point["status"]), f"{key}: {point['reason']}") for key, point in points.items()]
    errors = [(State.BLOCKED, f"parse error: {error}") for error in facts.parse_errors]
    return about.artefact(NAME, overall([*judged, *errors]), body)


def _summary(facts: Facts) -> dict[str, int | None]:
    failed = sum(pair["status"] == "FAIL" for pair in facts.pairs)
    is_compared = bool(facts.pairs) and all(pair["status"] in ("PASS", "FAIL") for pair in facts.pairs)
    return {
        "strategies": len(facts.strategies),
        "exceptions": _exceptions(facts.risk),
        "consistency_pairs": len(facts.pairs),
        "consistency_exceptions": failed if failed or is_compared else None,
        "parse_errors": len(facts.parse_errors),
    }


def _exceptions(risk: Document | None) -> int | None:
    """Exceptions of the week; none found while something was not judged is not zero."""
    if risk is None:
        return None
    found = int(risk["summary"]["exceptions"])
    return None if not found and risk["summary"]["blocked"] else found


def _consistency(facts: Facts) -> dict[str, Any]:
    """Largest change of the key figures since the week before, and every pair of the week; limits are those of 2.4."""
    return {
        **{name: _largest_change(facts, metric) for name, metric in DIFFERENCES.items()},
        "latest_source": _source(facts.kpis),
        "previous_source": _source(facts.kpis_before),
        "pairs": [dict(pair) for pair in facts.pairs],
    }


def _largest_change(facts: Facts, metric: str) -> float | None:
    was = {row["strategy"]: row[metric] for row in (facts.kpis_before or {}).get("kpi_snapshot", ())}
    now = {row["strategy"]: row[metric] for row in (facts.kpis or {}).get("kpi_snapshot", ())}
    gaps = [abs(now[name] - was[name]) for name in now if None not in (now[name], was.get(name))]
    return max(gaps, default=None)


def _source(document: Document | None) -> str:
    return "" if document is None else f"{document['week']}/kpi_snapshot.json, as of {document['as_of'] or 'nothing'}"


def _regression(gate: Document | None) -> dict[str, Any]:
    if gate is None:
        return {"executed": False, "all_passed": None, "failed": None, "commands": 0, "as_of": "", "results": []}
    results = [{name: row[name] for name in ("command", "return_code", "passed")} for row in gate["results"]]
    executed = bool(gate["summary"]["commands"])
    return {"executed": executed, **gate["summary"], "as_of": gate.get("as_of", ""), "results": results}


def _timing(document: Document | None) -> dict[str, Any]:
    if document is None:
        return {"executed": False, "passed": None, "measures": []}
    return {name: document[name] for name in ("executed", "passed", "measures")}


def _manual(done: Collection[str]) -> dict[str, dict[str, Any]]:
    """Every manual item: label, and whether a person has done it."""
    return {key: {"label": label, "done": key in done} for key, label in ITEMS.items()}


def _open(points: Mapping[str, Mapping[str, Any]], manual: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Only what is open."""
    automatic = [f"{point['label']}: {point['reason']}" for point in points.values() if not point["passed"]]
    return list(dict.fromkeys([*automatic, *(item["label"] for item in manual.values() if not item["done"])]))

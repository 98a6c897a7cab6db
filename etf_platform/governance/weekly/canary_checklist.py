"""The canary checklist: may a candidate get real exposure after this week, HOLD or PROCEED_CANARY, and why.

Not here: deciding it (`decision_log`), raising a release (`governance.stages`), files, Markdown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.states import State
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.governance.weekly.pack import EVIDENCE, Check, Pack, blocked_documents, evidence_checks

NAME = "canary_checklist"
HOLD, PROCEED = "HOLD", "PROCEED_CANARY"
ROLES = ("research", "engineering", "risk")
SOURCES = {  # check -> document that it is about: blocked together they are named once
    "risk_exceptions_zero": "risk_exceptions",
    "consistency_exceptions_zero": "consistency_replay",
    "performance_baseline_passed": "performance_baseline",
    "latency_baseline_passed": "latency_benchmark",
}
IN_BLOCKERS = ("risk_exceptions", "performance_baseline", "latency_benchmark", "drift_report")  # their FAIL has a name


@dataclass(frozen=True)
class Candidate:
    """A release that waits or rises: strategy, release, stage (empty before the start), exposure."""

    strategy: str
    release: str
    stage: str
    exposure: float


@dataclass(frozen=True)
class Facts:
    """What the checklist is made from.

    Attributes
    ----------
    freezes : sequence of str
        Open freezes of releases, as sentences.
    candidates : sequence of Candidate
    """

    pack: Pack
    config: GovernanceConfig
    freezes: Sequence[str] = ()
    candidates: Sequence[Candidate] = field(default_factory=tuple)


def build(facts: Facts) -> Artefact:
    """The checklist of a week: FAIL with a blocker, BLOCKED when one of them is missing data, else PASS or WARN."""
    pack = facts.pack
    checks = evidence_checks(pack)
    found = blockers(pack, checks)
    warned = warnings(facts)
    body = {
        "recommendation": HOLD if found else PROCEED,
        "blockers": found,
        "warnings": warned,
        "preconditions": [check.row() for check in checks],
        "rollback_baseline": rollback_baseline(pack),
        "candidates": [vars(one) for one in facts.candidates],
        "plan": _plan(facts.config),
        "observation": _observation(pack, facts.config),
        "rollback_conditions": _conditions(facts.config),
        "sign_off": list(ROLES),
    }
    return pack.artefact(NAME, _judged(found, warned), body)


def blockers(pack: Pack, checks: Sequence[Check]) -> list[str]:
    """What forbids a canary, named as in the specification; nothing is named when nothing forbids it.

    What could not be judged stands under `data_blocked=`, not under a failure that nobody saw.
    """
    risk, consistency, regression, performance, latency, rollback = checks
    breaches = len(pack.rows("consistency_replay", "breaches"))
    exceptions = max(consistency.count or 0, breaches)
    drift = pack.number("drift_report", "summary", "majors")
    found = {
        f"risk_exceptions={risk.count}": bool(risk.count),
        f"consistency_exceptions={exceptions}": exceptions > 0,
        "minimum_regression_failed": regression.state is State.FAIL,
        "performance_baseline_failed": performance.state is State.FAIL,
        "latency_baseline_failed": latency.state is State.FAIL,
        "rollback_baseline_not_tagged": rollback.state is not State.PASS and "operating_audit" in pack.documents,
        f"drift_major={drift}": bool(drift),
    }
    names = _data_blocked(pack, checks, drift)
    if names:
        found[f"data_blocked={','.join(names)}"] = True
    return [name for name, is_so in found.items() if is_so]


def warnings(facts: Facts) -> list[str]:
    """What does not forbid a canary but should be known."""
    pack = facts.pack
    judged = {name: pack.state(name) for name in EVIDENCE}
    said = [
        f"{name} {state}: {reason}" if reason else f"{name} {state}"
        for name, (state, reason) in judged.items()
        if state is State.WARN or (state is State.FAIL and name not in IN_BLOCKERS)
    ]
    return [*said, *(f"releases are frozen: {freeze}" for freeze in facts.freezes)]


def rollback_baseline(pack: Pack) -> dict[str, str]:
    """What a canary would be rolled back to: {reference, source}; empty texts when nothing is marked."""
    marker = (pack.documents.get("operating_audit") or {}).get("rollback_marker") or {}
    reference = marker.get("tag") or marker.get("commit") or marker.get("release_id") or ""
    return {"reference": str(reference), "source": str(marker.get("source") or "")}


def _data_blocked(pack: Pack, checks: Sequence[Check], drift: int | None) -> list[str]:
    """Documents that are missing or blocked, then checks that nobody made."""
    documents = list(blocked_documents(pack))
    if drift is None and "drift_report" not in documents:
        documents.append("drift_report")
    if "operating_audit" not in pack.documents:
        return documents
    named = {"rollback_version_marked", *(check for check, source in SOURCES.items() if source in documents)}
    return documents + [c.key for c in checks if c.state is State.BLOCKED and c.key not in named]


def _judged(found: Sequence[str], warned: Sequence[str]) -> tuple[State, str]:
    if any(name.startswith("data_blocked=") for name in found):
        return State.BLOCKED, "; ".join(found)
    if found:
        return State.FAIL, "; ".join(found)
    return (State.WARN, "; ".join(warned)) if warned else (State.PASS, "")


def _plan(config: GovernanceConfig) -> list[dict[str, Any]]:
    """Stages in their order: exposure, least sessions, whether leaving needs a signature."""
    return [
        {
            "stage": stage.name,
            "exposure": stage.exposure,
            "sessions": stage.sessions,
            "needs_signature": stage.needs_signature,
        }
        for stage in config.stages
    ]


def _observation(pack: Pack, config: GovernanceConfig) -> list[dict[str, Any]]:
    """What to watch in every stage: the limit, and where the week ended for the strategy nearest to it."""
    weekly, rows = config.weekly, pack.rows("operating_audit", "kpi_snapshot")
    drift = pack.number("drift_report", "summary", "majors")
    drifted = "" if drift is None else f"{drift} major"
    sharpe, drawdown = f">= {weekly.min_sharpe:g}", f"<= {weekly.max_abs_drawdown:g}"
    return [
        _watched("pnl_in_range", "PnL 在合理区间 PnL in range", "> 0", _lowest(rows, "pnl")),
        _watched("sharpe_in_range", "Sharpe 在合理区间 Sharpe in range", sharpe, _lowest(rows, "sharpe")),
        _watched("drawdown", "最大回撤 drawdown", drawdown, _highest(rows, "max_drawdown_abs")),
        _watched(
            "var_breach_rate",
            "VaR 例外率 VaR breach rate",
            f"<= {weekly.max_var_breach_rate:g}",
            _highest(rows, "var_breach_rate"),
        ),
        _watched(
            "fill_error",
            "成交校准误差 fill calibration error",
            f"<= {weekly.max_fill_calibration_error:g}",
            _highest(rows, "fill_calibration_error"),
        ),
        _watched("no_abnormal_drift", "无异常漂移 no abnormal drift", "0 major", drifted),
    ]


def _watched(key: str, label: str, limit: str, now: str) -> dict[str, str]:
    return {"key": key, "label": label, "limit": limit, "now": now or "unknown"}


def _lowest(rows: Sequence[Mapping[str, Any]], key: str) -> str:
    return _nearest(rows, key, min)


def _highest(rows: Sequence[Mapping[str, Any]], key: str) -> str:
    return _nearest(rows, key, max)


def _nearest(rows: Sequence[Mapping[str, Any]], key: str, choose: Any) -> str:
    known = [row for row in rows if isinstance(row.get(key), int | float)]
    if not known:
        return ""
    row = choose(known, key=lambda each: each[key])
    return f"{row[key]:.4g} ({row.get('strategy', '')})"


def _conditions(config: GovernanceConfig) -> list[str]:
    """What rolls a release back by itself, with the limits in force."""
    canary, limit = config.canary, config.weekly.max_abs_drawdown
    return [
        f"drawdown above {canary.drawdown_share * limit:.2%} in canary, above {limit:.2%} once stable",
        "a core KPI FAIL on two sessions in a row",
        "data quality FAIL",
        "online/offline consistency FAIL",
        f"error rate above {canary.max_error_rate:.2%}",
        "circuit breaker HALTED",
        "a core KPI missing for one session",
        f"paired sequential test: L >= {canary.bound:g} and worse than the stable release",
    ]

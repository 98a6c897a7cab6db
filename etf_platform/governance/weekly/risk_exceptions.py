"""Risk exceptions of a week: VaR/ES tests per strategy and method, and every limit that was passed.

An exception is a limit of `governance.yaml` that a KPI passed, or a governing VaR/ES test that is not green; each names
strategy, experiment, parameters and action. A test or a KPI that could not be had is `blocked`, no exception and no
PASS. Not here: the tests (`risk.coverage`), the KPI (`kpi`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from etf_platform.core.config.governance import WeeklyThresholds
from etf_platform.core.states import State
from etf_platform.governance.weekly.about import About, Judged, Reference, overall, said_of
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.governance.weekly.kpi_snapshot import SHOWN
from etf_platform.reports.tables import records

NAME = "risk_exceptions"
REVIEW, FREEZE = "review within one business day", "freeze"
TESTS = ("kupiec", "kupiec_p", "independence", "conditional", "z1", "z2", "z2_p", "mcneil_frey_p")
TOP = 3


@dataclass(frozen=True)
class Facts:
    """What the report is made of.

    Attributes
    ----------
    coverage : DataFrame
        Rows of `COVERAGE` as of the week's last session, with `strategy`.
    contributors : DataFrame
        `strategy`, `date`, `symbol`, `contribution` (fraction of the account) on sessions of worst breaches.
    kpis : sequence of mapping
        Rows of the week's `kpi_snapshot`.
    strategies : sequence of str
        The active ones.
    references : mapping of strategy to Reference
    """

    coverage: pd.DataFrame
    contributors: pd.DataFrame
    kpis: Sequence[Mapping[str, Any]]
    strategies: Sequence[str]
    references: Mapping[str, Reference] = field(default_factory=dict)


def build(facts: Facts, limits: WeeklyThresholds, about: About) -> Artefact:
    """The report; FAIL with an exception that freezes, WARN with any other, BLOCKED where something was not judged."""
    tests = [_test(row, facts, about) for row in records(facts.coverage)]
    single = [*_limits(facts, limits, about), *(_of_test(test, facts) for test in tests if _is_exception(test))]
    exceptions = _hardened(single)
    blocked = [*_unjudged(tests, facts), *_unmeasured(facts)]
    body = {
        "as_of": str(about.last or ""),
        "summary": {
            "strategies": len(facts.strategies),
            "tests": len(tests),
            "exceptions": len(exceptions),
            "blocked": len(blocked),
        },
        "exceptions": exceptions,
        "blocked": blocked,
        "tests": tests,
    }
    return about.artefact(NAME, _judged(exceptions, blocked), body)


def _judged(exceptions: Sequence[Mapping[str, Any]], blocked: Sequence[Mapping[str, str]]) -> Judged:
    freezing = [each for each in exceptions if each["action"] == FREEZE]
    gaps = said_of((each["strategy"], each["reason"]) for each in blocked)
    parts: list[Judged] = [(State.BLOCKED, text) for text in gaps]
    if exceptions:
        named = ", ".join(f"{each['strategy']} {each['metric']}" for each in exceptions)
        parts.append((State.FAIL if freezing else State.WARN, f"{len(exceptions)} exception(s): {named}"))
    return overall(parts)


def _test(row: dict[str, Any], facts: Facts, about: About) -> dict[str, Any]:
    """One line of the report of the specification."""
    at, strategy = _reference(facts, row["strategy"]), row["strategy"]
    is_old = about.last is not None and row["last_date"] is not None and row["last_date"] < str(about.last)
    return {
        "strategy": strategy,
        "method": row["method"],
        "level": row["level"],
        "T": row["n_forecasts"],
        "x": row["n_breaches"],
        "expected": row["expected"],
        **{name: row[name] for name in TESTS},
        "light": row["light"],
        "clusters": [day for day in row["clusters"].split(", ") if day],
        "worst": row["worst"],
        "worst_date": row["worst_date"],
        "positions": _positions(facts.contributors, strategy, row["worst_date"]),
        "experiment_id": at.experiment_id,
        "parameter_id": at.parameter_id,
        "status": "BLOCKED" if is_old else row["status"],
        "reason": f"stale: tested up to {row['last_date']}" if is_old else row["reason"],
        "action": "none" if is_old or row["status"] == "BLOCKED" else row["action"],
        "is_governing": row["is_governing"],
    }


def _positions(contributors: pd.DataFrame, strategy: str, day: str | None) -> list[dict[str, Any]]:
    if day is None or contributors.empty:
        return []
    there = (contributors["strategy"] == strategy) & (contributors["date"] == pd.Timestamp(day))
    return records(contributors.loc[there, ["symbol", "contribution"]].nsmallest(TOP, "contribution"))


def _is_exception(test: Mapping[str, Any]) -> bool:
    return bool(test["is_governing"]) and test["status"] in ("WARN", "FAIL")


def _of_test(test: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    metric = f"VaR/ES {test['method']} {test['level']:g}"
    actual = f"{test['x']} of {test['T']}, {test['light']}"
    is_major = test["status"] == "FAIL"
    threshold = f"green ({test['expected']:.1f} expected)"
    return _exception(facts, test["strategy"], metric, threshold, actual, test["reason"], test["action"], is_major)


def _hardened(exceptions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two majors of a strategy freeze; a yellow test, or a limit passed by a KPI that is no major itself, is none."""
    majors = Counter(each["strategy"] for each in exceptions if each["is_major"])
    return [{**e, "action": FREEZE if e["is_major"] and majors[e["strategy"]] > 1 else e["action"]} for e in exceptions]


def _limits(facts: Facts, limits: WeeklyThresholds, about: About) -> list[dict[str, Any]]:
    """Limits of the week that a KPI of a strategy passed; a value of another day is none.

    It is a major where the KPI itself is: a Sharpe ratio of a few weeks below its limit asks for a look, no more.
    """
    found = []
    for row in facts.kpis:
        majors = {each["kpi"] for each in row["metrics"] if each["status"] == "FAIL"}
        for metric, (limit, is_least) in _bounds(limits).items():
            value = row[metric]
            if value is None or row["as_of"] != str(about.last):
                continue
            if value < limit if is_least else value > limit:
                said, is_major = f"{'>=' if is_least else '<='} {limit:g}", SHOWN[metric] in majors
                actual = f"{value:.4g}"
                reason = "major" if is_major else "weekly limit"
                found.append(_exception(facts, row["strategy"], metric, said, actual, reason, REVIEW, is_major))
    return found


def _bounds(limits: WeeklyThresholds) -> dict[str, tuple[float, bool]]:
    return {
        "sharpe": (limits.min_sharpe, True),
        "max_drawdown_abs": (limits.max_abs_drawdown, False),
        "var_breach_rate": (limits.max_var_breach_rate, False),
        "fill_calibration_error": (limits.max_fill_calibration_error, False),
    }


def _exception(
    facts: Facts, strategy: str, metric: str, threshold: str, actual: str, reason: str, action: str, is_major: bool
) -> dict[str, Any]:
    at = _reference(facts, strategy)
    return {
        "strategy": strategy,
        "metric": metric,
        "threshold": threshold,
        "actual": actual,
        "scope": f"{strategy}, {at.release_id or 'no release'}",
        "action": action,
        "is_major": is_major,
        "experiment_id": at.experiment_id,
        "parameter_id": at.parameter_id,
        "reason": reason,
    }


def _unjudged(tests: Sequence[Mapping[str, Any]], facts: Facts) -> list[dict[str, str]]:
    governing = [test for test in tests if test["is_governing"]]
    heard = {test["strategy"] for test in governing}
    absent = [
        {"strategy": name, "item": "VaR/ES tests", "reason": "missing: no VaR forecasts were tested"}
        for name in facts.strategies
        if name not in heard
    ]
    closed = [test for test in governing if test["status"] == "BLOCKED"]
    return absent + [
        {"strategy": test["strategy"], "item": f"VaR/ES {test['method']} {test['level']:g}", "reason": test["reason"]}
        for test in closed
    ]


def _unmeasured(facts: Facts) -> list[dict[str, str]]:
    known = {row["strategy"] for row in facts.kpis}
    rows = [*facts.kpis, *({"strategy": name} for name in facts.strategies if name not in known)]
    found = []
    for row in rows:
        gaps = [metric for metric in _bounds(WeeklyThresholds()) if row.get(metric) is None]
        if gaps:
            reason = f"missing: {', '.join(gaps)}"
            found.append({"strategy": str(row["strategy"]), "item": "weekly limits", "reason": reason})
    return found


def _reference(facts: Facts, strategy: str) -> Reference:
    return facts.references.get(strategy, Reference())

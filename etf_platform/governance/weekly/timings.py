"""The two documents of measured times: `performance_baseline` and `latency_benchmark`.

A document that nothing was measured for is BLOCKED; so is one with a measure missing. Not here: measuring
(`orchestration.weekly.measuring`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from etf_platform.core.states import State
from etf_platform.governance.weekly.about import About, Judged, overall
from etf_platform.governance.weekly.artefact import Artefact

PERFORMANCE, LATENCY = "performance_baseline", "latency_benchmark"
LIMITS: Mapping[str, Mapping[str, float]] = {
    PERFORMANCE: {"var_monte_carlo": 25.0, "backtest": 30.0},
    LATENCY: {"signal": 10.0, "risk_check": 2.0, "end_to_end": 100.0},
}
"""Document -> measure -> largest P95 in milliseconds."""
QUANTILE = 95
LEAST = 20


def build(
    name: str,
    seconds: Mapping[str, Sequence[float]],
    workload: Mapping[str, Any],
    about: About,
    processor: Mapping[str, Sequence[float]] | None = None,
) -> Artefact:
    """One of the two documents.

    Parameters
    ----------
    name : str
        A key of `LIMITS`.
    seconds : mapping of measure to sequence of float
        Time of every round; fewer than 20 rounds count as not executed.
    workload : mapping
        What was measured, and on what: JSON values.
    about : About
    processor : mapping of measure to sequence of float, optional
        Processor time of every round. It is shown beside, and judged by nobody: far below the time on the wall, the
        machine was busy with something else.
    """
    beside = processor or {}
    rows = [
        {**_row(measure, seconds.get(measure, ()), limit), "processor_ms": _median(beside.get(measure, ()))}
        for measure, limit in LIMITS[name].items()
    ]
    executed = all(row["executed"] for row in rows)
    body = {
        "executed": executed,
        "passed": executed and all(row["passed"] for row in rows),
        "quantile": QUANTILE,
        "measures": rows,
        "workload": dict(workload),
    }
    return about.artefact(name, overall(_judged(row) for row in rows), body)


def _row(measure: str, rounds: Sequence[float], limit: float) -> dict[str, Any]:
    executed = len(rounds) >= LEAST
    p95 = round(float(np.percentile(np.asarray(rounds), QUANTILE)) * 1e3, 3) if executed else None
    return {
        "name": measure,
        "executed": executed,
        "p95_ms": p95,
        "median_ms": _median(rounds) if executed else None,
        "limit_ms": limit,
        "rounds": len(rounds),
        "passed": p95 is not None and p95 <= limit,
    }


def _median(rounds: Sequence[float]) -> float | None:
    return round(float(np.median(np.asarray(rounds))) * 1e3, 3) if len(rounds) else None


def _judged(row: Mapping[str, Any]) -> Judged:
    if not row["executed"]:
        return State.BLOCKED, f"missing: {row['name']} was not measured"
    if not row["passed"]:
        return State.FAIL, f"{row['name']} P95 {row['p95_ms']:g} ms > {row['limit_ms']:g} ms"
    return State.PASS, ""

"""The week's KPI per strategy: one row each, dated to the last session of the week, never filled up from elsewhere.

A value that is absent, or older than the week's last session, is BLOCKED. Not here: computing KPI (`kpi`), thresholds'
exceptions (`risk_exceptions`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from etf_platform.core.states import State
from etf_platform.governance.evidence import CORE_KPIS
from etf_platform.governance.weekly.about import About, Judged, overall, said_of
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.kpi.metrics import registry
from etf_platform.reports.tables import records

NAME = "kpi_snapshot"
SHOWN = {  # column -> key in the registry
    "pnl": "pnl_net",
    "sharpe": "sharpe",
    "max_drawdown_abs": "max_drawdown",
    "var_breach_rate": "var_breach_rate",
    "fill_calibration_error": "fill_calibration_error",
}
JUDGED = tuple(dict.fromkeys((*SHOWN.values(), *CORE_KPIS)))
METRIC = ("kpi", "value", "baseline", "trend", "warn", "major", "status", "reason", "as_of", "registry_version")


def build(values: pd.DataFrame, strategies: Sequence[str], about: About) -> Artefact:
    """The snapshot.

    Parameters
    ----------
    values : DataFrame
        Rows of `KPI_VALUES` of all strategies; rows of other days and of period `day` are ignored.
    strategies : sequence of str
        The active ones; each gets a row, with or without values.
    about : About

    Returns
    -------
    Artefact
        A row is as bad as the worst of the metrics shown and of those that gate releases, or FAIL when any metric is; a
        further metric that is not judged stands in its list and blocks nothing.
    """
    judged = {strategy: _judged(values, strategy, about) for strategy in strategies}
    rows = [_row(values, strategy, about, overall(judged[strategy])) for strategy in strategies]
    body = {"as_of": str(about.last or ""), "kpi_snapshot": rows}
    return about.artefact(NAME, _together(judged) if rows else (State.BLOCKED, "missing: no strategy"), body)


def _row(values: pd.DataFrame, strategy: str, about: About, judged: Judged) -> dict[str, Any]:
    mine, found = _weekly(values, strategy), _found(values, strategy, about)
    shown = {column: found.get(key, {}).get("value") for column, key in SHOWN.items()}
    if shown["max_drawdown_abs"] is not None:
        shown["max_drawdown_abs"] = abs(shown["max_drawdown_abs"])
    first = next(iter(found.values()), {})
    return {
        "strategy": strategy,
        "source": found.get("pnl_net", first).get("source", ""),
        "as_of": str(about.last or "") if found else _newest(mine),
        "experiment_id": first.get("experiment_id", ""),
        "config": first.get("config", ""),
        "data_version": first.get("data_version", ""),
        **shown,
        "status": judged[0].value,
        "reason": judged[1],
        "metrics": [_metric(row) for _, row in sorted(found.items())],
    }


def _metric(row: Mapping[str, Any]) -> dict[str, Any]:
    units = {metric.key: metric.unit for metric in registry()}
    return {**{name: row[name] for name in METRIC}, "unit": units.get(str(row["kpi"]), "")}


def _weekly(values: pd.DataFrame, strategy: str) -> pd.DataFrame:
    return values[(values["strategy"] == strategy) & (values["period"] == "week")]


def _found(values: pd.DataFrame, strategy: str, about: About) -> dict[str, dict[str, Any]]:
    mine = _weekly(values, strategy)
    now = mine[mine["date"] == pd.Timestamp(about.last)] if about.last else mine.iloc[:0]
    return {str(row["kpi"]): row for row in records(now)}


def _judged(values: pd.DataFrame, strategy: str, about: About) -> list[Judged]:
    mine, found = _weekly(values, strategy), _found(values, strategy, about)
    if not about.sessions:
        return [(State.BLOCKED, "missing: the week has no session")]
    if mine.empty:
        return [(State.BLOCKED, "missing: no weekly KPI")]
    if not found:
        return [(State.BLOCKED, f"stale: the newest weekly KPI are of {_newest(mine)}")]
    absent = [key for key in JUDGED if key not in found]
    parts: list[Judged] = [(State.BLOCKED, f"missing: {', '.join(absent)}")] * bool(absent)
    for key, row in found.items():
        state, said = State(row["status"]), f"{key} {row['status']}: {row['reason']}"
        if key in JUDGED and state is State.PASS and (row["as_of"] or "") < str(about.last):
            state, said = State.BLOCKED, f"stale: {key}, made from data of {row['as_of'] or 'no day'}"
        if state is State.FAIL or key in JUDGED:
            parts.append((state, said if state is not State.PASS else ""))
    return parts


def _together(judged: Mapping[str, Sequence[Judged]]) -> Judged:
    """All of them; strategies that share a reason share a sentence."""
    parts = [(state, strategy, text) for strategy, each in judged.items() for state, text in each if text]
    states = dict.fromkeys(state for state, _, _ in parts)
    return overall(
        (state, said) for state in states for said in said_of((name, text) for s, name, text in parts if s is state)
    )


def _newest(mine: pd.DataFrame) -> str:
    return "" if mine.empty else f"{mine['date'].max():%Y-%m-%d}"

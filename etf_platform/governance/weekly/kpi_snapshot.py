"""The week's KPI per strategy: one row each, dated to the last session of the week, never filled up from elsewhere.

A value that is absent, or older than the week's last session, is BLOCKED. Not here: computing KPI (`kpi`), thresholds'
exceptions (`risk_exceptions`).
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from etf_platform.core.states import State
from etf_platform.governance.weekly.about import About, Judged, overall, said_of
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.reports.tables import records

NAME = "kpi_snapshot"
SHOWN = {  # column -> key in the registry
    "pnl": "pnl_net",
    "sharpe": "sharpe",
    "max_drawdown_abs": "max_drawdown",
    "var_breach_rate": "var_breach_rate",
    "fill_calibration_error": "fill_calibration_error",
}
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
    """
    rows = [_row(values, strategy, about) for strategy in strategies]
    judged = _overall(rows) if rows else (State.BLOCKED, "missing: no strategy")
    return about.artefact(NAME, judged, {"as_of": str(about.last or ""), "kpi_snapshot": rows})


def _row(values: pd.DataFrame, strategy: str, about: About) -> dict[str, Any]:
    mine = values[(values["strategy"] == strategy) & (values["period"] == "week")]
    now = mine[mine["date"] == pd.Timestamp(about.last)] if about.last else mine.iloc[:0]
    found = {str(row["kpi"]): row for row in records(now)}
    shown = {column: found.get(key, {}).get("value") for column, key in SHOWN.items()}
    if shown["max_drawdown_abs"] is not None:
        shown["max_drawdown_abs"] = abs(shown["max_drawdown_abs"])
    state, reason = _judged(mine, found, about)
    first = next(iter(found.values()), {})
    return {
        "strategy": strategy,
        "source": first.get("source", ""),
        "as_of": str(about.last or "") if found else _newest(mine),
        "experiment_id": first.get("experiment_id", ""),
        "config": first.get("config", ""),
        "data_version": first.get("data_version", ""),
        **shown,
        "status": state.value,
        "reason": reason,
        "metrics": [{name: row[name] for name in METRIC} for _, row in sorted(found.items())],
    }


def _judged(mine: pd.DataFrame, found: dict[str, dict[str, Any]], about: About) -> Judged:
    if not about.sessions:
        return State.BLOCKED, "missing: the week has no session"
    if mine.empty:
        return State.BLOCKED, "missing: no weekly KPI"
    if not found:
        return State.BLOCKED, f"stale: the newest weekly KPI are of {_newest(mine)}"
    absent = [key for key in SHOWN.values() if key not in found]
    parts = [(State(row["status"]), f"{key} {row['status']}: {row['reason']}") for key, row in found.items()]
    return overall([*[(State.BLOCKED, f"missing: {', '.join(absent)}")] * bool(absent), *_old(found, about), *parts])


def _old(found: dict[str, dict[str, Any]], about: About) -> list[Judged]:
    """A passing row of today that was made from older inputs is stale all the same."""
    old = [key for key, row in found.items() if row["status"] == "PASS" and (row["as_of"] or "") < str(about.last)]
    return [(State.BLOCKED, f"stale: {', '.join(old)}")] if old else []


def _newest(mine: pd.DataFrame) -> str:
    return "" if mine.empty else f"{mine['date'].max():%Y-%m-%d}"


def _overall(rows: Sequence[dict[str, Any]]) -> Judged:
    parts: list[Judged] = [(State(row["status"]), "") for row in rows]
    for status in dict.fromkeys(row["status"] for row in rows):
        named = [(row["strategy"], row["reason"]) for row in rows if row["status"] == status and row["reason"]]
        parts += [(State(status), text) for text in said_of(named)]
    return overall(parts)

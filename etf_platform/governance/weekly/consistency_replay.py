"""The weekly replay: what was recorded online against the back-test, session by session, and what the week came to.

A breach is a measure beyond its limit on any session of the week; the first diverging stage names the candidates of the
cause. A session that was not compared, and prices without a fair value that is due, are PENDING_DATA, never PASS; a
source that has no quotes by its declaration is judged offline alone, and the document says so. Not here: the
comparison itself (`governance.consistency`), live prices (`live_deviation_snapshot`).
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from etf_platform.core.config.governance import ConsistencyThresholds
from etf_platform.core.states import State
from etf_platform.governance.weekly.about import About, Judged
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.governance.weekly.kpi_snapshot import SHOWN
from etf_platform.governance.weekly.live_deviation_snapshot import NOT_APPLICABLE
from etf_platform.reports.tables import records

NAME = "consistency_replay"
PENDING = "PENDING_DATA"
TOP = 5
CAUSES = {
    "data": "prices were restated, or a session was missed: compare the table versions",
    "feature": "a factor comes out otherwise on the same bars: its code or its window changed",
    "signal": "scores or selected funds differ: parameters changed, or a signal knew later data",
    "weight": "the same funds with other weights: number of funds, limits or exposure changed",
    "order": "orders differ: lots, thresholds or the state of the account changed",
    "fill": "fills differ: costs, prices of fills or price limits changed",
    "return": "the value differs with equal fills: valuation, dividends or cash",
}


@dataclass(frozen=True)
class Facts:
    """What the replay is made of.

    Attributes
    ----------
    compared : mapping of every active strategy to DataFrame
        Rows of `CONSISTENCY` of the week.
    live : mapping or None
        The document `live_deviation_snapshot` of the week.
    kpis, kpis_before : mapping or None
        The documents `kpi_snapshot` of this week and of the one before.
    attribution : mapping or None
        The document `pnl_attribution` of the week.
    canary : sequence of mapping
        `strategy`, `release`, `stage`, `exposure` of every release in force.
    """

    compared: Mapping[str, pd.DataFrame]
    live: Mapping[str, Any] | None = None
    kpis: Mapping[str, Any] | None = None
    kpis_before: Mapping[str, Any] | None = None
    attribution: Mapping[str, Any] | None = None
    canary: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def build(facts: Facts, limits: ConsistencyThresholds, about: About) -> Artefact:
    """The replay of a week; FAIL with a breach, else BLOCKED while anything is pending, else PASS."""
    pairs = pairs_of(facts.compared, about.sessions)
    breaches = [breach for name, rows in facts.compared.items() for breach in _breaches(name, rows)]
    offline, online = _offline(pairs, breaches, limits), _online(facts.live, limits)
    judged = _together([offline, online])
    shown = {State.BLOCKED: PENDING}
    actions = _actions(pairs, breaches, facts.live)
    body = {
        "as_of": str(about.last or ""),
        "replay_status": shown.get(judged[0], judged[0].value),
        "summary": {
            "pairs": len(pairs),
            "compared": sum(pair["status"] != PENDING for pair in pairs),
            "pending": sum(pair["status"] == PENDING for pair in pairs),
            "failed": sum(pair["status"] == "FAIL" for pair in pairs),
            "breaches": len(breaches),
        },
        "scope": {
            "strategies": list(facts.compared),
            "sessions": [str(day) for day in about.sessions],
            "configs": sorted({str(text) for rows in facts.compared.values() for text in rows["config"]}),
        },
        "kpi_delta": _deltas(facts.kpis, facts.kpis_before),
        "attribution": list((facts.attribution or {}).get("attribution", [])),
        "consistency": {
            "offline": {"status": shown.get(offline[0], offline[0].value), "reason": offline[1]},
            "online": _told(online, facts.live),
            "limits": _limits(limits),
            "pairs": pairs,
        },
        "breaches": breaches,
        "top_alerts": list((facts.live or {}).get("alerts", []))[:TOP],
        "root_cause_candidates": _causes(facts.compared, pairs),
        "canary": [dict(row) for row in facts.canary],
        "actions": actions,
    }
    return about.artefact(NAME, judged, body)


def pairs_of(compared: Mapping[str, pd.DataFrame], sessions: Sequence[dt.date]) -> list[dict[str, Any]]:
    """One line per strategy and session of the week: PASS, FAIL, or PENDING_DATA where nothing was compared."""
    return [pair for name, rows in compared.items() for pair in _pairs(name, rows, sessions)]


def _together(parts: Sequence[Judged]) -> Judged:
    """A breach is a breach whatever else is pending; the reasons of all."""
    states = [state for state, _ in parts]
    state = next((s for s in (State.FAIL, State.BLOCKED) if s in states), State.PASS)
    return state, "; ".join(reason for _, reason in parts if reason)


def _pairs(strategy: str, rows: pd.DataFrame, sessions: Sequence[dt.date]) -> list[dict[str, Any]]:
    """One line per session of the week: what the comparison said, PENDING_DATA where there is none.

    Rows of several configurations or data versions are no comparison of one thing with itself: PENDING_DATA too.
    """
    found = []
    for day in sessions:
        mine = rows[rows["date"] == pd.Timestamp(day)]
        states, configs, versions = (sorted(set(mine[name])) for name in ("state", "config", "data_version"))
        is_one = len(configs) == len(versions) == 1
        status = "FAIL" if is_one and "FAIL" in states else "PASS" if is_one and states == ["PASS"] else PENDING
        stage = mine.loc[mine["is_first"].astype(bool), "stage"]
        found.append(
            {
                "strategy": strategy,
                "session": str(day),
                "status": status,
                "first_stage": str(stage.iloc[0]) if status == "FAIL" and len(stage) else "",
                "config": ", ".join(configs),
                "data_version": json.loads(versions[0]) if is_one and versions[0] else {},
            }
        )
    return found


def _breaches(strategy: str, rows: pd.DataFrame) -> list[dict[str, Any]]:
    failed = rows[rows["state"] == "FAIL"].sort_values(["date", "is_first"], ascending=[True, False], kind="stable")
    shown = records(failed[["date", "stage", "measure", "value", "limit", "reason", "is_first"]])
    examples = [json.loads(text)[:1] for text in failed["examples"]]
    return [{"strategy": strategy, **row, "example": one} for row, one in zip(shown, examples, strict=True)]


def _offline(
    pairs: Sequence[Mapping[str, Any]], breaches: Sequence[Mapping[str, Any]], limits: ConsistencyThresholds
) -> Judged:
    failed = [f"{p['strategy']} {p['session']} {p['first_stage']}" for p in pairs if p["status"] == "FAIL"]
    pending = [f"{p['strategy']} {p['session']}" for p in pairs if p["status"] == PENDING]
    parts: list[Judged] = []
    if len(failed) > limits.max_offline_exceptions:
        parts.append((State.FAIL, f"{len(failed)} session(s) differ: {', '.join(failed[:TOP])}"))
    if pending or not pairs:
        named = ", ".join(pending[:TOP]) or "the week"
        parts.append((State.BLOCKED, f"pending_data: {len(pending)} session(s) not compared: {named}"))
    return _together(parts)


def _online(live: Mapping[str, Any] | None, limits: ConsistencyThresholds) -> Judged:
    if live is None:
        return State.BLOCKED, "missing: no live deviation snapshot"
    alerts = live["summary"]["n_alerts"]
    if alerts > limits.max_online_alerts:
        return State.FAIL, f"{alerts} live alert(s)"
    return (State.PASS, "") if live["status"] in ("PASS", "WARN") else (State.BLOCKED, live["reason"])


def _told(online: Judged, live: Mapping[str, Any] | None) -> dict[str, str]:
    """What stands for the live prices; where a source has none nothing was compared, and nothing is said to PASS."""
    state, reason = online
    if state is State.PASS and live is not None and live["status"] == "WARN":
        status = state.value if live["summary"]["n_rows"] else NOT_APPLICABLE.upper()
        return {"status": status, "reason": live["reason"]}
    return {"status": PENDING if state is State.BLOCKED else state.value, "reason": reason}


def _limits(limits: ConsistencyThresholds) -> dict[str, float]:
    return {
        "max_offline_consistency_exceptions": limits.max_offline_exceptions,
        "max_online_alerts": limits.max_online_alerts,
        "max_online_abs_deviation_bps": limits.max_live_deviation_bps,
        "max_weekly_return_bps": limits.max_weekly_return_bps,
        "max_monthly_drift_bps": limits.max_monthly_drift_bps,
    }


def _deltas(now: Mapping[str, Any] | None, before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Key figures that either week has; the change is null where one of them has none."""
    earlier = {row["strategy"]: row for row in (before or {}).get("kpi_snapshot", [])}
    found = []
    for row in (now or {}).get("kpi_snapshot", []):
        was = earlier.get(row["strategy"], {})
        for metric in SHOWN:
            values = (row[metric], was.get(metric))
            if values != (None, None):
                delta = values[0] - values[1] if None not in values else None
                said = {"now": values[0], "before": values[1], "delta": delta}
                found.append({"strategy": row["strategy"], "metric": metric, **said})
    return found


def _causes(compared: Mapping[str, pd.DataFrame], pairs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Strategies and first diverging stages, most sessions first, with the measures that failed there."""
    found = []
    for strategy, rows in compared.items():
        for stage, cause in CAUSES.items():
            days = [p["session"] for p in pairs if p["strategy"] == strategy and p["first_stage"] == stage]
            if days:
                there = rows[(rows["stage"] == stage) & (rows["state"] == "FAIL")]
                measures = sorted(set(there["measure"]))
                found.append(
                    {"strategy": strategy, "stage": stage, "sessions": days, "measures": measures, "cause": cause}
                )
    return sorted(found, key=lambda each: -len(each["sessions"]))


def _actions(
    pairs: Sequence[Mapping[str, Any]], breaches: Sequence[Mapping[str, Any]], live: Mapping[str, Any] | None
) -> list[str]:
    stages = dict.fromkeys((p["strategy"], p["first_stage"]) for p in pairs if p["first_stage"])
    found = [f"{strategy}: find out why `{stage}` differs before anything is released" for strategy, stage in stages]
    pending = dict.fromkeys(p["strategy"] for p in pairs if p["status"] == PENDING)
    found += [f"{strategy}: run the operations of the sessions that were not compared" for strategy in pending]
    if live is None or live["status"] == "BLOCKED":
        found.append("record quotes with fair values, or releases stay blocked")
    elif live["summary"]["n_alerts"]:
        found.append("look at every price that stood at least the threshold from fair value")
    return found

"""The week's drift: every feature of every strategy against its baseline, the stage that it stands at, what moved.

Not here: statistics and stages (`drift`), what a stage does to exposure and releases.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from etf_platform.core.states import State
from etf_platform.core.units.event import DRIFT_MOVED, RETRAIN_CLOSED, RETRAIN_OPENED, Event
from etf_platform.governance.weekly.about import About, Judged, overall, said_of
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.reports.tables import records

NAME = "drift_report"
KINDS = (DRIFT_MOVED, RETRAIN_OPENED, RETRAIN_CLOSED)
ALARMS = ("alert", "major")
STAGES = ("NORMAL", "ALERT", "DEGRADE", "RETRAIN")
SHOWN = ("psi", "psi_null", "ks", "ks_p", "ks_q", "wasserstein", "baseline_n", "recent_n")


def build(drift: Mapping[str, pd.DataFrame], events: Iterable[Event], about: About) -> Artefact:
    """The report.

    Parameters
    ----------
    drift : mapping of every active strategy to DataFrame
        Rows of `DRIFT` of the week.
    events : iterable of Event
        The ledger's of the kinds `KINDS`; those of other weeks are passed over.
    about : About

    Returns
    -------
    Artefact
        FAIL with a feature at DEGRADE or RETRAIN or at a major level on the last session, WARN at ALERT or an alert,
        BLOCKED where a feature or a session is missing.
    """
    features = [row for strategy, rows in drift.items() for row in _features(strategy, rows, about)]
    strategies = [_strategy(strategy, rows, features, about) for strategy, rows in drift.items()]
    body = {
        "as_of": str(about.last or ""),
        "summary": {
            "strategies": len(drift),
            "features": len(features),
            "alerts": sum(row["level"] == "alert" for row in features),
            "majors": sum(row["level"] == "major" for row in features),
            "blocked": sum(row["state"] == "BLOCKED" for row in features),
        },
        "strategies": strategies,
        "features": features,
        "moves": [_move(event) for event in events if event.kind in KINDS and event.as_of in about.sessions],
    }
    return about.artefact(NAME, _judged(strategies, features), body)


def _judged(strategies: Sequence[Mapping[str, Any]], features: Sequence[Mapping[str, Any]]) -> Judged:
    gaps = said_of((str(s["strategy"]), str(s["reason"])) for s in strategies if s["reason"])
    parts: list[Judged] = [(State.BLOCKED, text) for text in gaps or ["missing: no strategy"] * (not strategies)]
    for state, picked in ((State.FAIL, _is_bad), (State.WARN, _is_warned)):
        found = [(str(row["strategy"]), _said(row)) for row in features if picked(row)]
        parts += [(state, text) for text in said_of(found)]
    unknown: dict[str, list[str]] = {}
    for row in features:
        if row["state"] == "BLOCKED":
            unknown.setdefault(str(row["strategy"]), []).append(f"{row['feature']} {row['reason']}")
    blocked = said_of((strategy, ", ".join(names)) for strategy, names in unknown.items())
    return overall([*parts, *((State.BLOCKED, text) for text in blocked)])


def _is_bad(row: Mapping[str, Any]) -> bool:
    return row["stage"] in ("DEGRADE", "RETRAIN") or row["level"] == "major"


def _is_warned(row: Mapping[str, Any]) -> bool:
    return not _is_bad(row) and (row["stage"] == "ALERT" or row["level"] == "alert")


def _said(row: Mapping[str, Any]) -> str:
    return f"{row['feature']} {row['level']}, {row['stage']}"


def _features(strategy: str, rows: pd.DataFrame, about: About) -> list[dict[str, Any]]:
    """Every feature as it stood on the last session of the week, and on how many sessions of the week it alarmed."""
    if about.last is None:
        return []
    alarms = rows[rows["level"].isin(ALARMS)].groupby("feature").size()
    last = rows[rows["date"] == pd.Timestamp(about.last)].sort_values("feature")
    return [
        {
            "strategy": strategy,
            "feature": row["feature"],
            "level": row["level"],
            "stage": row["stage"],
            "state": row["state"],
            "alarm_sessions": int(alarms.get(row["feature"], 0)),
            **{name: row[name] for name in SHOWN},
            "reason": row["reason"],
        }
        for row in records(last)
    ]


def _strategy(strategy: str, rows: pd.DataFrame, features: Sequence[Mapping[str, Any]], about: About) -> dict[str, Any]:
    mine = [row for row in features if row["strategy"] == strategy]
    known = {day.date() for day in rows["date"]}
    missing = [str(day) for day in about.sessions if day not in known]
    stage = max((row["stage"] for row in mine), key=STAGES.index, default="")
    return {
        "strategy": strategy,
        "stage": stage,
        "features": len(mine),
        "alarms": sum(row["level"] in ALARMS for row in mine),
        "missing_sessions": missing,
        "reason": f"missing: {', '.join(missing)}" if missing else "" if mine else "missing: no session",
    }


def _move(event: Event) -> dict[str, Any]:
    return {
        "session": str(event.as_of),
        "strategy": event.subject.partition("/")[0],
        "kind": event.kind,
        "subject": event.subject,
        **{name: event.payload.get(name) for name in ("feature", "from", "to", "reason") if name in event.payload},
    }

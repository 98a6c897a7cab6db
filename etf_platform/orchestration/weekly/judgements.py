"""What the documents of the week's judgements are made from: replay, drift, changes, audit.

Not here: figures (`evidence`), what follows from them (`governance.weekly`).
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.errors import StorageError
from etf_platform.governance import releases, stages
from etf_platform.governance.experiment_record import Experiment
from etf_platform.governance.prerelease import thresholds_digest, thresholds_signature
from etf_platform.governance.weekly import change_rollback_record, changes, checklist, consistency_replay
from etf_platform.governance.weekly import manual as manual_items
from etf_platform.governance.weekly.rollback_marker import marker
from etf_platform.orchestration.weekly.evidence import registry
from etf_platform.orchestration.weekly.repository import repository
from etf_platform.orchestration.weekly.week import Week

DOCUMENTS = {
    "kpis": "kpi_snapshot",
    "risk": "risk_exceptions",
    "regression": "daily_regression_gate",
    "performance": "performance_baseline",
    "latency": "latency_benchmark",
}


def compared(week: Week) -> dict[str, pd.DataFrame]:
    """Rows of the comparison of online and offline, per running account."""
    return {pool: week.rows(t.CONSISTENCY, pool) for pool in week.pools}


def replay_facts(week: Week) -> consistency_replay.Facts:
    """What the weekly replay is made of."""
    return consistency_replay.Facts(
        compared(week),
        week.document("live_deviation_snapshot"),
        week.document("kpi_snapshot"),
        week.document("kpi_snapshot", week.before),
        week.document("pnl_attribution"),
        _canary(week),
    )


def drift_rows(week: Week) -> dict[str, pd.DataFrame]:
    """Drift of the week per pool."""
    return {pool: week.rows(t.DRIFT, pool) for pool in week.pools}


def change_facts(week: Week) -> change_rollback_record.Facts:
    """What the change record is made of."""
    known, config = registry(week), week.platform.config.governance
    by_id = {
        name: release
        for strategy in releases.strategies(week.events)
        for name, release in releases.fold(week.events, config, strategy).by_id.items()
    }
    lines = changes.entries(repository(week.monday), known, _ran_on(known))
    return change_rollback_record.Facts(week.events, by_id, known, lines)


def audit_facts(week: Week) -> checklist.Facts:
    """What the operating audit looks at; a document that cannot be read is a parse error."""
    found, errors = _documents(week)
    known, git, config = registry(week), repository(week.monday), week.platform.config.governance
    pairs = consistency_replay.pairs_of(compared(week), week.sessions)
    states = {pool: releases.fold(week.events, config, pool) for pool in week.strategies}
    return checklist.Facts(
        strategies=week.strategies,
        **found,
        risk_digest=week.digest_of("risk_exceptions") if found["risk"] is not None else "",
        pairs=pairs,
        manual_done=tuple(manual_items.fold(week.signed_items, config, week.name).items),
        experiments=frozenset(known),
        thresholds=_thresholds(week),
        repository=git,
        change_lines=changes.entries(git, known, _ran_on(known)),
        markers=[marker(name, state, git.tags) for name, state in states.items()],
        parse_errors=errors,
    )


def _documents(week: Week) -> tuple[dict[str, Mapping[str, Any] | None], list[str]]:
    found: dict[str, Mapping[str, Any] | None] = {}
    errors: list[str] = []
    asked = [(key, name, "") for key, name in DOCUMENTS.items()]
    for key, name, other in [*asked, ("kpis_before", "kpi_snapshot", week.before)]:
        try:
            found[key] = week.document(name, other)
        except StorageError as error:
            found[key] = None
            errors.append(f"{other or week.name}/{name}.json: {error.saw}")
    return found, errors


def _ran_on(known: Mapping[str, Experiment]) -> dict[str, str]:
    """First 12 digits of a clean commit -> the last experiment that ran on it."""
    ran = [(each, each.conditions) for each in known.values() if each.conditions and not each.conditions.dirty]
    return {seen.commit.rpartition("+")[2][:12]: each.experiment_id for each, seen in ran if "+" in seen.commit}


def _thresholds(week: Week) -> dict[str, Any]:
    """Limits and their signature; it counts up to the Monday after, on which the chain runs."""
    config = week.platform.config.governance
    signed = thresholds_signature(week.events_until(week.sunday + dt.timedelta(days=1)), config)
    return {
        "weekly": config.weekly.model_dump(mode="json"),
        "consistency": config.consistency.model_dump(mode="json"),
        "digest": thresholds_digest(config),
        "signature": {"by": signed.by, "role": signed.role, "session": str(signed.as_of)} if signed else None,
    }


def _canary(week: Week) -> list[dict[str, Any]]:
    """Every release in force at the week's end."""
    config, rows = week.platform.config.governance, []
    for strategy in releases.strategies(week.events):
        state = releases.fold(week.events, config, strategy)
        for name, share in stages.exposures(state, config).items():
            rows.append({"strategy": strategy, "release": name, "stage": state.by_id[name].stage, "exposure": share})
    return rows

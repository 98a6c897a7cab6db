"""Bars, panel and quotes of a pool to its drift of the day, and to what the ledger must know of it."""

import datetime as dt
from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.config.governance import DriftConfig
from etf_platform.core.units.event import DRIFT_MOVED, RETRAIN_CLOSED, RETRAIN_OPENED, Event
from etf_platform.drift.audit import FEATURE, ModelRecord, audit, record_of
from etf_platform.drift.features import FEATURES, Feature, features_of
from etf_platform.drift.judge import STATES, judge, sessions_needed
from etf_platform.drift.machine import closures, moves, stages, standing
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.pictures import keep
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.plots.drift import drift_plot
from etf_platform.storage import events as ledger
from etf_platform.storage import outbox

KINDS = (DRIFT_MOVED, RETRAIN_OPENED, RETRAIN_CLOSED)
SHOWN = ["feature", "psi", "psi_null", "ks", "ks_q", "wasserstein", "wasserstein_null", "level", "stage", "reason"]
PLOTTED_DAYS = 365
SPARE = 1.6  # calendar days per session, with room for long closures


def write_drift(platform: Platform, universe: str, window: Window) -> Outcome:
    """Judge every feature on the window's sessions, move the stages, and record the moves."""
    tables, config = StepTables(platform, window), platform.config.governance.drift
    start = tables.first_day(t.DRIFT, universe, window)
    daily = _daily(platform, universe, tables, start, window.end, config)
    due = daily.index if start is None else daily.index[daily.index >= pd.Timestamp(start)]
    if due.empty:
        return tables.outcome(facts={"drift": "no session to judge"})
    recorded, applying = ledger.events(platform.ops, KINDS, universe), _applying(platform, universe)
    rows = _with_audits(judge(daily, pd.DatetimeIndex(due), config, applying), recorded, universe, config)
    rows = _staged(rows, _earlier(platform, universe, due[0]), closures(recorded, universe), config)
    rows["source"] = _source(tables, universe, due[-1])
    tables.write_days(t.DRIFT, universe, rows, window)
    with outbox.transaction(platform.ops) as connection:
        known = ledger.read(connection, KINDS, universe)
        moved = ledger.append(connection, moves(rows, universe, known))
        now = standing([*known, *moved], universe, config, due[-1].date())
    return tables.outcome(
        facts={
            "moves recorded": len(moved),
            "not normal": ", ".join(f"{name} {stage.name}" for name, stage in now.features.items()) or "none",
            "not applicable": ", ".join(each.name for each in FEATURES if each not in applying) or "none",
            "exposure": now.exposure,
            "wants retrain": now.wants_retrain,
            "wants freeze": now.wants_freeze,
        },
        frames={"drift": rows.loc[rows["date"] == due[-1], SHOWN]},
        plots=keep(platform, t.DRIFT, universe, {"drift": _plot(platform, universe, due[-1], config)}),
    )


def _applying(platform: Platform, universe: str) -> list[Feature]:
    """Features that the source provides; those of quotes also where quotes are stored, wherever these are from."""
    has_quotes = platform.provides_quotes(universe) or platform.lake.exists(t.QUOTES, universe)
    return [each for each in FEATURES if has_quotes or each.needs != "quotes"]


def _daily(
    platform: Platform, universe: str, tables: StepTables, start: date | None, end: date | None, config: DriftConfig
) -> pd.DataFrame:
    """Daily figures of every feature on the exchange's sessions, from as far back as the days due can depend on."""
    bars = tables.read(t.BARS, universe, end=end)
    since = None if start is None else start - timedelta(days=int(SPARE * sessions_needed(config)))
    panel = tables.read_if_there(t.PANEL, universe, end, since)
    quotes = tables.read_if_there(t.QUOTES, universe, end, since)
    last = end or bars["date"].max()
    return features_of(bars, panel, quotes, platform.sessions(universe).between(bars["date"].min(), last))


def _earlier(platform: Platform, universe: str, before: pd.Timestamp) -> pd.DataFrame:
    """Stored levels of the days before: what the machine has seen."""
    columns = ["date", "feature", "level"]
    if not platform.lake.exists(t.DRIFT, universe):
        return pd.DataFrame(columns=columns).astype({"date": "datetime64[ns]"})
    until = (before - pd.Timedelta(days=1)).date()
    return platform.lake.read(t.DRIFT, universe, end=until, columns=columns)


def _staged(rows: pd.DataFrame, earlier: pd.DataFrame, closed: Sequence[dt.date], config: DriftConfig) -> pd.DataFrame:
    together = pd.concat([earlier, rows[["date", "feature", "level"]]], ignore_index=True)
    return rows.assign(stage=stages(together, config, closed).to_numpy()[len(earlier) :])


def _with_audits(rows: pd.DataFrame, recorded: Sequence[Event], universe: str, config: DriftConfig) -> pd.DataFrame:
    """The same with a row for the model on every session from its first record on: its audit, else stable."""
    fits = [e for e in recorded if e.kind == RETRAIN_CLOSED and e.subject == universe and "model" in e.payload]
    made = [_audit_row(date, fits, config) for date in rows["date"].drop_duplicates()]
    found = pd.DataFrame([row for row in made if row is not None])
    if found.empty:
        return rows
    return pd.concat([rows, found], ignore_index=True).sort_values(["date", "feature"]).reset_index(drop=True)


def _audit_row(date: pd.Timestamp, fits: Sequence[Event], config: DriftConfig) -> dict[str, object] | None:
    known = [fit for fit in fits if fit.as_of is not None and fit.as_of <= date.date()]
    if not known:
        return None
    row = {"date": date, "feature": FEATURE, "baseline_n": len(known) - 1, "recent_n": 1}
    if known[-1].as_of != date.date():
        return row | {"level": "stable", "state": str(STATES["stable"]), "reason": ""}
    verdict = audit(record_of(known[-1].payload["model"]), _baseline(known), config)
    return row | {"level": verdict.level, "state": str(STATES[verdict.level]), "reason": verdict.reason}


def _baseline(fits: Sequence[Event]) -> ModelRecord | None:
    """The model before the last fit; before the first one that which was in force, where the fit says so."""
    payload = fits[-2].payload["model"] if len(fits) > 1 else fits[-1].payload.get("baseline")
    return None if payload is None else record_of(payload)


def _source(tables: StepTables, universe: str, last: pd.Timestamp) -> str:
    rows = tables.read(t.BARS, universe, end=last.date(), columns=["date", "source"])
    return str(rows.sort_values("date")["source"].iloc[-1])


def _plot(platform: Platform, universe: str, last: pd.Timestamp, config: DriftConfig) -> bytes:
    since = (last - pd.Timedelta(days=PLOTTED_DAYS)).date()
    rows = platform.lake.read(t.DRIFT, universe, start=since, end=last.date())
    return drift_plot(rows, universe, (config.psi_alert, config.psi_major))

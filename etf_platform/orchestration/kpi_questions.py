"""What a person asks of the KPI: registry, stored values, alarms, files to be imported. Not here: the daily values."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError, MissingTableError
from etf_platform.core.units.event import Event
from etf_platform.governance import alarms
from etf_platform.governance.ledger import counted
from etf_platform.kpi.imports import UNIVERSE, Imported, Origin, merged, parse_kpis, with_history
from etf_platform.kpi.metric import threshold
from etf_platform.kpi.metrics import registry
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.storage import events as ledger


def registry_rows(platform: Platform | None = None) -> pd.DataFrame:
    """One row per metric of the registry; with an installation the numbers that its thresholds stand for."""
    return pd.DataFrame(
        [
            {
                "kpi": m.key,
                "title": m.title,
                "unit": m.unit,
                "better": m.direction,
                "warn": _shown(m.warn, platform) or _shown(m.relative, platform, " x baseline"),
                "major": _shown(m.major, platform),
                "week": m.weekly,
                "least": m.least,
                "age": m.most_age,
                "of": " and ".join(m.scopes),
                "core": "yes" if m.is_core else "",
                "owner": m.owner,
                "source": m.source,
                "version": m.version,
                "aliases": ", ".join(m.aliases),
                "formula": m.formula,
            }
            for m in registry()
        ]
    )


def _shown(text: str, platform: Platform | None, of: str = "") -> str:
    number = text if platform is None or not text else f"{threshold(text, platform.config.governance):g}"
    return number + of if number else ""


def strategies(platform: Platform) -> list[str]:
    """Universes that have values: pools, the portfolio, `imported`."""
    wanted = (*platform.config.pools, PORTFOLIO, UNIVERSE)
    return [name for name in wanted if platform.lake.exists(t.KPI_VALUES, name)]


def values_of(platform: Platform, strategy: str | None, day: dt.date | None, period: str = "day") -> pd.DataFrame:
    """Stored rows of a session (default: the last stored one of each strategy).

    Raises
    ------
    BadInputError
        There is no such strategy.
    MissingTableError
        Nothing is stored for the strategy.
    """
    found = [part for name in strategies(platform) if (part := _on(platform, name, day)) is not None]
    rows = pd.concat(found, ignore_index=True) if found else t.KPI_VALUES.no_rows()
    measured = [*platform.config.pools, PORTFOLIO, *rows["strategy"].unique()]
    if strategy is not None and strategy not in measured:
        known = ", ".join(dict.fromkeys(measured))
        raise BadInputError(f"showing the KPI of {strategy}", "there is no such strategy", f"use one of {known}")
    rows = rows[(rows["period"] == period) & (rows["strategy"].eq(strategy) if strategy else True)]
    if rows.empty:
        raise MissingTableError(
            f"showing the KPI of {strategy or 'every strategy'}",
            f"none are stored{f' for {day}' if day else ''}{' that ends a week' if day and period == 'week' else ''}",
            "run the job `operations`, or `etf-platform ops replay --from A --to B`",
        )
    return rows.reset_index(drop=True)


def _on(platform: Platform, universe: str, day: dt.date | None) -> pd.DataFrame | None:
    at = day or platform.lake.last_day(t.KPI_VALUES, universe)
    return None if at is None else platform.lake.read(t.KPI_VALUES, universe, start=at, end=at)


def alarm_rows(platform: Platform, strategy: str | None = None, is_all: bool = False) -> pd.DataFrame:
    """Open alarms, or all, newest first: id, strategy, what, when, and how it was closed."""
    known = counted(platform.config.governance, ledger.events(platform.ops))
    found = [alarm for alarm in alarms.alarms(known) if is_all or alarm.closed_on is None]
    mine = [asdict(alarm) for alarm in reversed(found) if strategy in (None, alarm.strategy)]
    rows = pd.DataFrame(mine, columns=[field.name for field in fields(alarms.Alarm)])
    return rows.sort_values("raised_on", ascending=False, kind="stable", ignore_index=True)


@dataclass(frozen=True)
class Closing:
    """Who closes alarms, why, and as of which session."""

    by: str
    role: str
    reason: str
    day: dt.date


def closings(platform: Platform, alarm_ids: Sequence[str], asked: Closing) -> list[Event]:
    """The events that close alarms, to be sealed by their author.

    Raises
    ------
    BadInputError
        As `governance.alarms.closing`, for the first that cannot be closed.
    """
    known = counted(platform.config.governance, ledger.events(platform.ops))
    names = dict.fromkeys(alarm_ids)
    return [alarms.closing(name, known, asked.by, asked.role, asked.reason, asked.day) for name in names]


def import_file(platform: Platform, path: Path, day: dt.date) -> Imported:
    """Store the rows of a KPI file for a session; strategies that are not in the file keep theirs.

    Raises
    ------
    BadInputError
        Nothing in the file can be read, or a strategy bears the name of a pool; nothing is stored then.
    """
    content = path.read_bytes()
    origin = Origin(path.name, hashlib.sha256(content).hexdigest(), day, platform.config.digest)
    found = parse_kpis(content, origin, platform.config.governance)
    taken = sorted({*platform.config.pools, PORTFOLIO} & set(found.rows["strategy"]))
    if taken:
        raise BadInputError(f"importing {path.name}", f"{', '.join(taken)} is measured here", "rename the strategy")
    is_stored = platform.lake.exists(t.KPI_VALUES, UNIVERSE)
    stored = platform.lake.read(t.KPI_VALUES, UNIVERSE, end=day) if is_stored else t.KPI_VALUES.no_rows()
    fresh = with_history(found.rows, stored, platform.config.governance)
    rows = merged(stored[stored["date"] == pd.Timestamp(day)], fresh)
    platform.lake.write(t.KPI_VALUES, UNIVERSE, rows, day, day, note=platform.note(f"import {origin.sha256[:12]}"))
    return Imported(fresh, found.problems)

"""What people ask of the scores: run a range, show a session, its report, and how scores did.

Everything is read from stored tables; what is not there is said with what to do. Not here: how scores are made
(`steps.scoring`), how a report reads (`reports.scoring`).
"""

import os
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.core.schema import Table
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.scoring_inputs import calendars
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.scoring.document import MarketReport
from etf_platform.reports.scoring.positions import read_positions

if TYPE_CHECKING:
    from etf_platform.orchestration.runner import JobResult, StepEnded

POSITIONS = "data"  # folder below the home with positions_YYYYMMDD.json


def score_range(platform: Platform, start: date, end: date, listener: "StepEnded | None" = None) -> "JobResult":
    """Run the job `scoring` for the sessions `start..end`: inputs, scores, how they did, the report of the last one.

    Sessions missed since the last stored one are made as well, on an empty home all from `first_score` on.

    Raises
    ------
    NotASessionError, BadInputError
        As `runner.plan_run`.
    """
    from etf_platform.orchestration.runner import run_scoring

    return run_scoring(platform, start, end, listener)


def last_scored(platform: Platform) -> date | None:
    """The last session that has scores; None without any."""
    universe = platform.config.scoring.universe
    if not platform.lake.exists(t.ASSET_SCORES, universe):
        return None
    last = platform.lake.read(t.ASSET_SCORES, universe, columns=["date"])["date"].max()
    return None if last != last else last.date()


def score_day(platform: Platform, day: date, keys: Sequence[str] | None = None) -> pd.DataFrame:
    """Stored ASSET_SCORES rows of a session, in the order of `keys` (default: of `scoring.yaml`).

    Raises
    ------
    BadInputError
        An unknown key.
    InsufficientDataError
        The session has no scores.
    """
    wanted = known_keys(platform, keys)
    rows = _rows(StepTables(platform, Window(day, day)), platform, t.ASSET_SCORES, day)
    return rows.set_index("asset").reindex([key for key in wanted if key in set(rows["asset"])]).reset_index()


def evaluation_of(platform: Platform, day: date) -> pd.DataFrame:
    """Stored SCORE_EVALUATION rows of a session.

    Raises
    ------
    InsufficientDataError
        The session has none.
    """
    return _rows(StepTables(platform, Window(day, day)), platform, t.SCORE_EVALUATION, day)


def report_of(
    platform: Platform, day: date, keys: Sequence[str] | None = None, tables: StepTables | None = None
) -> MarketReport:
    """The market report of a session on some assets (default: all).

    Parameters
    ----------
    tables : StepTables, optional
        Remembers which versions were read.

    Raises
    ------
    BadInputError
        An unknown key, or positions that cannot be read.
    InsufficientDataError
        The session has no scores.
    """
    from etf_platform.orchestration.scoring_facts import facts_of, index_keys
    from etf_platform.orchestration.scoring_report import report_from
    from etf_platform.scoring.assembly import views_of
    from etf_platform.scoring.inputs import Stored

    wanted, universe = known_keys(platform, keys), platform.config.scoring.universe
    opened = StepTables(platform, Window(day, day)) if tables is None else tables
    scores, factors, basis = (
        _rows(opened, platform, table, day, may_be_empty=table is not t.ASSET_SCORES)
        for table in (t.ASSET_SCORES, t.FACTOR_SCORES, t.SCORE_BASIS)
    )
    bars, found = opened.read(t.BARS, universe, end=day), opened.read_if_there(t.ASSET_SERIES, universe, end=day)
    series = t.ASSET_SERIES.no_rows() if found is None else found
    inputs = (bars, series, platform.config.scoring, pd.DatetimeIndex([day]), calendars(platform))
    shown = tuple(dict.fromkeys((*wanted, *index_keys(platform.config.scoring))))
    views, stored = views_of(*inputs, keys=shown).on(day), Stored.of(*inputs)
    positions = read_positions(os.environ, platform.workspace.home / POSITIONS, day)
    return report_from(facts_of(day, wanted, views, scores, factors, basis, stored, platform.source_label, positions))


def known_keys(platform: Platform, keys: Sequence[str] | None) -> tuple[str, ...]:
    """The asked keys without repetitions; all of `scoring.yaml` when none is asked.

    Raises
    ------
    BadInputError
        An unknown key.
    """
    assets = platform.config.scoring.assets
    wanted = tuple(dict.fromkeys(keys)) if keys else tuple(assets)
    if unknown := [key for key in wanted if key not in assets]:
        raise BadInputError("choosing assets", f"no asset {', '.join(unknown)}", f"use some of {', '.join(assets)}")
    return wanted


def _rows(tables: StepTables, platform: Platform, table: Table, day: date, may_be_empty: bool = False) -> pd.DataFrame:
    rows = tables.read_if_there(table, platform.config.scoring.universe, start=day, end=day)
    if rows is None or (rows.empty and not may_be_empty):
        last = last_scored(platform)
        have = "nothing is scored yet" if last is None else f"the last scored session is {last}"
        remedy = f"run `etf-platform score run --date {day}`, or ask for a scored session"
        raise InsufficientDataError(f"reading {table.layer}/{table.name} of {day}", f"it has no rows; {have}", remedy)
    return rows

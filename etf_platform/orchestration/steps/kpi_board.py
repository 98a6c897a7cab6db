"""Values of every metric, and what is in force, to the KPI board."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError
from etf_platform.governance import breaker, freezes, releases
from etf_platform.governance.stages import exposures
from etf_platform.kpi.imports import UNIVERSE
from etf_platform.orchestration.files import replace_text
from etf_platform.orchestration.kpi_questions import registry_rows
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.provenance import code_commit
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.kpi import Board, Standing, render_board
from etf_platform.reports.kpi.contents import SESSIONS
from etf_platform.storage import events as ledger

STATUS = ["strategy", "kpi", "value", "baseline", "trend", "status", "reason", "as_of"]


def write_board(platform: Platform, universe: str, window: Window) -> Outcome:
    """The board of the window's last session, as HTML and Markdown, below `reports/kpi`.

    Raises
    ------
    BadInputError
        The window has no end.
    """
    if window.end is None:
        raise BadInputError("drawing the KPI board", "no session is named", "run a partition")
    tables = StepTables(platform, window)
    board = board_of(platform, tables, pd.Timestamp(window.end))
    markdown, html = render_board(board)
    folder = platform.workspace.reports / "kpi"
    files = {folder / f"board_{window.end}.{end}": text for end, text in (("md", markdown), ("html", html))}
    for path, text in files.items():
        replace_text(path, text)
    if _is_newest(folder, window):
        replace_text(folder / "latest.html", html)
    page = next(path for path in files if path.suffix == ".html")
    today = board.values[board.values["date"] == board.day]
    counts = {str(state): int(n) for state, n in today["status"].value_counts().items()}
    return tables.outcome(facts={"board": str(page), **counts}, frames={"status": today[STATUS]})


def board_of(platform: Platform, tables: StepTables, day: pd.Timestamp) -> Board:
    """The contents of the board as of the close of a session."""
    sessions = platform.sessions(PORTFOLIO).index
    shown = sessions[sessions <= day][-SESSIONS:]
    found = [
        rows
        for name in (*platform.config.pools, PORTFOLIO, UNIVERSE)
        if (rows := tables.read_if_there(t.KPI_VALUES, name, end=day.date(), start=shown[0].date())) is not None
    ]
    values = pd.concat(found, ignore_index=True) if found else t.KPI_VALUES.no_rows()
    has_any = any(len(rows) for rows in found)
    return Board(
        day,
        values[values["period"] == "day"].reset_index(drop=True),
        registry_rows(platform),
        standings(platform, tables, day) if has_any else (),
        shown,
        platform.config.digest,
        code_commit(),
    )


def standings(platform: Platform, tables: StepTables, day: pd.Timestamp) -> tuple[Standing, ...]:
    """What was in force at the close of a session for the portfolio (freezes of all) and every pool."""
    config = platform.config.governance
    known = ledger.events(platform.ops, until=day.date())
    frozen = freezes.fold(known, config)
    whole = Standing(PORTFOLIO, freeze=_reasons([f for f in frozen.open if f.subject == freezes.ALL]))
    found = [whole]
    for pool in platform.config.pools:
        state, level = releases.fold(known, config, pool), breaker.fold(known, config, pool).level
        share = exposures(state, config)
        names = [f"{each} ({state.by_id[each].experiment_id})" for each in state.in_force]
        stages = [
            f"{state.by_id[each].stage or 'stable'}, exposure {share.get(each, 0.0):.0%}" for each in state.in_force
        ]
        found.append(
            Standing(
                pool,
                "; ".join(names) or "none in force",
                "; ".join(stages),
                _reasons(frozen.of(pool)),
                str(level),
                _drift(tables, pool, day),
            )
        )
    return tuple(found)


def _reasons(open_: Sequence[freezes.Freeze]) -> str:
    return "; ".join(f"since {each.since}: {each.reason}" for each in open_)


def _drift(tables: StepTables, pool: str, day: pd.Timestamp) -> str:
    rows = tables.read_if_there(t.DRIFT, pool, end=day.date(), start=day.date())
    if rows is None or rows.empty:
        return "not judged"
    raised = rows[rows["stage"] != "NORMAL"]
    return ", ".join(f"{row['feature']} {row['stage']}" for row in raised.to_dict("records")) or "NORMAL"


def _is_newest(folder: Path, window: Window) -> bool:
    names = sorted(path.stem for path in folder.glob("board_*.html"))
    return not names or names[-1] == f"board_{window.end}"

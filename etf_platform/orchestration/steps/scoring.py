"""Stored inputs to scores of every asset and session, and scores to how they did.

A run writes the sessions of its window and those that were missed since the last stored one, the first run everything
from `first_score` on. Rows of a session are made of inputs up to it and of raw scores of the sessions before it, as
stored; what was stored stays when inputs are restated, until its session is asked for again.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.errors import InsufficientDataError
from etf_platform.core.schema import Table
from etf_platform.core.states import State
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.scoring_inputs import HOME, calendars, sessions_of
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.plots.scoring import factor_heat_map, reliability_diagram
from etf_platform.scoring.assembly import Views, views_of
from etf_platform.scoring.choose import every_factor
from etf_platform.scoring.closes import adjusted_closes, known_closes
from etf_platform.scoring.day import Day, score_day, synthesis_settings
from etf_platform.scoring.evaluation import HORIZONS, WINDOW, evaluate, past_of
from etf_platform.scoring.market_state import INDICES, IndexRow, MarketState, index_row, market_state
from etf_platform.scoring.synthesis import Sample, sample_of

SAMPLE_COLUMNS = ("date", "asset", "factor", "available", "score")
PANDAS = {"float64": "float64", "int64": "Int64", "bool": "bool", "string": "str", "date": "datetime64[ns]"}


def write_scores(platform: Platform, universe: str, window: Window) -> Outcome:
    """Inputs, factor scores, basis and totals of the sessions that are due.

    Raises
    ------
    MissingTableError
        No bars are stored.
    InsufficientDataError
        The whole window lies before `first_score`.
    """
    tables = StepTables(platform, window)
    bars = tables.read(t.BARS, universe, end=window.end)
    days = due_sessions(platform, tables.first_day(t.ASSET_SCORES, universe, window), window.end or _last(bars))
    if not len(days):
        first = platform.config.scoring.first_score
        saw = f"no session from the first score ({first}) on"
        raise InsufficientDataError(
            f"scoring {window}", saw, "set first_score in scoring.yaml, or ask for later sessions"
        )
    stored = tables.read_if_there(t.ASSET_SERIES, universe, end=window.end)
    series = t.ASSET_SERIES.no_rows() if stored is None else stored
    views, made = scored_days(platform, bars, series, days, _history(platform, tables, universe, days))
    frames = {
        t.ASSET_SCORES: typed(t.ASSET_SCORES, [row for day in made for row in day.score_rows()]),
        t.FACTOR_SCORES: typed(t.FACTOR_SCORES, [row for day in made for row in day.factor_rows()]),
        t.SCORE_BASIS: typed(t.SCORE_BASIS, [row for day in made for row in day.basis_rows(platform.source_label)]),
        t.ASSET_STATES: views.states,
    }
    for table in (t.ASSET_STATES, t.FACTOR_SCORES, t.SCORE_BASIS, t.ASSET_SCORES):  # totals last: they say what is done
        tables.write(table, universe, frames[table], days[0].date(), days[-1].date())
    scores, last = frames[t.ASSET_SCORES], days[-1]
    plot = heat_map(of_day(frames[t.FACTOR_SCORES], last), of_day(scores, last))
    return tables.outcome(facts=_facts(scores), frames=_shown(of_day(scores, last)), plots={"factor scores": plot})


def write_evaluation(platform: Platform, universe: str, window: Window) -> Outcome:
    """How scores, bands and probabilities did, as known on each session that is due."""
    tables, settings = StepTables(platform, window), platform.config.scoring
    scores = tables.read(t.ASSET_SCORES, universe, end=window.end)
    first = tables.first_day(t.SCORE_EVALUATION, universe, window)
    days = due_sessions(platform, first, window.end or _last(scores))
    days = days[days.isin(scores["date"].unique())]
    if not len(days):
        return tables.outcome(facts={"sessions": 0})
    since = _sessions_before(platform, days[0], WINDOW + max(HORIZONS))
    factors = tables.read(t.FACTOR_SCORES, universe, start=since.date(), end=window.end, columns=SAMPLE_COLUMNS)
    closes = adjusted_closes(tables.read(t.BARS, universe, end=window.end), settings)
    home = calendars(platform)
    grid = known_closes(closes, settings, home, home[HOME][(home[HOME] >= since) & (home[HOME] <= days[-1])])
    past = past_of(factors, scores[scores["date"] >= since], grid)
    rows = [row for day in days for row in evaluate(past, day.date(), platform.source_label)]
    frame = typed(t.SCORE_EVALUATION, rows)
    tables.write(t.SCORE_EVALUATION, universe, frame, days[0].date(), days[-1].date())
    last = of_day(frame, days[-1])
    return tables.outcome(
        facts={"sessions": len(days)},
        frames={"last session": last.drop(columns=["date", "source"])},
        plots={"reliability": reliability_diagram(last, subject=f"{days[-1]:%Y-%m-%d}")},
    )


def scored_days(
    platform: Platform, bars: pd.DataFrame, series: pd.DataFrame, days: pd.DatetimeIndex, history: Sample
) -> tuple[Views, list[Day]]:
    """Views and scores of sessions, each on the raw scores of those before it."""
    settings = platform.config.scoring
    views, closes = views_of(bars, series, settings, days, calendars(platform)), adjusted_closes(bars, settings)
    units, made = every_factor(settings.original_compatible), []
    for at in days:
        day = at.date()
        made.append(score_day(day, views.on(day), history, market_of(closes, day), units, settings))
        history = made[-1].synthesis.sample
    return views, made


def market_of(closes: Mapping[str, "pd.Series[float]"], day: date) -> MarketState | None:
    """State of the market on a session, from adjusted closes of its indices."""
    return market_state(index_rows(closes, day))


def index_rows(closes: Mapping[str, "pd.Series[float]"], day: date) -> list[IndexRow]:
    """Change and year-to-date return of the indices that the state of the market is made of."""
    return [index_row(key, closes[key], day) if key in closes else _no_index(key) for key in INDICES]


def due_sessions(platform: Platform, first: date | None, last: date) -> pd.DatetimeIndex:
    """Sessions of Shanghai from `first` (default `first_score`, and never before it) to `last`."""
    since = pd.Timestamp(platform.config.scoring.first_score)
    start = since if first is None else max(since, pd.Timestamp(first))
    home = sessions_of(platform, HOME).index
    return home[(home >= start) & (home <= pd.Timestamp(last))]


def typed(table: Table, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a frame typed and sorted as the table says; None becomes null."""
    frame = pd.DataFrame(rows, columns=[column.name for column in table.columns])
    dated = {column.name: pd.to_datetime(frame[column.name]) for column in table.columns if column.type == "date"}
    frame = frame.assign(**dated).astype({column.name: PANDAS[column.type] for column in table.columns})
    return frame.sort_values(list(table.key), kind="stable", ignore_index=True)


def of_day(rows: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Rows of one session."""
    return rows[rows["date"] == day]


def heat_map(factors: pd.DataFrame, scores: pd.DataFrame) -> bytes:
    """PNG of the factor scores of one session."""
    return factor_heat_map(factors, scores, subject=f"{scores['date'].max():%Y-%m-%d}")


def _history(platform: Platform, tables: StepTables, universe: str, days: pd.DatetimeIndex) -> Sample:
    if not platform.lake.exists(t.FACTOR_SCORES, universe):
        return Sample()
    settings = synthesis_settings(platform.config.scoring)
    since = _sessions_before(platform, days[0], settings.window)
    rows = tables.read(t.FACTOR_SCORES, universe, start=since.date(), end=days[0].date(), columns=SAMPLE_COLUMNS)
    return sample_of(rows, days[0].date(), settings)


def _sessions_before(platform: Platform, day: pd.Timestamp, n: int) -> pd.Timestamp:
    home = sessions_of(platform, HOME).index
    return home[max(0, int(home.searchsorted(day)) - n)]


def _no_index(key: str) -> IndexRow:
    return IndexRow(key, None, None, None, "没有K线")


def _last(rows: pd.DataFrame) -> date:
    last: date = rows["date"].max().date()
    return last


def _facts(scores: pd.DataFrame) -> dict[str, object]:
    by_day = scores[scores["total_score"].notna()].groupby("date").size().reindex(scores["date"].unique(), fill_value=0)
    last = scores[scores["date"] == scores["date"].max()]
    blocked = last[last["status"] == str(State.BLOCKED)]
    return {
        "sessions": len(by_day),
        "fewest assets with a total": int(by_day.min()),
        "assets with a total": f"{int(by_day.iloc[-1])} of {len(last)}",
        "BLOCKED": "; ".join(f"{row.asset}: {row.reason}" for row in blocked.itertuples()) or "none",
    }


def _shown(last: pd.DataFrame) -> dict[str, pd.DataFrame]:
    names = ["asset", "data_date", "status", "total_score", "raw_total", "direction", "up_prob_20", "risk_level"]
    return {"last session": last[[*names, "target_weight"]].sort_values("total_score", ascending=False)}

"""Stored bars to the signal report of a session: text, Markdown, HTML and JSON.

Everything is made from the bars up to that session alone, so that the report of a past date is the report of then.
"""

import json
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from etf_platform.backtest.trend.metrics import trend_metric_rows
from etf_platform.core import tables as t
from etf_platform.core.errors import InsufficientDataError, PlatformError
from etf_platform.core.states import State
from etf_platform.market.freshness import quality_state
from etf_platform.orchestration.files import replace_text
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.orchestration.steps.trend import TrendTask, backtest, freshly_prepared, tasks
from etf_platform.reports.signal import (
    Evidence,
    SignalFacts,
    condition_hit_rates,
    report_dict,
    report_html,
    report_markdown,
    report_text,
)
from etf_platform.strategies.signals.replay import signals
from etf_platform.strategies.signals.terms import with_given_vix

FORMS = ("txt", "md", "html", "json")


@dataclass(frozen=True)
class SignalReport:
    """One report in all its forms."""

    task: TrendTask
    facts: SignalFacts
    evidence: Evidence

    @property
    def name(self) -> str:
        """File name without a suffix."""
        return f"{self.task.unit.name}_{self.task.symbol.lstrip('^')}_{self.facts.date}"

    def rendered(self, form: str) -> str:
        """The report as `txt`, `md`, `html` or `json`."""
        if form == "json":
            return json.dumps(report_dict(self.facts), ensure_ascii=False, indent=2) + "\n"
        if form == "txt":
            return report_text(self.facts) + "\n"
        return report_html(self.facts, self.evidence) if form == "html" else report_markdown(self.facts, self.evidence)


def write_reports(platform: Platform, universe: str, window: Window) -> Outcome:
    """The reports of the window's last session; a symbol whose bars do not reach it has none, with the reason."""
    tables = StepTables(platform, window)
    bars = tables.read(t.BARS, universe, end=window.end)
    day = window.end or bars["date"].max().date()
    folder = platform.workspace.reports / "signal"
    facts: dict[str, object] = {"session": str(day)}
    for task in tasks(platform, universe):
        try:
            report = report_of(platform, universe, bars, task, day)
        except PlatformError as error:
            if error.retryable:
                raise
            facts[f"no report: {task.series}"] = str(error)
            continue
        for form in FORMS:
            replace_text(folder / f"{report.name}.{form}", report.rendered(form))
        facts[task.series] = report_text(report.facts)
    return tables.outcome(facts=facts | {"folder": str(folder)})


def report_of(
    platform: Platform, universe: str, bars: pd.DataFrame, task: TrendTask, day: date, vix: float | None = None
) -> SignalReport:
    """The report of one strategy on one symbol for the close of `day`; a given `vix` turns its filter on.

    Raises
    ------
    InsufficientDataError
        The symbol has no bars, none of that day, or one of its last three closes is missing.
    """
    known = bars[bars["date"] <= str(day)]
    columns = freshly_prepared(platform, universe, known, task)
    missing = _refuse_stale(platform, universe, columns, task, day)
    sessions = platform.sessions(universe).index
    if vix is not None:
        columns = with_given_vix(columns, vix, sessions)
        task = replace(task, settings=task.settings.model_copy(update={"use_vix_filter": True}))
    said = signals(columns, task.unit, task.settings, sessions, task.warmup_bars)
    row, indicators = said.to_dict("records")[-1], columns.to_dict("records")[-1]
    facts = SignalFacts(
        task.unit.name, task.unit.title, _named(row), _named(indicators), task.settings.model_dump(), task.warmup_bars
    )
    if facts.is_too_short:
        return SignalReport(task, facts, Evidence())
    return SignalReport(task, facts, _evidence(platform, universe, columns, said, task, missing))


def _evidence(
    platform: Platform, universe: str, columns: pd.DataFrame, said: pd.DataFrame, task: TrendTask, missing: int
) -> Evidence:
    terms = platform.config.strategies.trend.backtest
    try:
        accounts = backtest(platform, universe, columns, task, terms)
    except PlatformError:  # no session after the warm-up, or a gap: the signal stands without a back-test
        return Evidence(missing_sessions=missing)
    own = accounts[task.variant]
    return Evidence(
        history=columns.assign(weight=said["weight"]),
        equity=own.equity,
        metrics=pd.concat([trend_metric_rows(account, terms) for account in accounts.values()], ignore_index=True),
        trades=own.trades,
        hit_rates=condition_hit_rates(said, columns),
        missing_sessions=missing,
    )


def _refuse_stale(platform: Platform, universe: str, columns: pd.DataFrame, task: TrendTask, day: date) -> int:
    fresh = quality_state(columns[["date", "close", "symbol"]], platform.sessions(universe), day)
    if fresh.state is State.BLOCKED:
        last = columns["date"].iloc[-1].date()
        raise InsufficientDataError(
            f"making the signal report of {task.series} for {day}",
            fresh.reason,
            f"load newer bars, or ask for a session that has its bars, such as --date {last}",
        )
    recent = columns["date"].iloc[-1] - pd.Timedelta(days=7)
    return int((fresh.missing > recent).sum())


def _named(row: dict[Hashable, object]) -> dict[str, object]:
    return {str(key): value for key, value in row.items()}

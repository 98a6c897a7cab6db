"""Exceptions, their tests and the attribution of a week to the report of the risk desk."""

from datetime import date
from pathlib import Path

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.orchestration.files import replace_text
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.provenance import code_commit
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.attribution import STRATEGY
from etf_platform.orchestration.steps.risk import expected_groups, no_exceptions
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.attribution import AttributionReport, render_attribution
from etf_platform.reports.risk import WeeklyRisk, render_weekly
from etf_platform.risk.attribution.summary import brinson_totals, by_period, factor_totals
from etf_platform.risk.attribution.weights import active_weights, fund_returns
from etf_platform.risk.coverage import coverage_rows


def write_weekly(platform: Platform, universe: str, window: Window) -> Outcome:
    """The exception report of the week; for the portfolio also that of every pool, and the attribution."""
    tables = StepTables(platform, window)
    report = weekly_risk(platform, tables, universe, window.end)
    folder = platform.workspace.reports / "risk"
    written = _keep(folder / f"exceptions_{universe}_{report.week}", render_weekly(report))
    if universe == PORTFOLIO:
        for pool in platform.config.pools:
            told = attribution_report(platform, tables, pool, report.as_of)
            written |= _keep(folder / f"attribution_{pool}_{report.week}", render_attribution(told))
    return tables.outcome(facts={"week": report.week} | written)


def weekly_risk(platform: Platform, tables: StepTables, universe: str, until: date | None = None) -> WeeklyRisk:
    """The contents of the report for the week of `until` (default: of the last stored session).

    Tests are computed from the exceptions up to that week, so that the report of a past week is that of then.
    """
    universes = (universe, *platform.config.pools) if universe == PORTFOLIO else (universe,)
    exceptions = _together(tables, universes)
    as_of = pd.Timestamp(until or _last_session(platform, universe))
    known = exceptions[exceptions["date"] <= as_of]
    expected = [f"{each}:{STRATEGY}" for each in universes] if universe == PORTFOLIO else []
    series = tuple(sorted({*known["series"], *expected}))
    asked = pd.DataFrame({"series": series, "source": "none"})
    coverage = coverage_rows(known, platform.config.risk, expected_groups(asked, platform.config.risk))
    return WeeklyRisk(
        as_of=as_of,
        generated_at=pd.Timestamp.now(tz="UTC"),
        series=series,
        exceptions=known,
        coverage=coverage,
        contributors=_contributors(platform, tables, known[known["is_breach"]], as_of),
        parameters=dict.fromkeys(series, f"configuration {platform.config.digest}"),
        versions=tables.versions(),
        config_digest=platform.config.digest,
        code_commit=code_commit(),
    )


def attribution_report(platform: Platform, tables: StepTables, pool: str, as_of: pd.Timestamp) -> AttributionReport:
    """What a pool's account earned, up to a session."""
    by_fill = tables.read_if_there(t.FILL_ATTRIBUTION, pool, as_of.date())
    by_sector = tables.read_if_there(t.BRINSON, pool, as_of.date())
    by_factor = tables.read_if_there(t.FACTOR_ATTRIBUTION, pool, as_of.date())
    if by_fill is None or by_sector is None or by_factor is None:
        return AttributionReport(
            pool, as_of, (STRATEGY,), blocked="no attribution is stored; run the daily and the weekly job"
        )
    return AttributionReport(
        subject=pool,
        as_of=as_of,
        strategies=(STRATEGY,),
        totals=by_period(by_fill, "all"),
        weeks=by_period(by_fill, "W"),
        sectors=by_period(by_fill, "all", ("sector",)),
        groups=brinson_totals(by_sector),
        factors=factor_totals(by_factor),
        min_coverage=platform.config.risk.min_attribution_coverage,
        versions={address: v for address, v in tables.versions().items() if f"/{pool}/" in address},
    )


def _together(tables: StepTables, universes: tuple[str, ...]) -> pd.DataFrame:
    """Exceptions of several universes, none while no forecast has met a return; pool series are `<pool>:rotation`."""
    read = {universe: tables.read_if_there(t.EXCEPTIONS, universe) for universe in universes}
    parts = [
        rows if len(universes) == 1 else rows.assign(series=universe + ":" + rows["series"])
        for universe, rows in read.items()
        if rows is not None
    ]
    return pd.concat(parts, ignore_index=True) if parts else no_exceptions()


def _contributors(platform: Platform, tables: StepTables, breaches: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """What every fund added to a pool's account on the sessions of the last week that broke a forecast."""
    recent = breaches[breaches["date"] > as_of - pd.Timedelta(days=7)]
    parts = []
    for pool in platform.config.pools:
        days = set(recent.loc[recent["series"] == f"{pool}:{STRATEGY}", "date"])
        if days:
            held = active_weights(
                tables.read(t.POSITIONS, pool), tables.read(t.EQUITY, pool), fund_returns(tables.read(t.BARS, pool))
            )
            held = held[held["date"].isin(days) & (held["portfolio_weight"] > 0.0)]
            parts.append(
                held[["date", "symbol"]].assign(
                    series=f"{pool}:{STRATEGY}", contribution=held["portfolio_weight"] * held["return"]
                )
            )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _last_session(platform: Platform, universe: str) -> date:
    table = t.EQUITY if universe == PORTFOLIO else t.BARS
    last: date = platform.lake.read(table, universe, columns=["date"])["date"].max().date()
    return last


def _keep(path: Path, rendered: tuple[str, str]) -> dict[str, object]:
    markdown, html = rendered
    replace_text(path.with_suffix(".md"), markdown)
    replace_text(path.with_suffix(".html"), html)
    return {path.name: str(path.with_suffix(".html"))}

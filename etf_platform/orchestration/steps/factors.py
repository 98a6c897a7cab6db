"""Bars to the factor panel, its description, summary, correlation and quality."""

import json

import pandas as pd

import etf_platform
from etf_platform.core import tables as t
from etf_platform.core.units.strategy import ScoredFactor
from etf_platform.factors.aliases import lookup, panel_columns, published
from etf_platform.factors.compute import Failure
from etf_platform.factors.correlation import Moments, correlation_rows, joined_moments, moment_arrays
from etf_platform.factors.export import hash_bars, panel_meta
from etf_platform.factors.panel import compute_panel, known_factors
from etf_platform.factors.quality import quality_rows
from etf_platform.factors.selection import production_ids
from etf_platform.factors.summary import summarised_columns, summary_rows
from etf_platform.measures.columns import fact_arrays, facts_from, joined_facts
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.plots import coverage_by_factor, factor_correlation, ic_by_horizon

BAR_COLUMNS = ["date", "symbol", "open", "high", "low", "close", "volume", "amount", "adj_factor", "source"]
FROM_COVERAGE = ("auto_coverage_50", "filter_production", "filter_research")


def write_panel(platform: Platform, pool: str, window: Window) -> Outcome:
    """Compute every factor from the bars up to the window's end and store the window's rows."""
    tables = StepTables(platform, window)
    bars = tables.read(t.BARS, pool, end=window.end, columns=BAR_COLUMNS)
    result = compute_panel(bars, since=window.start)
    rows = labelled(result.frame, window.cut(bars))
    tables.write(t.PANEL, pool, rows, window.start, window.end)
    if _is_newest(platform, pool, bars):
        meta = _meta_rows(platform, pool, bars, result.failures)
        tables.write(t.PANEL_META, pool, dated_as_stored(meta, tables.read_if_there(t.PANEL_META, pool)))
    return tables.outcome(
        facts={
            "factors": rows.shape[1] - 3,
            "failed factors": ", ".join(failure.column for failure in result.failures) or "none",
            "values": int(rows.shape[0] * (rows.shape[1] - 3)),
        }
    )


def dated_as_stored(meta: pd.DataFrame, stored: pd.DataFrame | None) -> pd.DataFrame:
    """The description with the stored `generated_at` when nothing else has changed: a rerun is no new panel."""
    if stored is None:
        return meta
    known = stored.set_index("entry")["value"]
    fresh = meta.set_index("entry")["value"]
    is_same = fresh.drop("generated_at").equals(known.reindex(fresh.index).drop("generated_at"))
    return meta.assign(value=known.reindex(meta["entry"]).to_numpy()) if is_same else meta


def panel_of(bars: pd.DataFrame) -> pd.DataFrame:
    """The panel of some bars, as it would be stored."""
    return compute_panel(bars).frame


def labelled(panel: pd.DataFrame, bars: pd.DataFrame) -> pd.DataFrame:
    """The panel with the source of every row's bar."""
    source = bars.sort_values(["date", "symbol"], kind="stable")["source"].to_numpy()
    return panel.assign(source=source)


def write_summary(platform: Platform, pool: str, window: Window) -> Outcome:
    """Diagnostics of all published ids."""
    tables = StepTables(platform, window)
    settings, columns = platform.config.factors, summarised_columns()
    facts = joined_facts([facts_from(part, columns) for part in tables.figures(t.PANEL, pool, columns, fact_arrays)])
    sums = joined_moments([Moments(**part) for part in tables.figures(t.PANEL, pool, columns, moment_arrays)])
    source = platform.lake.read(t.PANEL_META, pool)["source"].iloc[-1]
    summary = summary_rows(facts, sums, settings, stored_failures(platform, pool), source)
    selected = production_ids(settings, summary)
    summary["is_production"] = summary["factor_id"].isin(selected)
    tables.write(t.FACTOR_SUMMARY, pool, summary)
    groups = summary.loc[summary["identical_group_id"] != "", "identical_group_id"]
    return tables.outcome(
        facts={
            "published ids": len(summary),
            "mean coverage": round(float(summary["coverage"].mean()), 4),
            "zero variance": int(summary["zero_variance"].sum()),
            "identical groups": int(groups.nunique()),
            "production factors": ", ".join(selected),
        },
        frames={"columns of the panel": described_columns()},
    )


def described_columns() -> pd.DataFrame:
    """Every panel column with unit, warm-up (bars), direction and meaning."""
    found = [known_factors()[name] for name in panel_columns()]
    rows = [(f.column, f.unit, f.warmup, f.direction, f.title) for f in found]
    return pd.DataFrame(rows, columns=["column", "unit", "warm-up", "direction", "meaning"])


def write_quality(platform: Platform, pool: str, window: Window) -> Outcome:
    """Rank IC, ICIR, spread, decay and correlation of the scored columns."""
    tables = StepTables(platform, window)
    columns = list(dict.fromkeys(factor.column for factor in scored_factors(platform, pool)))
    panel = tables.read(t.PANEL, pool, columns=["date", "symbol", "source", *columns])
    bars = tables.read(t.BARS, pool, columns=BAR_COLUMNS)
    quality = quality_rows(panel, bars, platform.config.factors.quality_horizons)
    correlation = correlation_rows(panel, columns, panel["source"].iloc[-1])
    tables.write(t.FACTOR_QUALITY, pool, quality)
    tables.write(t.FACTOR_CORRELATION, pool, correlation)
    plots = {
        "rank IC by horizon": ic_by_horizon(quality, pool),
        "correlation": factor_correlation(correlation, pool),
        "coverage": coverage_by_factor(tables.read(t.FACTOR_SUMMARY, pool), pool),
    }
    return tables.outcome(plots=plots, frames={"quality": quality})


def scored_factors(platform: Platform, pool: str, tables: StepTables | None = None) -> list[ScoredFactor]:
    """The production set as plain descriptions.

    `curated12` is configuration; the other sets depend on coverage and so on the last stored summary.
    """
    settings = platform.config.factors
    summary = None
    if settings.production_set in FROM_COVERAGE:
        source = platform.lake if tables is None else tables
        summary = source.read(t.FACTOR_SUMMARY, pool)
    return [scored(factor_id) for factor_id in production_ids(settings, summary)]


def stored_failures(platform: Platform, pool: str) -> tuple[Failure, ...]:
    """Factors that failed when the panel was written."""
    meta = platform.lake.read(t.PANEL_META, pool).set_index("entry")["value"]
    return tuple(Failure(entry["factor"], entry["error"]) for entry in json.loads(meta["failed_factors"]))


def scored(factor_id: str) -> ScoredFactor:
    """A published id as a plain description."""
    entry = lookup(factor_id)
    return ScoredFactor(
        factor_id,
        entry.scored_column,
        entry.bucket,
        entry.direction_prior,
        entry.duplicate_of,
        entry.column,
        entry.scale.startswith("bounded"),
    )


def _is_newest(platform: Platform, pool: str, bars: pd.DataFrame) -> bool:
    """Whether no later day is stored: writing an earlier one again leaves the description of the whole panel alone."""
    if bars.empty:
        return False
    last = platform.lake.last_day(t.PANEL, pool)
    return last is None or last <= bars["date"].max().date()


def _meta_rows(platform: Platform, pool: str, bars: pd.DataFrame, failures: tuple[Failure, ...]) -> pd.DataFrame:
    first, last = (str(day.date()) for day in (bars["date"].min(), bars["date"].max()))
    meta = panel_meta(
        [entry.factor_id for entry in published()],
        engine_version=etf_platform.__version__,
        pool=pool,
        start_date=first,
        end_date=last,
        run_params={
            "start_date": first,
            "end_date": last,
            "data_dir": str(platform.workspace.data or platform.source_name),
            "output_dir": str(platform.workspace.lake),
        },
        input_hash=hash_bars(bars),
        failures=failures,
    )
    source = bars["source"].iloc[-1] if len(bars) else platform.source_label
    return pd.DataFrame({"entry": list(meta), "value": [json.dumps(v) for v in meta.values()], "source": source})

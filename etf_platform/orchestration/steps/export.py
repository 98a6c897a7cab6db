"""Stored tables to the output tree of the original system."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from etf_platform.backtest.capacity import limits_of
from etf_platform.backtest.metrics import metrics_document
from etf_platform.core import tables as t
from etf_platform.factors.aliases import published
from etf_platform.factors.export import columns_hash, export_panel
from etf_platform.factors.selection import production_ids
from etf_platform.orchestration.files import replace_text
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.backtest import report_of
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.output_tree import SUMMARY_NAME, PoolExport, write_pool, write_pool_metrics_summary

MODES = ("production", "research")


def output_root(platform: Platform, base: Path | None = None) -> Path:
    """Where the tree is written: `base`, else `paths.output_root` below the home."""
    return base or platform.workspace.resolve(platform.config.etf_pools.paths.output_root)


def missing_files(root: Path, pools: tuple[str, ...]) -> list[str]:
    """What a complete output tree has and this one lacks: pool folders, panels, metrics, the summary."""
    patterns = ("panel_FULL_*.parquet", "panel_meta.json", "backtest_metrics.json")
    wanted = [f"panel_{pool}/{pattern}" for pool in pools for pattern in patterns] + [SUMMARY_NAME]
    return [pattern for pattern in wanted if not any(root.glob(pattern))]


def export_light(platform: Platform, tables: StepTables) -> Path:
    """The tree without panel rows, for snapshots: these name the panel's table version instead."""
    root = platform.workspace.home / "cache" / "snapshot_tree"
    for pool in platform.config.pools:
        if platform.lake.exists(t.FACTOR_SUMMARY, pool):
            tables.read(t.PANEL, pool, columns=["date"], start=date.max)
            write_pool(root, pool_export(platform, pool, tables, None, ()))
    if not _write_summary(platform, tables, root):
        replace_text(
            root / "NO_SUMMARY.txt", "The portfolio's summary had not been written when this tree was exported.\n"
        )
    return root


def export_full(
    platform: Platform,
    pools: tuple[str, ...],
    root: Path,
    start: date | None,
    end: date | None,
    modes: tuple[str, ...] = (),
) -> list[Path]:
    """The whole tree of some pools, panels of [start, end] included; returns the files written."""
    tables = StepTables(platform, Window(start, end))
    written = []
    for pool in pools:
        panel = published_panel(platform, pool, tables, start, end)
        written += write_pool(root, pool_export(platform, pool, tables, panel, modes))
    return written + _write_summary(platform, tables, root)


def published_panel(
    platform: Platform, pool: str, tables: StepTables, start: date | None, end: date | None
) -> pd.DataFrame:
    """Rows of [start, end] with one column per published id; shifted only in the `original_compatible` assignment."""
    panel = tables.read(t.PANEL, pool, end=end)
    if platform.config.etf_pools.pools.assignment == "original_compatible":
        bars = tables.read(t.BARS, pool, end=end, columns=["date", "symbol", "adj_factor"])
        rows = export_panel(panel, bars).reset_index().assign(source=panel["source"].iloc[0])
    else:
        columns = {entry.factor_id: panel[entry.column] for entry in published()}
        rows = pd.concat([panel[["date", "symbol", "source"]], pd.DataFrame(columns)], axis=1)
    return Window(start, end).cut(rows)


def pool_export(
    platform: Platform, pool: str, tables: StepTables, panel: pd.DataFrame | None, modes: tuple[str, ...]
) -> PoolExport:
    """Contents of one pool's folder."""
    summary = tables.read(t.FACTOR_SUMMARY, pool)
    months = tables.read_if_there(t.MONTHS, pool)
    metrics = tables.read_if_there(t.METRICS, pool)
    capacity = tables.read_if_there(t.CAPACITY, pool)
    exec_mode = platform.config.etf_pools.strategy.backtest.exec_mode
    return PoolExport(
        pool=pool,
        panel=panel,
        summary=summary,
        panel_meta=_meta(tables, pool, panel),
        symbols=platform.config.pools[pool],
        production_factors=list(summary.loc[summary["is_production"], "factor_id"]),
        rebalances=tables.read_if_there(t.REBALANCES, pool),
        equity=tables.read_if_there(t.EQUITY, pool),
        metrics=None if metrics is None or months is None else _document(metrics, months, exec_mode),
        capacity=None if capacity is None else _capacity(platform, pool, capacity),
        correlation=tables.read_if_there(t.FACTOR_CORRELATION, pool),
        selected={mode: filtered_ids(platform, summary, mode) for mode in modes},
    )


def filtered_ids(platform: Platform, summary: pd.DataFrame, mode: str) -> tuple[str, ...]:
    """Published ids that the filter `production` or `research` keeps."""
    settings = platform.config.factors.model_copy(update={"production_set": f"filter_{mode}"})
    return production_ids(settings, summary)


def _write_summary(platform: Platform, tables: StepTables, root: Path) -> list[Path]:
    summary = tables.read_if_there(t.POOL_SUMMARY, PORTFOLIO)
    return [] if summary is None else [write_pool_metrics_summary(root, summary, tuple(platform.config.pools))]


def _document(metrics: pd.DataFrame, months: pd.DataFrame, exec_mode: str) -> dict[str, Any]:
    figures = dict(zip(metrics["metric"], metrics["value"], strict=True))
    return metrics_document(figures, months, exec_mode)


def _capacity(platform: Platform, pool: str, rows: pd.DataFrame) -> Any:
    return report_of(rows, pool, limits_of(platform.config.etf_pools, pool))


def _meta(tables: StepTables, pool: str, panel: pd.DataFrame | None) -> dict[str, Any]:
    stored = tables.read(t.PANEL_META, pool)
    meta = {entry: json.loads(value) for entry, value in zip(stored["entry"], stored["value"], strict=True)}
    meta["panel_columns_hash"] = columns_hash([entry.factor_id for entry in published()])
    if panel is not None and len(panel):
        meta["data_range"] = {
            "start_date": str(panel["date"].min().date()),
            "end_date": str(panel["date"].max().date()),
        }
    return meta

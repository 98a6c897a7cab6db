"""The monthly snapshot of a pool's factor selection."""

from datetime import date
from pathlib import Path

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.errors import InsufficientDataError
from etf_platform.governance.monthly import MonthlyContent, correlation_3m, write_monthly_snapshot
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.factors import scored_factors
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.plots import factor_correlation


def write_month(platform: Platform, pool: str, month: str) -> Path:
    """Write `snapshot_<YYYYMM>` of one pool from what was known at the month's last stored session.

    Raises
    ------
    InsufficientDataError
        No session of the month is stored.
    """
    tables = StepTables(platform, Window(None, None, f"monthly:{month}"))
    summary = tables.read(t.FACTOR_SUMMARY, pool)
    columns = list(dict.fromkeys(factor.column for factor in scored_factors(platform, pool, tables)))
    end = (pd.Period(month, "M").end_time).date()
    panel = tables.read(t.PANEL, pool, end=end, columns=["date", "symbol", "source", *columns])
    as_of = _last_session(panel, pool, month)
    matrix = correlation_3m(panel, columns, as_of)
    content = MonthlyContent(
        universe=platform.config.pools[pool],
        production_factors=list(summary.loc[summary["is_production"], "factor_id"]),
        correlation=matrix,
        heat_map=factor_correlation(_long(matrix, panel["source"].iloc[-1]), pool),
        summary=summary,
        metadata={"pool": pool, "as_of": str(as_of.date()), "versions": tables.versions(), **platform.note("")},
    )
    root = platform.workspace.resolve(platform.config.etf_pools.paths.snapshots_root) / "monthly" / pool
    return write_monthly_snapshot(root, month, content)


def _last_session(panel: pd.DataFrame, pool: str, month: str) -> pd.Timestamp:
    days = panel.loc[panel["date"] >= pd.Timestamp(date.fromisoformat(f"{month}-01")), "date"]
    if days.empty:
        raise InsufficientDataError(
            f"taking the monthly snapshot {month} of {pool}", "no session of that month is stored", "backfill it first"
        )
    return pd.Timestamp(days.max())


def _long(matrix: pd.DataFrame, source: str) -> pd.DataFrame:
    rows = matrix.rename_axis("column_a").reset_index()
    return rows.melt("column_a", var_name="column_b", value_name="correlation").assign(source=source)

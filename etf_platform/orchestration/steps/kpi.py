"""Accounts and diagnostics to KPI snapshots."""

from etf_platform.core import tables as t
from etf_platform.kpi.snapshot import snapshot
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables


def write_snapshot(platform: Platform, universe: str, window: Window) -> Outcome:
    """Key figures of every session of the window, each from rows up to that session only."""
    tables = StepTables(platform, window)
    equity = tables.read_if_there(t.EQUITY, universe, end=window.end)
    dates = platform.sessions(universe).between(window.start, window.end)
    rows = snapshot(equity, dates, platform.config.etf_pools)
    tables.write(t.KPI, universe, rows, window.start, window.end)
    last = rows[rows["date"] == rows["date"].max()]
    return tables.outcome(facts={"not passed": ", ".join(last.loc[last["status"] != "PASS", "kpi"]) or "none"})

"""Parameter sweeps on stored bars: results as a table and a heat map. Registering them: `orchestration.experiments`."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from etf_platform.backtest.sweep import Grid, sweep
from etf_platform.backtest.terms import ExecMode
from etf_platform.core import tables as t
from etf_platform.orchestration.platform import Platform
from etf_platform.reports.plots import sweep_heat_map


def swept_pool(
    platform: Platform, pool: str, grid: Grid, exec_mode: ExecMode, moved: Callable[[int, int], None] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The pool's stored bars, and the figures of every combination on them."""
    bars = platform.lake.read(t.BARS, pool)
    return bars, sweep(bars, grid, moved, exec_mode, platform.config.etf_pools.costs.risk_free)


def heat_map(results: pd.DataFrame) -> bytes:
    """The Sharpe ratio over the first two parameters that vary, as PNG; empty where fewer than two do."""
    axes = [name for name in ("lookback", "top_n", "cost") if results[name].nunique() > 1]
    if len(axes) < 2:
        return b""
    best = results[results["is_best"]].iloc[0]
    shown = results[results["cost"] == best["cost"]] if "cost" not in axes[:2] else results
    return sweep_heat_map(shown, axes[0], axes[1], "sharpe")


def grid_from(values: Mapping[str, Any]) -> Grid:
    """A grid from the lists that its JSON holds."""
    return Grid(**{name: tuple(each) for name, each in values.items()})

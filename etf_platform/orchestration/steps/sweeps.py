"""Parameter sweeps on stored bars: results as a table, a heat map, and an entry in the register of experiments."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from etf_platform.backtest.sweep import Grid, sweep
from etf_platform.backtest.terms import ExecMode
from etf_platform.core import tables as t
from etf_platform.orchestration.files import replace_bytes, replace_text
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.provenance import code_commit
from etf_platform.reports.plots import sweep_heat_map
from etf_platform.storage.ledger import record_experiment


@dataclass(frozen=True)
class SweepRun:
    """Results of a sweep and the files they were written to."""

    results: pd.DataFrame
    files: tuple[Path, ...]


def sweep_pool(
    platform: Platform, pool: str, grid: Grid, exec_mode: ExecMode, folder: Path, advance: Callable[[], None]
) -> SweepRun:
    """Run every combination on the pool's stored bars."""
    bars = platform.lake.read(t.BARS, pool)
    done = 0

    def moved(now: int, _: int) -> None:
        nonlocal done
        for _ in range(now - done):
            advance()
        done = now

    results = sweep(bars, grid, moved, exec_mode, platform.config.etf_pools.costs.risk_free)
    params = asdict(grid) | {
        "pool": pool,
        "exec_mode": exec_mode,
        "bars_version": platform.lake.version(t.BARS, pool),
        "code": code_commit(),
    }
    best = results[results["is_best"]].iloc[0]
    number = record_experiment(
        platform.ops, params, {k: best[k] for k in ("sharpe", "deflated_sharpe", "annual_return")}
    )
    stem = folder / f"sweep_{pool}_{number:04d}"
    replace_text(stem.with_suffix(".csv"), results.to_csv(index=False))
    files = [stem.with_suffix(".csv")]
    axes = [name for name in ("lookback", "top_n", "cost") if results[name].nunique() > 1]
    if len(axes) >= 2:
        best_cost = results[results["cost"] == best["cost"]] if "cost" not in axes[:2] else results
        files.append(stem.with_suffix(".png"))
        replace_bytes(files[-1], sweep_heat_map(best_cost, axes[0], axes[1], "sharpe"))
    return SweepRun(results, tuple(files))

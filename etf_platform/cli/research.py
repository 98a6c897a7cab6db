"""The longer commands of `etf-platform rotation`: trial panels, capacity of given files, sweeps."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etf_platform.cli.operate import chosen_pools
from etf_platform.cli.options import ExecMode, Format
from etf_platform.cli.show import moving, print_frame, progress_bar, report_results, say
from etf_platform.core.states import State, worst
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from etf_platform.orchestration.platform import Platform


def build_panel(
    workspace: Workspace,
    start: date,
    end: date | None,
    data_dir: Path | None,
    output_dir: Path | None,
    symbols: Sequence[str],
    pool: str,
    diagnose: bool,
    fmt: Format,
) -> None:
    """Run the graph for one pool, or for a trial, and export its files."""
    from etf_platform.core.tables import FACTOR_SUMMARY
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.runner import execute, latest_session, plan_run, step_count
    from etf_platform.orchestration.steps.export import export_full, output_root
    from etf_platform.orchestration.trial import trial_platform

    if data_dir:
        workspace = replace(workspace, data=data_dir.absolute())
    platform = Platform.open(workspace)
    root = output_root(platform, output_dir)
    if symbols or output_dir:
        platform = trial_platform(platform, pool, symbols, root)
    last = _session_until(platform, end or latest_session(platform))
    plan = plan_run(platform, chosen_pools(platform, [pool]), last, last)
    with progress_bar(step_count(platform, plan), f"panel {pool}") as listener:
        results = execute(platform, plan, listener, jobs=("daily",))
    report_results(results)
    for path in export_full(platform, (pool,), root, start, last):
        say(f"Wrote {path}")
    if diagnose:
        summary = platform.lake.read(FACTOR_SUMMARY, pool)
        odd = summary[(summary["reason"] != "") | summary["zero_variance"] | (summary["identical_group_id"] != "")]
        print_frame(odd[["factor_id", "coverage", "zero_variance", "identical_group_id", "reason"]], fmt)


def judge_capacity(
    workspace: Workspace, pool_name: str | None, output_dir: Path | None, given: Mapping[str, Any], fmt: Format
) -> None:
    """Capacity of the stored holdings or of given files, with given limits in place of the configured ones."""
    import pandas as pd

    from etf_platform.orchestration.files import replace_text
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.steps.capacity import Overrides, judged_capacity
    from etf_platform.orchestration.steps.export import output_root

    platform = Platform.open(workspace)
    root, frames = output_root(platform, output_dir), []
    for pool in chosen_pools(platform, [pool_name] if pool_name else ()):
        rows, document = judged_capacity(platform, pool, Overrides(**given))
        path = root / f"panel_{pool}" / "capacity_constraints_report.json"
        replace_text(path, json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        say(f"Wrote {path}")
        frames.append(rows.assign(pool=pool))
    table = pd.concat(frames, ignore_index=True)
    print_frame(table[["pool", "type", "item", "value", "limit", "status", "message"]], fmt)
    raise SystemExit(worst(State(s) for s in table["status"]).exit_code)


def run_sweep(
    workspace: Workspace,
    pool: str,
    params: Sequence[str],
    exec_mode: ExecMode,
    most: int,
    output_dir: Path | None,
    fmt: Format,
) -> None:
    """Sweep, register the experiment, write the table and the heat map, print the best rows."""
    from etf_platform.backtest.sweep import parse_grid
    from etf_platform.orchestration.experiments import registered
    from etf_platform.orchestration.files import replace_bytes
    from etf_platform.orchestration.platform import Platform

    platform = Platform.open(workspace)
    chosen_pools(platform, [pool])
    grid = parse_grid(params)
    asked = {"pool": pool, "grid": asdict(grid), "exec_mode": exec_mode}
    with progress_bar(grid.size, f"sweep {pool}") as ended:
        done = registered(platform, "rotation_sweep", asked, advance=moving(ended, grid.size))
    results: pd.DataFrame = done.findings.value
    print_frame(results.sort_values("sharpe", ascending=False).head(most).drop(columns=["source", "is_best"]), fmt)
    say(_verdict(results))
    say(f"Registered as {done.experiment_id}")
    stem = (output_dir or platform.workspace.reports / "sweeps") / f"sweep_{pool}_{done.experiment_id}"
    for name, content in done.findings.artifacts.items():
        replace_bytes(path := stem.with_suffix(Path(name).suffix), content)
        say(f"Wrote {path}")


def _verdict(results: "pd.DataFrame") -> str:
    best = results[results["is_best"]].iloc[0]
    return (
        f"Best of {len(results)} trials: Sharpe {best['sharpe']:.2f}; the probability that it is more than the luck "
        f"of the draw (deflated Sharpe ratio) is {best['deflated_sharpe']:.2f}"
    )


def _session_until(platform: "Platform", day: date) -> date:
    sessions = platform.sessions(next(iter(platform.config.pools)))
    return day if sessions.is_session(day) else sessions.previous(day).date()

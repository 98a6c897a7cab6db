"""`etf-platform rotation ...`: the commands of the original rotation system, on the same asset graph."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from etf_platform.cli import research
from etf_platform.cli.operate import chosen_pools
from etf_platform.cli.options import ExecMode, Format, output_format, pool_option, with_workspace
from etf_platform.cli.params import Day
from etf_platform.cli.show import finish, leave_with, print_frame, progress_bar, report_results, say
from etf_platform.core.workspace import Workspace

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
EXEC_MODE = click.Choice(["next_open_close", "next_close_close"])
GRID = "lookback=20:260:10, top_n=1:10:1, cost=0,0.0003; repeatable."


@click.group()
def rotation() -> None:
    """The ETF rotation: panel, back-test, capacity, the eight checks, metrics, snapshots, sweeps.

    \b
    Exit codes: 0 PASS or WARN, 2 FAIL, 3 BLOCKED, 1 error.
    """


@rotation.command()
@click.option("--base-dir", type=FOLDER, help="Where the output tree is written; default is paths.output_root.")
@click.option("--skip-snapshot", is_flag=True, help="Take no production snapshot.")
@click.option("--dry-run", is_flag=True, help="Only check that pool folders, metrics, panel and summary exist.")
@click.option("--date", "day", type=Day(), help="Session to run; default is the last closed one.")
@output_format
@with_workspace
def run(
    workspace: Workspace, base_dir: Path | None, skip_snapshot: bool, dry_run: bool, day: date | None, fmt: Format
) -> None:
    """The full pipeline: panel, back-test, capacity, checks, metrics, snapshot, and the output tree as files."""
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.runner import execute, latest_session, plan_run, step_count
    from etf_platform.orchestration.steps.export import export_full, missing_files, output_root

    platform = Platform.open(workspace)
    root = output_root(platform, base_dir)
    if dry_run:
        missing = missing_files(root, tuple(platform.config.pools))
        say(f"{root}: " + ("complete" if not missing else f"missing {', '.join(missing)}"))
        raise SystemExit(3 if missing else 0)
    pools = tuple(platform.config.pools)
    target = day or latest_session(platform, pools[0])
    plan = plan_run(platform, pools, target, target)
    with progress_bar(step_count(platform, plan), str(target)) as listener:
        results = execute(platform, plan, listener, skip=("governance",) if skip_snapshot else ())
    if all(result.succeeded for result in results):
        say(f"Wrote {len(export_full(platform, pools, root, None, target))} files below {root}")
    finish(platform, pools, results, fmt, judge=True)


@rotation.command()
@pool_option
@output_format
@with_workspace
def pools(workspace: Workspace, pools: Sequence[str], fmt: Format) -> None:
    """Panel, targets, back-test and capacity of all pools, without the portfolio."""
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.runner import execute, latest_session, plan_run, step_count

    platform = Platform.open(workspace)
    chosen = chosen_pools(platform, pools)
    target = latest_session(platform, chosen[0])
    plan = plan_run(platform, chosen, target, target)
    with progress_bar(step_count(platform, plan), str(target)) as listener:
        results = execute(platform, plan, listener, jobs=("daily",))
    finish(platform, chosen, results, fmt, judge=True)


@rotation.command()
@click.option("--start-date", type=Day(), default="20240101", show_default=True, help="First date in the files.")
@click.option("--end-date", type=Day(), help="Last date; default is the last closed session.")
@click.option("--data-dir", type=FOLDER, help="The same as --data.")
@click.option("--output-dir", type=FOLDER, help="Own output folder: the trial keeps its state there, too.")
@click.option("--symbols", help="Comma list of symbols; wins over --symbols-file.")
@click.option("--symbols-file", type=FILE, help="One symbol per line.")
@click.option("--pool-name", default="A_SHARE", show_default=True, help="Pool to build, or name of the trial's pool.")
@click.option("--diagnose", is_flag=True, help="Print coverage, constant columns and duplicate groups.")
@output_format
@with_workspace
def panel(
    workspace: Workspace,
    start_date: date,
    end_date: date | None,
    data_dir: Path | None,
    output_dir: Path | None,
    symbols: str | None,
    symbols_file: Path | None,
    pool_name: str,
    diagnose: bool,
    fmt: Format,
) -> None:
    """Build one pool's panel and write it as files; with --symbols as a trial that leaves the home untouched."""
    research.build_panel(
        workspace, start_date, end_date, data_dir, output_dir, _listed(symbols, symbols_file), pool_name, diagnose, fmt
    )


@rotation.command()
@click.option("--pool", "pool", default="A_SHARE", show_default=True)
@click.option("--exec-mode", type=EXEC_MODE, help="Fill at open or close.")
@click.option("--out-of-sample-from", "since", type=Day(), help="Register the figures of both parts.")
@output_format
@with_workspace
def backtest(workspace: Workspace, pool: str, exec_mode: str | None, since: date | None, fmt: Format) -> None:
    """Run one pool's back-test on what is stored, and print its figures.

    With --exec-mode the stored account is replaced by one with that convention until the next daily run.
    """
    from etf_platform.core.tables import METRICS
    from etf_platform.orchestration.experiments import registered
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.runner import materialize
    from etf_platform.orchestration.trial import with_exec_mode

    platform = Platform.open(workspace)
    chosen_pools(platform, [pool])
    platform = with_exec_mode(platform, exec_mode) if exec_mode else platform
    result = materialize(platform, "daily", [f"backtest/{pool}/rotation"])
    report_results([result])
    print_frame(platform.lake.read(METRICS, pool), fmt)
    if result.succeeded:
        asked = {"pool": pool, "exec_mode": exec_mode, "out_of_sample_from": since and since.isoformat()}
        say(f"Registered as {registered(platform, 'rotation_backtest', asked).experiment_id}")
    leave_with(platform, (pool,), "backtest")


@rotation.command()
@click.option("--pool-name", help="Only this pool; default is all.")
@click.option(
    "--backtest-result",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A backtest_results.parquet.",
)
@click.option("--backtest-dir", type=FOLDER, help="Folder with panel_<POOL>/backtest_results.parquet.")
@click.option("--price-dir", type=FOLDER, help="Bars for --backtest-result; default is the lake.")
@click.option("--output-dir", type=FOLDER, help="Where the report is written; default is the output tree.")
@click.option("--config-file", type=FILE, help="Another etf_pools.yaml.")
@click.option("--target-capital", type=float, help="CNY instead of the configured capital.")
@click.option("--adv-threshold", type=float, help="Share of ADV instead of the configured limit.")
@click.option("--categories-file", type=FILE, help="YAML: symbol to category.")
@output_format
@with_workspace
def capacity(
    workspace: Workspace, pool_name: str | None, output_dir: Path | None, fmt: Format, **given: object
) -> None:
    """Judge holdings against ADV, single-fund, sector and broad-base limits; the report is always written."""
    research.judge_capacity(workspace, pool_name, output_dir, given, fmt)


@rotation.command()
@click.option("--output-dir", type=FOLDER, help="Also write checks.json there.")
@output_format
@with_workspace
def checks(workspace: Workspace, output_dir: Path | None, fmt: Format) -> None:
    """Judge every fuse of every pool on what is stored."""
    from etf_platform.orchestration.files import replace_text
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.runner import run_checks
    from etf_platform.orchestration.steps.report import verdicts
    from etf_platform.reports.tables import format_frame

    platform = Platform.open(workspace)
    report_results([run_checks(platform)])
    columns = ["universe", "fuse", "guards", "state", "observed", "limit", "on_fail", "as_of", "reason"]
    frame = verdicts(platform)[columns]
    print_frame(frame, fmt)
    if output_dir:
        replace_text(output_dir / "checks.json", format_frame(frame, None, "json"))
    leave_with(platform, (*platform.config.pools, "portfolio"))


@rotation.command()
@click.option("--base-dir", type=FOLDER, help="Folder of pool_metrics_summary.csv; default is paths.output_root.")
@output_format
@with_workspace
def aggregate(workspace: Workspace, base_dir: Path | None, fmt: Format) -> None:
    """Combine the pools' accounts into the portfolio and write pool_metrics_summary.csv."""
    from etf_platform.core.tables import POOL_SUMMARY
    from etf_platform.orchestration.platform import PORTFOLIO, Platform
    from etf_platform.orchestration.runner import materialize
    from etf_platform.orchestration.steps.export import output_root
    from etf_platform.reports.output_tree import write_pool_metrics_summary

    platform = Platform.open(workspace)
    keys = ["backtest/portfolio/rotation", "kpi/portfolio/summary"]
    report_results([materialize(platform, "portfolio", keys)])
    summary = platform.lake.read(POOL_SUMMARY, PORTFOLIO)
    say(f"Wrote {write_pool_metrics_summary(output_root(platform, base_dir), summary, tuple(platform.config.pools))}")
    print_frame(summary, fmt)
    leave_with(platform, (PORTFOLIO,))


@rotation.command("filter")
@click.option("--mode", type=click.Choice(["production", "research"]), default="production", show_default=True)
@click.option("--base-dir", type=FOLDER, help="Output tree; default is paths.output_root.")
@pool_option
@with_workspace
def filter_factors(workspace: Workspace, mode: str, base_dir: Path | None, pools: Sequence[str]) -> None:
    """Write panel_filtered_<mode>.parquet, factors_selected_<mode>.yaml and correlation_matrix.csv."""
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.steps.export import export_full, output_root

    platform = Platform.open(workspace)
    root = output_root(platform, base_dir)
    written = export_full(platform, chosen_pools(platform, pools), root, None, None, (mode,))
    for path in written:
        if mode in path.name:
            say(f"Wrote {path}")


@rotation.command()
@click.argument("name")
@click.option("--to", type=FOLDER, help="Where to; default is paths.output_root.")
@click.option("--force", is_flag=True, help="Also restore a snapshot that is in quarantine.")
@with_workspace
def restore(workspace: Workspace, name: str, to: Path | None, force: bool) -> None:
    """Put a production snapshot back as the output tree, after checking every file against its SHA-256."""
    from etf_platform.governance.snapshots import restore as restore_snapshot
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.steps.export import output_root

    platform = Platform.open(workspace)
    root = workspace.resolve(platform.config.etf_pools.paths.snapshots_root)
    say(f"Restored {restore_snapshot(root, name, output_root(platform, to), force)}")


@rotation.command()
@click.option("--month", required=True, help="YYYY-MM; the last stored session of the month is taken.")
@pool_option
@with_workspace
def monthly(workspace: Workspace, month: str, pools: Sequence[str]) -> None:
    """Keep a month's factor selection: universe, factors, correlations, the funnel from 314 to production."""
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.steps.monthly import write_month

    platform = Platform.open(workspace)
    for pool in chosen_pools(platform, pools):
        say(f"Wrote {write_month(platform, pool, month)}")


@rotation.command()
@output_format
@with_workspace
def snapshots(workspace: Workspace, fmt: Format) -> None:
    """List the production snapshots and those in quarantine."""
    import pandas as pd

    from etf_platform.governance.snapshots import list_snapshots
    from etf_platform.orchestration.platform import Platform

    platform = Platform.open(workspace)
    found = list_snapshots(workspace.resolve(platform.config.etf_pools.paths.snapshots_root))
    rows = [{"name": s.name, "accepted": s.is_accepted, "files": len(s.files), "path": str(s.path)} for s in found]
    print_frame(pd.DataFrame(rows, columns=["name", "accepted", "files", "path"]), fmt)


@rotation.command()
@click.option("--pool", "pool", default="A_SHARE", show_default=True)
@click.option("--param", "params", multiple=True, required=True, help=GRID)
@click.option(
    "--exec-mode",
    type=click.Choice(["next_open_close", "next_close_close"]),
    default="next_open_close",
    show_default=True,
)
@click.option("--most", default=20, show_default=True, help="Rows printed, best Sharpe ratio first; all are stored.")
@click.option("--output-dir", type=FOLDER, help="Where table and heat map are written; default is reports/sweeps.")
@output_format
@with_workspace
def sweep(
    workspace: Workspace,
    pool: str,
    params: Sequence[str],
    exec_mode: ExecMode,
    most: int,
    output_dir: Path | None,
    fmt: Format,
) -> None:
    """Back-test every combination of parameters; the deflated Sharpe ratio says how much of the best one is luck."""
    research.run_sweep(workspace, pool, params, exec_mode, most, output_dir, fmt)


def _listed(symbols: str | None, symbols_file: Path | None) -> tuple[str, ...]:
    if symbols:
        return tuple(s.strip() for s in symbols.split(",") if s.strip())
    if symbols_file:
        return tuple(line.strip() for line in symbols_file.read_text(encoding="utf-8").splitlines() if line.strip())
    return ()

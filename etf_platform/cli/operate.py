"""Commands that run the asset graph: `demo`, `run`, `backfill`, `ui`."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date

import click

from etf_platform.cli.options import Format, output_format, pool_option, with_workspace
from etf_platform.cli.params import Day
from etf_platform.cli.show import finish, progress_bar, say
from etf_platform.core.errors import BadInputError, ConfigError
from etf_platform.core.workspace import Workspace


@click.command()
@output_format
@with_workspace
def demo(workspace: Workspace, fmt: Format) -> None:
    """Run the main job and the limit-up tracker's once on simulated data and show what was produced.

    Loads the simulated history, computes every pool's panel, targets, back-test, capacity and KPI for the last closed
    session, judges the fuses, writes the daily report, fills the tracker's page (boards, funds that hold them, event
    back-test), and ends with a table of results and where to look. Ends with exit code 0 whatever the simulated figures
    are.
    """
    from dataclasses import replace

    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.runner import latest_session

    platform = Platform.open(replace(workspace, source=workspace.source or "sample"))
    day = latest_session(platform)
    _execute(platform, tuple(platform.config.pools), day, day, fmt, judge=False, with_tracker=True)


@click.command()
@click.option("--date", "day", type=Day(), help="Session to run; default is the last closed one.")
@pool_option
@output_format
@with_workspace
def run(workspace: Workspace, day: date | None, pools: Sequence[str], fmt: Format) -> None:
    """Run one session: bars, panel, targets, back-test, capacity, KPI, fuses, report, snapshot.

    On an empty home the history is loaded first; sessions missed since the last run are caught up in the same run.
    """
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.runner import latest_session

    platform = Platform.open(workspace)
    chosen = chosen_pools(platform, pools)
    target = day or latest_session(platform, chosen[0])
    _execute(platform, chosen, target, target, fmt)


@click.command()
@click.option("--from", "start", type=Day(), required=True, help="First session.")
@click.option("--to", "end", type=Day(), required=True, help="Last session.")
@pool_option
@output_format
@with_workspace
def backfill(workspace: Workspace, start: date, end: date, pools: Sequence[str], fmt: Format) -> None:
    """Run many sessions as one run: one kernel pass and one commit per table, the same bytes as day by day.

    Days that are no sessions at the ends of the range are moved inwards.
    """
    from etf_platform.orchestration.platform import Platform

    platform = Platform.open(workspace)
    chosen = chosen_pools(platform, pools)
    if start > end:
        raise BadInputError(f"planning {start}..{end}", "the first day lies after the last", "swap --from and --to")
    inside = platform.sessions(chosen[0]).between(start, end)
    if inside.empty:
        say(f"No sessions between {start} and {end}: nothing to do.")
        return
    _execute(platform, chosen, inside[0].date(), inside[-1].date(), fmt)


@click.command()
@click.option("--port", default=3000, show_default=True, help="Port of the web page.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; loopback by default.")
@with_workspace
def ui(workspace: Workspace, port: int, host: str) -> None:
    """Start Dagster's webserver and daemon on this home; stop with Ctrl-C."""
    from etf_platform.orchestration.instance.config import write_dagster_home

    home = write_dagster_home(workspace)
    say(f"Dagster on http://{host}:{port}  (state in {workspace.home})")
    command = [sys.executable, "-m", "dagster", "dev", "-m", "etf_platform.definitions", "-h", host, "-p", str(port)]
    done = subprocess.run(command, env={**os.environ, **workspace.to_env(), "DAGSTER_HOME": str(home)}, check=False)
    raise SystemExit(done.returncode)


def chosen_pools(platform, pools: Sequence[str]) -> tuple[str, ...]:  # type: ignore[no-untyped-def]
    """The pools asked for, or all.

    Raises
    ------
    ConfigError
        A pool is not configured.
    """
    unknown = [pool for pool in pools if pool not in platform.config.pools]
    if unknown:
        known = ", ".join(platform.config.pools)
        raise ConfigError("choosing pools", f"{', '.join(unknown)} is not configured", f"use one of {known}")
    return tuple(pools) or tuple(platform.config.pools)


def _execute(  # type: ignore[no-untyped-def]
    platform,
    pools: tuple[str, ...],
    start: date,
    end: date,
    fmt: Format,
    judge: bool = True,
    with_tracker: bool = False,
) -> None:
    from etf_platform.orchestration.runner import execute, plan_run, step_count

    plan = plan_run(platform, pools, start, end)
    with progress_bar(step_count(platform, plan), f"{plan.start}..{plan.end}") as listener:
        results = execute(platform, plan, listener)
    if with_tracker:
        results = [*results, _tracker(platform)]
    finish(platform, pools, results, fmt, judge)


def _tracker(platform):  # type: ignore[no-untyped-def]
    from etf_platform.orchestration.graph_arbitrage import ARBITRAGE_STEPS
    from etf_platform.orchestration.runner import latest_session, run_tracker

    day = latest_session(platform, platform.config.arbitrage.stocks)
    with progress_bar(len(ARBITRAGE_STEPS), "limit-up tracker") as listener:
        return run_tracker(platform, day, listener)


COMMANDS = (demo, run, backfill, ui)

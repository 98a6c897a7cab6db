"""Commands on the tracker's history: `arb init|update|backtest`. Not here: the running session (`arb`)."""

import datetime as dt
import json
from typing import TYPE_CHECKING

import click

from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.params import Day
from etf_platform.cli.show import print_frame, report_results, report_sources, say
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.runner import JobResult

FAILED, NOBODY_ANSWERED = 2, 3


@click.command()
@with_workspace
def init(workspace: Workspace) -> None:
    """Build the stock-to-ETF mapping: the list of stocks and what the funds hold.

    Exit codes: 0 done, 2 a step failed, 3 no source answered.
    """
    from etf_platform.orchestration.runner import materialize

    platform = _opened(workspace)
    settings = platform.config.arbitrage
    addresses = [f"market/{settings.stocks}/stock_list", f"market/{settings.funds}/holdings"]
    _leave_with(platform, materialize(platform, "arbitrage", addresses))
    say(f"{mapping_size(platform)}; see `etf-platform arb status`")


@click.command()
@click.option("--date", "day", type=Day(), help="Session; default is the last closed one.")
@with_workspace
def update(workspace: Workspace, day: dt.date | None) -> None:
    """Bring the stored history up to a session: bars, limit states, expectations, event back-test, outcomes of signals.

    The first run loads everything from `history_start` on. Dagster does the same after every close (job `arbitrage`).
    Exit codes: 0 done, 2 a step failed, 3 no source answered.
    """
    from etf_platform.orchestration.runner import latest_session, run_tracker

    platform = _opened(workspace)
    _leave_with(platform, run_tracker(platform, day or latest_session(platform, platform.config.arbitrage.stocks)))


@click.command()
@click.option("--from", "start", type=Day(), required=True, help="First session.")
@click.option("--to", "end", type=Day(), required=True, help="Last session.")
@click.option("--min-weight", type=click.FloatRange(0.001, 1.0), help="Smallest weight; default is the configured one.")
@click.option("--evaluator", help="default, conservative or aggressive; default is the configured one.")
@output_format
@with_workspace
def backtest(
    workspace: Workspace, start: dt.date, end: dt.date, min_weight: float | None, evaluator: str | None, fmt: Format
) -> None:
    """Event back-test over the stored history: what the signals of these sessions would have earned."""
    import pandas as pd

    from etf_platform.orchestration.experiments import event_backtest

    params = {"start_date": f"{start:%Y%m%d}", "end_date": f"{end:%Y%m%d}", "granularity": "daily"}
    chosen = {"min_weight": min_weight, "evaluator_type": evaluator}
    given = {name: value for name, value in chosen.items() if value is not None}
    platform = _opened(workspace)
    result = event_backtest(platform, {**params, **given}, lambda share, said: say(f"{share:4.0%} {said}"))
    for line in (f"data: {platform.source_label}", *result.get("notes", ())):
        say(line)
    if fmt == "json":
        click.echo(json.dumps(result, ensure_ascii=False, indent=2, default=str))
        return
    plain = [{"what": name, "value": value} for name, value in result.items() if isinstance(value, int | float | str)]
    print_frame(pd.DataFrame(plain, columns=["what", "value"]), fmt)


def mapping_size(platform: "Platform") -> str:
    """How much the mapping covers today, in words."""
    from etf_platform.orchestration.tracking.known import known_before

    held = known_before(platform, today()).holdings
    return f"{held['stock'].nunique()} stocks in {held['symbol'].nunique()} funds"


def today() -> dt.date:
    """The calendar day at the exchange."""
    from etf_platform.arbitrage.clock import local
    from etf_platform.orchestration.tracking.monitor import utc_now

    return local(utc_now()).date()


def _leave_with(platform: "Platform", result: "JobResult") -> None:
    report_results([result])
    report_sources(platform, [result])
    if not result.succeeded:
        raise SystemExit(NOBODY_ANSWERED if platform.source.kind == "live" else FAILED)


def _opened(workspace: Workspace) -> "Platform":
    from etf_platform.orchestration.platform import Platform

    return Platform.open(workspace)


COMMANDS = (init, update, backtest)

"""`etf-platform trend ...`: single-asset strategies on stored bars of a universe, by the same code as the assets."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.params import Day
from etf_platform.cli.show import print_frame, progress_bar, report_results, report_sources, say
from etf_platform.cli.single_symbol import (
    FILE,
    FOLDER,
    as_json,
    blocking,
    end_option,
    label,
    opened,
    start_option,
    strategy_argument,
    symbol_option,
)
from etf_platform.cli.trend_accounts import backtest, sweep
from etf_platform.core.states import State, worst
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    from etf_platform.orchestration.platform import Platform


@click.group()
def trend() -> None:
    """Trend strategies on single symbols: signals, reports, back-tests, sweeps.

    \b
    First steps
      etf-platform trend run                              load bars, store indicators, signals, back-tests, risk
      etf-platform trend signal EMA_trend_v3              the text report of the last closed session
      etf-platform trend report --date 2024-08-05 --form html
      etf-platform trend backtest EMA_trend_v3 --symbol ^NDX
      etf-platform trend sweep EMA_trend_v3 --param ema_fast=40:120:20 --param ema_slow=150,200,250

    Exit codes: 0 PASS or WARN, 2 FAIL, 3 BLOCKED, 1 error.
    """


trend.add_command(backtest)
trend.add_command(sweep)


@trend.command()
@click.option("--universe", default="US", show_default=True, help="A universe of universes.yaml.")
@click.option("--date", "day", type=Day(), help="Session of its exchange; default is the last closed one.")
@click.option("--from", "start", type=Day(), help="First session of a backfill that ends at --date.")
@output_format
@with_workspace
def run(workspace: Workspace, universe: str, day: date | None, start: date | None, fmt: Format) -> None:
    """Run the universe's assets: bars, indicators, signals, back-tests, signal reports, VaR forecasts and tests.

    The first run loads everything from the universe's `history_start`; sessions missed since are caught up.
    """
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.runner import latest_session, run_universe
    from etf_platform.orchestration.steps.report import verdicts
    from etf_platform.orchestration.trends import trend_overview

    platform = Platform.open(workspace)
    _known(platform, universe)
    end = day or latest_session(platform, universe)
    with progress_bar(8, f"{universe} {end}") as listener:
        results = run_universe(platform, universe, start or end, end, listener)
    frame = trend_overview(platform, universe)
    print_frame(frame, fmt)
    report_results(results)
    report_sources(platform, results)
    label(platform)
    say(f"Reports  {platform.workspace.reports / 'signal'}")
    if not all(result.succeeded for result in results):
        raise SystemExit(State.BLOCKED.exit_code)
    judged = verdicts(platform, (universe,))
    for row in judged[judged["state"] != "PASS"].to_dict("records"):
        say(f"{row['state']}  {row['fuse']}: {row['reason']}")
    raise SystemExit(worst(State(s) for s in (*frame["state"], *judged["state"])).exit_code)


@trend.command("fetch-data")
@symbol_option
@start_option
@end_option
@click.option("--frequency", type=click.Choice(["1d"]), default="1d", show_default=True, help="Daily bars.")
@click.option("-o", "--output", type=FILE, help="Write the bars as CSV.")
@with_workspace
def fetch_data(
    workspace: Workspace, symbol: str, start: date | None, end: date | None, frequency: str, output: Path | None
) -> None:
    """Load the universe's bars if there are none, and say how many rows a symbol has and in what state they are."""
    from etf_platform.orchestration.files import replace_text
    from etf_platform.orchestration.trends import symbol_bars

    platform, name = opened(workspace, symbol)
    with blocking():
        bars, state = symbol_bars(platform, name, start, end)
    click.echo(f"{name}: {len(bars)} rows ({frequency}), {state}")
    if output:
        replace_text(output, bars.to_csv(index=False))
        say(f"Wrote {output}")
    raise SystemExit(State(state.split(":")[0]).exit_code)


@trend.command()
@strategy_argument
@symbol_option
@click.option("--date", "day", type=Day(), help="Session; default is the last closed one.")
@click.option("--vix", type=float, help="VIX to decide with; turns the VIX filter on.")
@with_workspace
def signal(workspace: Workspace, strategy: str, symbol: str, day: date | None, vix: float | None) -> None:
    """Print the text report of STRATEGY for one close, made from what was known then."""
    _report(workspace, strategy, symbol, day, vix, "txt", None)


@trend.command()
@strategy_argument
@symbol_option
@click.option("--date", "day", type=Day(), help="Session; default is the last closed one.")
@click.option("--vix", type=float, help="VIX to decide with; turns the VIX filter on.")
@click.option(
    "--form",
    type=click.Choice(["txt", "md", "html", "json"]),
    default="md",
    show_default=True,
    help="How it is written.",
)
@click.option("-o", "--output", type=FILE, help="Write to this file instead of printing.")
@with_workspace
def report(
    workspace: Workspace,
    strategy: str,
    symbol: str,
    day: date | None,
    vix: float | None,
    form: str,
    output: Path | None,
) -> None:
    """The signal report of STRATEGY for any past session, from what was known then, with its back-test beside it."""
    _report(workspace, strategy, symbol, day, vix, form, output)


@trend.command("verify-indicators")
@symbol_option
@start_option
@end_option
@output_format
@with_workspace
def verify_indicators(workspace: Workspace, symbol: str, start: date | None, end: date | None, fmt: Format) -> None:
    """Compare RSI, ADX, MACD, ATR with a plain implementation and, where installed, TA-Lib; exit 2 on a difference."""
    verify(workspace, symbol, start, end, fmt)


@trend.command("static-data")
@strategy_argument
@symbol_option
@click.option("--years", type=click.IntRange(min=1), default=5, show_default=True, help="Years of closes.")
@click.option("--out-dir", type=FOLDER, default=Path("web"), show_default=True, help="Where the files go.")
@with_workspace
def static_data(workspace: Workspace, strategy: str, symbol: str, years: int, out_dir: Path) -> None:
    """Write timeseries.json and signal.json for a web page, as of the last stored session."""
    from etf_platform.orchestration.files import replace_text
    from etf_platform.orchestration.trends import reported, symbol_bars
    from etf_platform.reports.signal import timeseries

    platform, name = opened(workspace, symbol)
    bars, _ = symbol_bars(platform, name, None, None)
    with blocking():
        made = reported(platform, strategy, name, bars["date"].max().date())
    texts = {
        "timeseries.json": json.dumps(timeseries(bars, years), ensure_ascii=False) + "\n",
        "signal.json": made.rendered("json"),
    }
    for file, text in texts.items():
        replace_text(out_dir / file, text)
        say(f"Wrote {out_dir / file}")


def verify(workspace: Workspace, symbol: str, start: date | None, end: date | None, fmt: Format) -> None:
    """Print the comparison of indicators and leave with the exit code of the worst state."""
    from etf_platform.orchestration.trends import verified

    platform, name = opened(workspace, symbol)
    with blocking():
        table = verified(platform, name, start, end)
    print_frame(table, fmt)
    raise SystemExit(worst(State(s) for s in table["state"]).exit_code)


def _report(
    workspace: Workspace,
    strategy: str,
    symbol: str,
    day: date | None,
    vix: float | None,
    form: str,
    output: Path | None,
) -> None:
    from etf_platform.orchestration.files import replace_text
    from etf_platform.orchestration.runner import latest_session
    from etf_platform.orchestration.trends import reported, universe_of
    from etf_platform.reports.signal import report_dict, report_text

    platform, name = opened(workspace, symbol)
    with blocking({"txt": report_text(None), "json": as_json(report_dict(None))}.get(form)):
        made = reported(platform, strategy, name, day or latest_session(platform, universe_of(platform, name)), vix)
    text = made.rendered(form)
    if output:
        replace_text(output, text)
        say(f"Wrote {output}")
    else:
        click.echo(text, nl=False)
    raise SystemExit(State(str(made.facts.signal["state"])).exit_code)


def _known(platform: "Platform", universe: str) -> None:
    from etf_platform.core.errors import ConfigError

    known = platform.config.universes.universes
    if universe not in known:
        raise ConfigError("choosing a universe", f"{universe} is not configured", f"use one of {', '.join(known)}")

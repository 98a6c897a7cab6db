"""`etf-platform trend ...`: single-asset strategies on stored bars of a universe, by the same code as the assets."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.params import Day
from etf_platform.cli.show import print_frame, progress_bar, report_results, report_sources, say
from etf_platform.core.states import State, worst
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    from etf_platform.orchestration.platform import Platform

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
GRID = "ema_fast=40:120:20 or ema_fast=40,80; repeatable."

strategy_argument = click.argument("strategy", default="EMA_trend_v3")
symbol_option = click.option("--symbol", default="QQQ", show_default=True, help="Symbol; QQQ means QQQ.US.")
start_option = click.option("--start", type=Day(), help="First session; default is the first after the warm-up.")
end_option = click.option("--end", type=Day(), help="Last session; default is the last stored one.")


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
    _label(platform)
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

    platform, name = _opened(workspace, symbol)
    bars, state = symbol_bars(platform, name, start, end)
    click.echo(f"{name}: {len(bars)} rows ({frequency}), {state}")
    if output:
        replace_text(output, bars.to_csv(index=False))
        say(f"Wrote {output}")
    raise SystemExit(State(state.split(":")[0]).exit_code)


@trend.command()
@strategy_argument
@symbol_option
@start_option
@end_option
@click.option("--plot", is_flag=True, help="Write the chart to the reports folder.")
@click.option("--save-plot", type=FILE, help="Write the chart to this PNG file, 14 x 7 in, 150 dpi.")
@click.option("--dict", "as_dict", is_flag=True, help="Print everything as JSON: variants, benchmarks, trades.")
@output_format
@with_workspace
def backtest(
    workspace: Workspace,
    strategy: str,
    symbol: str,
    start: date | None,
    end: date | None,
    plot: bool,
    save_plot: Path | None,
    as_dict: bool,
    fmt: Format,
) -> None:
    """Back-test STRATEGY: all rule variants against buy and hold and the same exposure.

    Decided at a close, filled in the next session as `strategies.yaml` says. Prints the comparison of the configured
    variant, then every account in every sample.
    """
    from etf_platform.orchestration.files import replace_bytes
    from etf_platform.orchestration.steps.trend import comparison_plot, figure_table
    from etf_platform.orchestration.trends import backtested
    from etf_platform.reports.signal import backtest_document, backtest_text

    platform, name = _opened(workspace, symbol)
    done = backtested(platform, strategy, name, start, end, platform.config.strategies.trend.backtest)
    if as_dict:
        document = backtest_document(done.metrics, done.own.trades, done.task.variant, done.own.start_effective)
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        if fmt == "table":
            click.echo(backtest_text(done.metrics, done.task.variant))
        print_frame(figure_table(done.metrics), fmt)
        say(f"From {done.own.start_effective:%Y-%m-%d}, fills: {done.own.execution}. {'; '.join(done.own.notes)}")
    target = save_plot or (
        platform.workspace.reports / "trend" / f"{strategy}_{name.lstrip('^')}.png" if plot else None
    )
    if target:
        replace_bytes(target, comparison_plot(list(done.accounts.values())))
        say(f"Wrote {target}")
    _label(platform)
    raise SystemExit(done.own.state.exit_code)


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


@trend.command()
@strategy_argument
@symbol_option
@click.option("--param", "params", multiple=True, required=True, metavar="GRID", help=GRID)
@start_option
@end_option
@click.option("--walk-forward", "windows", metavar="TRAIN:TEST", help="Choose on TRAIN sessions, apply on TEST.")
@click.option("--anchored", is_flag=True, help="Training windows all start at the first tradable session.")
@click.option("--most", default=20, show_default=True, help="Rows printed.")
@output_format
@with_workspace
def sweep(
    workspace: Workspace,
    strategy: str,
    symbol: str,
    params: Sequence[str],
    start: date | None,
    end: date | None,
    windows: str | None,
    anchored: bool,
    most: int,
    fmt: Format,
) -> None:
    """Back-test every combination of a grid; with --walk-forward, choose on the past and apply to what follows."""
    platform, name = _opened(workspace, symbol)
    if windows is None:
        _sweep(platform, strategy, name, params, start, end, most, fmt)
    else:
        _walk(platform, strategy, name, params, windows, anchored, fmt)
    _label(platform)


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
@click.option("--years", default=5, show_default=True, help="Years of closes.")
@click.option("--out-dir", type=FOLDER, default=Path("web"), show_default=True, help="Where the files go.")
@with_workspace
def static_data(workspace: Workspace, strategy: str, symbol: str, years: int, out_dir: Path) -> None:
    """Write timeseries.json and signal.json for a web page, as of the last stored session."""
    from etf_platform.orchestration.files import replace_text
    from etf_platform.orchestration.trends import reported, symbol_bars
    from etf_platform.reports.signal import timeseries

    platform, name = _opened(workspace, symbol)
    bars, _ = symbol_bars(platform, name, None, None)
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

    platform, name = _opened(workspace, symbol)
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

    platform, name = _opened(workspace, symbol)
    made = reported(platform, strategy, name, day or latest_session(platform, universe_of(platform, name)), vix)
    text = made.rendered(form)
    if output:
        replace_text(output, text)
        say(f"Wrote {output}")
    else:
        click.echo(text, nl=False)
    raise SystemExit(State(str(made.facts.signal["state"])).exit_code)


def _sweep(
    platform: "Platform",
    strategy: str,
    symbol: str,
    params: Sequence[str],
    start: date | None,
    end: date | None,
    most: int,
    fmt: Format,
) -> None:
    from etf_platform.orchestration.trends import combinations_in, swept

    seen = 0
    with progress_bar(combinations_in(params), f"sweep {strategy} {symbol}") as advance:

        def moved(done: int, _: int) -> None:
            nonlocal seen
            for _step in range(done - seen):
                advance("", True)
            seen = done

        results = swept(platform, strategy, symbol, params, start, end, moved)
    ranked = results.sort_values("sharpe", ascending=False)
    print_frame(ranked.head(most).drop(columns=["source", "is_best", "n_trials"]), fmt)
    best = ranked.iloc[0]
    say(
        f"Best of {int(best['n_trials'])} trials: Sharpe {best['sharpe']:.2f}; the probability that it is more than "
        f"the luck of the draw (deflated Sharpe ratio) is {best['deflated_sharpe']:.2f}"
    )


def _walk(
    platform: "Platform", strategy: str, symbol: str, params: Sequence[str], windows: str, anchored: bool, fmt: Format
) -> None:
    from etf_platform.orchestration.trends import walked_forward, windows_of

    done = walked_forward(platform, strategy, symbol, params, windows_of(windows, anchored))
    print_frame(done.windows, fmt)
    say(f"Sharpe on the training windows {done.sharpe_in_sample:.2f}, on what followed {done.sharpe_out_of_sample:.2f}")


def _opened(workspace: Workspace, symbol: str) -> "tuple[Platform, str]":
    """The platform with the bars of the symbol's universe loaded, and the symbol with its suffix."""
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.runner import load_universe
    from etf_platform.orchestration.trends import symbol_named, universe_of

    platform, name = Platform.open(workspace), symbol_named(symbol)
    results = load_universe(platform, universe_of(platform, name))
    report_results(results)
    return platform, name


def _known(platform: "Platform", universe: str) -> None:
    from etf_platform.core.errors import ConfigError

    known = platform.config.universes.universes
    if universe not in known:
        raise ConfigError("choosing a universe", f"{universe} is not configured", f"use one of {', '.join(known)}")


def _label(platform: "Platform") -> None:
    if platform.source.kind == "sample":
        say("All figures above are made from SIMULATED DATA (source `sample`).")

"""`etf-platform trend backtest|sweep`: accounts of single-asset strategies. Not here: signals and reports (`trend`)."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.show import moving, print_frame, progress_bar, say
from etf_platform.cli.single_symbol import (
    FILE,
    as_json,
    blocking,
    end_option,
    label,
    opened,
    start_option,
    strategy_argument,
    symbol_option,
)
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from etf_platform.backtest.trend.walk_forward import WalkForward
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.trends import Backtested

GRID = "ema_fast=40:120:20 or ema_fast=40,80; repeatable."


@click.command()
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
    from etf_platform.orchestration.experiments import registered
    from etf_platform.orchestration.files import replace_bytes
    from etf_platform.orchestration.steps.trend import comparison_plot, figure_table
    from etf_platform.reports.signal import TOO_LITTLE, backtest_text

    platform, name = opened(workspace, symbol)
    with blocking(as_json(TOO_LITTLE) if as_dict else None):
        ran = registered(platform, "trend_backtest", _asked(strategy, name, start, end))
    done: Backtested = ran.findings.value
    if as_dict:
        click.echo(as_json(done.document))
    else:
        if fmt == "table":
            click.echo(backtest_text(done.metrics, done.task.variant))
        print_frame(figure_table(done.metrics), fmt)
        say(f"Registered as {ran.experiment_id}")
        say("; ".join((f"From {done.own.start_effective:%Y-%m-%d}, fills: {done.own.execution}", *done.own.notes)))
    target = save_plot or (
        platform.workspace.reports / "trend" / f"{strategy}_{name.lstrip('^')}.png" if plot else None
    )
    if target:
        replace_bytes(target, comparison_plot(list(done.accounts.values())))
        say(f"Wrote {target}")
    label(platform)
    raise SystemExit(done.own.state.exit_code)


@click.command()
@strategy_argument
@symbol_option
@click.option("--param", "params", multiple=True, required=True, metavar="GRID", help=GRID)
@start_option
@end_option
@click.option("--walk-forward", "windows", metavar="TRAIN:TEST", help="Choose on TRAIN sessions, apply on TEST.")
@click.option("--anchored", is_flag=True, help="Training windows all start at the first tradable session.")
@click.option("--most", type=click.IntRange(min=1), default=20, show_default=True, help="Rows printed.")
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
    platform, name = opened(workspace, symbol)
    with blocking():
        if windows is None:
            _sweep(platform, strategy, name, params, start, end, most, fmt)
        else:
            _walk(platform, strategy, name, params, start, end, windows, anchored, fmt)
    label(platform)


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
    from etf_platform.orchestration.experiments import registered
    from etf_platform.orchestration.trends import combinations_in

    asked = _asked(strategy, symbol, start, end) | {"grid": list(params)}
    with progress_bar(total := combinations_in(params), f"sweep {strategy} {symbol}") as ended:
        done = registered(platform, "trend_sweep", asked, advance=moving(ended, total))
    results: pd.DataFrame = done.findings.value
    ranked = results.sort_values("sharpe", ascending=False)
    print_frame(ranked.head(most).drop(columns=["source", "is_best", "n_trials"]), fmt)
    best = ranked.iloc[0]
    say(
        f"Best of {int(best['n_trials'])} trials: Sharpe {best['sharpe']:.2f}; the probability that it is more than "
        f"the luck of the draw (deflated Sharpe ratio) is {best['deflated_sharpe']:.2f}"
    )
    say(f"Registered as {done.experiment_id}")


def _walk(
    platform: "Platform",
    strategy: str,
    symbol: str,
    params: Sequence[str],
    start: date | None,
    end: date | None,
    windows: str,
    anchored: bool,
    fmt: Format,
) -> None:
    from etf_platform.orchestration.experiments import registered

    asked = _asked(strategy, symbol, start, end) | {"grid": list(params), "windows": windows, "anchored": anchored}
    ran = registered(platform, "trend_walk_forward", asked)
    done: WalkForward = ran.findings.value
    print_frame(done.windows, fmt)
    say(f"Sharpe on the training windows {done.sharpe_in_sample:.2f}, on what followed {done.sharpe_out_of_sample:.2f}")
    say(f"Registered as {ran.experiment_id}")


def _asked(strategy: str, symbol: str, start: date | None, end: date | None) -> dict[str, Any]:
    days = {name: day.isoformat() for name, day in (("start", start), ("end", end)) if day}
    return {"strategy": strategy, "symbol": symbol, **days}

"""What the commands on single symbols share: options, the platform with its bars, BLOCKED as an exit code.

Not here: the commands (`trend`, `trend_accounts`).
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etf_platform.cli.options import Command
from etf_platform.cli.params import Day
from etf_platform.cli.show import report_results, say
from etf_platform.core.errors import InsufficientDataError
from etf_platform.core.states import State
from etf_platform.core.tables import BARS
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    from etf_platform.orchestration.platform import Platform

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
STRATEGY = "EMA_trend_v3"

symbol_option = click.option("--symbol", default="QQQ", show_default=True, help="Symbol; QQQ means QQQ.US.")


def strategy_argument(command: Command) -> Command:
    """STRATEGY as an argument or as `--strategy`; EMA_trend_v3 without either."""
    named = click.option(
        "--strategy",
        "named",
        metavar="NAME",
        expose_value=False,
        is_eager=True,
        callback=_remember,
        help=f"The same as STRATEGY.  [default: {STRATEGY}]",
    )
    return named(click.argument("strategy", required=False, callback=_chosen)(command))


def _remember(context: click.Context, _: click.Parameter, value: str | None) -> None:
    context.meta[__name__] = value


def _chosen(context: click.Context, _: click.Parameter, value: str | None) -> str:
    named: str | None = context.meta.get(__name__)
    if value and named and value != named:
        raise click.UsageError(f"STRATEGY is {value}, and --strategy is {named}; give one of them.")
    return value or named or STRATEGY


def _not_before_start(context: click.Context, _: click.Parameter, value: Any) -> Any:
    start = context.params.get("start")
    if value and start and value < start:
        raise click.BadParameter(f"{value} lies before --start {start}")
    return value


start_option = click.option(
    "--start", type=Day(), is_eager=True, help="First session; default is the first that can be used."
)
end_option = click.option(
    "--end", type=Day(), callback=_not_before_start, help="Last session; default is the last stored one."
)


def as_json(document: Mapping[str, object]) -> str:
    """A document as people and programs read it."""
    return json.dumps(document, ensure_ascii=False, indent=2)


@contextmanager
def blocking(answer: str | None = None) -> Iterator[None]:
    """Bars that are too few or too old end a command BLOCKED, with one sentence, and not as an error.

    An `answer` is printed as well, for readers of standard output.
    """
    try:
        yield
    except InsufficientDataError as error:
        if answer is not None:
            click.echo(answer)
        say(f"{State.BLOCKED}: {error}")
        raise SystemExit(State.BLOCKED.exit_code) from None


def opened(workspace: Workspace, symbol: str) -> "tuple[Platform, str]":
    """The platform with the bars of the symbol's universe loaded, and the symbol with its suffix."""
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.runner import load_universe
    from etf_platform.orchestration.trends import symbol_named, universe_of

    platform, name = Platform.open(workspace), symbol_named(symbol)
    universe = universe_of(platform, name)
    results = load_universe(platform, universe)
    report_results(results)
    if not (all(result.succeeded for result in results) or platform.lake.exists(BARS, universe)):
        raise SystemExit(State.BLOCKED.exit_code)
    return platform, name


def label(platform: "Platform") -> None:
    """Say that the figures are simulated, where they are."""
    if platform.source.kind == "sample":
        say("All figures above are made from SIMULATED DATA (source `sample`).")

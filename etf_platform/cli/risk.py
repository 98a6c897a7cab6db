"""`etf-platform risk ...`: reports of the risk desk, the acceptance experiment, attribution of any fills."""

from pathlib import Path

import click

from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.show import print_frame, say
from etf_platform.core.states import State, worst
from etf_platform.core.workspace import Workspace

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def risk() -> None:
    """VaR and ES exceptions, tests of the models, attribution.

    \b
    Exit codes: 0 PASS or WARN, 2 FAIL, 3 BLOCKED, 1 error.
    """


@risk.command()
@click.argument("universe")
@click.option("--all-history", is_flag=True, help="Test every stored forecast instead of the last test window.")
@click.option("--level", type=float, help="Only this confidence level, e.g. 0.99.")
@output_format
@with_workspace
def coverage(workspace: Workspace, universe: str, all_history: bool, level: float | None, fmt: Format) -> None:
    """Exception tests of UNIVERSE (a pool, `portfolio`, or a universe such as US): all methods side by side."""
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.risks import coverage_of

    table = coverage_of(Platform.open(workspace), universe, all_history)
    chosen = table if level is None else table[(table["level"] - level).abs() < 1e-9]
    counts = ["series", "method", "level", "last_date", "n_forecasts", "n_breaches", "expected"]
    tests = ["kupiec", "independence", "conditional", "light", "z2", "z2_p", "status", "action"]
    print_frame(chosen[counts + tests], fmt)
    governing = table.loc[table["is_governing"], "status"]
    raise SystemExit(worst(State(s) for s in governing).exit_code)


@risk.command()
@click.option("--repetitions", default=500, show_default=True, help="Simulated histories.")
@click.option("--sessions", default=250, show_default=True, help="Sessions of each.")
@click.option("--level", default=0.99, show_default=True, help="Confidence level.")
@output_format
def acceptance(repetitions: int, sessions: int, level: float, fmt: Format) -> None:
    """How often each test rejects a right model, and one with half the volatility, on SIMULATED returns."""
    from etf_platform.orchestration.risks import acceptance_table

    print_frame(acceptance_table(repetitions, sessions, level), fmt)


@risk.command()
@click.argument("fills", type=FILE)
@click.argument("quotes", type=FILE)
@click.option("--horizon", "horizons", multiple=True, default=("close",), show_default=True, help="Such as 60s.")
@click.option("--strategy", default="fills", show_default=True, help="Name in the report.")
@click.option("--out-dir", type=FOLDER, help="Write Markdown and HTML with plots to this folder.")
@output_format
def attribution(
    fills: Path, quotes: Path, horizons: tuple[str, ...], strategy: str, out_dir: Path | None, fmt: Format
) -> None:
    """What the fills of a file earned and paid, from quotes of a file (CSV or Parquet).

    FILLS: time, symbol, side, quantity, price, and optionally fee, decision_price. QUOTES: time, symbol, bid, ask.
    """
    from etf_platform.orchestration.risks import attribute_files

    _show(attribute_files(fills, quotes, horizons, strategy), out_dir, fmt)


@risk.command()
@click.argument("messages", type=FILE)
@click.option(
    "--horizon", "horizons", multiple=True, default=("1s", "10s", "60s", "close"), show_default=True, help="Repeatable."
)
@click.option("--out-dir", type=FOLDER, help="Write Markdown and HTML with plots to this folder.")
@output_format
def lobster(messages: Path, horizons: tuple[str, ...], out_dir: Path | None, fmt: Format) -> None:
    """Attribute every execution of a LOBSTER day to its passive side; MESSAGES stands beside its order-book file."""
    from etf_platform.orchestration.risks import attribute_lobster

    _show(attribute_lobster(messages, horizons), out_dir, fmt)


def _show(done, out_dir: Path | None, fmt: Format) -> None:  # type: ignore[no-untyped-def]
    print_frame(done.totals, fmt)
    for path in done.write(out_dir) if out_dir else ():
        say(f"Wrote {path}")
    raise SystemExit(done.state.exit_code)

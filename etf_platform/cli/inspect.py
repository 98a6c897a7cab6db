"""Commands that only look: `query`, `factors`, `config`, `init`, `dictionary`."""

import shutil
from datetime import date
from pathlib import Path

import click

from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.params import Day
from etf_platform.cli.show import print_frame, say
from etf_platform.core.errors import ConfigError
from etf_platform.core.workspace import Workspace, packaged_config


@click.command()
@click.argument("sql")
@output_format
@with_workspace
def query(workspace: Workspace, sql: str, fmt: Format) -> None:
    """Run SQL over the lake.

    Every table is a view `<layer>_<pool>_<table>`, for example factors_A_SHARE_panel; the ops database's tables are
    `ops_<name>`. `SHOW TABLES` lists them; docs/data_dictionary.md describes the columns and their units.
    """
    from etf_platform.orchestration.platform import Platform
    from etf_platform.storage.query import query as run_query

    platform = Platform.open(workspace)
    print_frame(run_query(platform.lake, platform.ops, sql), fmt)


@click.group()
def factors() -> None:
    """The 314 published factor ids and the computations behind them."""


@factors.command("list")
@click.option("--family", help="Only this family (VBT, TA, CUSTOM, ...).")
@output_format
def list_factors(family: str | None, fmt: Format) -> None:
    """List every factor id: panel column, formula, warm-up, unit, direction, whether it duplicates another."""
    from etf_platform.orchestration.units import factor_rows

    frame = factor_rows()
    print_frame(frame if family is None else frame[frame["family"] == family], fmt)


@click.group()
def config() -> None:
    """The YAML configuration."""


@config.command("check")
@with_workspace
def check(workspace: Workspace) -> None:
    """List all problems of all files at once, with file and key path; exit code 2 if there is any."""
    from etf_platform.core.config.load import check_config
    from etf_platform.orchestration.units import unit_problems

    loaded, problems = check_config(workspace.config)
    problems += [] if loaded is None else unit_problems(loaded)
    for problem in problems:
        click.echo(problem)
    if loaded is None or problems:
        raise SystemExit(2)
    click.echo(f"{workspace.config}: no problems; configuration {loaded.digest}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Write an editable copy of the configuration to FOLDER; existing files are never overwritten."""
    target = folder / "configs"
    clashes = [p.name for p in packaged_config().glob("*.yaml") if (target / p.name).exists()]
    if clashes:
        raise click.ClickException(
            str(
                ConfigError(
                    f"writing the configuration to {target}",
                    f"{', '.join(sorted(clashes))} exist already",
                    "choose another folder or move them away",
                )
            )
        )
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(packaged_config().glob("*.yaml")):
        shutil.copyfile(path, target / path.name)
    say(f"Wrote {target}. Use it with --config {target} or ETF_PLATFORM_CONFIG={target}.")


@click.command()
@click.option("--check", "path", type=click.Path(path_type=Path), help="Compare with this file instead of printing.")
def dictionary(path: Path | None) -> None:
    """Print the data dictionary; with --check, exit code 2 when the file is not current."""
    from etf_platform.orchestration.units import data_dictionary

    text = data_dictionary()
    if path is None:
        click.echo(text, nl=False)
    elif not path.exists() or path.read_text(encoding="utf-8") != text:
        say(f"{path} is not current: run `etf-platform dictionary > {path}`")
        raise SystemExit(2)


@click.group()
def events() -> None:
    """Corporate actions detected in unadjusted prices; they change nothing until a person accepts them."""


@events.command("list")
@output_format
@with_workspace
def list_events(workspace: Workspace, fmt: Format) -> None:
    """List every detected event with what speaks for it, and its status."""
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.steps.reviews import events as stored_events

    print_frame(stored_events(Platform.open(workspace)), fmt)


@events.command()
@click.argument("symbol")
@click.argument("day", type=Day())
@click.argument("status", type=click.Choice(["accepted", "rejected", "review"]))
@with_workspace
def decide(workspace: Workspace, symbol: str, day: date, status: str) -> None:
    """Accept or reject one event; accepted ones are worked into adj_factor when bars are loaded again."""
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.steps.reviews import decide as record_decision

    pool = record_decision(Platform.open(workspace), symbol, day, status)
    say(f"{symbol} on {day}: {status}. Load the bars of {pool} again (`etf-platform backfill`) to apply it.")


COMMANDS = (query, factors, config, init, dictionary, events)

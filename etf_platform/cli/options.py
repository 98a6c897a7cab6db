"""Options that every command shares, and the one place that turns errors into a sentence and an exit code."""

import functools
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from etf_platform.core.errors import PlatformError, StorageError
from etf_platform.core.workspace import Workspace

Format = Literal["table", "csv", "json"]
ExecMode = Literal["next_open_close", "next_close_close"]
Command = TypeVar("Command", bound=Callable[..., Any])

_SHARED = (
    click.option("--home", metavar="DIR", help="All state: lake, ops database, Dagster storage. [ETF_PLATFORM_HOME]"),
    click.option("--source", metavar="NAME", help="A source of sources.yaml; default is the one named there."),
    click.option("--data", metavar="DIR", help="Root folder of local market data. [ETF_PLATFORM_DATA]"),
    click.option("--config", metavar="DIR", help="Folder of the YAML files. [ETF_PLATFORM_CONFIG]"),
    click.option("--debug", is_flag=True, help="Show the traceback of an error."),
)


def with_workspace(command: Command) -> Command:
    """Add the shared options; the command gets a `Workspace` as its first argument."""

    @functools.wraps(command)
    def wrapped(
        home: str | None, source: str | None, data: str | None, config: str | None, debug: bool, **rest: Any
    ) -> Any:
        workspace = workspace_of(home, source, data, config)
        os.environ.update(workspace.to_env())
        return guarded(command, debug, workspace, **rest)

    for option in reversed(_SHARED):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


def workspace_of(home: str | None, source: str | None, data: str | None, config: str | None) -> Workspace:
    """The environment's workspace with the given options on top."""
    workspace = Workspace.from_env()
    paths = {"home": home, "data": data, "config": config}
    changes: dict[str, Any] = {name: Path(value).absolute() for name, value in paths.items() if value}
    if source:
        changes["source"] = source
    return replace(workspace, **changes)


def guarded(command: Callable[..., Any], debug: bool, *args: Any, **kwargs: Any) -> Any:
    """Call a command; one sentence instead of a traceback for the errors that users can cause."""
    try:
        return command(*args, **kwargs)
    except (PlatformError, OSError) as error:
        if debug:
            raise
        _leave(error)
    except _database_errors() as error:
        if debug:
            raise
        _leave(_of_database(error))


def _leave(error: Exception) -> None:
    click.echo(f"Error: {error}", err=True)
    click.get_current_context().exit(1)


def _database_errors() -> type[Exception]:
    """What the databases of runs and verdicts raise; looked up only once something has been raised."""
    from sqlalchemy.exc import DBAPIError

    return DBAPIError


def _of_database(error: Any) -> StorageError:
    remedy = "free space or give the rights to write there, then run the same command again; the tables are intact"
    return StorageError("keeping the record of the run", str(error.orig).splitlines()[0], remedy)


def output_format(command: Command) -> Command:
    """Add `--format table|csv|json`."""
    choice = click.Choice(["table", "csv", "json"])
    return click.option(
        "--format", "fmt", type=choice, default="table", show_default=True, help="How rows are printed."
    )(command)


def pool_option(command: Command) -> Command:
    """Add `--pool`, repeatable; none means all."""
    return click.option("--pool", "pools", multiple=True, metavar="POOL", help="Only this pool; may be repeated.")(
        command
    )

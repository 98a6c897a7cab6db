"""`etf-platform kpi`: the registry of metrics, their values, alarms, KPI files of other systems."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from etf_platform.cli.gov_acts import by_option, role_option, seal_and_record
from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.params import Day
from etf_platform.cli.show import print_frame, say
from etf_platform.core.states import State, worst
from etf_platform.core.workspace import Workspace

SHOWN = ["date", "strategy", "kpi", "value", "baseline", "trend", "warn", "major", "status", "reason", "as_of"]


@click.group()
def kpi() -> None:
    """Metrics of operations: what is measured, what came of it."""


@kpi.command("list")
@output_format
@with_workspace
def list_metrics(workspace: Workspace, fmt: Format) -> None:
    """The registry: unit, better side, thresholds in force, owner, source and formula of every metric."""
    from etf_platform.orchestration.kpi_questions import registry_rows
    from etf_platform.orchestration.platform import Platform

    rows = registry_rows(Platform.open(workspace))
    print_frame(rows if fmt != "table" else rows.drop(columns=["title", "source", "aliases", "formula"]), fmt)


@kpi.command("show")
@click.option("--strategy", metavar="NAME", help="Pool, `portfolio`, or an imported strategy; default is all.")
@click.option("--date", "day", type=Day(), help="Session; default is the last one stored.")
@click.option("--week", is_flag=True, help="The rows of the ISO week that the session ends.")
@output_format
@with_workspace
def show(workspace: Workspace, strategy: str | None, day: date | None, week: bool, fmt: Format) -> None:
    """Stored values with their states. Ends with 2 when one is FAIL, with 3 when one is BLOCKED."""
    from etf_platform.orchestration.kpi_questions import values_of
    from etf_platform.orchestration.platform import Platform

    rows = values_of(Platform.open(workspace), strategy, day, "week" if week else "day")
    print_frame(rows[SHOWN] if fmt == "table" else rows, fmt)
    click.get_current_context().exit(worst(State(s) for s in rows["status"]).exit_code)


@kpi.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--date", "day", type=Day(), required=True, help="Session that the figures are about.")
@output_format
@with_workspace
def import_kpis(workspace: Workspace, file: Path, day: date, fmt: Format) -> None:
    """Take the KPI of other systems: {strategy: {summary, metrics, risk}}, every metric by its aliases.

    What cannot be read is named and left out; a file that cannot be read at all changes nothing. Ends with 2 when a
    value is FAIL, with 3 when one is missing or something was left out.
    """
    from etf_platform.orchestration.kpi_questions import import_file
    from etf_platform.orchestration.platform import Platform

    found = import_file(Platform.open(workspace), file, day)
    print_frame(found.rows[["strategy", "kpi", "value", "major", "status", "reason", "source"]], fmt)
    for problem in found.problems:
        say(f"left out: {problem}")
    left_out = [State.BLOCKED] if found.problems else []
    states = [State(s) for s in found.rows["status"]]
    click.get_current_context().exit(worst([*states, *left_out]).exit_code)


@kpi.command("alarms")
@click.option("--strategy", metavar="NAME", help="Only those of this strategy.")
@click.option("--all", "is_all", is_flag=True, help="Also those that were closed.")
@output_format
@with_workspace
def list_alarms(workspace: Workspace, strategy: str | None, is_all: bool, fmt: Format) -> None:
    """Alarms that nobody has closed: drift, breaker, fail-safe rules, incidents, decisions that would differ."""
    from etf_platform.orchestration.kpi_questions import alarm_rows
    from etf_platform.orchestration.platform import Platform

    print_frame(alarm_rows(Platform.open(workspace), strategy, is_all), fmt)


@kpi.command("close-alarm")
@click.argument("alarm_ids", metavar="ID...", nargs=-1, required=True)
@click.option(
    "--reason", required=True, help="`no_action` for a false alarm, or what was done; an unknown one lists them."
)
@by_option
@role_option
@click.option("--date", "day", type=Day(), required=True, help="Session as of which it is closed.")
@with_workspace
def close(workspace: Workspace, alarm_ids: Sequence[str], reason: str, by: str, role: str, day: date) -> None:
    """Sign what came of alarms; the rate of false alarms counts it. It lifts no freeze and opens nothing."""
    from etf_platform.orchestration.kpi_questions import Closing, closings
    from etf_platform.orchestration.platform import Platform

    platform = Platform.open(workspace)
    seal_and_record(platform, *closings(platform, alarm_ids, Closing(by, role, reason, day)))

"""Commands of the weekly pack, one per document: `gov operating-audit` to `gov close-gate`, and the quarter review.

Exit codes: 0 PASS or WARN, 2 FAIL, 3 BLOCKED, 1 error; with --strict WARN ends with 2. Not here: what people sign
(`gov_signing`), releases (`gov`), what a document says (`governance.weekly`).
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etf_platform.cli.gov_acts import opened
from etf_platform.cli.options import Command, with_workspace
from etf_platform.cli.show import say
from etf_platform.core.states import State
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.weekly.chain import Ran
    from etf_platform.orchestration.weekly.documents import Published

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
thresholds_option = click.option(
    "--thresholds", type=FILE, metavar="FILE", help="Judge by the limits in this file (keys of weekly, consistency)."
)
strict_option = click.option("--strict", is_flag=True, help="WARN ends with 2, like FAIL.")


inputs_option = click.option(
    "--inputs",
    type=FOLDER,
    metavar="DIR",
    help="KPI files of other systems (*.json), imported first for the week's end.",
)


def week_option(command: Command) -> Command:
    """Add `--week`, by default the last one that is over."""
    return click.option("--week", metavar="YYYY-Www", help="ISO week, e.g. 2024-W45; default the last one.")(command)


def chosen(week: str | None) -> str:
    """The week asked for, or the last one that is over.

    Raises
    ------
    BadInputError
        It is no ISO week.
    """
    from etf_platform.governance.weekly.artefact import monday_of, week_of

    return week_of(monday_of(week) if week else dt.date.today() - dt.timedelta(days=7))


def judged(workspace: Workspace, thresholds: Path | None) -> "Platform":
    """The installation, judged by other limits where a file is given."""
    platform = opened(workspace)
    if thresholds is None:
        return platform
    from etf_platform.orchestration.weekly.chain import with_thresholds

    return with_thresholds(platform, thresholds)


def take_in(platform: "Platform", week: str, inputs: Path | None) -> None:
    """Import the KPI files of a folder for the last session of a week; what is left out is said.

    Raises
    ------
    BadInputError
        There is no such file, or nothing in one can be read.
    """
    if inputs is None:
        return
    from etf_platform.core.errors import BadInputError
    from etf_platform.orchestration.kpi_questions import import_file
    from etf_platform.orchestration.weekly.documents import window_of

    end = window_of(platform, week).end
    files = sorted(inputs.glob("*.json"))
    if not files or end is None:
        raise BadInputError(
            f"importing the KPI files of {inputs}", "there is no *.json", "give a folder with KPI files"
        )
    for file in files:
        found = import_file(platform, file, end)
        say(f"{file.name}: {len(found.rows)} values for {end}")
        for problem in found.problems:
            say(f"  left out: {problem}")


def leave(done: "Published", strict: bool = False) -> None:
    """Say what a document came to and where it lies; leave with the exit code of its state."""
    tell(done)
    raise SystemExit(exit_code(done.document, strict))


def tell(done: "Published") -> None:
    """One line for the state, one for the file; a signed document is said to be left as it was."""
    status, reason = done.document.get("status", "missing"), str(done.document.get("reason") or "")
    click.echo(f"{done.name} {done.document.get('week', '')}: {status}" + (f" ({reason})" if reason else ""))
    if done.kept:
        say(f"Kept: {done.kept}")
    if done.document:
        say(f"  {done.path.with_suffix('.md')}")


def exit_code(document: Mapping[str, Any], strict: bool = False) -> int:
    """Exit code of a document's state, that of a missing one included."""
    from etf_platform.governance.weekly.signoff_pack import gate_state

    said = str(document.get("status") or State.BLOCKED)
    state = State(said) if said in State.__members__ else gate_state(document)
    return State.FAIL.exit_code if strict and state is State.WARN else state.exit_code


def told(ran: "Ran") -> None:
    """One line per step of the chain."""
    say(f"{ran.name}: {ran.status}" + (f" ({ran.reason})" if ran.reason else ""))


# command -> documents that it makes, the last one its own; what the help says
DOCUMENTS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "performance-baseline": (("performance_baseline",), "P95 of VaR Monte-Carlo and back-test against their limits."),
    "latency-benchmark": (("latency_benchmark",), "P95 of signal, risk check and end to end against their limits."),
    "operating-audit": (
        ("kpi_snapshot", "risk_exceptions", "change_rollback_record", "operating_audit"),
        "The week against the checklist, with KPI snapshot, risk exceptions and change record.",
    ),
    "pnl-attribution": (("pnl_attribution",), "Where the week's result comes from."),
    "live-deviation": (("live_deviation_snapshot",), "Market prices against fair values, in basis points."),
    "consistency-replay": (("consistency_replay",), "Online against offline over the week."),
    "drift-report": (("drift_report",), "Drift of the week and the stages of its machine."),
    "canary-checklist": (("canary_checklist",), "HOLD or PROCEED_CANARY: blockers, warnings, plan."),
    "decision-log": (("decision_log",), "APPROVE_CANARY or HOLD_AND_REMEDIATE, with reason, evidence, tasks."),
    "signoff-pack": (("signoff_pack",), "Nine automatic checks, manual items, sign-offs."),
}


def _document(name: str, makes: tuple[str, ...], text: str) -> click.Command:
    @week_option
    @thresholds_option
    @strict_option
    @(inputs_option if "kpi_snapshot" in makes else lambda command: command)
    @with_workspace
    def command(
        workspace: Workspace, week: str | None, thresholds: Path | None, strict: bool, inputs: Path | None = None
    ) -> None:
        from etf_platform.orchestration.weekly.chain import run_one

        platform, which = judged(workspace, thresholds), chosen(week)
        take_in(platform, which, inputs)
        *before, last = makes
        for each in before:
            tell(run_one(platform, which, each))
        leave(run_one(platform, which, last), strict)

    command.__doc__ = text
    return click.command(name, help=text)(command)


@click.command("adr-draft")
@week_option
@click.option("--title", default="", help="A record of its own; default the week's canary decision.")
@click.option("--supersedes", type=click.IntRange(min=1), help="Number of the record that it replaces.")
@with_workspace
def adr_draft(workspace: Workspace, week: str | None, title: str, supersedes: int | None) -> None:
    """Draft the week's decision record, or draft it again: what people wrote into it stays."""
    from etf_platform.orchestration.weekly.decision import adr_folder, draft_adr

    platform = opened(workspace)
    done = draft_adr(platform, chosen(week), title, supersedes or 0)
    say(f"  {adr_folder(platform) / Path(str(done.document['file'])).name}")
    leave(done)


@click.command("close-gate")
@week_option
@thresholds_option
@strict_option
@inputs_option
@with_workspace
def close_gate(
    workspace: Workspace, week: str | None, thresholds: Path | None, strict: bool, inputs: Path | None
) -> None:
    """Run the whole chain, then demand READY_FOR_CLOSE. Exit codes: 0 ready, 2 FAIL, 3 BLOCKED or people awaited."""
    from etf_platform.orchestration.weekly.chain import close

    platform, which = judged(workspace, thresholds), chosen(week)
    take_in(platform, which, inputs)
    done = close(platform, which, told)
    for line in done.document.get("pr_brief", ()):
        say(f"  {line}")
    leave(done, strict)


@click.command("daily-regression")
@week_option
@click.option("--cmd", "commands", multiple=True, metavar="COMMAND", help="What to run; may be repeated.")
@with_workspace
def daily_regression(workspace: Workspace, week: str | None, commands: tuple[str, ...]) -> None:
    """Run regression commands (default: those of governance.yaml) and write the gate; a bad command counts as 127."""
    from etf_platform.governance.weekly.artefact import week_of
    from etf_platform.orchestration.weekly.documents import Published, where_of
    from etf_platform.orchestration.weekly.regression import run_regression

    platform, name = opened(workspace), "daily_regression_gate"
    session = None if week else _last_session(platform)
    which = week_of(session) if session else chosen(week)
    document = run_regression(platform, which, list(commands) or None, session)
    leave(Published(name, document, where_of(platform, which) / f"{name}.json"))


def _last_session(platform: "Platform") -> dt.date:
    """The last session that is over."""
    day: dt.date = platform.sessions("portfolio").previous(dt.date.today()).date()
    return day


@click.command("prepare-rollback-tag")
@week_option
@click.option("--strategy", default="", metavar="POOL", help="Whose releases; default the only one that has any.")
@with_workspace
def prepare_rollback_tag(workspace: Workspace, week: str | None, strategy: str) -> None:
    """Tag the previous stable release in this checkout; the command that pushes the tag is printed, not run."""
    from etf_platform.orchestration.weekly.tagging import prepare_rollback_tag as prepare

    done = prepare(opened(workspace), chosen(week), strategy)
    if done.document.get("tag"):
        click.echo(f"{done.document['tag']} -> {done.document['release']} ({done.document['commit']})")
        click.echo(done.document["push_command"])
    leave(done)


@click.command("release-candidate-check")
@week_option
@click.option("--version", default="", help="Default: that of this package.")
@with_workspace
def release_candidate_check(workspace: Workspace, week: str | None, version: str) -> None:
    """Whether a version may go out as a candidate: any PEP 440 pre-release, and no tag of it on other code."""
    from etf_platform.orchestration.weekly.tagging import check_release_candidate

    leave(check_release_candidate(opened(workspace), chosen(week), version))


@click.command("quarter-review")
@click.option("--quarter", metavar="YYYY-Qn", help="E.g. 2024-Q4; default the last one that is over.")
@with_workspace
def quarter_review(workspace: Workspace, quarter: str | None) -> None:
    """Results against the goals of the quarter, gaps, backlog."""
    from etf_platform.orchestration.weekly.quarter import review

    leave(review(opened(workspace), quarter or ""))


_made = [_document(name, makes, text) for name, (makes, text) in DOCUMENTS.items()]
COMMANDS = (
    *_made,
    adr_draft,
    close_gate,
    daily_regression,
    prepare_rollback_tag,
    quarter_review,
    release_candidate_check,
)

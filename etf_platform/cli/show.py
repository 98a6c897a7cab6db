"""What the command line prints: progress on standard error, results on standard output."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from etf_platform.core.states import State, worst

if TYPE_CHECKING:
    import pandas as pd

    from etf_platform.cli.options import Format
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.progress import StepEnded
    from etf_platform.orchestration.runner import JobResult


def say(text: str) -> None:
    """A line for the person at the terminal; goes to standard error so that results stay clean."""
    click.echo(text, err=True)


def print_frame(frame: "pd.DataFrame", fmt: "Format", title: str = "") -> None:
    """Rows as a table, CSV or JSON on standard output."""
    from etf_platform.reports.tables import format_frame

    if title and fmt == "table":
        click.echo(title)
    click.echo(format_frame(frame, None, fmt))


@contextmanager
def progress_bar(total: int, label: str) -> "Iterator[StepEnded]":
    """A bar that moves with every finished step; one line per failed step; silent bar when not on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(label, total=total)

        def ended(step: str, succeeded: bool) -> None:
            bar.update(task, advance=1, description=f"{label}  {step.replace('__', '/')}")
            if not succeeded:
                console.print(f"stopped: {step.replace('__', '/')}", highlight=False)

        yield ended


def moving(ended: "StepEnded", total: int) -> Callable[[float, str], None]:
    """What tells a bar of `total` steps the finished share."""
    seen = 0

    def moved(share: float, _said: str) -> None:
        nonlocal seen
        for _ in range(round(share * total) - seen):
            ended("", True)
        seen = max(seen, round(share * total))

    return moved


def finish(
    platform: "Platform", pools: Sequence[str], results: "Sequence[JobResult]", fmt: "Format", judge: bool
) -> None:
    """Print what was produced and where to look; leave with the exit code of the worst state."""
    from etf_platform.orchestration.logbook import write_log
    from etf_platform.orchestration.overview import overview, where_to_look

    frame = overview(platform, pools)
    print_frame(frame, fmt)
    report_results(results)
    report_sources(platform, results)
    for line in (*where_to_look(platform), f"Log      {write_log(platform, results, frame.to_string(index=False))}"):
        say(line)
    if judge:
        raise SystemExit(worst(State(s) for s in frame["state"]).exit_code)


def report_results(results: "Sequence[JobResult]") -> None:
    """One line per job, one per failed step with its reason."""
    for result in results:
        ended = "done" if result.succeeded else "stopped"
        say(f"{result.job}: {ended} in {result.seconds:.1f} s (run {result.run_id[:8]})")
        for step, sentence in result.problems:
            say(f"  {step.replace('__', '/')}: {sentence}")


def report_sources(platform: "Platform", results: "Sequence[JobResult]") -> None:
    """After a failure: one sentence for every network provider that gave nothing."""
    from etf_platform.orchestration.live import unusable_sources

    if platform.source.kind == "live" and not all(result.succeeded for result in results):
        for sentence in unusable_sources(platform):
            say(sentence)


def leave_with(platform: "Platform", universes: Sequence[str], layer: str = "") -> None:
    """Leave with the exit code of the worst verdict of these universes, of one layer or of all."""
    from etf_platform.orchestration.steps.report import verdicts

    judged = verdicts(platform)
    mine = judged[judged["universe"].isin(universes) & judged["guards"].str.startswith(layer)]
    raise SystemExit(worst(State(s) for s in mine["state"]).exit_code)

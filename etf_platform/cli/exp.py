"""`etf-platform exp ...`: the registry of experiments. Not here: what runs one (`rotation`, `trend`, `arb`)."""

import json
from typing import TYPE_CHECKING, Any

import click

from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.show import print_frame, say
from etf_platform.core.errors import BadInputError
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    from etf_platform.governance.experiment_record import Experiment
    from etf_platform.orchestration.platform import Platform
    from etf_platform.orchestration.reproduction import Difference

COLUMNS = ("experiment_id", "kind", "strategy_id", "status", "n_trials", "in_sample", "out_of_sample", "title")
CONFIG_ROWS = 20


@click.group()
def exp() -> None:
    """Experiments: every back-test, sweep, walk-forward and retrain that ran, with all that it depended on.

    \b
    First steps
      etf-platform trend backtest EMA_trend_v3           registers itself and says its id
      etf-platform exp list
      etf-platform exp show EXP-20250613-001
      etf-platform exp reproduce EXP-20250613-001        the same bytes from the recorded versions?
      etf-platform exp reproduce EXP-20250613-001 --now  what differs on the data of today?

    Exit codes of reproduce: 0 the same bytes, 2 others, 3 cannot be done again, 1 error.
    """


@exp.command("list")
@click.option("--strategy", help="Only of this strategy, e.g. rotation:QDII or EMA_trend_v3:QQQ.US.")
@click.option("--status", help="draft, running, reviewed, approved, released, rolled_back or rejected.")
@click.option("--most", type=click.IntRange(min=1), default=50, show_default=True, help="Newest ones printed.")
@click.option("--old", is_flag=True, help="The sweeps of the register before this one.")
@output_format
@with_workspace
def list_all(workspace: Workspace, strategy: str | None, status: str | None, most: int, old: bool, fmt: Format) -> None:
    """List experiments, newest first; metrics show the Sharpe ratio."""
    platform, found = _opened(workspace)
    if old:
        _print_old(platform, fmt)
        return
    kept = [e for e in found.values() if strategy in (None, e.plan.strategy_id) and status in (None, e.status)]
    _print_list(kept[::-1][:most], fmt)


@exp.command()
@click.argument("experiment_id")
@with_workspace
def show(workspace: Workspace, experiment_id: str) -> None:
    """Everything on record about one experiment, as JSON."""
    from etf_platform.governance.experiments import named

    _, found = _opened(workspace)
    click.echo(json.dumps(named(found, experiment_id).record, ensure_ascii=False, indent=2))


@exp.command()
@click.argument("one")
@click.argument("other")
@click.option("--all", "is_everything", is_flag=True, help="Also what is the same in both.")
@output_format
@with_workspace
def compare(workspace: Workspace, one: str, other: str, is_everything: bool, fmt: Format) -> None:
    """What differs between two experiments: parameters, configuration, data, code, packages, metrics, files."""
    import pandas as pd

    from etf_platform.governance.comparison import compared, config_differences
    from etf_platform.governance.experiments import named

    platform, found = _opened(workspace)
    both = named(found, one), named(found, other)
    print_frame(_texts(pd.DataFrame(compared(*both, is_everything), columns=["what", one, other])), fmt)
    configs = [_config(platform, each) for each in both]
    rows = [(f"config {name}", a, b) for name, a, b in config_differences(*configs)]
    if rows:
        print_frame(_texts(pd.DataFrame(rows[:CONFIG_ROWS], columns=["what", one, other])), fmt)
        say(f"{len(rows)} configuration keys differ")


@exp.command()
@click.argument("text", nargs=-1, required=True)
@output_format
@with_workspace
def search(workspace: Workspace, text: tuple[str, ...], fmt: Format) -> None:
    """Experiments in whose record every word occurs: title, hypothesis, parameters, tables, decision, notes."""
    from etf_platform.governance.experiments import search as searched

    _, found = _opened(workspace)
    _print_list(searched(found.values(), " ".join(text))[::-1], fmt)


@exp.command()
@click.argument("experiment_id")
@click.option("--now", is_flag=True, help="On the newest versions and the present configuration.")
@output_format
@with_workspace
def reproduce(workspace: Workspace, experiment_id: str, now: bool, fmt: Format) -> None:
    """Do an experiment again from the recorded table versions, configuration and seed; nothing is registered."""
    import pandas as pd

    from etf_platform.governance.experiments import named
    from etf_platform.orchestration.reproduction import reproduced

    platform, found = _opened(workspace)
    done = reproduced(platform, named(found, experiment_id), now)
    rows: list[Difference] = [*done.conditions, *done.files]
    if rows or fmt != "table":
        columns = ["about", "what", "recorded", "now"]
        print_frame(pd.DataFrame([[getattr(row, name) for name in columns] for row in rows], columns=columns), fmt)
    say(f"{experiment_id}: {done.sentence}")
    raise SystemExit(done.state.exit_code)


@exp.command()
@click.argument("words", metavar="[TITLE]", required=False)
@click.option("--title", help="What is going to be tried; the same as TITLE.")
@click.option("--strategy", default="", help="What it is about, e.g. rotation:QDII.")
@click.option("--hypothesis", default="", help="What is expected, and why.")
@click.option("--impact", default="", help="Expected effect on the metrics.")
@click.option("--rollback-to", default="", help="Release or experiment to go back to.")
@click.option("--parent", default="", help="Experiment that this one goes on from.")
@with_workspace
def new(
    workspace: Workspace,
    words: str | None,
    title: str | None,
    strategy: str,
    hypothesis: str,
    impact: str,
    rollback_to: str,
    parent: str,
) -> None:
    """Put on record what is going to be tried, and print its id; back-tests that follow name it as their parent."""
    from etf_platform.governance.experiment_record import Plan
    from etf_platform.orchestration.experiments import drafted
    from etf_platform.orchestration.platform import Platform

    if not (words or title) or (words and title):
        saw = "two titles are given" if words else "no title is given"
        raise BadInputError("planning an experiment", saw, "give one, as TITLE or with --title")
    plan = Plan("", words or title or "", strategy, {}, 0, hypothesis, impact, rollback_to, parent)
    click.echo(drafted(Platform.open(workspace), plan).experiment_id)


@exp.command()
@click.argument("experiment_id")
@click.argument("text")
@click.option("--decision", type=click.Choice(["reviewed", "rejected"]), help="TEXT is the decision after a review.")
@click.option("--by", "author", default="", help="Who says so; a note is not signed.")
@with_workspace
def note(workspace: Workspace, experiment_id: str, text: str, decision: str | None, author: str) -> None:
    """Add a remark, or the decision after a review."""
    from etf_platform.governance import experiments as governance

    platform, found = _opened(workspace)
    experiment = governance.named(found, experiment_id)
    make = {None: governance.noted, "reviewed": governance.reviewed, "rejected": governance.rejected}[decision]
    _append(platform, make(experiment, text, author))
    say(f"{experiment_id}: {_opened(workspace)[1][experiment_id].status}")


@exp.command()
@click.argument("experiment_id")
@click.option("--by", "name", required=True, help="Your name in governance.yaml.")
@click.option("--role", required=True, type=click.Choice(["research", "engineering", "risk", "product"]))
@with_workspace
def approve(workspace: Workspace, experiment_id: str, name: str, role: str) -> None:
    """Sign the results of a reviewed experiment; asks for your secret."""
    from etf_platform.cli.gov_acts import seal_and_record
    from etf_platform.governance.experiments import approval, named

    platform, found = _opened(workspace)
    seal_and_record(platform, approval(named(found, experiment_id), name, role))
    say(f"{experiment_id}: {_opened(workspace)[1][experiment_id].status}")


def _opened(workspace: Workspace) -> "tuple[Platform, dict[str, Experiment]]":
    from etf_platform.governance.experiments import registry
    from etf_platform.orchestration.platform import Platform

    platform = Platform.open(workspace)
    return platform, registry(platform.config.governance, platform.ops)


def _append(platform: "Platform", event: Any) -> None:
    from etf_platform.storage.events import append
    from etf_platform.storage.outbox import transaction

    with transaction(platform.ops) as connection:
        append(connection, [event])


def _config(platform: "Platform", experiment: "Experiment") -> dict[str, Any]:
    from etf_platform.orchestration.experiments import kept

    if experiment.conditions is None:
        return {}
    found: dict[str, Any] = json.loads(kept(platform, experiment.conditions.config))
    return found


def _print_list(found: "list[Experiment]", fmt: Format) -> None:
    import pandas as pd

    print_frame(pd.DataFrame([_row(each) for each in found], columns=list(COLUMNS)), fmt)


def _row(experiment: "Experiment") -> dict[str, Any]:
    metrics = experiment.results.metrics if experiment.results else {"in_sample": {}, "out_of_sample": {}}
    return {
        "experiment_id": experiment.experiment_id,
        "kind": experiment.plan.kind or "planned",
        "strategy_id": experiment.plan.strategy_id,
        "status": experiment.status,
        "n_trials": experiment.n_trials,
        **{name: _number(metrics[name].get("sharpe")) for name in ("in_sample", "out_of_sample")},
        "title": experiment.plan.title,
    }


def _number(value: float | None) -> float:
    return float("nan") if value is None else round(value, 4)


def _print_old(platform: "Platform", fmt: Format) -> None:
    import pandas as pd

    from etf_platform.storage.ledger import old_experiments

    rows = [
        {"number": row["id"], "created_at": f"{row['created_at']:%Y-%m-%d %H:%M}", **row["params"], **row["result"]}
        for row in old_experiments(platform.ops)
    ]
    print_frame(_texts(pd.DataFrame(rows)), fmt)


def _texts(frame: Any) -> Any:
    return frame.map(lambda value: "" if value is None else str(value))

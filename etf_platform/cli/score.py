"""`etf-platform score run|report|list|evaluate`: scores of the assets of `scoring.yaml`. Not here: any figure."""

import datetime as dt
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etf_platform.cli.options import Command, Format, output_format, with_workspace
from etf_platform.cli.params import Day
from etf_platform.cli.show import print_frame, progress_bar, report_results, report_sources, say
from etf_platform.cli.single_symbol import FILE, as_json, blocking, label
from etf_platform.core.states import State
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    from etf_platform.orchestration.platform import Platform
    from etf_platform.reports.scoring import MarketReport

FAILED, NOBODY = 2, 3
ANALYSERS = {"core": "comprehensive", "sector": "sector"}
COLUMNS = (
    "asset",
    "data_date",
    "status",
    "total_score",
    "direction",
    "available",
    "applicable",
    "up_prob_20",
    "reason",
)


@click.group()
def score() -> None:
    """Multi-factor scores of the assets of scoring.yaml, and the daily market report.

    \b
    First steps
      etf-platform score list                             the assets
      etf-platform score run --as-of 2025-05-30           inputs, scores, evaluation, report of a session
      etf-platform score report --assets HS300 GOLD --format text
      etf-platform score evaluate                         how scores and probabilities did

    Exit codes: 0 PASS or WARN, 2 a mail failed, 3 BLOCKED, 1 error.
    """


def _chosen(command: Command) -> Command:
    """Add --assets KEY..., --as-of (or --date), --format, --save and --email."""
    forms = click.Choice(["markdown", "text", "html", "json"])
    options: tuple[Callable[[Any], Any], ...] = (
        click.option("--assets", multiple=True, metavar="KEY...", help="Only these; default is all of scoring.yaml."),
        click.argument("more", nargs=-1, metavar=""),
        click.option("--as-of", "--date", "day", type=Day(), help="Session of Shanghai; default is the last one."),
        click.option("--format", "form", type=forms, default="markdown", show_default=True, help="How it is written."),
        click.option("--save", type=FILE, metavar="PATH", help="Write the report to this file."),
        click.option("--email", is_flag=True, help="Send the report as HTML to the mail channel."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@score.command()
@_chosen
@click.option("--from", "start", type=Day(), help="First session of a backfill that ends at --as-of.")
@click.option("--list", "is_list", is_flag=True, help="List the assets and end.")
@click.option("--verbose", is_flag=True, help="Say of every asset why it is not PASS.")
@with_workspace
def run(
    workspace: Workspace,
    assets: tuple[str, ...],
    more: tuple[str, ...],
    day: date | None,
    form: str,
    save: Path | None,
    email: bool,
    start: date | None,
    is_list: bool,
    verbose: bool,
) -> None:
    """Score a session: inputs, six factors, totals, what came of earlier scores, and the market report.

    All assets are scored, for totals compare them; --assets says which ones the report is about. The report of all
    stands in reports/daily/YYYY-MM/; --save, --assets or another --format write or print one more.
    """
    from etf_platform.orchestration.runner import latest_session
    from etf_platform.orchestration.scoring import known_keys, score_day, score_range
    from etf_platform.orchestration.steps.market_report import report_path
    from etf_platform.reports.tables import format_frame

    platform = _opened(workspace)
    if is_list:
        _print_assets(platform, "table")
        return
    keys = known_keys(platform, _keys(assets, more))
    end = day or latest_session(platform, platform.config.scoring.universe)
    with progress_bar(5, f"score {end}") as listener:
        result = score_range(platform, start or end, end, listener)
    report_results([result])
    report_sources(platform, [result])
    if not result.succeeded:
        raise SystemExit(State.BLOCKED.exit_code)
    if verbose:
        say(format_frame(score_day(platform, end, keys)[list(COLUMNS)], None, "table"))
    is_all = set(keys) == set(platform.config.scoring.assets)
    if is_all and save is None and form == "markdown":
        say(f"Report   {report_path(platform, end)}")
        _finish(platform, _report_of(platform, end, keys), email)
    _tell(platform, end, keys, form, save, email)


@score.command()
@_chosen
@with_workspace
def report(
    workspace: Workspace,
    assets: tuple[str, ...],
    more: tuple[str, ...],
    day: date | None,
    form: str,
    save: Path | None,
    email: bool,
) -> None:
    """The market report of a session that is scored; default is the last one."""
    from etf_platform.orchestration.scoring import known_keys

    platform = _opened(workspace)
    keys = known_keys(platform, _keys(assets, more))
    _tell(platform, day or _last(platform), keys, form, save, email)


@score.command("list")
@output_format
@with_workspace
def list_assets(workspace: Workspace, fmt: Format) -> None:
    """List the assets: key, name, category, analyser."""
    _print_assets(_opened(workspace), fmt)


@score.command()
@click.option("--as-of", "--date", "day", type=Day(), help="Session of Shanghai; default is the last scored one.")
@click.option("--save-plot", type=FILE, metavar="PATH", help="Write the reliability diagram to this PNG file.")
@output_format
@with_workspace
def evaluate(workspace: Workspace, day: date | None, save_plot: Path | None, fmt: Format) -> None:
    """Show what came after factors, totals, bands and probabilities, as far as it was known on a session."""
    from etf_platform.orchestration.files import replace_bytes
    from etf_platform.orchestration.scoring import evaluation_of
    from etf_platform.reports.plots.scoring import reliability_diagram

    platform = _opened(workspace)
    with blocking():
        rows = evaluation_of(platform, day or _last(platform))
    print_frame(rows.drop(columns="source"), fmt)
    if save_plot:
        replace_bytes(save_plot, reliability_diagram(rows))
        say(f"Wrote {save_plot}")
    label(platform)


def _opened(workspace: Workspace) -> "Platform":
    from etf_platform.orchestration.platform import Platform

    return Platform.open(workspace)


def _keys(assets: tuple[str, ...], more: tuple[str, ...]) -> list[str] | None:
    """`--assets A B`, `--assets A --assets B` and `--assets A,B` alike; words without --assets are refused."""
    if more and not assets:
        raise click.UsageError(f"{' '.join(more)}: name assets behind --assets")
    keys = [key for word in (*assets, *more) for key in word.split(",") if key]
    if assets and not keys:
        raise click.UsageError("--assets names no asset")
    return keys or None


def _last(platform: "Platform") -> date:
    """The last scored session; leaves BLOCKED without any."""
    from etf_platform.orchestration.scoring import last_scored

    found = last_scored(platform)
    if found is None:
        say(f"{State.BLOCKED}: nothing is scored yet; run `etf-platform score run`.")
        raise SystemExit(State.BLOCKED.exit_code)
    return found


def _print_assets(platform: "Platform", fmt: Format) -> None:
    import pandas as pd

    assets = platform.config.scoring.assets
    rows = [(key, asset.name, asset.category, ANALYSERS[asset.group]) for key, asset in assets.items()]
    print_frame(pd.DataFrame(rows, columns=["代码", "名称", "类别", "分析器"]), fmt)
    say(f"总计: {len(rows)} 个资产")


def _report_of(platform: "Platform", day: date, keys: tuple[str, ...]) -> "MarketReport":
    from etf_platform.orchestration.scoring import report_of

    with blocking():
        made = report_of(platform, day, keys)
    return made


def _tell(platform: "Platform", day: date, keys: tuple[str, ...], form: str, save: Path | None, email: bool) -> None:
    from etf_platform.orchestration.files import replace_text

    made = _report_of(platform, day, keys)
    text = _rendered(made, form)
    if save:
        replace_text(save, text)
        say(f"Wrote {save}")
    else:
        click.echo(text, nl=False)
    _finish(platform, made, email)


def _rendered(made: "MarketReport", form: str) -> str:
    from etf_platform.reports.scoring import report_dict, report_html, report_markdown, report_text

    if form == "json":
        return as_json(report_dict(made)) + "\n"
    return {"markdown": report_markdown, "text": report_text, "html": report_html}[form](made)


def _finish(platform: "Platform", made: "MarketReport", email: bool) -> None:
    """List assets without a total, send the mail, and leave: BLOCKED when no asset has a total."""
    for one in made.unjudged:
        say(f"{State.BLOCKED}  {one.name}: {one.reason}")
    label(platform)
    code = 0 if made.judged else State.BLOCKED.exit_code
    raise SystemExit(_mailed(platform, made) or code if email else code)


def _mailed(platform: "Platform", made: "MarketReport") -> int:
    from etf_platform.orchestration.alerting.mail import send_report

    receipts = list(send_report(platform, made, dt.datetime.now(dt.UTC)))
    for name, receipt in receipts:
        say(f"{name}: {'delivered' if receipt.ok else 'failed'} {receipt.detail}".rstrip())
    if not receipts:
        say("No mail channel is ready: set EMAIL_SENDER and EMAIL_PASSWORD.")
        return NOBODY
    return 0 if all(receipt.ok for _, receipt in receipts) else FAILED

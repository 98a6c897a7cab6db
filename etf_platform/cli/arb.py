"""Commands of the limit-up tracker: `arb monitor|both|scan|start|stop|status|signals|export`.

Not here: its history (`arb_history`), the watch list (`watch`), the web server (`serve`).
"""

import datetime as dt
import getpass
import json
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etf_platform.cli import arb_history
from etf_platform.cli.arb_history import mapping_size, today
from etf_platform.cli.holdings import holdings
from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.params import Day
from etf_platform.cli.serve import api, serve_until_stopped, server_options
from etf_platform.cli.show import print_frame, say
from etf_platform.cli.watch import watch
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    from etf_platform.orchestration.platform import Platform

NOBODY_ANSWERED = 3
STATES = ("new", "notified", "invalidated", "expired", "evaluated")
SIGNAL_COLUMNS = (
    "signal_id", "state", "stock", "stock_name", "etf", "etf_weight", "etf_premium", "edge_bps", "score", "confidence",
    "risk_level", "actionable",
)  # fmt: skip
EXPORT = "data/signals.json"


@click.group()
def arb() -> None:
    """Limit-up tracker: stocks at their limit, the funds that hold them, signals, and the monitor."""


@arb.command()
@with_workspace
def monitor(workspace: Workspace) -> None:
    """Scan at the configured interval in the foreground, without Dagster; end with Ctrl-C.

    Outside of the sessions of XSHG it waits and says so once. `arb stop` makes it pause, `arb start` go on. Dagster's
    sensor does the same: run one of the two.
    """
    platform = _live(workspace)
    _announce(platform)
    _watching(platform, _stopped_by_signals())


@arb.command()
@server_options
@with_workspace
def both(workspace: Workspace, host: str, port: int) -> None:
    """The monitor and the web server in one process; end with Ctrl-C."""
    platform, stop = _live(workspace), threading.Event()
    _announce(platform)
    thread = threading.Thread(target=_watching_or_ending, args=(platform, stop), name="monitor", daemon=True)
    thread.start()
    try:
        serve_until_stopped(platform, host, port)
    finally:
        stop.set()
        thread.join(timeout=10)


@arb.command()
@output_format
@with_workspace
def scan(workspace: Workspace, fmt: Format) -> None:
    """Scan once, now, whether the monitor is wanted or not.

    Exit codes: 0 done, or there is no session; 3 no source answered.
    """
    from etf_platform.orchestration.tracking.monitor import scan_and_tell, utc_now
    from etf_platform.storage import tracker

    platform = _live(workspace)
    report = scan_and_tell(platform, utc_now(), "cli")
    made = [tracker.signal(platform.ops, signal_id) for signal_id in report.signals]
    _print_signals([row for row in made if row is not None], fmt)
    say(str(report))
    raise SystemExit(NOBODY_ANSWERED if report.state == "failed" else 0)


@arb.command()
@with_workspace
def start(workspace: Workspace) -> None:
    """Let the monitor scan; says started or already_running."""
    _want(workspace, "running")


@arb.command()
@with_workspace
def stop(workspace: Workspace) -> None:
    """Keep the monitor from scanning until it is started again; says stopped or not_running."""
    _want(workspace, "stopped")


@arb.command()
@output_format
@with_workspace
def status(workspace: Workspace, fmt: Format) -> None:
    """Show whether the monitor runs, whether the exchange trades, and what the last scan found."""
    import pandas as pd

    rows = [{"what": name, "value": str(value)} for name, value in facts(_opened(workspace)).items()]
    print_frame(pd.DataFrame(rows), fmt)


def facts(platform: "Platform") -> dict[str, Any]:
    """What `arb status` shows."""
    from etf_platform.core.config.load import WATCHLIST
    from etf_platform.orchestration.tracking.monitor import utc_now
    from etf_platform.orchestration.tracking.scan import why_closed
    from etf_platform.storage import tracker, watchlist

    now = utc_now()
    closed, last = why_closed(platform, now), tracker.last_scan(platform.ops)
    tried = tracker.scans(platform.ops, 1)
    return {
        "is_running": tracker.monitor(platform.ops)["wanted"] == "running",
        "is_trading_time": f"no: {closed}" if closed else "yes",
        "watch_stocks_count": len(watchlist.read(platform.workspace.config / WATCHLIST).my_stocks),
        "mapping": mapping_size(platform),
        "today_signals_count": tracker.count_signals(platform.ops, today()),
        "last_scan_time": f"{last['at']:%Y-%m-%d %H:%M:%S} UTC" if last else "never",
        "last_scan": f"{tried[0]['state']}: {tried[0]['detail']}" if tried else "",
    }


@arb.command()
@click.option("--date", "day", type=Day(), help="Only this session; default is all.")
@click.option("--state", type=click.Choice(STATES), help="Only signals in this state.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1), help="Newest ones.")
@output_format
@with_workspace
def signals(workspace: Workspace, day: dt.date | None, state: str | None, limit: int, fmt: Format) -> None:
    """List signals, newest first."""
    from etf_platform.storage import tracker

    _print_signals(tracker.signals(_opened(workspace).ops, day, state, limit), fmt)


@arb.command()
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help=f"File; default is {EXPORT} in the home."
)
@with_workspace
def export(workspace: Workspace, output: Path | None) -> None:
    """Write all signals, oldest first, as JSON."""
    from etf_platform.orchestration.files import replace_text
    from etf_platform.storage import tracker

    rows = [tracker.plain(row) for row in tracker.signals(_opened(workspace).ops, limit=None)[::-1]]
    target = output or workspace.home / EXPORT
    replace_text(target, json.dumps(rows, ensure_ascii=False, indent=1))
    say(f"{len(rows)} signal(s) in {target}")


def _opened(workspace: Workspace) -> "Platform":
    from etf_platform.orchestration.platform import Platform

    return Platform.open(workspace)


def _live(workspace: Workspace) -> "Platform":
    from etf_platform.orchestration.tracking.scan import live_settings

    platform = _opened(workspace)
    live_settings(platform)
    return platform


def _announce(platform: "Platform") -> None:
    interval = platform.config.arbitrage.strategy.scan_interval
    say(f"Scanning every {interval} s in the sessions of XSHG; Ctrl-C ends it.")


def _watching(platform: "Platform", stop: threading.Event) -> None:
    from etf_platform.orchestration.tracking.monitor import watch_market

    watch_market(platform, say, stop)


def _watching_or_ending(platform: "Platform", stop: threading.Event) -> None:
    """Watch; a monitor that breaks takes the server with it, so that nobody takes it for running."""
    try:
        _watching(platform, stop)
    finally:
        if not stop.is_set():
            say("The monitor broke; the server ends too.")
            os.kill(os.getpid(), signal.SIGINT)


def _stopped_by_signals() -> threading.Event:
    """Set by Ctrl-C and by SIGTERM: the scan that runs is finished first."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _want(workspace: Workspace, wanted: Any) -> None:
    from etf_platform.orchestration.tracking.monitor import utc_now, want

    click.echo(want(_opened(workspace), wanted, f"{getpass.getuser()} (cli)", utc_now()))


def _print_signals(rows: list[dict[str, Any]], fmt: Format) -> None:
    import pandas as pd

    print_frame(
        pd.DataFrame([{n: row.get(n) for n in SIGNAL_COLUMNS} for row in rows], columns=list(SIGNAL_COLUMNS)), fmt
    )


for command in (*arb_history.COMMANDS, holdings, watch, api):
    arb.add_command(command)

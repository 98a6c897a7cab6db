"""Commands on messages to people: `notify test|list|retry|health`, `trend notify`. Not here: what is told to whom."""

import datetime as dt
import getpass
import platform as machine
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import click

from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.show import print_frame, say
from etf_platform.core.errors import BadInputError
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    from etf_platform.orchestration.platform import Platform

FAILED, NOBODY = 2, 3


@click.group()
def notify() -> None:
    """Messages to people: try a channel, see what was sent or given up, send it again."""


@notify.command()
@click.option("--channel", "channels", multiple=True, metavar="C", help="Only this channel; may be repeated.")
@output_format
@with_workspace
def test(workspace: Workspace, channels: tuple[str, ...], fmt: Format) -> None:
    """Send a test message on every channel that has its credentials, past the outbox, and say what came back.

    Exit codes: 0 all delivered, 2 a channel failed, 3 no channel is ready.
    """
    import pandas as pd

    from etf_platform.orchestration.alerting.deliver import idle_channels, send_test

    platform = _opened(workspace)
    _refuse_unknown(platform, channels)
    by = f"{getpass.getuser()} on {machine.node()}"
    rows = [
        {"channel": name, "result": "delivered" if receipt.ok else "failed", "detail": receipt.detail}
        for name, receipt in send_test(platform, channels, dt.datetime.now(dt.UTC), by)
    ]
    idle = [name for name in idle_channels(platform) if not channels or name in channels]
    rows += [{"channel": n, "result": "not ready", "detail": "its environment variables are not set"} for n in idle]
    print_frame(pd.DataFrame(rows, columns=["channel", "result", "detail"]), fmt)
    results = {row["result"] for row in rows}
    raise SystemExit(FAILED if "failed" in results else 0 if "delivered" in results else NOBODY)


@notify.command("list")
@click.option("--state", type=click.Choice(["new", "sent", "dead"]), help="Only waiting, sent or given-up letters.")
@click.option("--channel", metavar="C", help="Only this channel.")
@click.option("--limit", default=50, show_default=True, help="Newest ones.")
@output_format
@with_workspace
def list_letters(
    workspace: Workspace,
    state: Literal["new", "sent", "dead"] | None,
    channel: str | None,
    limit: int,
    fmt: Format,
) -> None:
    """List letters of the outbox, newest first: one per event and channel."""
    import pandas as pd

    from etf_platform.storage import mailroom

    columns = ["id", "created_at", "state", "channel", "severity", "subject", "attempts", "last_error"]
    rows = mailroom.letters(_opened(workspace).ops, state, channel, limit)
    frame = pd.DataFrame([{name: row[name] for name in columns} for row in rows], columns=columns)
    frame["created_at"] = [f"{row['created_at']:%Y-%m-%d %H:%M:%S}" for row in rows]
    print_frame(frame.fillna(""), fmt)


@notify.command()
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Every letter that was given up.")
@with_workspace
def retry(workspace: Workspace, ids: tuple[int, ...], everything: bool) -> None:
    """Give letters that were given up another life; the dispatcher sends them within seconds.

    Exit codes: 0 letters are due again, 2 there was none.
    """
    from etf_platform.storage import mailroom

    if bool(ids) == everything:
        raise BadInputError("sending letters again", "neither ids nor --all, or both", "use `notify retry ID` or --all")
    revived = mailroom.retry(_opened(workspace).ops, dt.datetime.now(dt.UTC), None if everything else list(ids))
    say(f"{revived} letter(s) are due again")
    raise SystemExit(0 if revived else FAILED)


@notify.command()
@output_format
@with_workspace
def health(workspace: Workspace, fmt: Format) -> None:
    """Show whether the sensors and the dispatcher work: for a timer outside of Dagster, which nobody else watches.

    Exit codes as of all checks: 0 PASS or WARN, 2 FAIL, 3 BLOCKED (no sensor has ever looked).
    """
    from etf_platform.orchestration.alerting.heartbeat import judged, sensor_rows

    platform, now = _opened(workspace), dt.datetime.now(dt.UTC)
    state, reason = judged(platform, now)
    print_frame(sensor_rows(platform, now), fmt)
    say(f"{state}{': ' if reason else ''}{reason}")
    raise SystemExit(state.exit_code)


@click.command("notify")
@click.option("--strategy", envvar="STRATEGY", default="EMA_trend_v3", show_default=True, help="[STRATEGY]")
@click.option("--symbol", envvar="SYMBOL", default="QQQ", show_default=True, help="[SYMBOL]")
@with_workspace
def trend_notify(workspace: Workspace, strategy: str, symbol: str) -> None:
    """Send the signal report of the session that has just closed; nothing on days off, and nothing twice.

    Exit codes: 0 sent, or nothing to send; 2 a channel failed (the dispatcher tries again).
    """
    from etf_platform.orchestration.alerting.deliver import send_now, sentence_of
    from etf_platform.orchestration.alerting.telling import signal_report
    from etf_platform.orchestration.runner import latest_session, load_universe
    from etf_platform.orchestration.trends import reported, symbol_named, universe_of

    platform, now, name = _opened(workspace), dt.datetime.now(dt.UTC), symbol_named(symbol)
    universe = universe_of(platform, name)
    load_universe(platform, universe)
    day = latest_session(platform, universe, now)
    if day != today_at(platform, universe, now):
        say(f"No session of {platform.exchange(universe)} has closed today; nothing is sent.")
        return
    text = reported(platform, strategy, name, day, None).rendered("txt")
    event = signal_report(platform, universe, strategy, name, day.isoformat(), text, now)
    letters, done = send_now(platform, [event], now)
    say(f"{event.subject}: {letters} letter(s); {sentence_of(done)}")
    raise SystemExit(FAILED if done.failed else 0)


def today_at(platform: "Platform", universe: str, now: dt.datetime) -> dt.date:
    """The calendar day at the exchange of a universe."""
    return now.astimezone(ZoneInfo(platform.config.universes.universes[universe].timezone)).date()


def _opened(workspace: Workspace) -> "Platform":
    from etf_platform.orchestration.platform import Platform

    return Platform.open(workspace)


def _refuse_unknown(platform: "Platform", channels: tuple[str, ...]) -> None:
    known = platform.config.alerts.channels
    unknown = [name for name in channels if name.partition(".")[0] not in known]
    if unknown:
        saw = f"there is no channel {', '.join(unknown)}"
        raise BadInputError("sending a test message", saw, f"use one of {', '.join(known)} (alerts.yaml)")

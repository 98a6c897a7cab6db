"""The outbox of one installation: which channels are ready, and one round of delivery.

Not here: how letters are delivered, which is `alerts.dispatch`.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from etf_platform.alerts.channel import Line, Receipt, ready_names
from etf_platform.alerts.dispatch import Budget, DispatchReport, dispatch
from etf_platform.alerts.events import Event
from etf_platform.alerts.layout import Paper, message_of
from etf_platform.alerts.lines import missing_credentials, open_lines
from etf_platform.alerts.post import Desk, post
from etf_platform.alerts.wording import test_message
from etf_platform.core.secrets import Secrets
from etf_platform.orchestration.platform import Platform
from etf_platform.storage import outbox

FOLDER = "alerts"


def lines_of(platform: Platform) -> tuple[Line, ...]:
    """The channels that have their credentials in the environment of this process."""
    return open_lines(platform.config.alerts, Secrets.from_env(), platform.workspace.home / FOLDER)


def desk_of(platform: Platform) -> Desk:
    """What posting needs to know."""
    return Desk(platform.config.alerts, ready_names(lines_of(platform)), Secrets.from_env())


def deliver(platform: Platform, seconds: float) -> DispatchReport:
    """Deliver what is due, for so many seconds at most."""
    return dispatch(platform.ops, lines_of(platform), desk_of(platform), budget=Budget(seconds))


def sentence_of(report: DispatchReport) -> str:
    """What a round of delivery did."""
    done = f"{report.letters} event(s) delivered in {report.messages} message(s)"
    wrong = {"failed": report.failed, "held back by a rate limit": report.limited, "given up": report.dead}
    return ", ".join([done, *(f"{number} {what}" for what, number in wrong.items() if number)])


def send_test(
    platform: Platform, channels: Collection[str], now: dt.datetime, by: str
) -> Iterator[tuple[str, Receipt]]:
    """Send a test message on these channels (none: all that are ready), and yield what each answered."""
    config, held = platform.config.alerts, Secrets.from_env()
    event = test_message(now, by)
    for line in lines_of(platform):
        if not channels or {line.name, line.name.partition(".")[0]} & set(channels):
            paper = Paper(line.channel.most_bytes(line.outlet), config.timezone, config.link)
            receipt = line.deliver(message_of([event], uuid.uuid4().hex, paper))
            yield line.name, replace(receipt, detail=held.mask(receipt.detail))


def send_now(platform: Platform, events: Sequence[Event], now: dt.datetime) -> tuple[int, DispatchReport]:
    """Put events into the outbox, unless they were told before, and deliver; letters added, and what was done."""
    with outbox.transaction(platform.ops) as connection:
        letters = post(connection, events, desk_of(platform), now)
    return letters, deliver(platform, platform.config.alerts.sensors.dispatch_seconds)


def idle_channels(platform: Platform) -> tuple[str, ...]:
    """Enabled channels whose environment variables are not set."""
    return missing_credentials(platform.config.alerts, Secrets.from_env())

"""What a channel is: the value type that a contributor fills in to deliver on one more service. It never decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from etf_platform.alerts.events import Event
from etf_platform.core.config.alerts import ChannelConfig
from etf_platform.core.secrets import Secrets


@dataclass(frozen=True)
class Message:
    """What goes out once: one event, or several as a digest.

    `name` is the same for a repeat of the message: channels that can tell repeats use it.
    """

    name: str
    subject: str
    markdown: str
    plain: str
    html: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Receipt:
    """What the service answered.

    Attributes
    ----------
    retryable : bool
        A later attempt may succeed without anybody changing anything.
    rate_limited : bool
        Refused for coming too fast.
    uncertain : bool
        Nobody knows whether the service took it.
    detail : str
        One line, without secrets.
    """

    ok: bool
    detail: str = ""
    retryable: bool = False
    rate_limited: bool = False
    uncertain: bool = False


@dataclass(frozen=True)
class Outlet:
    """A channel as it is set up here: settings, credentials, folder for files, and which of several URLs (from 0)."""

    config: ChannelConfig
    secrets: Secrets
    folder: Path
    index: int = 0


@dataclass(frozen=True)
class Channel:
    """One sort of service.

    Attributes
    ----------
    name : str
        As `kind` in `alerts.yaml`.
    most_bytes : callable
        Largest text for an outlet, in bytes of UTF-8.
    count : callable
        How many outlets these secrets give: 0 without credentials, one for each URL of a list.
    deliver : callable
        Sends one message; raises nothing that belongs to the service or the network.
    is_list : bool
        Each URL of a list is a line of its own, `webhook.1`, `webhook.2`: one that fails repeats nothing elsewhere.
    """

    name: str
    most_bytes: Callable[[Outlet], int]
    count: Callable[[Secrets], int]
    deliver: Callable[[Message, Outlet], Receipt]
    is_list: bool = False


@dataclass(frozen=True)
class Line:
    """A named channel ready for use; `name` stands in the outbox."""

    name: str
    channel: Channel
    outlet: Outlet

    def deliver(self, message: Message) -> Receipt:
        """Send one message."""
        return self.channel.deliver(message, self.outlet)


def ready_names(lines: Sequence[Line]) -> tuple[str, ...]:
    """Names of the lines."""
    return tuple(line.name for line in lines)

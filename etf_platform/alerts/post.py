"""Events into the outbox, in the transaction of whoever found them. Not here: finding events, delivering letters."""

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from etf_platform.alerts.events import Block, Event
from etf_platform.alerts.routing import channels_for, due_at
from etf_platform.core.config.alerts import AlertsConfig
from etf_platform.core.secrets import Secrets
from etf_platform.storage.outbox import Letter, enqueue

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclasses.dataclass(frozen=True)
class Desk:
    """What posting needs to know: the configuration, the channels that are ready, and the secrets to keep out."""

    config: AlertsConfig
    ready: tuple[str, ...]
    secrets: Secrets


def post(
    connection: "sa.Connection",
    events: Sequence[Event],
    desk: Desk,
    now: dt.datetime,
    cursor: tuple[str, str] | None = None,
) -> int:
    """Route events, put one letter for each channel into the outbox and move the cursor, in the caller's transaction.

    Use inside `outbox.transaction(engine)`; read the cursor in the same transaction. Secrets are masked before anything
    is stored. An event whose key was posted before is not told again.

    Returns
    -------
    int
        Letters added.
    """
    letters = [letter for event in events for letter in letters_of(mask_event(event, desk.secrets), desk, now)]
    return enqueue(connection, letters, now, cursor)


def letters_of(event: Event, desk: Desk, now: dt.datetime, channels: Collection[str] | None = None) -> list[Letter]:
    """One letter for each channel of an event: those of its routes, or `channels`."""
    names = channels_for(event, desk.config, desk.ready) if channels is None else tuple(channels)
    document, due = event.to_dict(), due_at(event, desk.config, now)
    return [
        Letter(event.key, name, event.order_key, event.kind.value, event.severity.value, event.subject, document, due)
        for name in names
    ]


def mask_event(event: Event, secrets: Secrets) -> Event:
    """The event with every secret and every token in a URL replaced by stars."""
    blocks = tuple(Block(secrets.mask(b.heading), tuple(_mask_line(x, secrets) for x in b.lines)) for b in event.blocks)
    return dataclasses.replace(event, subject=secrets.mask(event.subject), blocks=blocks)


def _mask_line(line: str | tuple[str, str], secrets: Secrets) -> str | tuple[str, str]:
    if isinstance(line, str):
        return secrets.mask(line)
    return secrets.mask(line[0]), secrets.mask(line[1])

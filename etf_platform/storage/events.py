"""The governance ledger on disk: events are appended and read; nothing changes or deletes one.

Several events of one act, and the letters that tell of it, are appended in one `storage.outbox.transaction`: all of
them or none. Not here: what events mean (the folds of `governance`), and seals (`governance.people`).
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from etf_platform.core.errors import BadInputError, StorageError
from etf_platform.core.units.event import Event
from etf_platform.storage.opsdb import EVENTS, one_line

CHUNK = 500


def append(connection: sa.Connection, events: Sequence[Event], now: dt.datetime | None = None) -> list[Event]:
    """Record events in the caller's transaction, in this order.

    Parameters
    ----------
    connection : Connection
        Inside `storage.outbox.transaction`, or any transaction of the caller.
    now : datetime, optional
        Aware; the clock when None. What an event says itself about its recording does not count.

    Returns
    -------
    list of Event
        Those that were new, with `recorded_at`. An event that is there already, with the same content and seal, is
        left as it is.

    Raises
    ------
    BadInputError
        An event of the same key but another content or seal is recorded, or stands in `events` twice.
    """
    at = now or dt.datetime.now(dt.UTC)
    known = _by_key(connection, [event.key for event in events])
    fresh: list[Event] = []
    for event in events:
        if event.key not in known:
            known[event.key] = _recorded(event, at)
            fresh.append(known[event.key])
        elif (known[event.key].text, known[event.key].seal) != (event.text, event.seal):
            raise BadInputError(
                f"recording the event {event.key}",
                "another event of this key is on record",
                "give the new event a key of its own; `etf-platform gov status` lists what is recorded",
            )
    if fresh:
        connection.execute(EVENTS.insert(), [_row(event) for event in fresh])
    return fresh


def events(
    engine: sa.Engine,
    kinds: Collection[str] | None = None,
    subject: str | None = None,
    until: dt.date | dt.datetime | None = None,
) -> list[Event]:
    """Events in the order of recording.

    Parameters
    ----------
    kinds : collection of str, optional
        Only these kinds, e.g. `{"freeze.on", "freeze.off"}`.
    until : date or datetime, optional
        An aware time: what the ledger held then. A date: what is about that session or an earlier one; an event
        without a session counts from the UTC date of its recording.

    Raises
    ------
    StorageError
        The database cannot be read.
    """
    try:
        with engine.connect() as connection:
            return read(connection, kinds, subject, until)
    except sa.exc.SQLAlchemyError as error:
        raise StorageError("reading the ledger", one_line(error), "check the ops database") from error


def read(
    connection: sa.Connection,
    kinds: Collection[str] | None = None,
    subject: str | None = None,
    until: dt.date | dt.datetime | None = None,
) -> list[Event]:
    """As `events`, inside the caller's transaction: for acts that depend on what is recorded."""
    t = EVENTS.c
    query = sa.select(EVENTS).order_by(t.id)
    if kinds is not None:
        query = query.where(t.kind.in_(sorted(kinds)))
    if subject is not None:
        query = query.where(t.subject == subject)
    if isinstance(until, dt.datetime):
        query = query.where(t.recorded_at <= until)
    elif until is not None:
        midnight = dt.datetime.combine(until + dt.timedelta(days=1), dt.time(), dt.UTC)
        query = query.where(sa.or_(t.as_of <= until, sa.and_(t.as_of.is_(None), t.recorded_at < midnight)))
    return [_event(row) for row in connection.execute(query).mappings()]


def _by_key(connection: sa.Connection, keys: Sequence[str]) -> dict[str, Event]:
    found: dict[str, Event] = {}
    for part in _chunks(sorted(set(keys))):
        rows = connection.execute(sa.select(EVENTS).where(EVENTS.c.key.in_(part))).mappings()
        found |= {row["key"]: _event(row) for row in rows}
    return found


def _recorded(event: Event, at: dt.datetime) -> Event:
    return Event(**{**_content(event), "recorded_at": at})


def _content(event: Event) -> dict[str, Any]:
    names = ("key", "kind", "subject", "by", "as_of", "role", "seal", "recorded_at")
    return {**{name: getattr(event, name) for name in names}, "payload": dict(event.payload)}


_row = _content


def _event(row: sa.RowMapping) -> Event:
    return Event(**{name: value for name, value in row.items() if name != "id"})


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[i : i + CHUNK] for i in range(0, len(keys), CHUNK))

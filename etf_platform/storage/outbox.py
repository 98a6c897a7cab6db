"""The outbox: letters to people, one row per (event, channel), that no crash loses.

A letter is written in the transaction that moves the cursor of whoever found the event. Dispatchers of several
processes claim letters under a lease; what a killed one had claimed comes back, as the same message, when the lease
ends. Letters of one order key leave a channel in the order of their ids. Not here: what letters say, how channels
deliver, and reading and repairing the list by hand (`mailroom`).

All functions work on a connection inside `transaction`, which lets one process at a time in.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from etf_platform.core.errors import StorageError
from etf_platform.storage.letters import Letter, Parcel, Result, Settled, Terms
from etf_platform.storage.opsdb import CHANNEL_SENDS, CHANNEL_STATES, CURSORS, OUTBOX, one_line

LOCK = 0x6F757462  # PostgreSQL advisory lock: "outb"
CHUNK = 500
HEADS = 300

Key = TypeVar("Key", str, int)


Pick = Callable[[Sequence[Letter], int], int]


@contextmanager
def transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction that excludes all other outbox transactions from its first statement on.

    Raises
    ------
    StorageError
        The database fails; nothing of the transaction stays.
    """
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            yield connection
            connection.commit()
    except sa.exc.SQLAlchemyError as error:
        raise StorageError(
            "writing the outbox", one_line(error), "check the ops database and its disk, then run again"
        ) from error


def read_cursor(connection: sa.Connection, name: str) -> str | None:
    """Value of a cursor; None before its first writing."""
    return connection.scalar(sa.select(CURSORS.c.value).where(CURSORS.c.name == name))


def write_cursor(connection: sa.Connection, name: str, value: str, now: dt.datetime) -> None:
    """Set a cursor in the caller's transaction."""
    values = {"value": value, "updated_at": now}
    if connection.execute(CURSORS.update().where(CURSORS.c.name == name).values(**values)).rowcount == 0:
        connection.execute(CURSORS.insert().values(name=name, **values))


def enqueue(
    connection: sa.Connection, letters: Sequence[Letter], now: dt.datetime, cursor: tuple[str, str] | None = None
) -> int:
    """Put letters into the outbox and move the cursor `(name, value)`, in the caller's transaction.

    A letter whose (dedupe key, channel) is there already is left out. A letter that is due wakes earlier letters of its
    order key that only wait for their hour, so that it need not wait for them.

    Returns
    -------
    int
        Letters added.
    """
    known = _known(connection, sorted({letter.dedupe_key for letter in letters}))
    fresh = {(x.dedupe_key, x.channel): x for x in reversed(letters) if (x.dedupe_key, x.channel) not in known}
    rows = [_row(letter, now) for letter in letters if fresh.get((letter.dedupe_key, letter.channel)) is letter]
    if rows:
        connection.execute(OUTBOX.insert(), rows)
    for channel, order_key in sorted({(x.channel, x.order_key) for x in fresh.values() if x.due <= now}):
        _wake(connection, channel, order_key, now)
    if cursor is not None:
        write_cursor(connection, *cursor, now)
    return len(rows)


def claim(connection: sa.Connection, channel: str, terms: Terms, now: dt.datetime, pick: Pick) -> Parcel | None:
    """Take the next message of a channel under a lease, with a place in its rate limit.

    Parameters
    ----------
    pick : callable
        `pick(letters, recent)` -> how many of the letters, first ones first, make the next message; `recent` counts the
        messages of the last window.

    Returns
    -------
    Parcel or None
        None when nothing is due, the limit is reached or the channel pauses.
    """
    _bury(connection, channel, terms, now)
    recent = _recent(connection, channel, terms, now)
    if recent >= terms.per_window or _is_paused(connection, channel, now):
        return None
    ids, batch = _due(connection, channel, now)
    letters = _letters(connection, ids)
    if not letters:
        return None
    taken = letters if batch else letters[: max(1, pick(letters, recent))]
    failures = _failures(connection, channel)
    name, token = batch or uuid.uuid4().hex, uuid.uuid4().hex
    parcel = Parcel(channel, name, token, tuple(taken), failures, is_repeat=batch is not None)
    _lease(connection, parcel, now + terms.lease)
    return parcel


def settle(connection: sa.Connection, parcel: Parcel, result: Result, terms: Terms, now: dt.datetime) -> Settled:
    """Record what became of a parcel.

    A success counts even when the lease has ended; a failure then changes nothing, for another dispatcher has it.
    """
    ids = [letter.id for letter in parcel.letters]
    mine = OUTBOX.update().where(OUTBOX.c.id.in_(ids), OUTBOX.c.state == "new")
    free = {"lease_token": None, "lease_until": None, "last_error": result.detail}
    connection.execute(
        CHANNEL_SENDS.update().where(CHANNEL_SENDS.c.token == parcel.token).values(arrived_by=result.arrived_by)
    )
    before, failures, since = _note_health(connection, parcel.channel, result, now)
    if result.verdict == "sent":
        done = {**free, "state": "sent", "sent_at": now, "last_error": result.detail or None}
        return Settled(connection.execute(mine.values(**done)).rowcount, 0, before, failures, since)
    mine = mine.where(OUTBOX.c.lease_token == parcel.token)
    if result.verdict == "refused":
        return Settled(0, connection.execute(mine.values(**free, state="dead")).rowcount, before, failures, since)
    refund = 1 if result.verdict == "limited" else 0
    batch = OUTBOX.c.batch if result.same_again or parcel.is_repeat else sa.null()
    again = {**free, "next_try": result.next_try, "attempts": OUTBOX.c.attempts - refund, "batch": batch}
    connection.execute(mine.values(**again))
    return Settled(0, _bury(connection, parcel.channel, terms, now), before, failures, since)


def unheard(connection: sa.Connection, after_attempts: int) -> list[Letter]:
    """One letter of every event that no channel has taken though each is dead or has tried `after_attempts` times."""
    t = OUTBOX.c
    hopeless = sa.or_(t.state == "dead", sa.and_(t.state == "new", t.attempts >= after_attempts))
    failed = sa.select(t.dedupe_key).where(t.state.in_(("new", "dead")), hopeless)
    hoping = sa.func.sum(sa.case((hopeless, 0), else_=1))
    first = sa.select(sa.func.min(t.id)).where(t.dedupe_key.in_(failed)).group_by(t.dedupe_key).having(hoping == 0)
    return _letters(connection, list(connection.scalars(first)))


def bury_stranded(connection: sa.Connection, served: Sequence[str], before: dt.datetime) -> int:
    """Mark letters older than `before` as dead whose channel no longer exists or has no credentials."""
    t = OUTBOX.c
    stranded = OUTBOX.update().where(t.state == "new", t.channel.not_in(served), t.created_at < before)
    return connection.execute(stranded.values(state="dead", last_error="the channel is not ready")).rowcount


def _row(letter: Letter, now: dt.datetime) -> dict[str, Any]:
    return {
        **{name: getattr(letter, name) for name in ("dedupe_key", "channel", "order_key", "kind", "severity")},
        "subject": letter.subject,
        "event": dict(letter.event),
        "state": "new",
        "attempts": 0,
        "created_at": now,
        "next_try": letter.due,
    }


def _known(connection: sa.Connection, keys: Sequence[str]) -> set[tuple[str, str]]:
    query = sa.select(OUTBOX.c.dedupe_key, OUTBOX.c.channel)
    known: set[tuple[str, str]] = set()
    for part in _chunks(keys):
        known |= {(key, channel) for key, channel in connection.execute(query.where(OUTBOX.c.dedupe_key.in_(part)))}
    return known


def _wake(connection: sa.Connection, channel: str, order_key: str, now: dt.datetime) -> None:
    t = OUTBOX.c
    asleep = sa.and_(t.channel == channel, t.order_key == order_key, t.state == "new", t.attempts == 0)
    connection.execute(OUTBOX.update().where(asleep, t.next_try > now).values(next_try=now))


def _recent(connection: sa.Connection, channel: str, terms: Terms, now: dt.datetime) -> int:
    """Messages that the server may have seen in the window that ends now."""
    t = CHANNEL_SENDS.c
    connection.execute(CHANNEL_SENDS.delete().where(t.channel == channel, t.arrived_by < now - 10 * terms.window))
    counted = sa.select(sa.func.count()).where(t.channel == channel, t.arrived_by >= now - terms.window)
    return connection.scalar(counted) or 0


def _is_paused(connection: sa.Connection, channel: str, now: dt.datetime) -> bool:
    until = connection.scalar(sa.select(CHANNEL_STATES.c.paused_until).where(CHANNEL_STATES.c.channel == channel))
    return until is not None and until > now


def _failures(connection: sa.Connection, channel: str) -> int:
    t = CHANNEL_STATES.c
    return connection.scalar(sa.select(t.failures).where(t.channel == channel)) or 0


def _due(connection: sa.Connection, channel: str, now: dt.datetime) -> tuple[list[int], str | None]:
    """Ids of the letters at the head of their order keys, oldest first; with the message they belong to, if any."""
    t = OUTBOX.c
    query = sa.select(t.id, t.order_key, t.next_try, t.lease_until, t.batch)
    waiting: set[str] = set()
    ids: list[int] = []
    batch: str | None = None
    for row in connection.execute(query.where(t.channel == channel, t.state == "new").order_by(t.id)):
        if row.next_try > now or (row.lease_until is not None and row.lease_until > now):
            waiting.add(row.order_key)
        if row.order_key in waiting:
            continue
        batch = row.batch if not ids else batch
        if row.batch == batch:
            ids.append(row.id)
        else:
            waiting.add(row.order_key)
        if len(ids) == HEADS and batch is None:
            break
    return ids, batch


def _letters(connection: sa.Connection, ids: Sequence[int]) -> list[Letter]:
    t = OUTBOX.c
    names = (
        "dedupe_key",
        "channel",
        "order_key",
        "kind",
        "severity",
        "subject",
        "event",
        "attempts",
        "id",
        "created_at",
        "last_error",
    )
    found: list[Letter] = []
    for part in _chunks(sorted(ids)):
        rows = connection.execute(sa.select(OUTBOX).where(t.id.in_(part)).order_by(t.id)).mappings()
        found += [Letter(due=row["next_try"], **{name: row[name] for name in names}) for row in rows]
    return found


def _lease(connection: sa.Connection, parcel: Parcel, until: dt.datetime) -> None:
    ids = [letter.id for letter in parcel.letters]
    held = {"lease_token": parcel.token, "lease_until": until, "batch": parcel.batch}
    connection.execute(OUTBOX.update().where(OUTBOX.c.id.in_(ids)).values(**held, attempts=OUTBOX.c.attempts + 1))
    slot = {"channel": parcel.channel, "token": parcel.token, "arrived_by": until}
    connection.execute(CHANNEL_SENDS.insert().values(**slot))


def _bury(connection: sa.Connection, channel: str, terms: Terms, now: dt.datetime) -> int:
    """Mark letters as dead that have used up their attempts or their time, and are in nobody's hands."""
    t = OUTBOX.c
    over = sa.or_(t.attempts >= terms.attempts, sa.and_(t.last_error.is_not(None), t.created_at < now - terms.expire))
    idle = sa.or_(t.lease_until.is_(None), t.lease_until <= now)
    lost = OUTBOX.update().where(t.channel == channel, t.state == "new", over, idle)
    error = sa.func.coalesce(t.last_error, "every dispatcher that tried it died")
    return connection.execute(lost.values(state="dead", lease_token=None, lease_until=None, last_error=error)).rowcount


def _note_health(
    connection: sa.Connection, channel: str, result: Result, now: dt.datetime
) -> tuple[int, int, dt.datetime | None]:
    t = CHANNEL_STATES
    row = connection.execute(sa.select(t).where(t.c.channel == channel)).mappings().one_or_none()
    if row is None:
        connection.execute(t.insert().values(channel=channel, failures=0))
    before, since = (row["failures"], row["failing_since"]) if row else (0, None)
    if result.verdict == "sent":
        values: dict[str, Any] = {
            "failures": 0,
            "failing_since": None,
            "paused_until": result.resume,
            "last_ok_at": now,
        }
    else:
        failures = before + (result.verdict != "limited")
        since = since or (now if failures else None)
        values = {"failures": failures, "failing_since": since, "paused_until": result.resume}
        values["last_error"] = result.detail
    connection.execute(t.update().where(t.c.channel == channel).values(**values))
    return before, values["failures"], since


def _chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    return (keys[i : i + CHUNK] for i in range(0, len(keys), CHUNK))

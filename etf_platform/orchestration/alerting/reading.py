"""Reads Dagster's event log in the order of its storage ids, over all runs and over what was reported without a run.

Belongs here: which rows of the index are new. Does not: what they mean. Dagster's public readers do not serve: on
SQLite they read check evaluations run by run, and the history of a check is numbered when it is planned, so that a
check which ends late would lie behind a cursor on it.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import dagster as dg
import sqlalchemy as sa
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable as LOG
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._serdes import deserialize_value

from etf_platform.core.errors import StorageError
from etf_platform.orchestration.alerting.watch import Memory, Scene

REREAD = 1000
SETTLED = dt.timedelta(seconds=5)


class Stored(NamedTuple):
    """One event and the id that it has for ever."""

    storage_id: int
    entry: EventLogEntry

    @property
    def at(self) -> dt.datetime:
        """When it happened, in UTC."""
        return dt.datetime.fromtimestamp(self.entry.timestamp, dt.UTC)


@dataclass(frozen=True)
class EventLog:
    """The event log of an instance, for one reader that remembers how far it has come.

    Raises
    ------
    StorageError
        The instance keeps its events in no SQL database.
    """

    instance: dg.DagsterInstance

    def after(
        self, kind: dg.DagsterEventType, storage_id: int, limit: int, now: dt.datetime, assets: Sequence[str] = ()
    ) -> list[Stored]:
        """Events of one kind (and of these asset keys, as stored) with a larger storage id, oldest first.

        SQLite numbers rows in the order of their commits. Elsewhere a number may become visible after a larger one, so
        events of the last five seconds are left for the next time.
        """
        wanted = (
            sa.select(LOG.c.id, LOG.c.event)
            .where(LOG.c.dagster_event_type == kind.value, LOG.c.id > storage_id)
            .order_by(LOG.c.id)
            .limit(limit)
        )
        if assets:
            wanted = wanted.where(LOG.c.asset_key.in_(assets))
        with self._storage.index_connection() as connection:
            is_ordered = connection.dialect.name == "sqlite"
            rows = connection.execute(wanted).fetchall()
        found = [Stored(row[0], deserialize_value(row[1], EventLogEntry)) for row in rows]
        return found if is_ordered else _settled(found, now)

    def last_before(self, kinds: Sequence[dg.DagsterEventType], moment: dt.datetime) -> int:
        """Largest storage id of these kinds that is older than a moment; 0 when there is none."""
        wanted = sa.select(sa.func.max(LOG.c.id)).where(
            LOG.c.dagster_event_type.in_([kind.value for kind in kinds]),
            LOG.c.timestamp < moment.astimezone(dt.UTC).replace(tzinfo=None),
        )
        with self._storage.index_connection() as connection:
            return int(connection.execute(wanted).scalar() or 0)

    def holds(self, storage_id: int, timestamp: float) -> bool:
        """Whether the event of this id is still the one of that time."""
        wanted = sa.select(LOG.c.event).where(LOG.c.id == storage_id)
        with self._storage.index_connection() as connection:
            text = connection.execute(wanted).scalar()
        return text is not None and deserialize_value(text, EventLogEntry).timestamp == timestamp

    @property
    def _storage(self) -> SqlEventLogStorage:
        storage = self.instance.event_log_storage
        if not isinstance(storage, SqlEventLogStorage):
            saw = f"{type(storage).__name__} is no SQL storage"
            raise StorageError("reading Dagster's event log for alerts", saw, "use SQLite or PostgreSQL (dagster.yaml)")
        return storage


def start_of(log: EventLog, memory: Memory, kinds: Sequence[dg.DagsterEventType], scene: Scene) -> int:
    """The storage id to go on from; a first look begins where the scene looks back to.

    SQLite gives the numbers of deleted runs again. When the event that was read last is gone, some are read a second
    time: their keys are known to the outbox, and nothing is told twice.
    """
    if "after" not in memory:
        return log.last_before(kinds, scene.looks_back_to)
    after, at = int(memory["after"]), memory.get("at")
    return after if at is None or log.holds(after, at) else max(0, after - REREAD)


def place_of(found: Sequence[Stored], after: int) -> dict[str, Any]:
    """What to remember so that the next look goes on behind these events."""
    return {"after": found[-1].storage_id, "at": found[-1].entry.timestamp} if found else {"after": after}


def _settled(found: list[Stored], now: dt.datetime) -> list[Stored]:
    young = next((i for i, stored in enumerate(found) if stored.at > now - SETTLED), len(found))
    return found[:young]

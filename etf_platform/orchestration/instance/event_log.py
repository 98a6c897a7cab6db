"""Dagster's SQLite event log with open connections and batches in one transaction.

Belongs here: how events reach the same rows of the same files as with Dagster's own `SqliteEventLogStorage`, faster.
Does not: any table, column or event of our own. All that reads is inherited, so the UI sees no difference; a test
compares the rows. Measured figures and the reasons: `docs/adr/0002-event-log.md`.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as db
from dagster import AssetKey, Field, IntSource, StringSource
from dagster._core.event_api import EventHandlerFn
from dagster._core.events import ASSET_CHECK_EVENTS, BATCH_WRITABLE_EVENTS, DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
    SqliteEventLogStorageWatchdog,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from dagster_shared.record import replace
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool
from watchdog.events import FileSystemEvent
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from etf_platform.core.errors import ConfigError
from etf_platform.orchestration.instance.shards import OpenShards

SHOWN_BY_TIME = {DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_OBSERVATION}
BATCH_SIZE_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"


class FastSqliteEventLogStorage(SqliteEventLogStorage):
    """Dagster's own SQLite event log: same files, same rows, an order of magnitude less time.

    Parameters
    ----------
    base_dir : str
        Folder of the files; `$NAME` is taken from the environment.
    inst_data : ConfigurableClassData, optional
        Where Dagster loaded the class from.

    Raises
    ------
    ConfigError
        `base_dir` names a variable that the environment does not have.
    """

    _obs: BaseObserver | None  # type: ignore[assignment]

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._present: set[str] = set()
        self._shown: dict[AssetKey | None, int] = {}
        self._shards: OpenShards | None = None
        super().__init__(_expand(base_dir), inst_data)

    @classmethod
    def config_type(cls) -> Any:
        """Configuration in `dagster.yaml`: the folder, and how many events Dagster hands over at once."""
        return {"base_dir": StringSource, "batch_size": Field(IntSource, default_value=1000, is_required=False)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "FastSqliteEventLogStorage":
        """Build from `dagster.yaml`.

        Dagster reads the batch size from the environment only, at every event, and passes batches on only if it is set.
        Setting it here gives it to every process that opens this log (daemon, webserver, run worker) and to no other.
        """
        os.environ.setdefault(BATCH_SIZE_VARIABLE, str(config_value.get("batch_size", 1000)))
        return cls(base_dir=config_value["base_dir"], inst_data=inst_data)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events of one run: one transaction in the run's file and one in the index, ended together.

        Only the last event of each kind touches an asset's row in `asset_keys`: each would overwrite the one before.
        Batches that Dagster does not form today (several runs, other kinds of event) are stored one by one.
        """
        if len({event.run_id for event in events}) != 1 or not all(map(_is_batchable, events)):
            super().store_event_batch(events)
            return
        self._store_batch([self._apart(event) for event in events])

    def _apart(self, event: EventLogEntry) -> EventLogEntry:
        """The event, moved on to a millisecond of its own if an earlier one of its asset was stored with that one.

        The Events tab of Dagster's UI shows one materialisation per asset and millisecond, whatever their partitions:
        of 21 days of a batch it showed 5. Events that are stored one by one are never that close.
        """
        if event.dagster_event_type not in SHOWN_BY_TIME:
            return event
        asset_key, millisecond = event.get_dagster_event().asset_key, int(event.timestamp * 1000)
        free = max(millisecond, self._shown.get(asset_key, 0) + 1)
        self._shown[asset_key] = free
        return event if free == millisecond else event._replace(timestamp=(free + 0.5) / 1000)

    def _store_batch(self, events: Sequence[EventLogEntry]) -> None:
        rows = [self._event_to_row(event) for event in events]
        with self._db_lock, self._begin(events[0].run_id) as run_shard, self._begin(INDEX_SHARD_NAME) as index:
            run_shard.execute(SqlEventLogStorageTable.insert(), rows)
            event_ids = _insert_rows(index, rows)
            self._store_asset_rows(index, events, event_ids)
        for event, event_id in zip(events, event_ids, strict=True):
            if event.dagster_event_type in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(event, event_id)

    def _store_asset_rows(self, index: Connection, events: Sequence[EventLogEntry], event_ids: Sequence[int]) -> None:
        pairs = [p for p in zip(events, event_ids, strict=True) if p[0].dagster_event_type not in ASSET_CHECK_EVENTS]
        self._store_asset_event_tags(index, [event for event, _ in pairs], [event_id for _, event_id in pairs])
        latest: dict[tuple[Any, Any], tuple[EventLogEntry, int]] = {}
        for event, event_id in pairs:
            kind = (event.get_dagster_event().asset_key, event.dagster_event_type)
            latest.pop(kind, None)
            latest[kind] = (event, event_id)
        for event, event_id in latest.values():
            self._store_asset_event(index, event, event_id)

    def _store_asset_check_evaluation_planned(self, event: EventLogEntry, event_id: int | None) -> None:
        """One planned row per check and run, as the evaluation of an unpartitioned check will look for it.

        Dagster writes a row per partition of the run, whether the check is partitioned or not, each with the whole
        event: for 45 checks and ten years 113,000 rows that no evaluation ever fills, and half a gigabyte.
        """
        planned = event.get_dagster_event()
        data = replace(planned.event_specific_data, partitions_subset=None)
        plain = event._replace(dagster_event=planned._replace(event_specific_data=data))
        super()._store_asset_check_evaluation_planned(plain, event_id)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._begin(shard) as connection:
            yield connection

    @contextmanager
    def _begin(self, shard: str) -> Iterator[Connection]:
        if self._shards is None:
            self._shards = OpenShards(self._db_lock, self._prepare)
        with self._shards.engine(Path(self.path_for_shard(shard))).begin() as connection:
            yield connection

    def _prepare(self, path: Path) -> None:
        wait = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
        engine = db.create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args=wait)
        self._initdb(engine)
        engine.dispose()

    def has_table(self, table_name: str) -> bool:
        """Whether the index has the table; a table once seen is not looked for again, because none is ever dropped."""
        return self._remember(f"table {table_name}", lambda: SqliteEventLogStorage.has_table(self, table_name))

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        look = super()._has_asset_key_col_on_connection
        return self._remember(f"column {column_name}", lambda: look(conn, column_name))

    def _remember(self, name: str, look: Any) -> bool:
        if name not in self._present and look():
            self._present.add(name)
        return name in self._present

    def wipe(self) -> None:
        """Delete all runs' files and empty the index."""
        self._close()
        super().wipe()

    def upgrade(self) -> None:
        """Migrate all files to the schema of the installed Dagster."""
        self._close()
        super().upgrade()

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Call back for each new event of a run; also while its file stays open and only its WAL grows."""
        if not self._obs:
            self._obs = Observer()
            self._obs.start()
        handler = _WalWatchdog(self, run_id, callback, cursor)
        self._watchers[run_id][callback] = (handler, self._obs.schedule(handler, self._base_dir, recursive=True))

    def dispose(self) -> None:
        """Stop watching and close all files."""
        super().dispose()
        self._close()

    def _close(self) -> None:
        if self._shards is not None:
            with self._db_lock:
                self._shards.close()


class _WalWatchdog(SqliteEventLogStorageWatchdog):
    """Reads new events when the run's file or its WAL changes; Dagster's own looks at the file only."""

    @property
    def patterns(self) -> list[str]:
        return [self._log_path, f"{self._log_path}-wal"]

    def on_modified(self, event: FileSystemEvent) -> None:
        self._process_log()


def _is_batchable(event: EventLogEntry) -> bool:
    return event.is_dagster_event and event.dagster_event_type in BATCH_WRITABLE_EVENTS


def _insert_rows(index: Connection, rows: Sequence[dict[str, Any]]) -> range:
    # SQLite numbers the rows of one write transaction consecutively: https://www.sqlite.org/autoinc.html
    index.execute(SqlEventLogStorageTable.insert(), rows)
    last = index.execute(db.text("SELECT last_insert_rowid()")).scalar_one()
    return range(last - len(rows) + 1, last + 1)


def _expand(base_dir: str) -> str:
    expanded = os.path.expandvars(base_dir)
    if "$" in expanded:
        raise ConfigError("opening Dagster's event log", f"base_dir {base_dir!r} is not set", "export the variable")
    return expanded

"""The ops database: what needs a unique key, a transaction or an order in time. SQLite by default, PostgreSQL by URL.

The way to open it; its tables (`optables`) can be had from here. What is recorded, and how it is read back, stands in
`ledger`, `outbox` and `source_states`.
"""

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url

from etf_platform.core.errors import StorageError
from etf_platform.storage.optables import (
    ACCEPTED_RUNS,
    CHANNEL_SENDS,
    CHANNEL_STATES,
    CURSORS,
    EVENT_BACKTESTS,
    EVENTS,
    EXPERIMENTS,
    FUSE_VERDICTS,
    LAST_QUOTES,
    LIMIT_BOARD,
    LIMIT_EPISODES,
    LIMIT_SIGNALS,
    METADATA,
    MONITOR,
    OUTBOX,
    RESTATEMENTS,
    SCANS,
    SCHEMA_STAMP,
    SNAPSHOTS,
    SOURCE_EVENTS,
    SOURCE_MARKS,
    SOURCE_STATES,
    TABLE_WRITES,
    UtcTime,
)

SCHEMA_VERSION = 3
OLDEST_VERSION = 1  # from here on versions only add tables
BUSY_SECONDS = 30

__all__ = [
    "ACCEPTED_RUNS",
    "CHANNEL_SENDS",
    "CHANNEL_STATES",
    "CURSORS",
    "EVENTS",
    "EVENT_BACKTESTS",
    "EXPERIMENTS",
    "FUSE_VERDICTS",
    "LAST_QUOTES",
    "LIMIT_BOARD",
    "LIMIT_EPISODES",
    "LIMIT_SIGNALS",
    "METADATA",
    "MONITOR",
    "OUTBOX",
    "RESTATEMENTS",
    "SCANS",
    "SCHEMA_STAMP",
    "SNAPSHOTS",
    "SOURCE_EVENTS",
    "SOURCE_MARKS",
    "SOURCE_STATES",
    "TABLE_WRITES",
    "UtcTime",
    "one_line",
    "open_ops",
]


def open_ops(url: str) -> sa.Engine:
    """Open the ops database, creating it when it is new.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, e.g. `sqlite:////data/ops.db` or `postgresql+psycopg://...`.

    Raises
    ------
    StorageError
        It cannot be reached, or was made by another version of the platform.
    """
    parsed = make_url(url)
    doing = f"opening the ops database {parsed.render_as_string(hide_password=True)}"
    try:
        engine = _engine(parsed)
        _prepare(engine, doing)
    except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
        raise StorageError(doing, one_line(error), "check its path or URL and the rights on it") from error
    return engine


def one_line(error: Exception) -> str:
    """What a database error says, without SQL and links."""
    text = str(getattr(error, "orig", None) or error)
    return " ".join(text.split("\n[SQL")[0].split()).rstrip(".")


def _engine(url: URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, json_serializer=_to_json, pool_pre_ping=True)
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, json_serializer=_to_json, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (f"busy_timeout = {BUSY_SECONDS * 1000}", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    _use_wal(cursor)
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Ask until the mode is changed: SQLite does not wait its busy time-out where two connections change it at once."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _prepare(engine: sa.Engine, doing: str) -> None:
    stamp = _stamp(engine)
    if stamp is None or OLDEST_VERSION <= stamp < SCHEMA_VERSION:
        _create_missing(engine)
        stamp = _stamp(engine)
    if stamp != SCHEMA_VERSION:
        saw = f"its schema has version {stamp}, this program needs {SCHEMA_VERSION}"
        raise StorageError(doing, saw, "use the program version that made it, or a new ops database")


def _stamp(engine: sa.Engine) -> int | None:
    if not sa.inspect(engine).has_table(SCHEMA_STAMP.name):
        return None
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.max(SCHEMA_STAMP.c.version)))


def _create_missing(engine: sa.Engine) -> None:
    """Create what is not there in one transaction; of several processes that come at once, one does it."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        METADATA.create_all(connection)
        if (connection.scalar(sa.select(sa.func.max(SCHEMA_STAMP.c.version))) or 0) < SCHEMA_VERSION:
            connection.execute(SCHEMA_STAMP.insert().values(version=SCHEMA_VERSION))
        connection.commit()


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, default=str)

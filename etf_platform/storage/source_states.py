"""What is remembered of network sources over processes, and restated history: rows of the ops database, no rules."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from etf_platform.core.errors import StorageError
from etf_platform.storage.opsdb import RESTATEMENTS, SOURCE_EVENTS, SOURCE_MARKS, SOURCE_STATES, one_line

Row = dict[str, Any]


def source_states(engine: sa.Engine) -> list[Row]:
    """One row per source that was ever asked, by name."""
    return _rows(engine, sa.select(SOURCE_STATES).order_by(SOURCE_STATES.c.source))


def source_health(engine: sa.Engine, source: str) -> Row | None:
    """The stored health of a source; None when it was never asked."""
    found = _rows(engine, sa.select(SOURCE_STATES).where(SOURCE_STATES.c.source == source))
    return dict(found[0]["health"]) if found else None


def change_source(engine: sa.Engine, source: str, step: Callable[[Row | None], Row]) -> None:
    """Replace a source's row by what `step` makes of its stored health, in one transaction.

    Parameters
    ----------
    step : callable
        Health (None: never asked) to the columns of `source_states` but `source` and `updated_at`.
    """
    with locked(engine, f"remembering the state of {source}") as connection:
        known = connection.scalar(sa.select(SOURCE_STATES.c.health).where(SOURCE_STATES.c.source == source))
        values = {**step(known), "updated_at": dt.datetime.now(dt.UTC)}
        _put(connection, SOURCE_STATES, SOURCE_STATES.c.source, source, values)


def change_mark(engine: sa.Engine, name: str, step: Callable[[Any], Any]) -> None:
    """Replace a named value by what `step` makes of it (None: not there), in one transaction."""
    with locked(engine, f"remembering {name}") as connection:
        known = connection.scalar(sa.select(SOURCE_MARKS.c.value).where(SOURCE_MARKS.c.name == name))
        _put(connection, SOURCE_MARKS, SOURCE_MARKS.c.name, name, {"value": step(known)})


def use_source(engine: sa.Engine, topic: str, source: str, note: Callable[[str | None], Row | None]) -> None:
    """Remember the source that a topic uses, and record the event that `note` makes of the one before, together."""
    with locked(engine, f"remembering the source of {topic}") as connection:
        name = f"topic/{topic}"
        known = connection.scalar(sa.select(SOURCE_MARKS.c.value).where(SOURCE_MARKS.c.name == name))
        event = note(known)
        if event is not None:
            connection.execute(SOURCE_EVENTS.insert().values(**event))
        if source != known:
            _put(connection, SOURCE_MARKS, SOURCE_MARKS.c.name, name, {"value": source})


def source_events(engine: sa.Engine, after: int = 0, limit: int = 1000) -> list[Row]:
    """Events with a larger id, oldest first."""
    wanted = sa.select(SOURCE_EVENTS).where(SOURCE_EVENTS.c.id > after).order_by(SOURCE_EVENTS.c.id).limit(limit)
    return _rows(engine, wanted)


def record_restatement(engine: sa.Engine, row: Mapping[str, Any]) -> bool:
    """Record restated history once: False when the same change (by `digest`) is recorded already."""
    with locked(engine, f"recording restated history of {row['universe']}") as connection:
        same = sa.select(sa.func.count()).where(RESTATEMENTS.c.digest == row["digest"])
        if connection.scalar(same):
            return False
        connection.execute(RESTATEMENTS.insert().values(**row, found_at=dt.datetime.now(dt.UTC), state="found"))
    return True


def restatements(engine: sa.Engine, state: str | None = None, universe: str | None = None) -> list[Row]:
    """Recorded restatements in the order they were found, of one state and one universe or all."""
    wanted = sa.select(RESTATEMENTS).order_by(RESTATEMENTS.c.id)
    if state is not None:
        wanted = wanted.where(RESTATEMENTS.c.state == state)
    if universe is not None:
        wanted = wanted.where(RESTATEMENTS.c.universe == universe)
    return _rows(engine, wanted)


def settle_restatements(engine: sa.Engine, ids: list[int], run_id: str) -> int:
    """Mark restatements as worked through by a run; the number that were still open."""
    with locked(engine, "closing the record of restated history") as connection:
        is_open = RESTATEMENTS.c.id.in_(ids) & (RESTATEMENTS.c.state == "found")
        values = {"state": "done", "done_at": dt.datetime.now(dt.UTC), "done_by": run_id}
        return connection.execute(RESTATEMENTS.update().where(is_open).values(**values)).rowcount


@contextmanager
def locked(engine: sa.Engine, doing: str) -> Iterator[sa.Connection]:
    """A transaction that nobody else writes beside.

    Raises
    ------
    StorageError
        The database cannot be written.
    """
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            yield connection
            connection.commit()
    except sa.exc.SQLAlchemyError as error:
        raise StorageError(doing, one_line(error), "check the ops database and the rights on it") from error


_LOCK = 7_240_119


def _put(connection: sa.Connection, table: sa.Table, key: sa.Column[Any], name: str, values: Row) -> None:
    done = connection.execute(table.update().where(key == name).values(**values))
    if not done.rowcount:
        connection.execute(table.insert().values(**{key.name: name}, **values))


def _rows(engine: sa.Engine, wanted: sa.Select[Any]) -> list[Row]:
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]
    except sa.exc.SQLAlchemyError as error:
        raise StorageError("reading what is known of sources", one_line(error), "check the ops database") from error

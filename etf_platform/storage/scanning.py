"""Who scans for limit-ups, whether anybody shall, what scans did, and event back-tests: rows of the ops database.

Not here: what a scan finds (`tracker`, which also hands out all of this).
"""

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from etf_platform.core.errors import StorageError
from etf_platform.storage.opsdb import EVENT_BACKTESTS, MONITOR, SCANS, one_line
from etf_platform.storage.source_states import locked

Row = dict[str, Any]

NAME = "limit_up"


def monitor(engine: sa.Engine) -> Row:
    """Whether the monitor shall run, who said so and when, and who scans now; running where nobody said anything."""
    found = rows_of(engine, sa.select(MONITOR).where(MONITOR.c.name == NAME))
    return found[0] if found else _first_monitor()


def want(engine: sa.Engine, wanted: str, by: str, now: dt.datetime) -> bool:
    """Say that the monitor shall be `running` or `stopped`; False when it was wanted so already."""
    with locked(engine, f"setting the monitor to {wanted}") as connection:
        if _monitor_row(connection)["wanted"] == wanted:
            return False
        values = {"wanted": wanted, "changed_by": by, "changed_at": now}
        connection.execute(MONITOR.update().where(MONITOR.c.name == NAME).values(**values))
    return True


def take_lease(engine: sa.Engine, token: str, now: dt.datetime, seconds: float) -> bool:
    """Become the one who scans, for so many seconds at most; False while another one is."""
    with locked(engine, "taking the scanner's lease") as connection:
        row = _monitor_row(connection, now)
        if row["lease_token"] not in (None, token) and row["lease_until"] > now:
            return False
        values = {"lease_token": token, "lease_until": now + dt.timedelta(seconds=seconds)}
        connection.execute(MONITOR.update().where(MONITOR.c.name == NAME).values(**values))
    return True


def holds_lease(connection: sa.Connection, token: str) -> bool:
    """Whether nobody else has become the one who scans, in the transaction that stores the scan."""
    held = sa.select(MONITOR.c.lease_token).where(MONITOR.c.name == NAME).with_for_update()
    return connection.scalar(held) == token


def drop_lease(engine: sa.Engine, token: str) -> None:
    """Let others scan."""
    mine = sa.and_(MONITOR.c.name == NAME, MONITOR.c.lease_token == token)
    with locked(engine, "giving the scanner's lease back") as connection:
        connection.execute(MONITOR.update().where(mine).values(lease_token=None, lease_until=None))


def scans(engine: sa.Engine, limit: int = 50, state: str | None = None) -> list[Row]:
    """Scans, newest first, of one state or all."""
    wanted = sa.select(SCANS).order_by(SCANS.c.id.desc()).limit(limit)
    return rows_of(engine, wanted if state is None else wanted.where(SCANS.c.state == state))


def last_scan(engine: sa.Engine) -> Row | None:
    """The last scan that was finished; None before the first."""
    found = scans(engine, 1, "done")
    return found[0] if found else None


def record_scan(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """Record a scan: `at`, `asked_by`, `state`, `detail`, `figures`."""
    connection.execute(SCANS.insert().values(**{**row, "figures": plain(row["figures"])}))


def backtests(engine: sa.Engine, limit: int = 100, results: bool = True) -> list[Row]:
    """Event back-tests, newest first, with their results (megabytes each) or without."""
    t = EVENT_BACKTESTS.c
    wanted = [column for column in t if results or column.name != "result"]
    return rows_of(engine, sa.select(*wanted).order_by(t.created_at.desc(), t.backtest_id.desc()).limit(limit))


def backtest(engine: sa.Engine, backtest_id: str) -> Row | None:
    """One event back-test; None where there is none of this id."""
    found = rows_of(engine, sa.select(EVENT_BACKTESTS).where(EVENT_BACKTESTS.c.backtest_id == backtest_id))
    return found[0] if found else None


def put_backtest(engine: sa.Engine, backtest_id: str, now: dt.datetime, **values: Any) -> bool:
    """Change columns of an event back-test; one that is not there is made where `params` are given, else False."""
    row = {**{name: plain(value) for name, value in values.items()}, "updated_at": now}
    mine = EVENT_BACKTESTS.update().where(EVENT_BACKTESTS.c.backtest_id == backtest_id)
    with locked(engine, f"storing the back-test {backtest_id}") as connection:
        done = bool(connection.execute(mine.values(**row)).rowcount)
        if not done and "params" in values:
            first = {"status": "queued", "progress": 0.0, "message": "", "created_at": now, "backtest_id": backtest_id}
            connection.execute(EVENT_BACKTESTS.insert().values(**{**first, **row}))
            done = True
    return done


def delete_backtest(engine: sa.Engine, backtest_id: str) -> bool:
    """Remove an event back-test; False when there is none of this id."""
    with locked(engine, f"removing the back-test {backtest_id}") as connection:
        gone = EVENT_BACKTESTS.delete().where(EVENT_BACKTESTS.c.backtest_id == backtest_id)
        return bool(connection.execute(gone).rowcount)


def plain(value: Any) -> Any:
    """The value as JSON has it: times as ISO text, numpy's numbers as Python's, null for missing and infinite ones."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if hasattr(value, "isoformat"):
        return value.isoformat() if value == value else None
    if hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None if type(value).__name__ == "NAType" else str(value)


def rows_of(engine: sa.Engine, wanted: sa.Select[Any]) -> list[Row]:
    """What a query finds; raises StorageError when the database cannot be read."""
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]
    except sa.exc.SQLAlchemyError as error:
        raise StorageError("reading the limit-up tracker", one_line(error), "check the ops database") from error


def _first_monitor() -> Row:
    unset = {"changed_at": None, "lease_token": None, "lease_until": None}
    return {"name": NAME, "wanted": "running", "changed_by": "", **unset}


def _monitor_row(connection: sa.Connection, now: dt.datetime | None = None) -> Row:
    row = connection.execute(sa.select(MONITOR).where(MONITOR.c.name == NAME)).mappings().one_or_none()
    if row is not None:
        return dict(row)
    first = {**_first_monitor(), "changed_at": now or dt.datetime.now(dt.UTC)}
    connection.execute(MONITOR.insert().values(**first))
    return first

"""What is recorded in the ops database, and how it is read back. No rules, no thresholds."""

import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from etf_platform.core.errors import StorageError
from etf_platform.core.units.event import EXPERIMENT_RUN, RELEASE_PROPOSED
from etf_platform.storage.opsdb import (
    ACCEPTED_RUNS,
    EVENTS,
    EXPERIMENTS,
    FUSE_VERDICTS,
    SNAPSHOTS,
    TABLE_WRITES,
    one_line,
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """Judgement of one fuse on one day's table; `observed` and `limit` are None or NaN where there is no number."""

    universe: str
    guards: str
    fuse: str
    as_of: dt.date
    state: str
    observed: float | None
    limit: float | None
    reason: str
    run_id: str
    table_version: int | None
    config_digest: str


@dataclass(frozen=True)
class AcceptedRun:
    """A run whose tables passed: what the next run is compared with."""

    universe: str
    as_of: dt.date
    run_id: str
    coverage: float
    rows: int
    symbols: int
    table_version: int | None = None


@dataclass(frozen=True)
class TableWrite:
    """One write of a table: what was replaced, by which run, source, configuration and code."""

    address: str
    version: int
    run_id: str
    source: str
    config_digest: str
    code_commit: str
    start: dt.date | None
    end: dt.date | None
    rows: int


def record_verdicts(engine: sa.Engine, verdicts: Sequence[Verdict]) -> None:
    """Append verdicts, all or none."""
    _append(engine, FUSE_VERDICTS, "recording fuse verdicts", [asdict(v) for v in verdicts])


def latest_verdicts(engine: sa.Engine, universe: str, as_of: dt.date | None = None) -> list[Row]:
    """The verdict recorded last for every guarded table and fuse, ordered by these two.

    Parameters
    ----------
    as_of : date or None
        Only verdicts about this session; None takes for every fuse the latest session it judged.
    """
    t = FUSE_VERDICTS
    wanted = sa.select(t).where(t.c.universe == universe)
    if as_of is not None:
        wanted = wanted.where(t.c.as_of == as_of)
    rows = _rows(engine, "reading fuse verdicts", wanted.order_by(t.c.guards, t.c.fuse, t.c.as_of, t.c.id))
    return list({(row["guards"], row["fuse"]): row for row in rows}.values())


def record_snapshot(engine: sa.Engine, name: str, status: str, path: str, manifest: Mapping[str, Any]) -> None:
    """Record a new snapshot.

    Raises
    ------
    StorageError
        The name is taken.
    """
    row = {"name": name, "status": status, "path": path, "manifest": dict(manifest)}
    _append(engine, SNAPSHOTS, f"recording snapshot {name}", [row], stamp="created_at")


def set_snapshot_status(engine: sa.Engine, name: str, status: str) -> None:
    """Change the status of a snapshot.

    Raises
    ------
    StorageError
        There is no such snapshot.
    """
    doing = f"marking snapshot {name} as {status}"
    with _transaction(engine, doing) as connection:
        done = connection.execute(SNAPSHOTS.update().where(SNAPSHOTS.c.name == name).values(status=status))
    if done.rowcount != 1:
        raise StorageError(doing, "there is no such snapshot", "list the snapshots and take one of those names")


def snapshots(engine: sa.Engine) -> list[Row]:
    """All snapshots, newest first."""
    return _rows(engine, "reading snapshots", sa.select(SNAPSHOTS).order_by(SNAPSHOTS.c.id.desc()))


def snapshot(engine: sa.Engine, name: str) -> Row | None:
    """The snapshot of this name, or None."""
    found = _rows(engine, f"reading snapshot {name}", sa.select(SNAPSHOTS).where(SNAPSHOTS.c.name == name))
    return found[0] if found else None


def record_accepted_run(engine: sa.Engine, run: AcceptedRun) -> None:
    """Append an accepted run."""
    _append(engine, ACCEPTED_RUNS, "recording an accepted run", [asdict(run)])


def last_accepted_run(engine: sa.Engine, universe: str, before: dt.date | None = None) -> Row | None:
    """The accepted run of the latest session (before `before`); of several for one session the one recorded last."""
    t = ACCEPTED_RUNS
    wanted = sa.select(t).where(t.c.universe == universe)
    if before is not None:
        wanted = wanted.where(t.c.as_of < before)
    newest = wanted.order_by(t.c.as_of.desc(), t.c.id.desc()).limit(1)
    found = _rows(engine, "reading accepted runs", newest)
    return found[0] if found else None


def record_table_write(engine: sa.Engine, write: TableWrite) -> None:
    """Append a write of a table."""
    _append(engine, TABLE_WRITES, f"recording a write of {write.address}", [asdict(write)])


def table_writes(engine: sa.Engine, address: str | None = None) -> list[Row]:
    """Writes, oldest first; of one table or of all."""
    t = TABLE_WRITES
    wanted = sa.select(t) if address is None else sa.select(t).where(t.c.address == address)
    return _rows(engine, "reading table writes", wanted.order_by(t.c.id))


def old_experiments(engine: sa.Engine) -> list[Row]:
    """Sweeps of the table that `governance.experiments` came after, oldest first; nothing writes there any more."""
    return _rows(engine, "reading experiments", sa.select(EXPERIMENTS).order_by(EXPERIMENTS.c.id))


def referenced_versions(engine: sa.Engine) -> dict[str, set[int]]:
    """Table address -> versions that snapshots, experiments, releases and sweeps of old refer to.

    A snapshot's `manifest["tables"]` and an experiment's conditions map addresses to versions, a release's
    `data_version` is the JSON of such a map. Events count whether they are sealed or not.
    """
    runs = sa.select(EVENTS.c.payload).where(EVENTS.c.kind == EXPERIMENT_RUN)
    named = [row["manifest"].get("tables", {}) for row in snapshots(engine)]
    named += [row["payload"]["conditions"]["data_version"] for row in _rows(engine, "reading experiments", runs)]
    named += [_old_version(row["params"]) for row in old_experiments(engine)]
    proposed = sa.select(EVENTS.c.payload).where(EVENTS.c.kind == RELEASE_PROPOSED)
    named += [versions_in(row["payload"].get("data_version")) for row in _rows(engine, "reading releases", proposed)]
    kept: dict[str, set[int]] = {}
    for versions in named:
        for address, version in versions.items():
            if version is not None:
                kept.setdefault(address, set()).add(int(version))
    return kept


def versions_in(text: object) -> dict[str, int]:
    """Table address -> version from JSON; nothing where it is none."""
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return {}
    return {str(k): v for k, v in found.items() if isinstance(v, int)} if isinstance(found, dict) else {}


def _old_version(params: Mapping[str, Any]) -> Row:
    return {f"market/{params['pool']}/bars": params.get("bars_version")} if "pool" in params else {}


def _append(engine: sa.Engine, table: sa.Table, doing: str, rows: Sequence[Row], stamp: str = "recorded_at") -> None:
    if not rows:
        return
    now = _now()
    with _transaction(engine, doing) as connection:
        connection.execute(table.insert(), [{stamp: now, **_plain(row)} for row in rows])


def _rows(engine: sa.Engine, doing: str, query: sa.Select[Any]) -> list[Row]:
    with _transaction(engine, doing) as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


@contextmanager
def _transaction(engine: sa.Engine, doing: str) -> Iterator[sa.Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except sa.exc.IntegrityError as error:
        raise StorageError(doing, one_line(error), "use a new name, or values the table allows") from error
    except sa.exc.SQLAlchemyError as error:
        raise StorageError(doing, one_line(error), "check the ops database and its disk, then run again") from error


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _plain(value: Any) -> Any:
    """The same value with numbers that are not finite as None; JSON and PostgreSQL have no NaN in documents."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value

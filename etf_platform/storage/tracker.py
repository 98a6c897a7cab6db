"""What the limit-up tracker keeps in the ops database: board, quotes, episodes, signals, scans, monitor, back-tests.

Functions that take a connection work in the caller's transaction (`outbox.transaction`), so that a scan stores all or
nothing; those that take an engine have their own. Rows come back flat: the columns, and beside them what `fields`
holds. Numbers that are not finite are stored as null. Not here: what a limit-up or a signal is.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from etf_platform.storage.opsdb import LAST_QUOTES, LIMIT_BOARD, LIMIT_EPISODES, LIMIT_SIGNALS
from etf_platform.storage.scanning import (
    Row,
    backtest,
    backtests,
    delete_backtest,
    drop_lease,
    holds_lease,
    last_scan,
    monitor,
    plain,
    put_backtest,
    record_scan,
    rows_of,
    scans,
    take_lease,
    want,
)
from etf_platform.storage.source_states import locked

__all__ = [
    "add_signals",
    "backtest",
    "backtests",
    "board",
    "count_signals",
    "delete_backtest",
    "drop_lease",
    "episodes",
    "holds_lease",
    "last_quotes",
    "last_scan",
    "monitor",
    "move_signals",
    "plain",
    "put_backtest",
    "put_episodes",
    "put_quotes",
    "quoted",
    "record_scan",
    "replace_board",
    "restate_signals",
    "scans",
    "set_outcomes",
    "signal",
    "signals",
    "standing_signals",
    "take_lease",
    "want",
]

CHUNK = 500
SHANGHAI = dt.timezone(dt.timedelta(hours=8))
STANDING = ("new", "notified")
MOVES = {
    "notified": ("new",),
    "invalidated": STANDING,
    "expired": STANDING,
    "evaluated": ("invalidated", "expired"),
}


def signals(
    engine: sa.Engine, day: dt.date | None = None, state: str | None = None, limit: int | None = 20, offset: int = 0
) -> list[Row]:
    """Signals, newest first: columns of `limit_signals` with `fields` beside them; `limit` None for all."""
    t = LIMIT_SIGNALS.c
    wanted = _chosen(sa.select(LIMIT_SIGNALS), day, state).order_by(t.created_at.desc(), t.signal_id.desc())
    return [_flat(row) for row in rows_of(engine, wanted.limit(limit).offset(offset))]


def count_signals(engine: sa.Engine, day: dt.date | None = None, state: str | None = None) -> int:
    """How many signals there are."""
    return int(
        rows_of(engine, _chosen(sa.select(sa.func.count().label("n")).select_from(LIMIT_SIGNALS), day, state))[0]["n"]
    )


def signal(engine: sa.Engine, signal_id: str) -> Row | None:
    """One signal; None where there is none of this id."""
    found = rows_of(engine, sa.select(LIMIT_SIGNALS).where(LIMIT_SIGNALS.c.signal_id == signal_id))
    return _flat(found[0]) if found else None


def add_signals(connection: sa.Connection, rows: Sequence[Mapping[str, Any]], now: dt.datetime) -> list[Row]:
    """Store signals that are not there yet, one per (trade date, stock, fund, episode).

    Parameters
    ----------
    rows : sequence of mapping
        `trade_date`, `stock`, `etf`, `episode`, `fields`.

    Returns
    -------
    list of dict
        The rows that were stored, flat, each with its `signal_id` and in state `new`.
    """
    added: list[Row] = []
    for day in sorted({row["trade_date"] for row in rows}):
        known = _signalled(connection, day)
        for row in (row for row in rows if row["trade_date"] == day):
            key = (row["stock"], row["etf"], row["episode"])
            if key not in known:
                known.add(key)
                added.append({**row, "signal_id": _signal_id(row["stock"], now, len(known))})
    marks = {"state": "new", "created_at": now, "updated_at": now}
    stored = [{**row, **marks, "fields": plain(row["fields"])} for row in added]
    if stored:
        connection.execute(LIMIT_SIGNALS.insert(), stored)
    return [_flat({**row, "outcome": None}) for row in stored]


def restate_signals(connection: sa.Connection, rows: Sequence[Mapping[str, Any]], now: dt.datetime) -> list[Row]:
    """Say signals anew that stand and were said once; what was said before is kept whole in `history`.

    Parameters
    ----------
    rows : sequence of mapping
        As for `add_signals`; those that are not there, are over, or were said anew before, are passed over.

    Returns
    -------
    list of dict
        The rows as they stand now, flat.
    """
    t, said = LIMIT_SIGNALS.c, []
    for row in rows:
        mine = sa.and_(*(t[name] == row[name] for name in ("trade_date", "stock", "etf", "episode")))
        found = connection.execute(sa.select(LIMIT_SIGNALS).where(mine, t.state.in_(STANDING))).mappings().one_or_none()
        if found is None or found["fields"].get("history"):
            continue
        fields = {**plain(row["fields"]), "history": [found["fields"]]}
        connection.execute(LIMIT_SIGNALS.update().where(mine).values(fields=fields, updated_at=now))
        said.append(_flat({**found, "fields": fields, "updated_at": now}))
    return said


def move_signals(connection: sa.Connection, ids: Collection[str], state: str, now: dt.datetime) -> list[str]:
    """Bring signals into a state, those of them that may go there (`MOVES`); their ids, in order."""
    t = LIMIT_SIGNALS.c
    moved: list[str] = []
    for part in _chunks(sorted(ids)):
        may = sa.and_(t.signal_id.in_(part), t.state.in_(MOVES[state]))
        moved += connection.scalars(sa.select(t.signal_id).where(may).order_by(t.signal_id))
    for part in _chunks(moved):
        connection.execute(LIMIT_SIGNALS.update().where(t.signal_id.in_(part)).values(state=state, updated_at=now))
    return moved


def standing_signals(connection: sa.Connection, day: dt.date | None = None) -> list[Row]:
    """Signals that are new or notified, of one trade date or all, in the order they were made."""
    t = LIMIT_SIGNALS.c
    wanted = sa.select(LIMIT_SIGNALS).where(t.state.in_(STANDING)).order_by(t.created_at, t.signal_id)
    wanted = wanted if day is None else wanted.where(t.trade_date == day)
    return [_flat(dict(row)) for row in connection.execute(wanted).mappings()]


def set_outcomes(engine: sa.Engine, outcomes: Mapping[str, Mapping[str, Any]], now: dt.datetime) -> int:
    """Store what became of signals and mark them as evaluated; a signal that still stands expires on the way.

    The state before is kept in the outcome as `was`. An outcome that is there already is replaced.

    Returns
    -------
    int
        Signals that got an outcome; unknown ids are passed over.
    """
    t, done = LIMIT_SIGNALS.c, 0
    with locked(engine, "storing outcomes of signals") as connection:
        for part in _chunks(sorted(outcomes)):
            known = sa.select(t.signal_id, t.state, t.outcome).where(t.signal_id.in_(part))
            for row in connection.execute(known).mappings().all():
                was = row["outcome"]["was"] if row["state"] == "evaluated" else row["state"]
                was = "expired" if was in ("new", "notified") else was
                values = {"state": "evaluated", "updated_at": now}
                outcome = plain({**outcomes[row["signal_id"]], "was": was})
                mine = LIMIT_SIGNALS.update().where(t.signal_id == row["signal_id"])
                done += connection.execute(mine.values(**values, outcome=outcome)).rowcount
    return done


def board(engine: sa.Engine, day: dt.date | None = None) -> list[Row]:
    """The board of a trade date, by symbol; of the last one that is stored where `day` is None."""
    t = LIMIT_BOARD.c
    which = day if day is not None else sa.select(sa.func.max(t.trade_date)).scalar_subquery()
    return [
        _flat(row) for row in rows_of(engine, sa.select(LIMIT_BOARD).where(t.trade_date == which).order_by(t.symbol))
    ]


def replace_board(connection: sa.Connection, day: dt.date, at: dt.datetime, rows: Iterable[Mapping[str, Any]]) -> None:
    """Put the board of a trade date in place of the one before; `rows` have `symbol` and the fields."""
    connection.execute(LIMIT_BOARD.delete().where(LIMIT_BOARD.c.trade_date == day))
    stored = [{"trade_date": day, "symbol": row["symbol"], "at": at, "fields": _fields(row)} for row in rows]
    if stored:
        connection.execute(LIMIT_BOARD.insert(), stored)


def last_quotes(engine: sa.Engine, symbols: Collection[str] | None = None) -> dict[str, Row]:
    """The last quote of symbols (None: all), by symbol; those without a quote are missing."""
    t, found = LAST_QUOTES.c, []
    if symbols is None:
        found = rows_of(engine, sa.select(LAST_QUOTES))
    for part in _chunks(sorted(symbols or ())):
        found += rows_of(engine, sa.select(LAST_QUOTES).where(t.symbol.in_(part)))
    return {row["symbol"]: _flat(row) for row in found}


def quoted(engine: sa.Engine) -> set[str]:
    """Symbols that were ever quoted."""
    return {row["symbol"] for row in rows_of(engine, sa.select(LAST_QUOTES.c.symbol))}


def put_quotes(connection: sa.Connection, at: dt.datetime, rows: Iterable[Mapping[str, Any]]) -> int:
    """Put quotes in place of the ones before; `rows` have `symbol` and the fields. The number stored."""
    stored = [{"symbol": row["symbol"], "at": at, "fields": _fields(row)} for row in rows]
    for part in _chunks([row["symbol"] for row in stored]):
        connection.execute(LAST_QUOTES.delete().where(LAST_QUOTES.c.symbol.in_(part)))
    if stored:
        connection.execute(LAST_QUOTES.insert(), stored)
    return len(stored)


def episodes(engine: sa.Engine, day: dt.date) -> list[Row]:
    """Episodes of a trade date, by stock and number; `ended_at` is None while the board stands."""
    t = LIMIT_EPISODES.c
    return rows_of(engine, sa.select(LIMIT_EPISODES).where(t.trade_date == day).order_by(t.stock, t.episode))


def put_episodes(connection: sa.Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Store episodes that began, and the ends of those that are known; rows as of `episodes`."""
    t = LIMIT_EPISODES.c
    for row in rows:
        mine = sa.and_(t.trade_date == row["trade_date"], t.stock == row["stock"], t.episode == row["episode"])
        done = connection.execute(LIMIT_EPISODES.update().where(mine).values(ended_at=row.get("ended_at")))
        if not done.rowcount:
            connection.execute(LIMIT_EPISODES.insert().values(**row))


def _fields(row: Mapping[str, Any]) -> Row:
    return {name: plain(value) for name, value in row.items() if name != "symbol"}


def _flat(row: Mapping[str, Any]) -> Row:
    return {**row["fields"], **{name: value for name, value in row.items() if name != "fields"}}


def _chosen(wanted: sa.Select[Any], day: dt.date | None, state: str | None) -> sa.Select[Any]:
    wanted = wanted if day is None else wanted.where(LIMIT_SIGNALS.c.trade_date == day)
    return wanted if state is None else wanted.where(LIMIT_SIGNALS.c.state == state)


def _signalled(connection: sa.Connection, day: dt.date) -> set[tuple[str, str, int]]:
    t = LIMIT_SIGNALS.c
    return {tuple(row) for row in connection.execute(sa.select(t.stock, t.etf, t.episode).where(t.trade_date == day))}


def _signal_id(stock: str, now: dt.datetime, number: int) -> str:
    """`number` counts the signals of the trade date, so that ids of one second differ."""
    return f"SIG_{now.astimezone(SHANGHAI):%Y%m%d%H%M%S}_{stock.partition('.')[0]}_{number:04d}"


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[i : i + CHUNK] for i in range(0, len(keys), CHUNK))

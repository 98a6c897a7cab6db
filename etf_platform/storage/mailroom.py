"""The outbox as people see it: lists, dead letters, another try, channels. Not here: delivery (`outbox`)."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from etf_platform.storage.opsdb import CHANNEL_STATES, OUTBOX
from etf_platform.storage.outbox import transaction

Row = dict[str, Any]


def letters(engine: sa.Engine, state: str | None = None, channel: str | None = None, limit: int = 100) -> list[Row]:
    """Letters as rows of the table `outbox`, newest first; `state` is new, sent or dead."""
    t = OUTBOX.c
    query = sa.select(OUTBOX)
    query = query if state is None else query.where(t.state == state)
    query = query if channel is None else query.where(t.channel == channel)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query.order_by(t.id.desc()).limit(limit)).mappings()]


def dead_letters(engine: sa.Engine, limit: int = 100) -> list[Row]:
    """Letters that were given up, newest first."""
    return letters(engine, state="dead", limit=limit)


def counts(engine: sa.Engine) -> dict[str, dict[str, int]]:
    """Channel -> state -> number of letters."""
    t = OUTBOX.c
    query = sa.select(t.channel, t.state, sa.func.count()).group_by(t.channel, t.state).order_by(t.channel, t.state)
    found: dict[str, dict[str, int]] = {}
    with engine.connect() as connection:
        for channel, state, number in connection.execute(query):
            found.setdefault(channel, {})[state] = number
    return found


def channel_states(engine: sa.Engine) -> list[Row]:
    """Health of every channel that was ever used: failures in a row, since when, pause, last success and error."""
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(CHANNEL_STATES)).mappings()]


def retry(engine: sa.Engine, now: dt.datetime, ids: Sequence[int] | None = None) -> int:
    """Give dead letters (all, or these ids) a new life from `now` on, and end pauses of their channels.

    Returns
    -------
    int
        Letters that are due again.
    """
    t = OUTBOX.c
    lost = t.state == "dead" if ids is None else sa.and_(t.state == "dead", t.id.in_(ids))
    with transaction(engine) as connection:
        channels = list(connection.scalars(sa.select(t.channel).where(lost).distinct()))
        fresh = {"state": "new", "attempts": 0, "next_try": now, "batch": None, "created_at": now}
        revived = connection.execute(OUTBOX.update().where(lost).values(**fresh)).rowcount
        idle = CHANNEL_STATES.update().where(CHANNEL_STATES.c.channel.in_(channels))
        connection.execute(idle.values(paused_until=None))
    return revived

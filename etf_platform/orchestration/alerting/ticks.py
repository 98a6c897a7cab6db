"""Heartbeats: when each watch last looked, and what its last look raised; kept in the cursors of the ops database."""

import datetime as dt
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa

PREFIX = "tick/"
LONGEST_ERROR = 500


@dataclass(frozen=True)
class Tick:
    """The last look of one watch.

    Attributes
    ----------
    first, at : datetime
        When it looked for the first and the last time.
    error : str
        What the last look raised; empty when it ended well.
    """

    first: dt.datetime
    at: dt.datetime
    error: str = ""


def record_tick(connection: "sa.Connection", watch: str, now: dt.datetime, error: BaseException | None) -> None:
    """Write down that a watch looked, in the caller's transaction; secrets in the error's text are masked."""
    from etf_platform.storage import outbox

    name = PREFIX + watch
    held = outbox.read_cursor(connection, name)
    first = json.loads(held)["first"] if held else now.isoformat()
    text = "" if error is None else _plain(error)
    values = {"first": first, "at": now.isoformat(), "error": text}
    outbox.write_cursor(connection, name, json.dumps(values, ensure_ascii=False), now)


def read_ticks(engine: "sa.Engine", watches: Collection[str]) -> dict[str, Tick]:
    """The last tick of each of these watches that ever looked."""
    from etf_platform.storage import outbox

    with engine.connect() as connection:
        held = {name: outbox.read_cursor(connection, PREFIX + name) for name in watches}
    return {name: _tick(json.loads(value)) for name, value in held.items() if value is not None}


def troubles(ticks: Mapping[str, Tick], seconds: Mapping[str, float], now: dt.datetime, missed: int) -> dict[str, str]:
    """One sentence for every watch that raised, or has not looked for `missed` of its intervals.

    Parameters
    ----------
    seconds : mapping
        Interval of every watch that should look. One that never did counts from the first tick of any watch.
    """
    start = min((tick.first for tick in ticks.values()), default=now)
    found: dict[str, str] = {}
    for name, interval in seconds.items():
        tick = ticks.get(name, Tick(start, start))
        silent = (now - tick.at).total_seconds()
        if tick.error:
            found[name] = f"its last look, at {tick.at:%Y-%m-%d %H:%M:%S} UTC, raised {tick.error}"
        elif silent > missed * interval:
            found[name] = f"it has not looked for {silent:.0f} s; it should every {interval:.0f} s"
    return found


def _tick(values: Mapping[str, str]) -> Tick:
    return Tick(
        dt.datetime.fromisoformat(values["first"]), dt.datetime.fromisoformat(values["at"]), values.get("error", "")
    )


def _plain(error: BaseException) -> str:
    from etf_platform.core.secrets import Secrets

    text = f"{type(error).__name__}: {error}"
    return Secrets.from_env().mask(" ".join(text.split()))[:LONGEST_ERROR]

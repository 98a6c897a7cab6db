"""What a watch is, and one tick of it: look, then keep events and memory in one transaction.

Dagster's own sensor cursor is not used: it lives in another database, and a process that dies between the two would
lose an event or tell it twice.
"""

import datetime as dt
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from etf_platform.alerts.events import Event
from etf_platform.orchestration.alerting.ticks import record_tick
from etf_platform.orchestration.platform import Platform

if TYPE_CHECKING:
    from etf_platform.alerts.post import Desk

Memory = Mapping[str, Any]

PREFIX = "watch/"
LONGEST_SECONDS = 10.0  # of one tick; Dagster gives a sensor 60


@dataclass(frozen=True)
class Scene:
    """What a watch may look at; `now` is aware."""

    platform: Platform
    instance: dg.DagsterInstance
    now: dt.datetime

    @property
    def looks_back_to(self) -> dt.datetime:
        """Where a first look begins: what happened before is not told."""
        return self.now - dt.timedelta(hours=self.platform.config.alerts.sensors.look_back_hours)


@dataclass(frozen=True)
class Sight:
    """What one look found.

    Attributes
    ----------
    events : tuple of Event
        To be told, oldest first.
    memory : mapping
        Plain values that the next look is handed.
    has_more : bool
        Whether there is more to be seen at once.
    """

    events: tuple[Event, ...]
    memory: Memory
    has_more: bool = False


@dataclass(frozen=True)
class Watch:
    """One thing that is looked after.

    Attributes
    ----------
    look : callable
        From a scene and the memory ({} at first) to what is to be told and remembered; writes nothing.
    """

    name: str
    look: Callable[[Scene, Memory], Sight]


@dataclass(frozen=True)
class Told:
    """What a tick did: events found, letters put into the outbox."""

    events: int = 0
    letters: int = 0


class noting:
    """Write down that a sensor worked or what it raised; the error goes on."""

    def __init__(self, sensor: str, scene: Scene) -> None:
        self._sensor, self._scene = sensor, scene

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from etf_platform.storage import outbox

        with outbox.transaction(self._scene.platform.ops) as connection:
            record_tick(connection, self._sensor, self._scene.now, error)


def tick(watch: Watch, scene: Scene, desk: "Desk") -> Told:
    """Look until there is no more to see, or the time is over; each look is one transaction of its events and memory.

    A look of another process that came in between wins: this one's is dropped whole, and nothing is told twice.
    """
    told = Told()
    with noting(watch.name, scene):
        end, has_more = time.monotonic() + LONGEST_SECONDS, True
        while has_more and time.monotonic() < end:
            events, letters, has_more = _look_once(watch, scene, desk)
            told = Told(told.events + events, told.letters + letters)
    return told


def _look_once(watch: Watch, scene: Scene, desk: "Desk") -> tuple[int, int, bool]:
    from etf_platform.alerts.post import post
    from etf_platform.storage import outbox

    name, engine = PREFIX + watch.name, scene.platform.ops
    with engine.connect() as connection:
        before = outbox.read_cursor(connection, name)
    sight = watch.look(scene, json.loads(before) if before else {})
    after = json.dumps(dict(sight.memory), sort_keys=True, ensure_ascii=False)
    if not sight.events and after == before:
        return 0, 0, sight.has_more
    with outbox.transaction(engine) as connection:
        if outbox.read_cursor(connection, name) != before:
            return 0, 0, False
        letters = post(connection, sight.events, desk, scene.now, (name, after))
    return len(sight.events), letters, sight.has_more

"""Watches deadlines: what a job should have made of a session, by the clock of the job's own exchange.

A job that has never made anything on this home is not waited for. Not here: why it is late, which runs and checks tell.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from etf_platform.alerts.events import Event
from etf_platform.core.config.strict import ScheduleConfig
from etf_platform.orchestration.alerting import telling
from etf_platform.orchestration.alerting.watch import Memory, Scene, Sight, Watch
from etf_platform.orchestration.assets import asset_key, steps_of
from etf_platform.orchestration.graph_operations import JOB, PORTFOLIO_JOB, WEEKLY
from etf_platform.orchestration.jobs import job_of
from etf_platform.orchestration.platform import Platform

KEPT = 20  # sessions for which something late is waited for
NEXT_MORNING = (JOB, PORTFOLIO_JOB)
LATE, MISSING = "late", "missing"


@dataclass(frozen=True)
class Duty:
    """What one job owes of every session of one universe.

    Attributes
    ----------
    at : ScheduleConfig
        When the job starts; the deadline is `grace_minutes` later.
    is_next_day : bool
        It starts on the session after the one that it is about.
    """

    job: str
    universe: str
    at: ScheduleConfig
    keys: tuple[dg.AssetKey, ...]
    is_next_day: bool = False

    @property
    def name(self) -> str:
        """`<job>/<universe>`."""
        return f"{self.job}/{self.universe}"


def duties(platform: Platform) -> Iterator[Duty]:
    """One per job and universe that has daily partitions; a week's documents have no deadline."""
    owed: dict[tuple[str, str], list[dg.AssetKey]] = {}
    for universe, step in steps_of(platform):
        if step.is_partitioned and step.job != WEEKLY:
            owed.setdefault((job_of(step, universe), universe), []).append(asset_key(step.address, universe))
    for (job, universe), keys in owed.items():
        yield Duty(job, universe, _start(platform, job, universe), tuple(keys), job in NEXT_MORNING)


def _start(platform: Platform, job: str, universe: str) -> ScheduleConfig:
    """When a job of a universe starts."""
    config = platform.config
    if job in NEXT_MORNING:
        return config.governance.daily
    if universe == config.scoring.universe:
        return config.scoring.schedule
    declared = config.universes.universes.get(universe)
    return declared.schedule if declared else config.platform.schedule


def look(scene: Scene, memory: Memory) -> Sight:
    """Sessions whose deadline has passed, and earlier ones that were late."""
    kept: dict[str, Any] = {}
    events: list[Event] = []
    for duty in duties(scene.platform):
        held = memory.get(duty.name, {})
        if held or _has_started(scene, duty):
            kept[duty.name], told = _look_at(scene, duty, held)
            events += told
    return Sight(tuple(events), kept)


def due_sessions(scene: Scene, duty: Duty) -> list[str]:
    """The last sessions whose deadline has passed, ascending."""
    config = scene.platform.config
    grace = dt.timedelta(minutes=config.alerts.sensors.grace_minutes)
    days = scene.platform.sessions(duty.universe).index
    around = (scene.now.date() + dt.timedelta(days=shift) for shift in (-45, 2))
    known = [day.date() for day in days[slice(*(days.searchsorted(str(day)) for day in around))]]
    first = dt.date.fromisoformat(config.platform.first_partition)
    starts = zip(known, known[1:] if duty.is_next_day else known, strict=False)
    due = [day for day, start in starts if day >= first and deadline(start, duty.at, grace) <= scene.now]
    return [day.isoformat() for day in due[-KEPT:]]


def deadline(day: dt.date, at: ScheduleConfig, grace: dt.timedelta) -> dt.datetime:
    """When the work of a session must be done."""
    return dt.datetime(day.year, day.month, day.day, at.hour, at.minute, tzinfo=ZoneInfo(at.timezone)) + grace


def _look_at(scene: Scene, duty: Duty, held: Memory) -> tuple[dict[str, Any], list[Event]]:
    due, late = due_sessions(scene, duty), dict(held.get("late", {}))
    last = held.get("due", due[-2] if len(due) > 1 else "")
    waited = [*(day for day in late if day in due), *(day for day in due if day > last)]
    after: dict[str, str] = {}
    events: list[Event] = []
    for day in waited:
        absent = _absent(scene, duty.keys, day)
        state = (MISSING if day < due[-1] else LATE) if absent else ""
        if state:
            after[day] = state
        if state and state != late.get(day):
            events.append(telling.partitions_late(scene, duty.job, duty.universe, day, absent, state == MISSING))
        if not state and day in late:
            events.append(telling.partitions_arrived(scene, duty.job, duty.universe, day))
    return {"due": due[-1] if due else last, "late": after}, events


def _absent(scene: Scene, keys: Sequence[dg.AssetKey], day: str) -> list[str]:
    return [key.to_user_string() for key in keys if not _is_made(scene.instance, key, day)]


def _is_made(instance: dg.DagsterInstance, key: dg.AssetKey, day: str) -> bool:
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[day])
    return bool(instance.fetch_materializations(wanted, limit=1).records)


def _has_started(scene: Scene, duty: Duty) -> bool:
    return any(scene.instance.get_latest_materialization_event(key) is not None for key in duty.keys)


WATCH = Watch("lateness", look)

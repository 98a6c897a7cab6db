"""Watches what runs out: the exchange calendars and the disk."""

import shutil
from pathlib import Path
from typing import Any

from etf_platform.alerts.events import Event
from etf_platform.orchestration.alerting import telling
from etf_platform.orchestration.alerting.watch import Memory, Scene, Sight, Watch
from etf_platform.orchestration.platform import PORTFOLIO

STEPS = (20, 10, 5, 3, 2, 1, 0)  # sessions left at which a calendar's end is told again
HYSTERESIS = 1.2  # a disk has recovered with a fifth more free space than the limit


def look(scene: Scene, memory: Memory) -> Sight:
    """The calendar of every exchange in use, and the free space where the home lies."""
    known: dict[str, Any] = dict(memory)
    events = [*_calendars(scene, known), *_disk(scene, known)]
    return Sight(tuple(events), known)


def _calendars(scene: Scene, known: dict[str, Any]) -> list[Event]:
    config, events = scene.platform.config, []
    by_exchange = {scene.platform.exchange(u): u for u in (*config.universes.universes, *config.pools, PORTFOLIO)}
    for exchange, universe in sorted(by_exchange.items()):
        sessions = scene.platform.sessions(universe)
        warning = sessions.end_warning(scene.now.date(), config.platform.calendar.warn_sessions)
        name = f"calendar/{exchange}"
        if warning is None:
            known.pop(name, None)
            continue
        step = rung(sessions.sessions_left(scene.now.date()), config.platform.calendar.warn_sessions)
        end = f"{sessions.last_known.date()}/{step}"
        if known.get(name) != end:
            known[name] = end
            events.append(telling.calendar_ends(scene, exchange, end, warning))
    return events


def rung(left: int, first: int) -> int:
    """The step of the ladder (`first`, 20, 10, 5, 3, 2, 1, 0) that `left` sessions have come down to."""
    return min(step for step in (first, *STEPS) if step >= min(left, first))


def _disk(scene: Scene, known: dict[str, Any]) -> list[Event]:
    usage = shutil.disk_usage(_existing(scene.platform.workspace.home))
    share, limit = usage.free / usage.total, scene.platform.config.alerts.sensors.min_free_share
    was_low = "disk" in known
    if share < limit and not was_low:
        known["disk"] = scene.now.isoformat()
        return [telling.disk_low(scene, usage.free, share, limit)]
    if was_low and share > min(limit * HYSTERESIS, 1.0):
        return [telling.disk_recovered(scene, known.pop("disk"), usage.free, share)]
    return []


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


WATCH = Watch("limits", look)

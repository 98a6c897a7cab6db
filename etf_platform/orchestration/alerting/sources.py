"""Watches network sources: switched, exhausted, back again, and restated history, as the market layer recorded it."""

from etf_platform.alerts.events import Event
from etf_platform.orchestration.alerting import telling
from etf_platform.orchestration.alerting.watch import Memory, Scene, Sight, Watch

BATCH = 200


def look(scene: Scene, memory: Memory) -> Sight:
    """Events recorded since the last look; a first look begins `look_back_hours` ago."""
    from etf_platform.storage import source_states

    engine = scene.platform.ops
    found = source_states.source_events(engine, int(memory.get("after", 0)), BATCH)
    oldest = scene.looks_back_to
    events: list[Event] = [
        telling.source_changed(scene, row) for row in found if "after" in memory or row["recorded_at"] >= oldest
    ]
    restated = [row for row in source_states.restatements(engine) if row["id"] > int(memory.get("restated", 0))]
    events += [telling.history_restated(scene, row) for row in restated if row["found_at"] >= oldest]
    after = found[-1]["id"] if found else int(memory.get("after", 0))
    last = max([int(memory.get("restated", 0)), *(row["id"] for row in restated)])
    return Sight(tuple(events), {"after": after, "restated": last}, has_more=len(found) == BATCH)


WATCH = Watch("sources", look)

"""Watches runs that ended in failure: of schedules, backfills, the UI and the command line, each told once."""

import dagster as dg

from etf_platform.alerts.events import Event
from etf_platform.orchestration.alerting import telling
from etf_platform.orchestration.alerting.reading import EventLog, Stored, place_of, start_of
from etf_platform.orchestration.alerting.watch import Memory, Scene, Sight, Watch

BATCH = 50
FAILED = dg.DagsterEventType.RUN_FAILURE
STEP_FAILED = dg.DagsterEventType.STEP_FAILURE
MOST_STEPS = 10


def look(scene: Scene, memory: Memory) -> Sight:
    """Runs whose failure was stored since the last look."""
    log = EventLog(scene.instance)
    after = start_of(log, memory, (FAILED,), scene)
    found = log.after(FAILED, after, BATCH, scene.now)
    events = tuple(_told(scene, stored) for stored in found)
    return Sight(events, place_of(found, after), has_more=len(found) == BATCH)


def _told(scene: Scene, stored: Stored) -> Event:
    run = scene.instance.get_run_by_id(stored.entry.run_id)
    return telling.run_failed(scene, stored, run, problems(scene.instance, stored.entry.run_id))


def problems(instance: dg.DagsterInstance, run_id: str) -> list[tuple[str, str]]:
    """(step, sentence) of the first failed steps of a run; [] when it died without one."""
    entries = instance.all_logs(run_id, of_type=STEP_FAILED)[:MOST_STEPS]
    failures = [entry.dagster_event for entry in entries if entry.dagster_event]
    return [(_address(failure.step_key), sentence(failure)) for failure in failures]


def sentence(event: dg.DagsterEvent) -> str:
    """Why a step failed: the description of a `Failure`, the checks that stopped it, or the innermost error."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    if error is not None and error.cls_name == "DagsterAssetCheckFailedError":
        return "stopped by " + ", ".join(line.strip() for line in error.message.strip().splitlines()[1:])
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error else "failed without a message"


def _address(step_key: str | None) -> str:
    return (step_key or "").replace("__", "/")


WATCH = Watch("runs", look)

"""Watches asset-check evaluations: every one that does not pass is told once, and the pass that ends it."""

from typing import Any

import dagster as dg

from etf_platform.alerts.events import Event
from etf_platform.core.states import State
from etf_platform.orchestration.alerting import telling
from etf_platform.orchestration.alerting.reading import EventLog, Stored, place_of, start_of
from etf_platform.orchestration.alerting.watch import Memory, Scene, Sight, Watch

BATCH = 500
EVALUATED = dg.DagsterEventType.ASSET_CHECK_EVALUATION
OWN = "alerts"  # the heartbeat's check is told by the dispatcher, which does not depend on this watch


def look(scene: Scene, memory: Memory) -> Sight:
    """Evaluations stored since the last look: by runs of any job, by the command line, or reported without a run."""
    log = EventLog(scene.instance)
    after = start_of(log, memory, (EVALUATED,), scene)
    found = log.after(EVALUATED, after, BATCH, scene.now)
    failing: dict[str, Any] = dict(memory.get("failing", {}))
    events = [event for stored in found if (event := _told(scene, stored, failing)) is not None]
    return Sight(tuple(events), {**place_of(found, after), "failing": failing}, has_more=len(found) == BATCH)


def state_of(evaluation: dg.AssetCheckEvaluation) -> State:
    """PASS, WARN, FAIL or BLOCKED: what our fuses say in metadata, else by severity."""
    if evaluation.passed:
        return State.PASS
    said = evaluation.metadata.get("state")
    if said is not None and str(said.value) in State.__members__:
        return State(str(said.value))
    return State.WARN if evaluation.severity is dg.AssetCheckSeverity.WARN else State.FAIL


def _told(scene: Scene, stored: Stored, failing: dict[str, Any]) -> Event | None:
    """The event of one evaluation, None for a pass that ends nothing; keeps `failing` up to date."""
    event = stored.entry.dagster_event
    evaluation = event.event_specific_data if event else None
    if not isinstance(evaluation, dg.AssetCheckEvaluation) or evaluation.asset_key.path[0] == OWN:
        return None
    state = state_of(evaluation)
    name = f"{evaluation.asset_key.to_user_string()}:{evaluation.check_name}"
    if state is not State.PASS:
        failing.setdefault(name, {"since": stored.at.isoformat(), "state": str(state)})
        failing[name]["state"] = str(state)
        return telling.check_failed(scene, stored, evaluation, state)
    ended = failing.pop(name, None)
    return None if ended is None else telling.check_recovered(scene, stored, evaluation, ended)


WATCH = Watch("checks", look)

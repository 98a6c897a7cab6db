"""Dagster's side of the watches: one sensor each, and the dispatcher, which delivers what is due.

Not here: what is looked at, and what is told.
"""

import datetime as dt

import dagster as dg

from etf_platform.orchestration.alerting.heartbeat import DISPATCH, intervals, show
from etf_platform.orchestration.alerting.heartbeat import WATCH as HEARTBEAT
from etf_platform.orchestration.alerting.watch import Scene, Watch, noting, tick
from etf_platform.orchestration.platform import Platform, resolve

DAEMON_ROUND = 5  # seconds from one round of Dagster's sensor daemon to the next
WATCHED = {
    "runs": "Runs that failed, however they were started, each once.",
    "checks": "Check evaluations that failed or warned, each once, and those that pass again.",
    "sources": "Sources that were switched, ran out or came back, and restated history.",
    "signals": "Signal reports of the strategies that alerts.yaml lists, and the market report, each session's once.",
    "lateness": "Partitions that are not there at their deadline, and those that came after all.",
    "limits": "The end of the exchange calendars, and the free space on the disk.",
}


def watch_of(name: str) -> Watch:
    """The watch of this name, imported now: loading the code location must not import its libraries."""
    found: Watch = resolve(f"etf_platform.orchestration.alerting.{name}:WATCH")  # type: ignore[assignment]
    return found


def build_alert_sensors(platform: Platform) -> list[dg.SensorDefinition]:
    """One sensor per watch, and the dispatcher."""
    seconds = intervals(platform)
    watching = [_watching(name, sentence, int(seconds[name])) for name, sentence in WATCHED.items()]
    return [*watching, _dispatching(int(seconds[DISPATCH]))]


def least_seconds(interval: int) -> int:
    """What Dagster must be asked for, so that the next look comes within the interval.

    Dagster looks in the first round of its daemon after the minimum that it is given: asked for 10 s, in 10 to 15.
    """
    return max(1, interval - DAEMON_ROUND)


def watch_once(name: str, scene: Scene) -> str:
    """One tick of a watch, and delivery at once if it found something; one sentence on what was done.

    What cannot be delivered now is left to the dispatcher.
    """
    from etf_platform.orchestration.alerting.deliver import deliver, desk_of, sentence_of

    told = tick(watch_of(name), scene, desk_of(scene.platform))
    said = f"{told.events} event(s), {told.letters} letter(s) for the outbox"
    if not told.letters:
        return said
    return f"{said}; {sentence_of(deliver(scene.platform, scene.platform.config.alerts.sensors.dispatch_seconds))}"


def dispatch_once(scene: Scene) -> str:
    """Deliver what is due, then tell of broken sensors, then show the heartbeat; one sentence on what was done.

    Delivery comes first: nothing that a watch does wrong can hold it up.
    """
    from etf_platform.orchestration.alerting.deliver import deliver, desk_of, sentence_of

    with noting(DISPATCH, scene):
        done = deliver(scene.platform, scene.platform.config.alerts.sensors.dispatch_seconds)
        tick(HEARTBEAT, scene, desk_of(scene.platform))
        show(scene)
    return sentence_of(done)


def _watching(name: str, sentence: str, seconds: int) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"alerts_{name}",
        description=sentence,
        minimum_interval_seconds=least_seconds(seconds),
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"platform"},
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason(watch_once(name, scene_of(context)))

    return sensor


def _dispatching(seconds: int) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"alerts_{DISPATCH}",
        description="Delivers what is due in the outbox, and tells of sensors that do not work.",
        minimum_interval_seconds=least_seconds(seconds),
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"platform"},
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason(dispatch_once(scene_of(context)))

    return sensor


def scene_of(context: dg.SensorEvaluationContext) -> Scene:
    """What the sensors look at, now."""
    return Scene(context.resources.platform, context.instance, dt.datetime.now(dt.UTC))

"""Who watches the watchers: the asset and check `alerts/platform/heartbeat`, and the watch of the sensors.

The dispatcher runs this watch itself, so that a sensor that does not work cannot hide it; and it shows the asset
without starting a run.
"""

import datetime as dt
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from etf_platform.core.config.models import LiveSource
from etf_platform.core.states import State
from etf_platform.orchestration import metadata
from etf_platform.orchestration.alerting.keys import HEARTBEAT as HEARTBEAT_KEY
from etf_platform.orchestration.alerting.ticks import Tick, read_ticks, troubles
from etf_platform.orchestration.alerting.watch import Memory, Scene, Sight, Watch
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome
from etf_platform.orchestration.tracking import SENSOR as MONITOR

if TYPE_CHECKING:
    import pandas as pd

CHECK = "sensors_work"
SENTENCE = "Every sensor of the alerts looks at its interval, and its last look ended well."
DISPATCH = "dispatch"
SHOWN_AGAIN = dt.timedelta(hours=1)
MOST_DEAD = 50


def intervals(platform: Platform) -> dict[str, float]:
    """Seconds between two looks of every sensor: watches, dispatcher, closing, a live source's monitor."""
    seconds = {name: float(value) for name, value in platform.config.alerts.sensors.seconds.model_dump().items()}
    if isinstance(platform.source, LiveSource):
        seconds[MONITOR] = float(platform.config.arbitrage.strategy.scan_interval)
    return seconds


def look(scene: Scene, memory: Memory) -> Sight:
    """Sensors that stopped working since the last look, and those that work again; never the dispatcher's own state."""
    from etf_platform.orchestration.alerting import telling

    found = _troubles(scene.platform, scene.now)
    found.pop(DISPATCH, None)
    open_ones: dict[str, str] = dict(memory.get("open", {}))
    events = [telling.sensor_failed(scene, name, why) for name, why in found.items() if name not in open_ones]
    events += [telling.sensor_recovered(scene, n, why) for n, why in open_ones.items() if n not in found]
    return Sight(tuple(events), {"open": {name: open_ones.get(name, why) for name, why in found.items()}})


WATCH = Watch("heartbeat", look)


def build_heartbeat(platform: Platform) -> tuple[dg.AssetsDefinition, dg.AssetChecksDefinition]:
    """The asset, which shows sensors, channels and dead letters, and its check."""

    @dg.asset(
        key=HEARTBEAT_KEY,
        description="Sensors of the alerts with their last look, channels with their health, letters that are dead.",
        group_name="alerts",
        owners=list(platform.config.platform.owners),
        kinds={"python"},
        required_resource_keys={"platform"},
    )
    def heartbeat(context) -> dg.MaterializeResult:  # type: ignore[no-untyped-def]
        return dg.MaterializeResult(metadata=shown(context.resources.platform, dt.datetime.now(dt.UTC)))

    @dg.asset_check(asset=HEARTBEAT_KEY, name=CHECK, description=SENTENCE, required_resource_keys={"platform"})
    def sensors_work(context) -> dg.AssetCheckResult:  # type: ignore[no-untyped-def]
        state, reason = judged(context.resources.platform, dt.datetime.now(dt.UTC))
        return dg.AssetCheckResult(**_verdict(state, reason))

    return heartbeat, sensors_work


def judged(platform: Platform, now: dt.datetime) -> tuple[State, str]:
    """BLOCKED when no sensor has ever looked, FAIL when one does not work, WARN while letters are dead, else PASS."""
    if not read_ticks(platform.ops, intervals(platform)):
        return State.BLOCKED, "no sensor has looked yet; start the daemon with `etf-platform ui`"
    if found := _troubles(platform, now):
        return State.FAIL, "; ".join(f"{name}: {why}" for name, why in found.items())
    if dead := _number_dead(platform):
        return State.WARN, f"{dead} letter(s) could not be delivered: etf-platform notify list --state dead"
    return State.PASS, ""


def show(scene: Scene) -> bool:
    """Report asset and check without a run when the verdict changed, and every hour; True when it was reported."""
    from etf_platform.storage import outbox

    state, reason = judged(scene.platform, scene.now)
    with scene.platform.ops.connect() as connection:
        held = json.loads(outbox.read_cursor(connection, "heartbeat/shown") or "{}")
    is_fresh = held and scene.now - dt.datetime.fromisoformat(held["at"]) < SHOWN_AGAIN
    if is_fresh and held["state"] == str(state):
        return False
    scene.instance.report_runless_asset_event(
        dg.AssetMaterialization(HEARTBEAT_KEY, metadata=shown(scene.platform, scene.now), description=reason or None)
    )
    scene.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(asset_key=HEARTBEAT_KEY, check_name=CHECK, **_verdict(state, reason))
    )
    with outbox.transaction(scene.platform.ops) as connection:
        value = json.dumps({"at": scene.now.isoformat(), "state": str(state)})
        outbox.write_cursor(connection, "heartbeat/shown", value, scene.now)
    return True


def shown(platform: Platform, now: dt.datetime) -> dict[str, Any]:
    """Metadata of the asset: sensors, channels, and letters that are dead (newest first), as tables."""
    from etf_platform.storage import mailroom

    frames = {"sensors": sensor_rows(platform, now), "channels": _channels(platform), "dead letters": _dead(platform)}
    waiting = sum(states.get("new", 0) for states in mailroom.counts(platform.ops).values())
    facts = {"letters waiting": waiting, "letters dead": _number_dead(platform), "looked at": f"{now:%F %T} UTC"}
    return metadata.of_run(Outcome(facts=facts, frames=frames))


def sensor_rows(platform: Platform, now: dt.datetime) -> "pd.DataFrame":
    """One row per sensor: interval, last look, what is wrong."""
    import pandas as pd

    ticks, wrong = read_ticks(platform.ops, intervals(platform)), _troubles(platform, now)
    return pd.DataFrame([_row(n, s, ticks.get(n), wrong.get(n, "")) for n, s in intervals(platform).items()])


def _row(name: str, seconds: float, tick: Tick | None, wrong: str) -> dict[str, object]:
    last = f"{tick.at:%Y-%m-%d %H:%M:%S} UTC" if tick else "never"
    return {"sensor": name, "every [s]": int(seconds), "last look": last, "what is wrong": wrong}


def _channels(platform: Platform) -> "pd.DataFrame":
    import pandas as pd

    from etf_platform.storage import mailroom

    counted = mailroom.counts(platform.ops)
    health = {row["channel"]: row for row in mailroom.channel_states(platform.ops)}
    names = sorted({*counted, *health})
    return pd.DataFrame([{"channel": n, **_numbers(counted.get(n, {})), **_health(health.get(n))} for n in names])


def _numbers(counted: Mapping[str, int]) -> dict[str, object]:
    return {state: counted.get(state, 0) for state in ("new", "sent", "dead")}


def _health(row: Mapping[str, Any] | None) -> dict[str, object]:
    names = ("failures", "failing_since", "paused_until", "last_ok_at", "last_error")
    return {name: "" if row is None or row[name] is None else str(row[name]) for name in names}


def _dead(platform: Platform) -> "pd.DataFrame":
    import pandas as pd

    from etf_platform.storage import mailroom

    columns = ("id", "channel", "severity", "subject", "attempts", "created_at", "last_error")
    rows = mailroom.dead_letters(platform.ops, MOST_DEAD)
    return pd.DataFrame([{name: row[name] for name in columns} for row in rows])


def _number_dead(platform: Platform) -> int:
    from etf_platform.storage import mailroom

    return sum(states.get("dead", 0) for states in mailroom.counts(platform.ops).values())


def _troubles(platform: Platform, now: dt.datetime) -> dict[str, str]:
    due = intervals(platform)
    return troubles(read_ticks(platform.ops, due), due, now, platform.config.alerts.sensors.missed_ticks)


def _verdict(state: State, reason: str) -> dict[str, Any]:
    is_mild = state in (State.PASS, State.WARN)
    return {
        "passed": state is State.PASS,
        "severity": dg.AssetCheckSeverity.WARN if is_mild else dg.AssetCheckSeverity.ERROR,
        "description": reason or None,
        "metadata": {"state": str(state)},
    }

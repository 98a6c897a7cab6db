"""Watches reports: signals of each configured strategy, and the market report, told once per session."""

import dagster as dg

from etf_platform.alerts.events import Event
from etf_platform.orchestration.alerting import telling
from etf_platform.orchestration.alerting.reading import EventLog, Stored, place_of, start_of
from etf_platform.orchestration.alerting.watch import Memory, Scene, Sight, Watch

BATCH = 100
MADE = dg.DagsterEventType.ASSET_MATERIALIZATION
MARKET = "market"


def look(scene: Scene, memory: Memory) -> Sight:
    """Reports made since the last look.

    A report of a session older than the last closed one at the time it was made is history, and not told.
    """
    config = scene.platform.config
    keys = [dg.AssetKey(["reports", universe, "signal"]) for universe in config.universes.universes]
    keys.append(dg.AssetKey(["reports", config.scoring.universe, MARKET]))
    log = EventLog(scene.instance)
    after = start_of(log, memory, (MADE,), scene)
    assets = [key.to_string() for key in keys]
    found = log.after(MADE, after, BATCH, scene.now, assets)
    events = tuple(event for stored in found for event in _told(scene, stored))
    return Sight(events, place_of(found, after), has_more=len(found) == BATCH)


def _told(scene: Scene, stored: Stored) -> list[Event]:
    made = stored.entry.asset_materialization
    if made is None or "session" not in made.metadata:
        return []
    universe, day = made.asset_key.path[1], str(made.metadata["session"].value)
    if day < _last_closed(scene, universe, stored):
        return []
    if made.asset_key.path[-1] == MARKET:
        message = made.metadata["message"].value
        return [telling.market_report(scene.platform, universe, day, message, stored.at)]  # type: ignore[arg-type]
    wanted = scene.platform.config.alerts.signal_strategies
    texts = {label: str(value.value) for label, value in made.metadata.items() if label.count(":") == 1}
    told = []
    for label, text in texts.items():
        strategy, symbol = label.split(":")
        if strategy in wanted:
            told.append(telling.signal_report(scene.platform, universe, strategy, symbol, day, text, stored.at))
    return told


def _last_closed(scene: Scene, universe: str, stored: Stored) -> str:
    from etf_platform.orchestration.runner import latest_session

    return latest_session(scene.platform, universe, stored.at).isoformat()


WATCH = Watch("signals", look)

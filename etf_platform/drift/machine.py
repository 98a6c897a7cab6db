"""Levels of a feature over days to a stage, and stages to what is wanted: a fold, without clock or storage.

NORMAL, ALERT, DEGRADE, RETRAIN for each (strategy, feature). An episode only rises; three clean sessions end it. What
the machine decided is on record as `drift.moved`, one event per (date, strategy, feature). Not here: who halves the
exposure, opens the retrain job and freezes releases (`governance`, `orchestration`).
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import pandas as pd

from etf_platform.core.config.governance import DriftConfig
from etf_platform.core.units.event import DRIFT_MOVED, RETRAIN_CLOSED, RETRAIN_OPENED, Event

BY = "system:drift"
ALARMS = ("alert", "major")


class Stage(IntEnum):
    """How far an episode of drift has gone."""

    NORMAL = 0
    ALERT = 1
    DEGRADE = 2
    RETRAIN = 3


@dataclass(frozen=True)
class Progress:
    """Stage of one feature after a day, and the runs that led there.

    Attributes
    ----------
    alarms, majors, clean : int
        Consecutive sessions at alert or major, at major, and at stable. A day of unknown level changes none of them.
    is_accepted : bool
        A retrain was closed and the drift that led to it has not ended: it alerts, and asks for nothing more.
    """

    stage: Stage = Stage.NORMAL
    alarms: int = 0
    majors: int = 0
    clean: int = 0
    is_accepted: bool = False


@dataclass(frozen=True)
class Standing:
    """What the stages of a strategy ask for.

    Attributes
    ----------
    exposure : float
        Multiplier of the exposure.
    wants_retrain : bool
        A feature stands at RETRAIN and no retrain is open.
    wants_freeze : bool
        A feature stands at RETRAIN, or a retrain is open.
    features : mapping
        Feature -> stage, those not NORMAL.
    """

    exposure: float
    wants_retrain: bool
    wants_freeze: bool
    features: Mapping[str, Stage]


def advance(before: Progress, level: str, config: DriftConfig, retrain_closed: bool = False) -> Progress:
    """Progress after one more session.

    Parameters
    ----------
    level : str
        `stable`, `alert`, `major` or `unknown`.
    retrain_closed : bool
        A retrain of the strategy was closed since the session before.
    """
    start = Progress(is_accepted=True) if retrain_closed and before.stage is Stage.RETRAIN else before
    if level not in (*ALARMS, "stable"):
        return start
    if level == "stable":
        rested = replace(start, alarms=0, majors=0, clean=start.clean + 1)
        return Progress(clean=rested.clean) if rested.clean >= config.clean_days else rested
    majors = start.majors + 1 if level == "major" else 0
    risen = replace(start, alarms=start.alarms + 1, majors=majors, clean=0)
    return replace(risen, stage=max(start.stage, _asked(risen, config)))


def stages(levels: pd.DataFrame, config: DriftConfig, closures: Iterable[dt.date] = ()) -> pd.Series:
    """Stage after every row.

    Parameters
    ----------
    levels : DataFrame
        `date`, `feature`, `level` of one strategy, from its first judged day on; any order, one a day and feature.
    closures : iterable of date
        Sessions as of which a retrain of the strategy was closed; it counts from that session on.

    Returns
    -------
    Series of str
        With the index of `levels`.
    """
    found: dict[object, str] = {}
    closed = sorted(closures)
    for _, rows in levels.groupby("feature", sort=False):
        progress, last = Progress(), dt.date.min
        ordered = rows.sort_values("date")
        for place, date, level in zip(ordered.index, ordered["date"].dt.date, ordered["level"], strict=True):
            progress = advance(progress, level, config, any(last < day <= date for day in closed))
            found[place], last = progress.stage.name, date
    return pd.Series(found, dtype=object).reindex(levels.index)


def moves(rows: pd.DataFrame, strategy: str, recorded: Sequence[Event]) -> list[Event]:
    """Events for the stages of new rows that differ from what is on record.

    Parameters
    ----------
    rows : DataFrame
        `date`, `feature`, `level`, `stage`, `reason` of the days written.
    recorded : sequence of Event
        The ledger; other kinds and strategies are passed over.

    Returns
    -------
    list of Event
        By date and feature. A day whose move is on record already is left as it was decided then, whatever the rows say
        now; where they disagree, the next day's event sets it right.
    """
    known = {event.key: event for event in _moved(recorded, strategy)}
    events = []
    for feature, mine in rows.groupby("feature", sort=True):
        events += _feature_moves(str(feature), mine.sort_values("date"), strategy, known)
    return sorted(events, key=lambda event: (event.as_of or dt.date.min, event.key))


def recorded_stages(events: Iterable[Event], strategy: str, until: dt.date | None = None) -> dict[str, Stage]:
    """Feature -> stage after the last event up to a session; features that never moved are left out."""
    told = [event for event in _moved(events, strategy) if until is None or _day(event) <= until]
    ordered = sorted(told, key=_day)
    return {str(event.payload["feature"]): Stage[str(event.payload["to"])] for event in ordered}


def standing(events: Sequence[Event], strategy: str, config: DriftConfig, until: dt.date | None = None) -> Standing:
    """What the ledger asks for a strategy: exposure, retrain, freeze.

    Parameters
    ----------
    events : sequence of Event
        Those that count, in the order of recording. `retrain.opened` and `retrain.closed` name the strategy as subject.
    until : date, optional
        Session up to which events count.
    """
    found = {name: stage for name, stage in recorded_stages(events, strategy, until).items() if stage > Stage.NORMAL}
    worst = max(found.values(), default=Stage.NORMAL)
    is_open = _has_open_retrain(events, strategy, until)
    return Standing(
        exposure=config.degrade_exposure if worst >= Stage.DEGRADE else 1.0,
        wants_retrain=worst is Stage.RETRAIN and not is_open,
        wants_freeze=worst is Stage.RETRAIN or is_open,
        features=found,
    )


def closures(events: Iterable[Event], strategy: str) -> list[dt.date]:
    """Sessions as of which a retrain of the strategy was closed."""
    return [_day(event) for event in events if event.kind == RETRAIN_CLOSED and event.subject == strategy]


def move_key(date: dt.date, strategy: str, feature: str) -> str:
    """Key of the event of one day and feature."""
    return f"{DRIFT_MOVED}/{date.isoformat()}/{strategy}/{feature}"


def _asked(progress: Progress, config: DriftConfig) -> Stage:
    is_alert = progress.majors >= 1 or progress.alarms >= config.alert_days
    if progress.is_accepted:
        return Stage.ALERT if is_alert else Stage.NORMAL
    if progress.alarms >= config.retrain_days:
        return Stage.RETRAIN
    if progress.majors >= config.degrade_days:
        return Stage.DEGRADE
    return Stage.ALERT if is_alert else Stage.NORMAL


def _feature_moves(feature: str, rows: pd.DataFrame, strategy: str, known: Mapping[str, Event]) -> list[Event]:
    history = sorted((_day(event), str(event.payload["to"])) for event in known.values() if _of(event, feature))
    events, made = [], ""
    for date, level, stage, reason in zip(
        rows["date"].dt.date, rows["level"], rows["stage"], rows["reason"], strict=True
    ):
        before = made or next((to for day, to in reversed(history) if day < date), Stage.NORMAL.name)
        key = move_key(date, strategy, feature)
        if key in known:
            made = str(known[key].payload["to"])
        elif stage != before:
            payload = {"feature": feature, "from": before, "to": stage, "level": level, "reason": reason}
            events.append(Event(key, DRIFT_MOVED, strategy, BY, payload, as_of=date))
            made = stage
    return events


def _moved(events: Iterable[Event], strategy: str) -> list[Event]:
    return [event for event in events if event.kind == DRIFT_MOVED and event.subject == strategy]


def _of(event: Event, feature: str) -> bool:
    return event.payload["feature"] == feature


def _day(event: Event) -> dt.date:
    return event.as_of or (event.recorded_at.date() if event.recorded_at else dt.date.min)


def _has_open_retrain(events: Sequence[Event], strategy: str, until: dt.date | None) -> bool:
    is_open = False
    for event in events:
        if event.subject == strategy and (until is None or _day(event) <= until):
            is_open = event.kind == RETRAIN_OPENED or (is_open and event.kind != RETRAIN_CLOSED)
    return is_open

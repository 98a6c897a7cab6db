"""Who is told what and when: pure functions of an event and `alerts.yaml`. Not here: wording, delivery, storage."""

import datetime as dt
from collections.abc import Collection
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from etf_platform.alerts.events import Event, Kind, Severity
from etf_platform.core.config.alerts import AlertsConfig, Match, QuietHours

OUR_OWN = (Kind.UNDELIVERED, Kind.CHANNEL_DOWN, Kind.CHANNEL_RECOVERED)


def channels_for(event: Event, config: AlertsConfig, ready: Collection[str]) -> tuple[str, ...]:
    """Names of the channels that are told of an event, in the order of the routes.

    Parameters
    ----------
    ready : collection of str
        Names of the channels that can deliver now: `webhook.2` is the second URL of the channel `webhook`.

    Returns
    -------
    tuple of str
        The fallback where channels are wanted but none of them is ready; empty where nobody is to be told.
    """
    if not config.enabled:
        return ()
    wanted = config.escalation.channels if event.kind is Kind.UNDELIVERED else _routed(event, config)
    wanted = tuple(name for name in wanted if _wants(name, event, config))
    found = _ready(wanted, ready)
    return found if found or not wanted else _ready(config.fallback, ready)


def due_at(event: Event, config: AlertsConfig, now: dt.datetime) -> dt.datetime:
    """`now`, or the end of the quiet hours when these hold the event back."""
    quiet = config.quiet_hours
    if quiet is None or event.severity in quiet.through:
        return now
    return _end_of(quiet, now) or now


def _routed(event: Event, config: AlertsConfig) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for route in config.routes:
        if _fits(event, route.match):
            names.update(dict.fromkeys(route.channels))
            if route.final:
                break
    return tuple(names)


def _fits(event: Event, match: Match) -> bool:
    pairs = (
        (match.kinds, event.kind.value),
        (match.severities, event.severity.value),
        (match.owners, event.owner),
        (match.assets, event.asset),
        (match.about, event.about),
    )
    return all(_any(patterns, value) for patterns, value in pairs if patterns)


def _any(patterns: tuple[str, ...], value: str | None) -> bool:
    return value is not None and any(fnmatchcase(value, pattern) for pattern in patterns)


def _wants(name: str, event: Event, config: AlertsConfig) -> bool:
    channel = config.channels[name]
    return channel.enabled and (event.kind in OUR_OWN or event.severity.rank >= Severity(channel.minimum).rank)


def _ready(names: tuple[str, ...], ready: Collection[str]) -> tuple[str, ...]:
    return tuple(one for name in names for one in sorted(ready) if one == name or one.startswith(f"{name}."))


def _end_of(quiet: QuietHours, now: dt.datetime) -> dt.datetime | None:
    """End of the quiet hours that hold at `now`; None outside of them. They may pass midnight."""
    local = now.astimezone(ZoneInfo(quiet.timezone))
    start, end = dt.time.fromisoformat(quiet.start), dt.time.fromisoformat(quiet.end)
    clock = local.time()
    is_quiet = start <= clock < end if start <= end else clock >= start or clock < end
    if not is_quiet:
        return None
    day = local.date() + dt.timedelta(days=1 if clock >= end else 0)
    return dt.datetime.combine(day, end, local.tzinfo).astimezone(dt.UTC)

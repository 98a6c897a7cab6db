"""The monitor: whether it shall run, one tick of it, and the loop that scans in the foreground without Dagster.

A tick that fails is told and forgotten: the next one comes. Not here: what a scan does (`scan`).
"""

import datetime as dt
import threading
import time
from collections.abc import Callable
from typing import Literal

from etf_platform.core.errors import PlatformError
from etf_platform.orchestration.alerting.deliver import deliver
from etf_platform.orchestration.alerting.ticks import record_tick
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.tracking import SENSOR
from etf_platform.orchestration.tracking.scan import ScanReport, expire, scan_once
from etf_platform.storage import outbox, tracker

Wanted = Literal["running", "stopped"]
Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """This moment, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


def want(platform: Platform, wanted: Wanted, by: str, now: dt.datetime) -> str:
    """Start or stop the monitor; `started`, `already_running`, `stopped` or `not_running`."""
    changed = tracker.want(platform.ops, wanted, by, now)
    words = {"running": ("started", "already_running"), "stopped": ("stopped", "not_running")}
    return words[wanted][0 if changed else 1]


def scan_and_tell(platform: Platform, now: dt.datetime, asked_by: str) -> ScanReport:
    """A scan, and delivery of its letters at once; what cannot be delivered is left to the dispatcher."""
    report = scan_once(platform, now, asked_by)
    if report.letters:
        deliver(platform, platform.config.alerts.sensors.dispatch_seconds)
    return report


def tick(platform: Platform, now: dt.datetime, asked_by: str) -> str:
    """What the monitor does at its interval: scan, unless it is stopped; one sentence.

    That it looked, and what it raised, is noted for the check of the sensors.
    """
    error: BaseException | None = None
    try:
        held = tracker.monitor(platform.ops)
        if held["wanted"] == "stopped":
            expire(platform, now)
            return f"stopped by {held['changed_by']} at {held['changed_at']:%Y-%m-%d %H:%M:%S} UTC"
        return str(scan_and_tell(platform, now, asked_by))
    except BaseException as raised:
        error = raised
        raise
    finally:
        with outbox.transaction(platform.ops) as connection:
            record_tick(connection, SENSOR, now, error)


def watch_market(
    platform: Platform, said: Callable[[str], None], stop: threading.Event, clock: Clock = utc_now
) -> None:
    """Tick at the configured interval until `stop` is set; a tick that fails is said and the next one comes."""
    interval, last = platform.config.arbitrage.strategy.scan_interval, ""
    while not stop.is_set():
        began = time.monotonic()
        try:
            sentence = tick(platform, clock(), "monitor")
        except PlatformError as error:
            sentence = f"failed: {error}"
        kind = sentence.partition(":")[0]
        if kind in ("done", "failed") or kind != last:
            said(f"{clock():%H:%M:%S} UTC  {sentence}")
        last = kind
        stop.wait(max(0.0, interval - (time.monotonic() - began)))

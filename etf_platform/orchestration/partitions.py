"""Exchange sessions as Dagster's daily partitions.

The calendar library takes a second to import, so its closed weekdays are kept in a small file below the home, named
after the library's version and the configured further closures; the code location reads that file.
"""

import hashlib
import json
from contextlib import suppress
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import dagster as dg

from etf_platform.core.config import Config
from etf_platform.core.workspace import Workspace

Exchange = Literal["XSHG", "XNYS"]
WEEKENDS = "0 0 * * 0,6"


def session_partitions(
    workspace: Workspace, config: Config, exchange: Exchange, timezone: str
) -> dg.PartitionsDefinition:
    """Daily partitions of one exchange, from `first_partition` to the last session that the calendar knows.

    Weekends and closed weekdays are no partitions at all. A day's partition exists from its midnight on, so that the
    18:00 schedule can fill it.
    """
    first = date.fromisoformat(config.platform.first_partition)
    closed, last = _closed_weekdays(workspace, config, exchange, first)
    return dg.DailyPartitionsDefinition(
        start_date=first.isoformat(),
        end_date=(last + timedelta(days=1)).isoformat(),
        timezone=timezone,
        exclusions=[WEEKENDS, *(datetime(d.year, d.month, d.day) for d in closed)],
        end_offset=1,
    )


def weekly_partitions(
    workspace: Workspace, config: Config, exchange: Exchange, timezone: str
) -> dg.PartitionsDefinition:
    """ISO weeks of one exchange, named by their Mondays, from the week of `first_partition` on.

    A week without a session (Spring Festival) is no partition. A week's partition exists once the week is over.
    """
    first = date.fromisoformat(config.platform.first_partition)
    closed, last = _closed_weekdays(workspace, config, exchange, first)
    monday = first - timedelta(days=first.weekday())
    before = {monday + timedelta(days=i) for i in range(first.weekday())}
    return dg.TimeWindowPartitionsDefinition(
        start=monday.isoformat(),
        end=(last - timedelta(days=last.weekday()) + timedelta(days=7)).isoformat(),
        fmt="%Y-%m-%d",
        timezone=timezone,
        cron_schedule="0 0 * * 1",
        exclusions=[datetime(d.year, d.month, d.day) for d in _empty_weeks(monday, last, {*closed, *before})],
    )


def _empty_weeks(monday: date, last: date, closed: set[date]) -> list[date]:
    """Mondays of weeks all of whose weekdays are closed."""
    weeks = [monday + timedelta(days=7 * n) for n in range((last - monday).days // 7 + 1)]
    return [week for week in weeks if all(week + timedelta(days=i) in closed for i in range(5))]


def _closed_weekdays(workspace: Workspace, config: Config, exchange: Exchange, first: date) -> tuple[list[date], date]:
    extra = config.platform.calendar.extra_holidays.get(exchange, ())
    path = _cache_path(workspace, exchange, first, extra)
    if path.exists():
        stored = json.loads(path.read_text())
        return [date.fromisoformat(d) for d in stored["closed"]], date.fromisoformat(stored["last"])
    from etf_platform.market.calendar import holidays, sessions

    last = sessions(exchange, extra).last_known.date()
    closed = [d for d in holidays(exchange, first, last, extra) if d >= first]
    with suppress(OSError):  # only a cache: a home that cannot be written is reported where state is written
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"closed": [d.isoformat() for d in closed], "last": last.isoformat()}))
    return closed, last


def _cache_path(workspace: Workspace, exchange: str, first: date, extra: tuple[str, ...]) -> Path:
    key = hashlib.sha256(repr((first, extra, version("exchange_calendars"))).encode()).hexdigest()[:12]
    return workspace.home / "cache" / f"closed_{exchange}_{key}.json"

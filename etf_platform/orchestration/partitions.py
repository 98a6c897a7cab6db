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

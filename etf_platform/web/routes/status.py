"""State of the monitor, of the server and of the sources."""

import datetime as dt
from typing import Any

import pandas as pd
from fastapi import APIRouter

from etf_platform.arbitrage.clock import SHANGHAI, seconds_to_close, seconds_traded
from etf_platform.core import tables as t
from etf_platform.core.config.models import SampleSource
from etf_platform.core.errors import CalendarEndError, ConfigError, PlatformError
from etf_platform.storage import tracker, watchlist
from etf_platform.storage.source_states import source_states
from etf_platform.web.compatible import local_iso
from etf_platform.web.live import is_trading
from etf_platform.web.models import compatible, platform
from etf_platform.web.models import monitor as models
from etf_platform.web.models.paging import Limit, Offset, Page, page_of
from etf_platform.web.reading import Read, Reading
from etf_platform.web.routes.reports import todays_report
from etf_platform.web.services import Services

router = APIRouter()
LATE_AFTER = 3  # scan intervals


@router.get("/api/status", tags=["compatible"])
def status(read: Read) -> compatible.Status:
    """State of the monitor."""
    services = read.services
    last, tried = tracker.last_scan(services.ops), tracker.scans(services.ops, 1)
    wanted = tracker.monitor(services.ops)["wanted"] == "running"
    return compatible.Status(
        is_running=wanted and not is_silent(services, tried[0]["at"] if tried else None),
        is_trading_time=is_trading(services),
        watch_stocks_count=len(watchlist.read(services.watchlist).my_stocks),
        covered_etfs_count=len(covered_funds(read)),
        today_signals_count=tracker.count_signals(services.ops, services.today),
        last_scan_time=local_iso(last["at"]) if last else None,
    )


@router.get("/api/health", tags=["compatible"])
def health(read: Read) -> compatible.Health:
    """Whether the server answers, and what it knows of its sources; answers 200 even where storage does not."""
    services = read.services
    try:
        states, database = source_states(services.ops), "ok"
    except PlatformError as error:
        states, database = [], services.secrets.mask(str(error))
    lake = _lake_state(services)
    sources = {row["source"]: row["state"] for row in states}
    is_well = database == "ok" and not lake.startswith("error") and "FAILED" not in sources.values()
    return compatible.Health(
        status="healthy" if is_well else "degraded",
        timestamp=services.now().astimezone(dt.UTC).isoformat(timespec="seconds"),
        sources=sources,
        database=database,
        lake=lake,
    )


@router.get("/api/v2/monitor", tags=["tracker"])
def monitor(read: Read) -> models.Monitor:
    """The monitor, the clock of the exchange, and how the page shall behave."""
    services = read.services
    settings, row = services.config.arbitrage, tracker.monitor(services.ops)
    last, finished = tracker.scans(services.ops, 1), tracker.last_scan(services.ops)
    trading, wanted = is_trading(services), row["wanted"]
    ended = finished["at"] if finished else None
    return models.Monitor(
        wanted=wanted,
        changed_by=row["changed_by"],
        changed_at=row["changed_at"],
        is_trading=trading,
        seconds_to_close=_seconds_to_close(services),
        today=services.today,
        now=services.now(),
        last_scan=models.Scan(**last[0]) if last else None,
        last_finished=ended,
        is_late=wanted == "running" and is_silent(services, ended),
        signals_today=tracker.count_signals(services.ops, services.today),
        scan_interval=settings.strategy.scan_interval,
        refresh=settings.refresh.model_dump(),
        needs_token=not services.is_loopback,
        is_simulated=_is_simulated(services),
    )


@router.get("/api/v2/scans", tags=["tracker"])
def scans(read: Read, limit: Limit = 20, offset: Offset = 0) -> Page[models.Scan]:
    """What the last scans did, newest first; at most the last 1,000."""
    rows = tracker.scans(read.services.ops, 1_000)
    return Page[models.Scan](**page_of([models.Scan(**row) for row in rows], limit, offset))


@router.get("/api/v2/sources", tags=["tracker"])
def sources(read: Read, limit: Limit = 100, offset: Offset = 0) -> Page[models.Source]:
    """State, latency and last error of every network source that was ever asked."""
    mask = read.services.secrets.mask
    found = [
        models.Source(
            source=row["source"],
            state=row["state"],
            latency=row["seconds"],
            last_error=mask(row["last_error"]),
            retry_at=row["retry_at"],
            updated_at=row["updated_at"],
        )
        for row in source_states(read.services.ops)
    ]
    return Page[models.Source](**page_of(found, limit, offset))


@router.get("/api/v2/links", tags=["platform"])
def links(read: Read) -> platform.Links:
    """Dagster's UI, today's report, the description of this API."""
    url = read.services.actions.dagster_url()
    return platform.Links(dagster=url, report=todays_report(read.services), docs="/docs")


def covered_funds(read: Reading) -> set[str]:
    """Funds whose published holdings include a watched stock with at least the least weight."""
    services = read.services
    known = read.holdings.on(services.today)
    least = services.config.arbitrage.strategy.min_weight
    watched = watchlist.read(services.watchlist).my_stocks
    return {fund for stock in watched for fund in known.of_stock(stock.symbol, least)["symbol"]}


def is_silent(services: Services, since: dt.datetime | None) -> bool:
    """Whether the exchange trades and has traded for more than three scan intervals since a moment (None: never)."""
    if not is_trading(services):
        return False
    hours, now = services.config.arbitrage.trading_hours, services.local_now
    traded = seconds_traded(now, hours)
    if since is not None and since.astimezone(SHANGHAI).date() == now.date():
        traded -= seconds_traded(since.astimezone(SHANGHAI), hours)
    return traded > LATE_AFTER * services.config.arbitrage.strategy.scan_interval


def _seconds_to_close(services: Services) -> int | None:
    try:
        if not services.sessions(services.config.arbitrage.stocks).is_session(pd.Timestamp(services.today)):
            return None
    except CalendarEndError:
        return None
    return seconds_to_close(services.local_now, services.config.arbitrage.trading_hours)


def _lake_state(services: Services) -> str:
    try:
        return "ok" if services.lake.exists(t.BARS, services.config.arbitrage.stocks) else "empty"
    except (PlatformError, OSError) as error:
        return services.secrets.mask(f"error: {error}")


def _is_simulated(services: Services) -> bool:
    settings: Any = services.config.sources.sources.get(services.workspace.source or services.config.sources.default)
    if settings is None:
        raise ConfigError("choosing a source", f"there is no {services.workspace.source!r}", "name one of sources.yaml")
    return isinstance(settings, SampleSource)

"""The monitor, its scans and its sources: UTC, seconds; null is unknown."""

import datetime as dt
from typing import Any

from pydantic import Field

from etf_platform.web.models.paging import Answered


class Source(Answered):
    """A network source as it was last seen."""

    source: str
    state: str = Field(description="HEALTHY, DEGRADED, FAILED or DISABLED")
    latency: float | None = Field(description="smoothed duration of a request, seconds")
    last_error: str
    retry_at: dt.datetime | None = Field(description="not asked before, UTC")
    updated_at: dt.datetime | None = Field(description="UTC")


class Scan(Answered):
    """What a scan did."""

    id: int
    at: dt.datetime = Field(description="UTC")
    asked_by: str
    state: str = Field(description="done, skipped or failed")
    detail: str
    figures: dict[str, Any] = Field(description="quotes, limit-ups, signals; seconds of network and ours")


class Monitor(Answered):
    """The monitor, and how the page shall behave."""

    wanted: str = Field(description="running or stopped")
    changed_by: str
    changed_at: dt.datetime | None
    is_trading: bool
    seconds_to_close: int | None = Field(description="trading seconds; null on a day without a session")
    today: dt.date = Field(description="calendar day at the exchange")
    now: dt.datetime = Field(description="UTC")
    last_scan: Scan | None
    last_finished: dt.datetime | None = Field(description="last finished scan, UTC")
    is_late: bool = Field(description="wanted and trading, and no finished scan for three intervals of trading")
    signals_today: int
    scan_interval: int = Field(description="seconds")
    refresh: dict[str, int] = Field(description="seconds, as configured")
    needs_token: bool = Field(description="whether changing requests need the token")
    is_simulated: bool = Field(description="the installation runs on simulated data")

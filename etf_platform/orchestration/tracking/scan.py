"""A scan: look, judge, keep. The one way in for the sensor, the command line, the API and Dagster's launchpad.

Outside of the session nothing is asked and nothing stored, but signals of a session that is over expire. A scan that
fails is recorded with its sentence, and changes nothing else. Not here: when to scan (`monitor`, `sensor`).
"""

import datetime as dt
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd

from etf_platform.alerts.post import Desk
from etf_platform.arbitrage.clock import is_open, local
from etf_platform.core.config.arbitrage import Watchlist
from etf_platform.core.config.live import LiveSource
from etf_platform.core.config.load import WATCHLIST
from etf_platform.core.errors import ConfigError, PlatformError
from etf_platform.market.instruments import suffixed
from etf_platform.market.live import Wire
from etf_platform.orchestration.alerting.deliver import desk_of
from etf_platform.orchestration.live import wire_of
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.tracking.judge import Judgement, Stored, judge
from etf_platform.orchestration.tracking.keep import Kept, keep
from etf_platform.orchestration.tracking.known import Known, known_before
from etf_platform.orchestration.tracking.look import Sighting, look
from etf_platform.orchestration.tracking.silence import counted, why_silent
from etf_platform.storage import outbox, tracker, watchlist

LEASE_SECONDS = 60.0

ScanState = Literal["done", "skipped", "failed"]


@dataclass(frozen=True)
class ScanReport:
    """What became of a scan.

    Attributes
    ----------
    state : str
        `done`, `skipped` (nothing was asked, or another scanner was at work) or `failed` (no source answered).
    detail : str
        One sentence.
    figures : dict
        Numbers of quotes, boards, signals, letters, and seconds of network and ours.
    signals, invalidated : tuple of str
        Ids of signals that this scan raised, and of those that it ended.
    """

    state: ScanState
    detail: str
    at: dt.datetime
    figures: dict[str, Any] = field(default_factory=dict)
    signals: tuple[str, ...] = ()
    invalidated: tuple[str, ...] = ()

    @property
    def letters(self) -> int:
        """Letters put into the outbox."""
        return int(self.figures.get("letters", 0))

    def __str__(self) -> str:
        return f"{self.state}: {self.detail}"


def scan_once(
    platform: Platform, now: dt.datetime, asked_by: str, wire: Wire | None = None, desk: Desk | None = None
) -> ScanReport:
    """Look at the market once and store what follows, in one transaction.

    Parameters
    ----------
    now : datetime
        Aware.
    asked_by : str
        `sensor`, `api`, `cli`, `monitor` or `dagster`.
    wire, desk : Wire, Desk or None
        How the market is asked and where letters go; None takes those of the installation.

    Raises
    ------
    ConfigError
        The chosen source is no live one.
    StorageError
        The ops database cannot be used; nothing was stored.
    """
    settings = live_settings(platform)
    expire(platform, now)
    if reason := why_closed(platform, now):
        return ScanReport("skipped", reason, now)
    token = uuid.uuid4().hex
    if not tracker.take_lease(platform.ops, token, now, LEASE_SECONDS):
        return ScanReport("skipped", "another scanner is at work", now)
    try:
        return _scan(platform, now, asked_by, token, wire or wire_of(platform, settings), desk or desk_of(platform))
    except PlatformError as error:
        return _failed(platform, now, asked_by, str(error))
    finally:
        tracker.drop_lease(platform.ops, token)


def live_settings(platform: Platform) -> LiveSource:
    """Settings of the live source; raises ConfigError where the installation has another."""
    if not isinstance(platform.source, LiveSource):
        saw = f"{platform.source_name} is no live source"
        raise ConfigError("looking for limit-ups", saw, "choose a source of kind live with --source")
    return platform.source


def why_closed(platform: Platform, now: dt.datetime) -> str:
    """Why there is nothing to look at; empty within the hours of a session."""
    at, hours = local(now), platform.config.arbitrage.trading_hours
    sessions = platform.sessions(platform.config.arbitrage.stocks)
    if not sessions.is_session(at.date()):
        return f"{at:%Y-%m-%d} is no session of {sessions.exchange}"
    if not is_open(at, hours):
        shown = ", ".join("-".join(half) for half in (hours.morning, hours.afternoon))
        return f"{at:%H:%M:%S} in Shanghai is outside of the trading hours {shown}"
    return ""


def expire(platform: Platform, now: dt.datetime) -> list[str]:
    """End the signals of sessions that are over; their ids."""
    at, close = local(now), dt.time.fromisoformat(platform.config.arbitrage.trading_hours.afternoon[1])
    over = at.date() if at.time() >= close else at.date() - dt.timedelta(days=1)
    with outbox.transaction(platform.ops) as connection:
        due = [s["signal_id"] for s in tracker.standing_signals(connection) if s["trade_date"] <= over]
        return tracker.move_signals(connection, due, "expired", now)


def _scan(platform: Platform, now: dt.datetime, asked_by: str, token: str, wire: Wire, desk: Desk) -> ScanReport:
    began, day = time.perf_counter(), local(now).date()
    listed = watchlist.read(platform.workspace.config / WATCHLIST)
    known = known_before(platform, day)
    stored = Stored(tracker.episodes(platform.ops, day), tracker.signals(platform.ops, day, limit=None))
    seen = {row["stock"] for row in stored.episodes} | {row["symbol"] for row in tracker.board(platform.ops, day)}
    sighting = _look(platform, wire, known, listed, seen)
    read, watched = time.perf_counter(), frozenset(s.symbol for s in listed.my_stocks)
    if len(sighting.funds):
        stored = replace(stored, quotes=tracker.last_quotes(platform.ops, list(sighting.funds["symbol"])))
    judgement = judge(platform, sighting, known, watched, stored, now)
    silence = why_silent(judgement.states, watched, judgement.signalled(stored.signals), judgement.found.refused)
    judged = time.perf_counter()
    quiet = frozenset(s.symbol for s in listed.my_stocks if not s.alerts)
    with outbox.transaction(platform.ops) as connection:
        if not tracker.holds_lease(connection, token):
            return ScanReport("skipped", "it took so long that another scanner has taken over", now)
        kept = keep(connection, sighting, judgement, quiet, silence, desk, now, day)
        seconds = {
            "judging": judged - read,
            "database": time.perf_counter() - judged,
            "all": time.perf_counter() - began,
        }
        report = _report(platform, now, sighting, judgement, kept, silence, seconds)
        tracker.record_scan(connection, _row(report, asked_by))
    return report


def _look(platform: Platform, wire: Wire, known: Known, listed: Watchlist, seen_today: Collection[str]) -> Sighting:
    settings = platform.config.arbitrage
    mine = {s.symbol for s in listed.my_stocks} | set(seen_today)
    shown = {*settings.watch_etfs, *(suffixed(fund.code) for fund in listed.watch_etfs)}

    def stocks(pool: pd.DataFrame) -> set[str]:
        everything = set(known.stocks["symbol"]) if settings.strategy.scan_scope == "all" else set()
        return mine | set(pool["symbol"]) | everything

    def funds(stocks: Collection[str]) -> set[str]:
        return shown | known.funds_of(set(stocks), settings.strategy.min_weight)

    sessions = platform.sessions(settings.stocks)
    exist = {*known.stocks["symbol"], *platform.config.instruments.instruments, *tracker.quoted(platform.ops)}
    return look(wire, sessions, pd.Timestamp(known.day), stocks, funds, exist)


def _report(
    platform: Platform,
    now: dt.datetime,
    sighting: Sighting,
    judgement: Judgement,
    kept: Kept,
    silence: pd.Series,
    seconds: dict[str, float],
) -> ScanReport:
    states, spent = judgement.states, sighting.spent
    figures = {
        "scope": platform.config.arbitrage.strategy.scan_scope,
        "source": sighting.source,
        "stocks": len(sighting.stocks),
        "funds": len(sighting.funds),
        **{name: _count(states, name) for name in ("at_limit", "sealed", "opened")},
        "signals": len(kept.signals),
        "risen": len(kept.risen),
        "refused": counted(judgement.found.refused, silence),
        "invalidated": len(kept.invalidated),
        "letters": kept.letters,
        "gates": sighting.gates.value,
        "benchmark": dict(judgement.benchmark),
        "second_source": sighting.second.source,
        "compared": sighting.second.compared,
        "differ": sighting.second.differ,
        "requests": spent.requests,
        "seconds": {"network": spent.network, "pulling": spent.pulling, **seconds},
    }
    parts = [
        f"{len(sighting.stocks) + len(sighting.funds)} quotes of {sighting.source or 'nobody'}",
        f"{figures['at_limit']} stocks at the limit",
        f"{len(kept.signals)} new signals",
        *([f"{len(kept.risen)} became actionable"] if kept.risen else []),
        f"{len(kept.invalidated)} invalidated",
        *sighting.notes,
    ]
    ids = (tuple(row["signal_id"] for row in rows) for rows in (kept.signals, kept.invalidated))
    return ScanReport("done", "; ".join(parts), now, figures, *ids)


def _count(states: pd.DataFrame, name: str) -> int:
    return int(states[name].astype("boolean").fillna(False).sum()) if name in states else 0


def _failed(platform: Platform, now: dt.datetime, asked_by: str, sentence: str) -> ScanReport:
    report = ScanReport("failed", sentence, now)
    with outbox.transaction(platform.ops) as connection:
        tracker.record_scan(connection, _row(report, asked_by))
    return report


def _row(report: ScanReport, asked_by: str) -> dict[str, Any]:
    values = {"at": report.at, "state": report.state, "detail": report.detail, "figures": report.figures}
    return {**values, "asked_by": asked_by}

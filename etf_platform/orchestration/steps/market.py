"""The source to bars, quarantine, adjustment events and members."""

from datetime import date, timedelta

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.schema import Table
from etf_platform.market.fetch import Feed, MarketData
from etf_platform.market.fetch import load_bars as fetch_and_judge
from etf_platform.market.members import members
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables

RANGE_TABLES = (t.BARS, t.QUARANTINE, t.ADJUSTMENT_EVENTS)


def load_bars(platform: Platform, pool: str, window: Window) -> Outcome:
    """Fetch and judge the window's rows, store them, and bring the members table up to date."""
    tables = StepTables(platform, window)
    start, end = _inside_calendar(platform, pool, window)
    symbols = platform.config.pools[pool]
    loaded = fetch_and_judge(_feed(platform, pool), symbols, start, end, _reviewed(platform, pool))
    stored = _stored(platform, pool, t.BARS, start, end)
    bars = numbered_revisions(loaded.bars, stored)
    events = keep_reviews(loaded.events, _stored(platform, pool, t.ADJUSTMENT_EVENTS, start, end))
    for table, frame in zip(RANGE_TABLES, (bars, loaded.quarantine, events), strict=True):
        tables.write(table, pool, frame, start, end)
    tables.write(t.MEMBERS, pool, _members(platform, pool))
    return tables.outcome(facts=_facts(bars, loaded, symbols))


def numbered_revisions(fresh: pd.DataFrame, stored: pd.DataFrame | None) -> pd.DataFrame:
    """Fresh rows with the stored revision number, plus one where the provider has restated a value.

    `fetched_at` of an unchanged row stays as stored: nothing new was learnt.
    """
    if stored is None or stored.empty or fresh.empty:
        return fresh
    key = ["date", "symbol"]
    values = [c.name for c in t.BARS.columns if c.name not in (*key, "source", "fetched_at", "revision")]
    both = fresh.merge(stored, on=key, how="left", suffixes=("", "_stored"), indicator=True)
    is_known = (both["_merge"] == "both").to_numpy()
    same = _equal(both, values) & is_known
    result = fresh.copy()
    was = both["revision_stored"].fillna(0).astype("int64").to_numpy()
    result["revision"] = (was + (is_known & ~same)).astype("int64")
    result["fetched_at"] = both["fetched_at"].where(~same, both["fetched_at_stored"]).to_numpy()
    result["fetched_at"] = pd.to_datetime(result["fetched_at"], utc=True)
    return result


def keep_reviews(fresh: pd.DataFrame, stored: pd.DataFrame | None) -> pd.DataFrame:
    """Detected events with the status that a person has given them."""
    if stored is None or stored.empty or fresh.empty:
        return fresh
    decided = stored.set_index(["date", "symbol"])["status"]
    index = pd.MultiIndex.from_frame(fresh[["date", "symbol"]])
    return fresh.assign(status=decided.reindex(index).fillna("review").to_numpy())


def _equal(both: pd.DataFrame, values: list[str]) -> "pd.Series[bool]":
    checks = [(both[v] == both[f"{v}_stored"]) | (both[v].isna() & both[f"{v}_stored"].isna()) for v in values]
    return pd.concat(checks, axis=1).all(axis=1)


def _feed(platform: Platform, pool: str) -> Feed:
    return Feed(
        platform.source_name,
        platform.source,
        platform.workspace.data,
        platform.sessions(pool),
        platform.config.instruments.instruments,
        platform.config.fuses.max_broken_rows,
    )


def _inside_calendar(platform: Platform, pool: str, window: Window) -> tuple[date, date]:
    start = window.start or date.fromisoformat(platform.config.platform.history_start)
    end = window.end or platform.sessions(pool).previous(pd.Timestamp.now()).date()
    return min(start, end), max(end, start - timedelta(days=1))


def _reviewed(platform: Platform, pool: str) -> pd.DataFrame | None:
    stored = _stored(platform, pool, t.ADJUSTMENT_EVENTS)
    return None if stored is None else stored[stored["status"] == "accepted"]


def _stored(
    platform: Platform, pool: str, table: Table, start: date | None = None, end: date | None = None
) -> pd.DataFrame | None:
    return platform.lake.read(table, pool, start=start, end=end) if platform.lake.exists(table, pool) else None


def _members(platform: Platform, pool: str) -> pd.DataFrame:
    lake = platform.lake
    bars = lake.read(t.BARS, pool, columns=["date", "symbol", "amount"])
    return members(
        platform.config.pools[pool],
        bars,
        lake.read(t.QUARANTINE, pool),
        platform.config.instruments.instruments,
        platform.sessions(pool),
        platform.source_label,
    )


def _facts(bars: pd.DataFrame, loaded: MarketData, symbols: tuple[str, ...]) -> dict[str, object]:
    traded = set(bars["symbol"])
    return {
        "rows": len(bars),
        "quarantined rows": len(loaded.quarantine),
        "quarantine rules": ", ".join(sorted(set(loaded.quarantine["rule"]))) or "none",
        "identical repetitions dropped": loaded.n_identical,
        "adjustment events": len(loaded.events),
        "restated rows": int((bars["revision"] > 0).sum()),
        "members without rows": ", ".join(s for s in symbols if s not in traded) or "none",
    }

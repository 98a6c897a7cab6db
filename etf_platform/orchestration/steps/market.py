"""The sources of a pool or a universe to bars, quarantine, adjustment events and members."""

from datetime import date, timedelta

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.schema import Table
from etf_platform.market.fetch import Feed, MarketData, together
from etf_platform.market.fetch import load_bars as fetch_and_judge
from etf_platform.market.freshness import closed_bars, last_closed_session
from etf_platform.market.members import members
from etf_platform.orchestration.live import wire_of
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables

_NO_VERDICTS = pd.DataFrame({"symbol": pd.Series(dtype="str"), "verdict": pd.Series(dtype="str"), "rows": 0})
RANGE_TABLES = (t.BARS, t.QUARANTINE, t.ADJUSTMENT_EVENTS)


def load_bars(platform: Platform, universe: str, window: Window) -> Outcome:
    """Fetch and judge the window's rows, store them, and bring the members table up to date.

    A live source gives all its history with every answer: what it has changed outside the window is recorded.
    """
    start, end = _inside_calendar(platform, universe, window)
    if platform.source.kind == "live":
        stored = _stored(platform, universe, t.BARS)
        loaded = _fetch(platform, universe, platform.history_start(universe), max(end, _newest(stored, end)), start)
        restated = _note_restated(platform, universe, loaded, stored, window, (start, end))
        return _store(platform, universe, window, loaded.between(start, end), (start, end), restated)
    return _store(platform, universe, window, _fetch(platform, universe, start, end, start), (start, end))


def load_universe_bars(platform: Platform, universe: str, window: Window) -> Outcome:
    """As `load_bars`, and the sessions since the last stored one; everything from `history_start` on when nothing is
    stored, or when the provider restated stored rows.

    A provider of adjusted prices restates all earlier rows with every dividend, so rows of two of its files must not
    stand side by side.
    """
    start, end = _inside_calendar(platform, universe, window)
    stored = _stored(platform, universe, t.BARS)
    newest = _newest(stored, start)
    first, last = platform.history_start(universe), max(end, newest)
    loaded = _fetch(platform, universe, first, last, first if stored is None or stored.empty else start)
    if stored is None or stored.empty or _is_restated(loaded.bars, stored):
        restated = _note_restated(platform, universe, loaded, stored, window, (start, end))
        return _store(platform, universe, window, loaded, (first, last), restated)
    start = min(start, newest + timedelta(days=1))
    return _store(platform, universe, window, loaded.between(start, end), (start, end))


def _newest(stored: pd.DataFrame | None, otherwise: date) -> date:
    return otherwise if stored is None or stored.empty else stored["date"].max().date()


def _note_restated(
    platform: Platform,
    universe: str,
    loaded: MarketData,
    stored: pd.DataFrame | None,
    window: Window,
    days: tuple[date, date],
) -> str:
    """Record what the provider has changed, but for the window's own rows when nothing later was made of them."""
    if stored is None or stored.empty:
        return "none"
    from etf_platform.orchestration.revisions import find_restated, note_restated

    changes = find_restated(loaded.bars, stored)
    newest = _newest(stored, days[1])
    if newest <= days[1]:
        changes = changes[changes["date"] < pd.Timestamp(days[0])]
    noted = note_restated(platform.ops, universe, changes, max(newest, days[1]), window.run_id)
    return "none" if noted is None else f"{noted['rows']} rows from {noted['start']} on: {', '.join(noted['changes'])}"


def _store(
    platform: Platform,
    universe: str,
    window: Window,
    loaded: MarketData,
    days: tuple[date, date],
    restated: str = "none",
) -> Outcome:
    tables, (start, end) = StepTables(platform, window), days
    closed = closed_bars(loaded.bars, platform.sessions(universe), _now())
    bars = numbered_revisions(closed, _stored(platform, universe, t.BARS, start, end))
    events = keep_reviews(loaded.events, _stored(platform, universe, t.ADJUSTMENT_EVENTS, start, end))
    for table, frame in zip(RANGE_TABLES, (bars, loaded.quarantine, events), strict=True):
        tables.write(table, universe, frame, start, end)
    tables.write(t.MEMBERS, universe, _members(platform, universe))
    return tables.outcome(
        facts=_facts(bars, loaded, platform.config.members(universe))
        | {"history restated by the provider": restated}
        | dict(loaded.provenance),
        frames={"rows by symbol and verdict": verdicts(bars, loaded)},
    )


def verdicts(bars: pd.DataFrame, loaded: MarketData) -> pd.DataFrame:
    """What became of every row of the window: `symbol`, `verdict` (accepted, identical repetition, open session, or the
    rule that refused it) and `rows`.
    """
    counted = [
        bars.assign(verdict="accepted", rows=1),
        loaded.identical.assign(verdict="identical repetition dropped", rows=loaded.identical["n_dropped"]),
        loaded.quarantine.assign(verdict=loaded.quarantine["rule"], rows=1),
        loaded.bars[~loaded.bars["date"].isin(bars["date"])].assign(verdict="session still open", rows=1),
    ]
    both = pd.concat([frame[["symbol", "verdict", "rows"]] for frame in counted if len(frame)] or [_NO_VERDICTS])
    return both.groupby(["symbol", "verdict"])["rows"].sum().reset_index()


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


def _is_restated(fresh: pd.DataFrame, stored: pd.DataFrame) -> bool:
    both = fresh.merge(stored, on=["date", "symbol"], suffixes=("", "_stored"))
    return not bool(_equal(both, ["open", "high", "low", "close", "adj_factor", "source"]).all())


def _fetch(platform: Platform, universe: str, start: date, end: date, needed_from: date) -> MarketData:
    reviewed = _reviewed(platform, universe)
    by_source: dict[str, list[str]] = {}
    for symbol in platform.config.members(universe):
        by_source.setdefault(platform.source_of(universe, symbol), []).append(symbol)
    return together(
        [
            fetch_and_judge(_feed(platform, universe, name, needed_from), tuple(symbols), start, end, reviewed)
            for name, symbols in by_source.items()
        ]
    )


def _feed(platform: Platform, universe: str, source: str, needed_from: date) -> Feed:
    settings = platform.source_named(source)
    return Feed(
        source,
        settings,
        platform.workspace.data,
        platform.sessions(universe),
        platform.config.instruments.instruments,
        platform.config.fuses.max_broken_rows,
        wire_of(platform, settings) if settings.kind == "live" else None,
        platform.history_start(universe),
        needed_from,
        platform.workspace.home / "cache" / "simulated",
    )


def _inside_calendar(platform: Platform, universe: str, window: Window) -> tuple[date, date]:
    start = window.start or platform.history_start(universe)
    end = window.end or last_closed_session(platform.sessions(universe), _now()).date()
    return min(start, end), max(end, start - timedelta(days=1))


def _now() -> pd.Timestamp:
    return pd.Timestamp.now("UTC")


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
    known = members(
        platform.config.members(pool),
        bars,
        lake.read(t.QUARANTINE, pool),
        platform.config.instruments.instruments,
        platform.sessions(pool),
        platform.source_label,
    )
    return known.assign(source=[platform.label_of(platform.source_of(pool, s)) for s in known["symbol"]])


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

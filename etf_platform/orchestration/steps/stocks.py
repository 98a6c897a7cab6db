"""Stocks, the funds that hold them, the list of stocks, and holdings: sources to tables, for the limit-up tracker."""

from collections.abc import Hashable, Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.market.freshness import closed_bars, last_closed_session
from etf_platform.market.stock_bars import StockBars
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.market import numbered_revisions
from etf_platform.orchestration.steps.stock_history import Known
from etf_platform.orchestration.steps.stock_sources import (
    known_state,
    now,
    read_funds,
    read_list,
    read_reports,
    read_stocks,
)
from etf_platform.orchestration.steps.tables import StepTables

VALUES = [c.name for c in t.BARS.columns if c.name not in ("fetched_at", "revision")]


def load_stock_bars(platform: Platform, universe: str, window: Window) -> Outcome:
    """Bars of every stock that the source holds.

    Only days that are needed are read: the window's, and those since the last stored session up to which nothing is
    missing. Adjustment factors go on from there, so that a day alone and the same day in a backfill are the same rows.
    """
    start, end = _days(platform, universe, window)
    known = known_state(platform, universe, start)
    if platform.source.kind == "live":
        start = min(start, known.first)
    loaded = _years(platform, universe, known, start, end)
    tables = StepTables(platform, window)
    bars = _revised(platform, universe, loaded.bars)
    tables.write(t.BARS, universe, bars, start, end)
    tables.write(t.QUARANTINE, universe, loaded.quarantine, start, end)
    return tables.outcome(
        facts=_facts(bars, loaded.quarantine)
        | {
            "identical repetitions dropped": loaded.n_identical,
            "symbols that are no stocks": _few(loaded.strangers),
            "read from": str(known.first),
        }
    )


def load_fund_bars(platform: Platform, universe: str, window: Window) -> Outcome:
    """Bars of the watched funds and of every fund whose holdings are stored."""
    start, end = _days(platform, universe, window)
    tables = StepTables(platform, window)
    funds = set(platform.config.arbitrage.watch_etfs)
    if platform.lake.exists(t.FUND_HOLDINGS, universe):
        funds |= set(tables.read(t.FUND_HOLDINGS, universe, columns=["symbol"])["symbol"])
    loaded = read_funds(platform, universe, sorted(funds), start, end)
    bars = _revised(platform, universe, closed_bars(loaded.bars, platform.sessions(universe), now()))
    tables.write(t.BARS, universe, bars, start, end)
    tables.write(t.QUARANTINE, universe, loaded.quarantine, start, end)
    absent = sorted(funds - set(bars["symbol"]))
    facts = {"funds without rows": ", ".join(absent) or "none", "jumps that look like splits": len(loaded.events)}
    return tables.outcome(facts=_facts(bars, loaded.quarantine) | facts | dict(loaded.provenance))


def write_stock_list(platform: Platform, universe: str, window: Window) -> Outcome:
    """Every listed stock with name, board, industry and first day, as the source says now."""
    tables = StepTables(platform, window)
    listed, failures = read_list(platform, universe, tables)
    tables.write(t.STOCK_LIST, universe, listed.rows)
    rows = listed.rows
    facts = {
        "stocks": len(rows),
        "boards": ", ".join(f"{board} {n}" for board, n in rows["board"].value_counts().sort_index().items()),
        "first day unknown": int(rows["list_date"].isna().sum()),
        "refused": f"{len(listed.refused)} ({_few(listed.refused['symbol'])})",
        "lists that did not come": _sentences(failures),
    }
    return tables.outcome(facts=facts, frames={"refused": listed.refused} if len(listed.refused) else {})


def write_holdings(platform: Platform, universe: str, window: Window) -> Outcome:
    """Holdings of funds out of the source, and out of every CSV in the folder `holdings` of the home.

    A file or a fund that cannot be read is named with its reason and loses no other.

    Raises
    ------
    PlatformError
        Every file failed: the first one's error.
    """
    tables = StepTables(platform, window)
    found, failures = read_reports(platform, universe, tables)
    tables.write(t.FUND_HOLDINGS, universe, found.rows)
    reports = _reports(found.rows)
    newest = reports.drop_duplicates("fund", keep="last")
    facts: dict[str, object] = {
        "rows": len(found.rows),
        "funds": found.rows["symbol"].nunique(),
        "refused": _sentences(_by_row(found.refused)),
        "files or pages that could not be read": _sentences(failures),
    }
    facts |= {str(row["fund"]): _words(row) for row in newest.to_dict("records")}
    frames = {"reports": reports} | ({"refused": found.refused} if len(found.refused) else {})
    return tables.outcome(facts=facts, frames=frames)


def _years(platform: Platform, universe: str, known: Known, start: date, end: date) -> StockBars:
    """All years in one piece, cut to [start, end]; positions of refused rows are numbered anew over the years."""
    sessions, refused = platform.sessions(universe), pd.DataFrame()
    parts: list[StockBars] = []
    for part, of_parser in read_stocks(platform, universe, known, end):
        refused = of_parser if len(of_parser) else refused
        parts.append(_inside(part, start, end))
    bars = pd.concat([part.bars for part in parts] or [t.BARS.no_rows()], ignore_index=True)
    quarantine = pd.concat([part.quarantine for part in parts] or [t.QUARANTINE.no_rows()], ignore_index=True)
    if len(refused):
        quarantine = pd.concat([quarantine, refused[quarantine.columns]], ignore_index=True)
        quarantine = quarantine.sort_values(["date", "symbol"], kind="stable", ignore_index=True)
        quarantine = quarantine[quarantine["date"].between(pd.Timestamp(start), pd.Timestamp(end))]
    position = quarantine.groupby(["date", "symbol"]).cumcount().astype("int64")
    return StockBars(
        closed_bars(bars, sessions, now()),
        quarantine.assign(position=position).reset_index(drop=True),
        sum(part.n_identical for part in parts),
        tuple(sorted({symbol for part in parts for symbol in part.strangers})),
    )


def _inside(part: StockBars, start: date, end: date) -> StockBars:
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    bars = part.bars[part.bars["date"].between(first, last)]
    quarantine = part.quarantine[part.quarantine["date"].between(first, last)]
    return StockBars(bars, quarantine, part.n_identical, part.strangers)


def _revised(platform: Platform, universe: str, fresh: pd.DataFrame) -> pd.DataFrame:
    """Rows with their revision, year by year: both versions of all stocks at once would need gigabytes."""
    if fresh.empty or not platform.lake.exists(t.BARS, universe):
        return fresh
    parts = []
    for _, rows in fresh.groupby(fresh["date"].dt.year):
        stored = platform.lake.read(t.BARS, universe, start=rows["date"].min().date(), end=rows["date"].max().date())
        rows = rows.reset_index(drop=True)
        is_known = rows[VALUES].equals(stored[VALUES])
        parts.append(stored if is_known else numbered_revisions(rows, stored))
    return pd.concat(parts, ignore_index=True)


def _reports(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per report: fund, as_of, published_at, published_estimated, completeness, stocks, weight_sum, source."""
    what = ["published_at", "published_estimated", "completeness", "weight_sum", "source"]
    report = rows.groupby(["symbol", "as_of"])
    table = report[what].first().assign(stocks=report.size()).reset_index()
    return table.rename(columns={"symbol": "fund"})


def _words(report: Mapping[Hashable, Any]) -> str:
    estimated = " (estimated)" if report["published_estimated"] else ""
    dates = f"as of {report['as_of']:%Y-%m-%d}, usable from {report['published_at']:%Y-%m-%d}{estimated}"
    return f"{report['stocks']} stocks, {report['completeness']}, sum {report['weight_sum']:.4f}, {dates}"


def _by_row(refused: pd.DataFrame) -> dict[str, str]:
    names = (refused["fund"] + " " + refused["stock"]).str.strip()
    return dict(zip(names, refused["reason"], strict=True))


def _facts(bars: pd.DataFrame, quarantine: pd.DataFrame) -> dict[str, object]:
    return {
        "rows": len(bars),
        "symbols": int(bars["symbol"].nunique()),
        "sessions": int(bars["date"].nunique()),
        "quarantined rows": len(quarantine),
        "quarantine rules": ", ".join(f"{r} {n}" for r, n in quarantine["rule"].value_counts().items()) or "none",
        "restated rows": int((bars["revision"] > 0).sum()),
    }


def _few(names: "pd.Series[str] | tuple[str, ...]") -> str:
    listed = list(dict.fromkeys(names))
    return (", ".join(listed[:10]) + (f", and {len(listed) - 10} more" if len(listed) > 10 else "")) or "none"


def _sentences(reasons: dict[str, str]) -> str:
    listed = [f"{name}: {reason}" for name, reason in reasons.items()]
    return ("; ".join(listed[:20]) + (f"; and {len(listed) - 20} more" if len(listed) > 20 else "")) or "none"


def _days(platform: Platform, universe: str, window: Window) -> tuple[date, date]:
    start = window.start or date.fromisoformat(platform.config.arbitrage.history_start)
    end = window.end or last_closed_session(platform.sessions(universe), now()).date()
    return min(start, end), max(end, start - timedelta(days=1))

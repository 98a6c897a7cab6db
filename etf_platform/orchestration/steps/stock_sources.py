"""Where the limit-up tracker's stocks, funds, lists and holdings come from: recorded, simulated or live.

The kind of the chosen source decides; real and simulated data are never mixed. Storing is `orchestration.steps.stocks`.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.config.live import LiveSource
from etf_platform.core.config.models import LocalSource, SampleSource
from etf_platform.core.errors import ConfigError, PlatformError
from etf_platform.market.fetch import Feed, MarketData, load_bars, together
from etf_platform.market.freshness import last_closed_session
from etf_platform.market.holdings import Holdings, merged, read_holdings, upload
from etf_platform.market.holdings import together as all_holdings
from etf_platform.market.live import pull_bars
from etf_platform.market.live_lists import pull_holdings, pull_lists, pull_session
from etf_platform.market.sources.local import read_days
from etf_platform.market.sources.sample_holdings import BASKETS, simulate_funds, simulated_holdings
from etf_platform.market.sources.sample_stocks import simulate_stocks, simulated_list
from etf_platform.market.stock_bars import Before, StockBars, load_stocks
from etf_platform.market.stock_list import Listed, from_quotes, listed_symbols, read_stock_list
from etf_platform.market.validate import validate
from etf_platform.orchestration.live import wire_of
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.steps.stock_history import Known, known_before
from etf_platform.orchestration.steps.tables import StepTables

UPLOADS = "holdings"  # folder below the home


def read_stocks(platform: Platform, universe: str, known: Known, end: date) -> Iterator[tuple[StockBars, pd.DataFrame]]:
    """Judged stocks from `known.first` to `end`, year by year, each with the rows that a provider's reader refused."""
    source, sessions = platform.source, platform.sessions(universe)
    limit, nothing = platform.config.fuses.max_broken_rows, pd.DataFrame()
    if isinstance(source, LiveSource):
        rows, refused = _from_wire(platform, universe, source, known.first, end)
        for part in load_stocks(lambda a, b: _between(rows, a, b), sessions, known.first, end, known.before):
            yield part, refused
    elif isinstance(source, SampleSource):
        rows = simulate_stocks(source, platform.source_name, sessions, end)
        for part in load_stocks(lambda a, b: _between(rows, a, b), sessions, known.first, end, None, True, limit):
            yield part, nothing
    else:
        name, local = _stock_source(platform)
        root, has_factor = platform.workspace.data, "adj_factor" in local.columns
        for part in load_stocks(
            lambda a, b: read_days(local, name, root, a, b), sessions, known.first, end, known.before, has_factor, limit
        ):
            yield part, nothing


def known_state(platform: Platform, universe: str, start: date) -> Known:
    """What is known before a day, and the first day that has to be read for it."""
    history = date.fromisoformat(platform.config.arbitrage.history_start)
    if platform.source.kind == "sample":
        return Known(Before(), max(start, history))
    if platform.source.kind == "live":
        return known_before(platform.lake, universe, platform.sessions(universe), start, None, "live:")
    return known_before(
        platform.lake, universe, platform.sessions(universe), start, history, f"local:{_stock_source(platform)[0]}"
    )


def _stock_source(platform: Platform) -> tuple[str, LocalSource]:
    name = platform.config.arbitrage.recorded.stocks
    source = platform.source_named(name)
    if not isinstance(source, LocalSource) or not {"adj_factor", "prev_close"} & set(source.columns):
        saw = f"{name} is no folder of files with the exchange's reference price or an adjustment factor"
        raise ConfigError("reading stocks", saw, "name another source under `recorded.stocks` in arbitrage.yaml")
    return name, source


def _from_wire(
    platform: Platform, universe: str, source: LiveSource, first: date, end: date
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Quotes where only the last session is needed, bars of every stock else: an hour for the whole market."""
    wire, sessions = wire_of(platform, source), platform.sessions(universe)
    symbols = tuple(platform.lake.read(t.STOCK_LIST, universe, columns=["symbol"])["symbol"])
    last = last_closed_session(sessions, wire.now)
    if sessions.next(first - timedelta(days=1)) >= last:
        found = pull_session(wire, symbols, sessions, last)
        return found.rows, found.refused
    answer = pull_bars(wire, symbols, sessions, first, first).answer
    return answer.frame[answer.frame["date"] <= pd.Timestamp(end)], answer.refused


def _between(rows: pd.DataFrame, start: date, end: date) -> pd.DataFrame:
    return rows[rows["date"].between(pd.Timestamp(start), pd.Timestamp(end))].reset_index(drop=True)


def read_funds(platform: Platform, universe: str, funds: list[str], start: date, end: date) -> MarketData:
    """Judged bars of funds dated in [start, end]; funds that the source does not know have none."""
    source, sessions = platform.source, platform.sessions(universe)
    instruments = platform.config.instruments.instruments
    if isinstance(source, SampleSource):
        held = {basket.symbol for basket in BASKETS}
        verdict = validate(simulate_funds(source, platform.source_name, sessions, end), sessions, instruments)
        ours = MarketData(verdict.bars, verdict.quarantine, t.ADJUSTMENT_EVENTS.no_rows(), verdict.identical).between(
            start, end
        )
        others = [symbol for symbol in funds if symbol not in held and symbol in instruments]
        feed = Feed(platform.source_name, source, None, sessions, instruments)
        return together([ours, load_bars(feed, others, start, end)]) if others else ours
    name = platform.source_name if source.kind == "live" else platform.config.arbitrage.recorded.funds
    chosen = platform.source_named(name)
    feed = Feed(
        name,
        chosen,
        platform.workspace.data,
        sessions,
        instruments,
        platform.config.fuses.max_broken_rows,
        wire_of(platform, chosen) if isinstance(chosen, LiveSource) else None,
        date.fromisoformat(platform.config.arbitrage.history_start),
        start,
    )
    return load_bars(feed, funds, start, end)


def read_list(platform: Platform, universe: str, tables: StepTables) -> tuple[Listed, dict[str, str]]:
    """The list of stocks, and why parts of it did not come."""
    source, settings = platform.source, platform.config.arbitrage.recorded.stock_list
    if isinstance(source, SampleSource):
        sessions = platform.sessions(universe)
        end = last_closed_session(sessions, now())
        return Listed(simulated_list(source, platform.source_name, sessions, end), pd.DataFrame(columns=["symbol"])), {}
    if isinstance(source, LiveSource):
        found = pull_lists(wire_of(platform, source))
        stored = tables.read_if_there(t.STOCK_LIST, universe)
        fresh = from_quotes(found.rows, stored)
        if stored is None or not found.failures:
            return fresh, found.failures
        kept = stored[~stored["symbol"].isin(fresh.rows["symbol"])]
        both = pd.concat([fresh.rows, kept], ignore_index=True).sort_values("symbol", ignore_index=True)
        return Listed(both, fresh.refused), found.failures
    if settings is not None:
        return read_stock_list(settings, platform.workspace.data, f"local:{settings.path}"), {}
    bars = tables.read(t.BARS, universe, columns=["symbol"])
    return listed_symbols(set(bars["symbol"]), platform.label_of(platform.config.arbitrage.recorded.stocks)), {}


def read_reports(platform: Platform, universe: str, tables: StepTables) -> tuple[Holdings, dict[str, str]]:
    """Holdings of the source and of the uploads, and why files or pages could not be read; raises if all failed."""
    source, sessions = platform.source, platform.sessions(universe)
    parts: list[Holdings] = []
    failures: dict[str, str] = {}
    first: PlatformError | None = None
    if isinstance(source, SampleSource):
        end = last_closed_session(sessions, now())
        parts.append(Holdings(simulated_holdings(source, platform.source_name, sessions, end)))
    elif isinstance(source, LiveSource):
        wire = wire_of(platform, source)
        found = pull_holdings(wire, platform.config.arbitrage.watch_etfs, wire.now.year)
        stored = tables.read_if_there(t.FUND_HOLDINGS, universe)
        refused = found.refused[["symbol", "rule", "reason"]].set_axis(["fund", "stock", "reason"], axis=1)
        parts.append(Holdings(merged(found.rows, stored), refused.assign(stock="").astype("str")))
        failures = found.failures
    else:
        for file in platform.config.arbitrage.recorded.holdings:
            try:
                parts.append(read_holdings(file, platform.workspace.data, sessions))
            except PlatformError as error:
                first, failures = first or error, failures | {file.path: error.saw}
    for path in sorted((platform.workspace.home / UPLOADS).glob("*.csv")):
        try:
            parts.append(upload(path, sessions))
        except PlatformError as error:
            first, failures = first or error, failures | {path.name: error.saw}
    if first is not None and not parts:
        raise first
    return all_holdings(parts), failures


def now() -> pd.Timestamp:
    """The moment, in UTC."""
    return pd.Timestamp.now("UTC")

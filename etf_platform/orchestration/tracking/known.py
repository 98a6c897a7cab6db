"""What is known before a session's first quote: holdings, boards so far, expectations, figures of funds.

A table that has never been written is empty. What was read is kept until one of the tables has a new version or the
session changes. Not here: quotes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import pandas as pd

from etf_platform.arbitrage.expectation import expectations
from etf_platform.arbitrage.holdings import known_on
from etf_platform.arbitrage.pace import Curve, curves
from etf_platform.arbitrage.states import last_rows
from etf_platform.core import tables as t
from etf_platform.core.errors import MissingTableError
from etf_platform.core.schema import Table
from etf_platform.market.instruments import continuous_end
from etf_platform.orchestration.platform import Platform

SESSIONS = 20
LOOK_BACK = timedelta(days=60)
STATE_COLUMNS = ("date", "symbol", "boards_in_row")
MINUTE_COLUMNS = ("date", "symbol", "time", "amount")


@dataclass(frozen=True, eq=False)
class Known:
    """What was known before the session.

    Attributes
    ----------
    holdings : DataFrame
        `arbitrage.holdings.known_on` the session.
    stocks : DataFrame
        STOCK_LIST rows.
    before : DataFrame or None
        Last LIMIT_STATES row of each stock before the session; None without history.
    expectations : DataFrame
        EXPECTATIONS rows of the session, from every stored board whose outcome was known before it.
    sigma, adv : dict of str to float
        Per fund, over the 20 sessions before: standard deviation of daily returns, mean turnover in yuan.
    curves : dict of str to Curve
        Per fund with stored minutes of whole sessions.
    """

    day: date
    holdings: pd.DataFrame
    stocks: pd.DataFrame
    before: pd.DataFrame | None
    expectations: pd.DataFrame
    sigma: Mapping[str, float] = field(default_factory=dict)
    adv: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)

    def funds_of(self, stocks: set[str], min_weight: float) -> set[str]:
        """Funds that hold any of these stocks with at least this weight."""
        holds = self.holdings["stock"].isin(stocks) & (self.holdings["weight"] >= min_weight)
        return set(self.holdings.loc[holds, "symbol"].astype(str))


def known_before(platform: Platform, day: date) -> Known:
    """What is known on the morning of a session; raises StorageError when the lake cannot be read."""
    settings = platform.config.arbitrage
    read = (
        (t.FUND_HOLDINGS, settings.funds),
        (t.STOCK_LIST, settings.stocks),
        (t.LIMIT_STATES, settings.stocks),
        (t.BOARD_RETURNS, settings.stocks),
        (t.BARS, settings.funds),
        (t.MINUTES, settings.funds),
    )
    key = (day, *(platform.lake.version(table, universe) for table, universe in read))
    kept = _KEPT.get(platform.lake.root)
    if kept is None or kept[0] != key:
        kept = _KEPT[platform.lake.root] = key, _read(platform, day)
    return kept[1]


_KEPT: dict[str, tuple[tuple[object, ...], Known]] = {}


def settlement_of(platform: Platform, funds: set[str]) -> dict[str, str]:
    """T+0 or T+1 of the funds that `instruments.yaml` knows."""
    known = platform.config.instruments.instruments
    return {fund: known[fund].settlement for fund in funds if fund in known}


def names_of(platform: Platform) -> dict[str, str]:
    """Names of the funds that `instruments.yaml` knows; they win over a feed's."""
    return {symbol: known.name for symbol, known in platform.config.instruments.instruments.items()}


def continuous_until(funds: set[str], day: date) -> dict[str, str]:
    """Per fund the time at which continuous trading ends, where that is before the close."""
    ends = {fund: continuous_end(fund, day) for fund in funds}
    return {fund: end for fund, end in ends.items() if end < "15:00"}


def _read(platform: Platform, day: date) -> Known:
    settings, before = platform.config.arbitrage, day - timedelta(days=1)
    holdings = _rows(platform, t.FUND_HOLDINGS, settings.funds)
    states = _rows(platform, t.LIMIT_STATES, settings.stocks, day - LOOK_BACK, before, STATE_COLUMNS)
    returns = _rows(platform, t.BOARD_RETURNS, settings.stocks)
    minutes = _rows(platform, t.MINUTES, settings.funds, day - LOOK_BACK, before, MINUTE_COLUMNS)
    bars = _rows(
        platform, t.BARS, settings.funds, day - LOOK_BACK, before, ("date", "symbol", "close", "adj_factor", "amount")
    )
    sigma, adv = _figures(bars)
    return Known(
        day,
        known_on(holdings, day),
        _rows(platform, t.STOCK_LIST, settings.stocks),
        None if states.empty else last_rows(states),
        expectations(returns, pd.Timestamp(day).as_unit("ns"), settings.economics.shrinkage_events),
        sigma,
        adv,
        curves(minutes, settings.trading_hours, settings.economics.pace_sessions),
    )


def _rows(
    platform: Platform,
    table: Table,
    universe: str,
    start: date | None = None,
    end: date | None = None,
    columns: tuple[str, ...] | None = None,
) -> pd.DataFrame:
    try:
        return platform.lake.read(table, universe, start, end, columns)
    except MissingTableError:
        return table.no_rows()[list(columns) if columns else [c.name for c in table.columns]]


def _figures(bars: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Volatility and turnover of the funds that have enough sessions."""
    sigma, adv = {}, {}
    for fund, rows in bars.sort_values(["symbol", "date"]).groupby("symbol"):
        moves = (rows["close"] * rows["adj_factor"]).pct_change().iloc[1:]
        if len(moves) >= SESSIONS:
            sigma[str(fund)] = float(moves.iloc[-SESSIONS:].std())
            adv[str(fund)] = float(rows["amount"].iloc[-SESSIONS:].mean())
    return sigma, adv

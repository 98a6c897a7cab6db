"""Seeded simulation of some 300 stocks on all boards: limit moves on exact ticks, runs of boards, new listings.

A pure function of seed, start and day: every stock has streams of its own, and sessions are walked in order over all
stocks at once, so that a later end changes no earlier row. Some boards open again, some trade at nothing but the limit,
some stocks are suspended, split or pay dividends. Everything is labelled `simulated`; nothing here is a forecast. Funds
that hold these stocks are `market.sources.sample_holdings`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from etf_platform.core.config.models import SampleSource
from etf_platform.core.tables import STOCK_LIST
from etf_platform.market.calendar import DateLike, Sessions, day
from etf_platform.market.codes import classify
from etf_platform.market.instruments import limit_rates, suffixed
from etf_platform.market.listing_days import first_days
from etf_platform.market.sources import ROW_COLUMNS
from etf_platform.market.sources.factors import factor_returns
from etf_platform.market.sources.sample_moves import Day, walk
from etf_platform.market.sources.streams import normals, stream

CLOSE_UTC = pd.Timedelta(hours=7)  # 15:00 in Shanghai
SECTORS = ("银行", "证券", "医药", "白酒", "芯片", "电池", "机械", "软件")
# First code, step, number of stocks.
SERIES = (
    ("600101", 7, 60),
    ("601011", 13, 30),
    ("603005", 11, 30),
    ("000010", 17, 30),
    ("002003", 19, 40),
    ("300005", 13, 45),
    ("301007", 23, 10),
    ("688005", 17, 30),
    ("920003", 19, 14),
)
# The shipped watch list, so that it has something to watch.
WATCHED = {
    "600519": "白酒",
    "300750": "电池",
    "601318": "证券",
    "600036": "银行",
    "300059": "证券",
    "600030": "证券",
    "600276": "医药",
    "688981": "芯片",
}
OPENED = {"main": "2000-01-04", "chinext": "2009-10-30", "star": "2019-07-22", "bse": "2021-11-15"}


@dataclass(frozen=True)
class Stock:
    """Fixed traits of one simulated stock.

    Attributes
    ----------
    price : float
        First reference price, CNY.
    shares : float
        Shares outstanding.
    listed_at : int
        Session number of the first bar; negative for stocks that are older than the simulation.
    list_date : Timestamp
    noise, turnover : float
        Standard deviation of its own daily return; share of the stock traded on a quiet day.
    dividend : float
        Part of the price paid out every June; 0 for some.
    """

    symbol: str
    board: str
    sector: str
    price: float
    shares: float
    listed_at: int
    list_date: pd.Timestamp
    noise: float
    turnover: float
    dividend: float


@dataclass(frozen=True, eq=False)
class Simulated:
    """The simulated stocks: `prices` holds arrays of shape (n_sessions, n_stocks), NaN where a stock has no bar.

    Names: open, high, low, close, prev_close (CNY), volume (shares), amount (CNY), adj_factor.
    """

    dates: pd.DatetimeIndex
    stocks: tuple[Stock, ...]
    prices: Mapping[str, np.ndarray]


def simulate_stocks(source: SampleSource, name: str, sessions: Sessions, end: DateLike) -> pd.DataFrame:
    """Raw rows (`market.sources.ROW_COLUMNS`) of all simulated stocks from the source's start to `end`.

    Sorted by symbol and date; every row passes `market.validate`; labelled `<name> (simulated)`.

    Raises
    ------
    CalendarEndError
        `end` lies beyond the calendar.
    """
    market = market_of(source, sessions, end)
    stocks, at = np.nonzero(~np.isnan(market.prices["close"].T))
    symbols = np.array([stock.symbol for stock in market.stocks])
    rows = pd.DataFrame({"date": market.dates[at], "symbol": pd.Series(symbols[stocks], dtype="str")})
    for column, values in market.prices.items():
        rows[column] = values[at, stocks]
    rows["source"] = f"{name} (simulated)"
    rows["fetched_at"] = (rows["date"] + CLOSE_UTC).dt.tz_localize("UTC").dt.as_unit("us")
    return rows[list(ROW_COLUMNS)]


def simulated_list(source: SampleSource, name: str, sessions: Sessions, end: DateLike) -> pd.DataFrame:
    """STOCK_LIST of the simulated stocks that are listed on `end`; names say that they are simulated."""
    market = market_of(source, sessions, end)
    rows = [
        {
            "symbol": stock.symbol,
            "name": f"模拟{stock.sector}{stock.symbol[:6]}",
            "board": stock.board,
            "industry": stock.sector,
            "list_date": stock.list_date,
            "source": f"{name} (simulated)",
        }
        for stock in market.stocks
        if stock.list_date <= day(end)
    ]
    return pd.DataFrame(rows, columns=[c.name for c in STOCK_LIST.columns]).sort_values("symbol", ignore_index=True)


def market_of(source: SampleSource, sessions: Sessions, end: DateLike) -> Simulated:
    """All simulated stocks from the source's start to `end`; the last two answers are kept."""
    return _market(source.seed, source.start, sessions, day(end))


@lru_cache(maxsize=2)
def _market(seed: int, start: str, sessions: Sessions, end: pd.Timestamp) -> Simulated:
    dates = sessions.between(start, end)
    stocks = tuple(_stock(seed, symbol, sector, sessions, start) for symbol, sector in _symbols(seed))
    days = _days(seed, stocks, dates)
    prices = walk(days, np.array([stock.price for stock in stocks]), np.array([stock.dividend for stock in stocks]))
    return Simulated(dates, stocks, prices | _traded(stocks, prices, days))


def _symbols(seed: int) -> list[tuple[str, str]]:
    codes = [f"{int(first) + k * step:06d}" for first, step, n in SERIES for k in range(n)]
    drawn = {code: SECTORS[int(stream(seed, f"stock/sector/{code}").integers(len(SECTORS)))] for code in codes}
    return sorted((suffixed(code), sector) for code, sector in {**drawn, **WATCHED}.items())


def _stock(seed: int, symbol: str, sector: str, sessions: Sessions, start: str) -> Stock:
    draw = stream(seed, f"stock/{symbol}").random(8)
    board = str(classify(symbol).board)
    first, opened = day(start), day(OPENED[board])
    is_watched = symbol[:6] in WATCHED
    if opened > first:
        listed = sessions.next(opened + pd.Timedelta(days=0 if is_watched else int(900 * draw[0] ** 3)))
    elif draw[1] < 0.10 and not is_watched:
        listed = sessions.next(first + pd.Timedelta(days=20 + int(2400 * draw[0])))
    else:
        listed = sessions.next(opened + (first - pd.Timedelta(days=400) - opened) * float(draw[0]))
    size = 3e10 * math.exp(3.2 * draw[2]) if is_watched else 2e9 * math.exp(4.0 * draw[2] ** 2)
    price = round(4.0 * math.exp(2.6 * draw[3]), 2)
    at = int(sessions.index.searchsorted(listed) - sessions.index.searchsorted(first))
    return Stock(
        symbol=symbol,
        board=board,
        sector=sector,
        price=price,
        shares=float(round(size / price, -4)),
        listed_at=at if listed >= first else -1,
        list_date=listed,
        noise=0.010 + 0.012 * float(draw[4]),
        turnover=0.004 * math.exp(1.8 * float(draw[5])),
        dividend=0.01 + 0.03 * float(draw[6]) if draw[7] < 0.6 else 0.0,
    )


def _days(seed: int, stocks: tuple[Stock, ...], dates: pd.DatetimeIndex) -> list[Day]:
    """Everything that is drawn, session by session: what prices make of it is `sample_moves`."""
    n, factors = dates.size, factor_returns(seed, dates.size)["cn"]
    sectors = {name: 0.007 * normals(seed, f"stock/sector-return/{name}", n, 1)[:, 0] for name in SECTORS}
    draws = np.stack([normals(seed, f"stock/noise/{s.symbol}", n, 4) for s in stocks], axis=1)
    chances = np.stack([stream(seed, f"stock/events/{s.symbol}").random((n, 5)) for s in stocks], axis=1)
    own = draws[:, :, 0] * np.array([s.noise for s in stocks])
    changes = own + np.stack([0.9 * factors + sectors[s.sector] for s in stocks], axis=1)
    rates = {board: limit_rates(suffixed(code), dates) for board, code in _EXAMPLES.items()}
    first = first_days([s.board for s in stocks], pd.Series([s.list_date for s in stocks]), dates)
    return [
        Day(
            change=changes[t],
            draws=draws[t],
            chances=chances[t],
            rate=np.array([rates[s.board][t] for s in stocks]),
            free=first.free.astype(np.int64),
            rise=first.rise,
            fall=first.fall,
            is_listed=np.array([t >= s.listed_at for s in stocks]),
            is_new=np.array([t == s.listed_at for s in stocks]),
            pays=t > 0 and dates[t].month == 6 and dates[t - 1].month == 5,
        )
        for t in range(n)
    ]


_EXAMPLES = {"main": "600000", "chinext": "300001", "star": "688001", "bse": "920001"}


def _traded(stocks: tuple[Stock, ...], prices: Mapping[str, np.ndarray], days: list[Day]) -> dict[str, np.ndarray]:
    """Volume in lots of 100 and amount at an average between low and high; one-word days hardly trade."""
    opened, high, low, close = (prices[name] for name in ("open", "high", "low", "close"))
    average = np.round((opened + high + low + 2 * close) / 5, 4)
    with np.errstate(divide="ignore"):
        change = np.abs(np.log(close / prices["prev_close"]))
    quiet = np.array([s.shares * s.turnover for s in stocks])
    mood = np.stack([np.exp(0.4 * d.draws[:, 3]) for d in days]) if days else np.empty(close.shape)
    wanted = quiet * mood * np.exp(8.0 * np.minimum(change, 0.2)) * np.where(high == low, 0.08, 1.0)
    volume = 100.0 * np.maximum(1.0, np.rint(wanted / 100.0))
    volume = np.where(np.isnan(close), np.nan, volume)
    return {"volume": volume, "amount": np.round(volume * average, 2)}

"""Eight simulated funds over the simulated stocks: weights published every quarter with a lag, prices that follow them.

A fund's value of a day is a function of the weights of the quarter before and the stocks' total returns; its price
strays a little, so that premiums exist. Weights are drawn from market values, the largest capped. Labelled `simulated`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from etf_platform.core.config.models import SampleSource
from etf_platform.core.tables import FUND_HOLDINGS
from etf_platform.core.ticks import ETF_TICK, limit_price
from etf_platform.market.calendar import DateLike, Sessions, day
from etf_platform.market.instruments import limit_rates
from etf_platform.market.sources import ROW_COLUMNS
from etf_platform.market.sources.sample_moves import adjusted
from etf_platform.market.sources.sample_stocks import CLOSE_UTC, Simulated, Stock, market_of
from etf_platform.market.sources.streams import normals

LAG = 15  # sessions from the end of a quarter to its report
CAP = 0.15
STRAY = 0.0006
FIRST_VALUE = 1.5  # CNY
CHINEXT_FUNDS = ("159915.SZ", "159949.SZ")


@dataclass(frozen=True)
class Basket:
    """What a simulated fund holds: the `n` most valuable of the stocks it may hold, after the first `skip`."""

    symbol: str
    n: int
    may_hold: Callable[[Stock], bool] = lambda stock: stock.board != "bse"
    skip: int = 0


BASKETS = (
    Basket("159915.SZ", 40, lambda stock: stock.board == "chinext"),
    Basket("159949.SZ", 20, lambda stock: stock.board == "chinext"),
    Basket("510050.SH", 25, lambda stock: stock.symbol.endswith(".SH")),
    Basket("510300.SH", 80),
    Basket("510330.SH", 80),
    Basket("510500.SH", 80, skip=80),
    Basket("512010.SH", 25, lambda stock: stock.sector == "医药"),
    Basket("512880.SH", 25, lambda stock: stock.sector == "证券"),
)


@dataclass(frozen=True, eq=False)
class Funds:
    """Weights of shape (n_reports, n_funds, n_stocks), and the ends of periods and days of publication they are of."""

    as_of: list[pd.Timestamp]
    published_at: list[pd.Timestamp]
    weights: np.ndarray


def simulate_funds(source: SampleSource, name: str, sessions: Sessions, end: DateLike) -> pd.DataFrame:
    """Raw rows (`market.sources.ROW_COLUMNS`) of the simulated funds from the source's start to `end`.

    Raises
    ------
    CalendarEndError
        `end` lies beyond the calendar.
    """
    market = market_of(source, sessions, end)
    prices = _prices(source.seed, market, _reports(source, sessions, day(end)))
    n = market.dates.size
    rows = pd.DataFrame({"date": np.tile(market.dates, len(BASKETS)), "symbol": np.repeat(_symbols(), n)})
    rows["symbol"] = rows["symbol"].astype("str")
    for column, values in prices.items():
        rows[column] = values.T.ravel()
    rows["adj_factor"], rows["source"] = 1.0, f"{name} (simulated)"
    rows["fetched_at"] = (rows["date"] + CLOSE_UTC).dt.tz_localize("UTC").dt.as_unit("us")
    return rows[list(ROW_COLUMNS)]


def simulated_holdings(source: SampleSource, name: str, sessions: Sessions, end: DateLike) -> pd.DataFrame:
    """FUND_HOLDINGS of every report published up to `end`: full lists of the last day of each quarter."""
    market, funds = market_of(source, sessions, end), _reports(source, sessions, day(end))
    names = np.array([stock.symbol for stock in market.stocks])
    called = np.array([f"模拟{stock.sector}{stock.symbol[:6]}" for stock in market.stocks])
    parts = [
        _report(funds, place, k, symbol, names, called)
        for place, published in enumerate(funds.published_at)
        for k, symbol in enumerate(_symbols())
        if published <= day(end)
    ]
    if not parts:
        return FUND_HOLDINGS.no_rows()
    rows = pd.concat(parts, ignore_index=True)
    rows["source"], rows["payload_hash"] = f"{name} (simulated)", ""
    rows["fetched_at"] = (rows["published_at"] + CLOSE_UTC).dt.tz_localize("UTC").dt.as_unit("us")
    ordered = rows[[c.name for c in FUND_HOLDINGS.columns]]
    return ordered.sort_values(list(FUND_HOLDINGS.key), ignore_index=True)


def _symbols() -> list[str]:
    return [basket.symbol for basket in BASKETS]


def _report(funds: Funds, place: int, k: int, symbol: str, names: np.ndarray, called: np.ndarray) -> pd.DataFrame:
    weights = funds.weights[place, k]
    order = np.argsort(-weights, kind="stable")
    held = order[weights[order] > 0]
    return pd.DataFrame(
        {
            "as_of": funds.as_of[place],
            "published_at": funds.published_at[place],
            "published_estimated": False,
            "symbol": symbol,
            "stock": names[held],
            "stock_name": called[held],
            "rank": np.arange(1, held.size + 1),
            "weight": weights[held],
            "shares": np.nan,
            "value": np.nan,
            "from_issuer": False,
            "completeness": "full",
            "weight_sum": round(float(weights.sum()), 6),
        }
    )


@lru_cache(maxsize=2)
def _reports(source: SampleSource, sessions: Sessions, end: pd.Timestamp) -> Funds:
    """The report that is known at the start, and one for every quarter that has ended."""
    market = market_of(source, sessions, end)
    first = day(source.start)
    quarters = pd.date_range(first - pd.offsets.QuarterEnd(2), end, freq="QE").as_unit("ns")
    ends = [at for at in quarters if at < end and (at >= first or at + pd.offsets.QuarterEnd(1) >= first)]
    published = [sessions.index[int(sessions.index.searchsorted(at, side="right")) + LAG - 1] for at in ends]
    weights = [np.stack([_weights(market, basket, at) for basket in BASKETS]) for at in ends]
    return Funds(ends, published, np.stack(weights))


def _weights(market: Simulated, basket: Basket, as_of: pd.Timestamp) -> np.ndarray:
    """Market values at the end of a period (at the first prices before the first session), capped, to six digits."""
    t = int(market.dates.searchsorted(as_of, side="right")) - 1
    closes = np.array([stock.price for stock in market.stocks])
    if t >= 0:
        known = pd.DataFrame(market.prices["close"][max(0, t - 60) : t + 1]).ffill().to_numpy()[-1]
        closes = np.where(np.isnan(known), 0.0, known)
    factor = market.prices["adj_factor"][: t + 1] if t >= 0 else np.ones((1, closes.size))
    grown = pd.DataFrame(factor).ffill().fillna(1.0).to_numpy()[-1]
    fits = np.array([basket.may_hold(stock) and stock.list_date < as_of for stock in market.stocks])
    value = np.where(fits, closes * grown * np.array([stock.shares for stock in market.stocks]), 0.0)
    order = np.argsort(-value, kind="stable")
    is_held = np.zeros(value.size, dtype=bool)
    is_held[order[basket.skip : basket.skip + basket.n]] = True
    return _capped(np.where(is_held, value, 0.0))


def _capped(value: np.ndarray) -> np.ndarray:
    weight = value / value.sum()
    for _ in range(20):
        weight = np.minimum(weight, CAP)
        weight = weight / weight.sum()
    return np.round(weight, 6)


def _prices(seed: int, market: Simulated, funds: Funds) -> dict[str, np.ndarray]:
    """Arrays of shape (n_sessions, n_funds): whole ticks, never beyond the funds' own limits."""
    n = market.dates.size
    close = pd.DataFrame(adjusted(market.prices, "close")).ffill().to_numpy()
    before = np.vstack([np.full((1, close.shape[1]), np.nan), close[:-1]])
    opened = adjusted(market.prices, "open")
    moved, gapped = (np.nan_to_num(x / before - 1.0) for x in (close, opened))
    place = np.searchsorted(np.array(funds.as_of, dtype="datetime64[ns]"), market.dates.to_numpy()) - 1
    rates = np.stack([limit_rates(s, market.dates) for s in _symbols()], axis=1)
    chinext = limit_rates("300001.SZ", market.dates)
    rates[:, [_symbols().index(s) for s in CHINEXT_FUNDS]] = chinext[:, np.newaxis]
    draws = np.stack([normals(seed, f"sample-fund/{s}", n, 4) for s in _symbols()], axis=1)
    value, last = np.full(len(BASKETS), FIRST_VALUE), np.full(len(BASKETS), FIRST_VALUE)
    rows = []
    for t in range(n):
        weights = funds.weights[place[t]]
        start = value * (1.0 + (weights * gapped[t]).sum(axis=1))
        value = value * (1.0 + (weights * moved[t]).sum(axis=1))
        rows.append(_day(last, start, value, rates[t], draws[t]))
        last = rows[-1][3]
    return dict(zip(("open", "high", "low", "close", "prev_close", "volume", "amount"), np.stack(rows, 1), strict=True))


def _day(last: np.ndarray, start: np.ndarray, value: np.ndarray, rate: np.ndarray, draws: np.ndarray) -> np.ndarray:
    up, down = limit_price(last, rate, side="up"), limit_price(last, rate, side="down")
    opened, close = (np.clip(_ticks(x * (1.0 + STRAY * draws[:, k])), down, up) for k, x in enumerate((start, value)))
    spread = 0.002 * last * np.abs(draws[:, 2:].T)
    high = np.clip(_ticks(np.maximum(opened, close) + spread[0]), down, up)
    low = np.clip(_ticks(np.minimum(opened, close) - spread[1]), down, up)
    average = np.round((opened + high + low + 2 * close) / 5, 4)
    wanted = 3e8 * np.exp(0.5 * draws[:, 3] + 15.0 * np.abs(close / last - 1.0))
    volume = 100.0 * np.maximum(1.0, np.rint(wanted / average / 100.0))
    return np.stack([opened, high, low, close, last, volume, np.round(volume * average, 2)])


def _ticks(price: np.ndarray) -> np.ndarray:
    return np.rint(price / ETF_TICK) / round(1 / ETF_TICK)

"""Limit prices of bars: the dated rate of each row's symbol, and the exact price that follows from it.

The arithmetic on whole ticks is `core.ticks`; which rate holds for a fund is `market.instruments`, the first days of
new listings are `market.listing_days`. What a close at the limit means is `arbitrage`.
"""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import pandas as pd

from etf_platform.core.config.models import Instrument
from etf_platform.core.places import codes_of
from etf_platform.core.ticks import limit_price, to_ticks
from etf_platform.market import codes
from etf_platform.market.instruments import board, limit_scope, market, tick_size
from etf_platform.market.listing_days import BOARDS, EXCHANGES, first_days
from etf_platform.market.rules import rows as rules

STOCK_TICK = 0.01
NO_FEED_LIMIT = 10_000.0  # feeds write 99999.99, 0 or -1 where there is no limit
KNOWN_RATES = (0.10, 0.20, 0.05, 0.30, 0.44)
BASES = ("feed", "computed", "no_limit", "unknown")
FEED, COMPUTED, NO_LIMIT, UNKNOWN = range(4)
Prices: TypeAlias = dict[str, np.ndarray]


def rates_of(rows: pd.DataFrame, instruments: Mapping[str, Instrument]) -> np.ndarray:
    """Price limit of each row as a fraction, from its `date` and `symbol`; NaN where none applies.

    Parameters
    ----------
    rows : DataFrame of n rows
        Columns `date` and `symbol`.
    instruments : mapping
        Facts of the funds; a symbol that is missing is judged by its code alone.

    Returns
    -------
    ndarray of shape (n,)
    """
    rates, days = np.full(len(rows), np.nan), rows["date"].to_numpy()
    codes, symbols = codes_of(rows["symbol"])
    kinds = [(limit_scope(str(s), instruments.get(str(s))), market(str(s))) for s in symbols]
    distinct = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    numbers = np.array([distinct[kind] for kind in kinds], dtype=np.int8)[codes]
    for (scope, where), number in distinct.items():
        of_kind = numbers == number
        for rule in rules("price_limit", scope, where) if scope else ():
            rates[of_kind & (days >= np.datetime64(rule.since))] = rule.value
    return rates


def limit_prices(rows: pd.DataFrame, instruments: Mapping[str, Instrument]) -> tuple[np.ndarray, np.ndarray]:
    """Highest and lowest price of each row's day, CNY, from its `prev_close`.

    A first trading day of a share is not known here: `stock_limits` knows it.

    Returns
    -------
    up, down : ndarrays of shape (n,)
        prev_close * (1 +- rate) rounded half up to the tick; NaN where prev_close or the rate is.
    """
    up, down = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    rates, previous = rates_of(rows, instruments), rows["prev_close"].to_numpy(dtype=np.float64)
    ticks = rows["symbol"].map({s: tick_size(s) for s in rows["symbol"].unique()}).to_numpy(dtype=np.float64)
    for tick in np.unique(ticks):
        at = ticks == tick
        up[at] = limit_price(previous[at], rates[at], float(tick), "up")
        down[at] = limit_price(previous[at], rates[at], float(tick), "down")
    return up, down


def stock_limits(
    bars: pd.DataFrame,
    stock_list: pd.DataFrame,
    st_periods: pd.DataFrame | None,
    sessions_index: pd.DatetimeIndex,
    feed_limits: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The day's price limits of stocks, and where they are from: the feed's, else computed, else unknown.

    Every row is a function of its own values and of facts that were known before its session, so a day alone gives
    what the whole history gives.

    Parameters
    ----------
    bars : DataFrame of n rows
        `date`, `symbol`, `prev_close` (the exchange's reference price; the issue price on the first day of a listing).
        With `high` and `low` a computed limit is held against them: prices beyond it disprove it (the first day after
        a resumed listing, of a delisting period), and the row becomes `unknown`.
    stock_list : DataFrame
        `symbol`, `list_date`; a stock that is absent, or whose date is null, is taken as listed long ago.
    st_periods : DataFrame or None
        `symbol`, `start`, `end` (inclusive; null is still running) of special treatment, complete for all stocks.
        None is unknown: then `is_st` is null and the normal rate of the board is taken, so that a main-board stock
        under special treatment (5 % to 2026-07-05) is not seen at its limit.
    sessions_index : DatetimeIndex
        Sessions of the exchange, ascending; first days are counted in them.
    feed_limits : DataFrame or None
        `date`, `symbol`, `limit_up`, `limit_down` as a feed gives them; values outside (0, 10000) are no statement.

    Returns
    -------
    DataFrame, index as `bars`
        `board` (main, chinext, star or bse by the code), `is_st` (boolean), `basis` (feed, computed, no_limit or
        unknown), `rate` (fraction; NaN without a limit), `limit_up`, `limit_down` (CNY; NaN without a limit or where
        it is not known: no reference price, no A share).
    """
    is_st = np.zeros(len(bars), dtype=bool) if st_periods is None else _in_periods(bars, st_periods)
    rise, fall, basis = _dated(bars, stock_list, is_st, sessions_index)
    priced = _priced(bars, rise, fall, basis)
    if feed_limits is not None:
        _take_feed(priced, bars, feed_limits, basis)
    symbol, symbols = pd.factorize(bars["symbol"])
    facts = {
        "board": pd.array([board(str(s)) for s in symbols], dtype="str").take(symbol),
        "is_st": pd.arrays.BooleanArray(is_st, np.full(len(bars), st_periods is None)),
        "basis": pd.array(BASES, dtype="str").take(basis),
    }
    return pd.DataFrame(facts | priced, index=bars.index)


def _dated(
    bars: pd.DataFrame, stock_list: pd.DataFrame, is_st: np.ndarray, sessions_index: pd.DatetimeIndex
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Limits above and below as fractions, and the basis, by the rules alone; one look-up per stock and per day."""
    symbol, symbols = pd.factorize(bars["symbol"])
    day, found = pd.factorize(bars["date"])
    days, boards = pd.DatetimeIndex(found), [_stock_board(str(s)) for s in symbols]
    numbers = np.array([BOARDS.index(b) if b else len(BOARDS) for b in boards], dtype=np.int64)
    rise = _usual_rates(days)[numbers[symbol], is_st.astype(np.int8), day]
    fall, basis = rise.copy(), np.where(np.isnan(rise), UNKNOWN, COMPUTED).astype(np.int8)

    listed = stock_list.drop_duplicates("symbol").set_index("symbol")["list_date"].reindex(symbols)
    first = first_days(boards, listed, sessions_index)
    age = sessions_index.searchsorted(days)[day] - first.place[symbol]
    basis[(age >= 0) & (age < first.free[symbol])] = NO_LIMIT
    bound = np.flatnonzero((age == 0) & (basis == COMPUTED) & np.isfinite(first.rise[symbol]))
    rise[bound], fall[bound] = first.rise[symbol[bound]], first.fall[symbol[bound]]
    return rise, fall, basis


def _stock_board(symbol: str) -> str:
    found = codes.lookup(symbol)
    return found.board if found is not None and found.kind == "stock" and found.board in BOARDS else ""


def _usual_rates(days: pd.DatetimeIndex) -> np.ndarray:
    """Rate by board (the last one is none of them), special treatment (0, 1) and day."""
    rates = np.full((len(BOARDS) + 1, 2, days.size), np.nan)
    samples = {"main": "600000.SH", "chinext": "300001.SZ", "star": "688001.SH", "bse": "920001.BJ"}
    for b, name in enumerate(BOARDS):
        for st in (0, 1):
            scope = limit_scope(samples[name], None, bool(st))
            for rule in rules("price_limit", scope, EXCHANGES[name]) if scope else ():
                rates[b, st, days >= pd.Timestamp(rule.since)] = rule.value
    return rates


def _in_periods(bars: pd.DataFrame, periods: pd.DataFrame) -> np.ndarray:
    """Whether a row's date lies in a period of its symbol."""
    within = np.zeros(len(bars), dtype=bool)
    if periods.empty:
        return within
    places = np.flatnonzero(bars["symbol"].isin(periods["symbol"].unique()).to_numpy())
    some = pd.DataFrame(
        {"place": places, "symbol": bars["symbol"].to_numpy()[places], "date": bars["date"].to_numpy()[places]}
    )
    pairs = some.merge(periods[["symbol", "start", "end"]], on="symbol")
    inside = (pairs["date"] >= pairs["start"]) & ((pairs["date"] <= pairs["end"]) | pairs["end"].isna())
    within[pairs.loc[inside, "place"].to_numpy()] = True
    return within


def _priced(bars: pd.DataFrame, rise: np.ndarray, fall: np.ndarray, basis: np.ndarray) -> Prices:
    """Rates and prices of the computed rows; rows that their own prices disprove become unknown in `basis`."""
    previous = bars["prev_close"].to_numpy(dtype=np.float64)
    up, down = limit_price(previous, rise, STOCK_TICK, "up"), limit_price(previous, fall, STOCK_TICK, "down")
    basis[(basis == COMPUTED) & ~(previous > 0)] = UNKNOWN
    if {"high", "low"} <= set(bars.columns):
        above = to_ticks(bars["high"].to_numpy(), STOCK_TICK) > to_ticks(up, STOCK_TICK)
        below = to_ticks(bars["low"].to_numpy(), STOCK_TICK) < to_ticks(down, STOCK_TICK)
        basis[(basis == COMPUTED) & (above | below)] = UNKNOWN
    is_free = basis != COMPUTED
    rise[is_free], up[is_free], down[is_free] = np.nan, np.nan, np.nan
    return {"rate": rise, "limit_up": up, "limit_down": down}


def _take_feed(priced: Prices, bars: pd.DataFrame, feed: pd.DataFrame, basis: np.ndarray) -> None:
    """Put the feed's limits where it gives one; `basis` says where."""
    once = feed.drop_duplicates(["date", "symbol"], keep="last").set_index(["date", "symbol"])
    theirs = once[["limit_up", "limit_down"]].reindex(pd.MultiIndex.from_frame(bars[["date", "symbol"]]))
    up, down = (theirs[name].to_numpy(dtype=np.float64) for name in ("limit_up", "limit_down"))
    given = (up > 0) & (up < NO_FEED_LIMIT)
    previous = bars["prev_close"].to_numpy(dtype=np.float64)
    priced["rate"][given] = _rate_behind(up, previous, priced["rate"])[given]
    priced["limit_up"][given] = up[given]
    lowest = given & (down > 0) & (down < NO_FEED_LIMIT)
    priced["limit_down"][lowest] = down[lowest]
    basis[given] = FEED


def _rate_behind(up: np.ndarray, previous: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """The rate that gives the feed's price: the expected one if it does, else a known one, else up / previous - 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(previous > 0, up / previous - 1.0, np.nan)
    for candidate in (*KNOWN_RATES[::-1], expected):
        gives = to_ticks(limit_price(previous, candidate, STOCK_TICK), STOCK_TICK) == to_ticks(up, STOCK_TICK)
        rate = np.where(gives, candidate, rate)
    return rate

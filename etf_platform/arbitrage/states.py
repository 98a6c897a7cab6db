"""Limit-up states of stocks: at the limit, sealed, touched, opened, one word, boards in a row.

Prices are compared as whole ticks. The limits themselves come in as columns (`market.limits.stock_limits`); nothing
here knows a rate, a board's rule or a calendar. Unknown is null: a daily bar cannot tell whether anybody still sold at
the limit.
"""

from typing import Any

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.tables.arbitrage import LIMIT_STATES
from etf_platform.core.ticks import to_ticks

TICK = 0.01
COLUMNS = [c.name for c in LIMIT_STATES.columns]
OF_LIMITS = ["board", "is_st", "basis", "rate", "limit_up"]
OF_BARS = ["date", "symbol", "close", "amount", "source", *OF_LIMITS]
OF_QUOTES = ["name", "prev_close", "open", "high", "low", "volume", "turnover", "is_traded", "book_estimated"]
OF_FETCH = ["status", "feed_time", "fetched_at"]
MOMENT = "datetime64[us, UTC]"
SEALS: dict[str, Any] = {
    "seal_amount": "float64",
    "first_seal": MOMENT,
    "last_seal": MOMENT,
    "times_opened": "Int64",
    "float_cap": "float64",
}


def states_of_bars(
    bars_with_limits: pd.DataFrame, before: pd.DataFrame | None = None, pool: pd.DataFrame | None = None
) -> pd.DataFrame:
    """State of every stock on every day.

    Row t is a function of rows dated <= t: a day alone, with `before`, equals the same day of the whole history.

    Parameters
    ----------
    bars_with_limits : DataFrame
        One row per day and stock: `date`, `symbol`, `open`, `high`, `low`, `close`, `amount`, `source` of BARS, and
        `board`, `is_st`, `basis`, `rate`, `limit_up` of `market.limits.stock_limits`.
    before : DataFrame or None
        The last LIMIT_STATES row of each stock before its first row here (`last_rows`); boards in a row go on from it.
        None starts every count at 0.
    pool : DataFrame or None
        LIMIT_POOL rows of the same days. Rows of the pool `limit_up` fill the seal columns, and their `boards_in_row`
        wins over the counted one, also for the days after. They say nothing about stocks that are not at their limit.

    Returns
    -------
    DataFrame
        Columns of LIMIT_STATES, sorted by date and symbol. Flags are `boolean`, null where the limit is not known;
        `sealed` is also null at the limit unless the pool says. `times_opened` is `Int64`.

    Raises
    ------
    BadInputError
        A day and stock stands twice, or a row of `before` is not earlier than the rows it should precede.
    """
    rows = _in_order(bars_with_limits)
    frame = rows[OF_BARS].copy()
    is_at = _set_flags(frame, rows, rows["close"].to_numpy())
    told = _set_seals(frame, pool, is_at)
    frame["boards_in_row"] = _in_row(frame, is_at, told, _carried(frame, before))
    return frame[COLUMNS]


def states_of_quotes(
    quotes: pd.DataFrame, limits: pd.DataFrame, before: pd.DataFrame | None = None, pool: pd.DataFrame | None = None
) -> pd.DataFrame:
    """State of every stock at the moment of its quote; sealed as the order book says.

    Parameters
    ----------
    quotes : DataFrame
        QUOTES rows of stocks, one per stock.
    limits : DataFrame, index as `quotes`
        `market.limits.stock_limits` of these rows, with the quotes themselves as `feed_limits`.
    before, pool : DataFrame or None
        As in `states_of_bars`. The book wins over the pool's seal amount where there is a book.

    Returns
    -------
    DataFrame
        Columns of LIMIT_STATES (`close` is the last price), then `name`, `price`, `change` (fraction; NaN where
        unknown), `prev_close`, `open`, `high`, `low`, `volume`, `turnover`, `is_traded`, `book_estimated`, `status`,
        `feed_time`, `fetched_at`. A stock that has not traded is not at its limit. `sealed` is null without a book.

    Raises
    ------
    BadInputError
        As in `states_of_bars`.
    """
    joined = pd.concat([quotes.drop(columns=["limit_up", "limit_down"]), limits], axis=1)
    rows = _in_order(joined.rename(columns={"last": "close"}))
    traded = rows["is_traded"].to_numpy(dtype=bool)
    frame = rows[[*OF_BARS, *OF_QUOTES, *OF_FETCH]].copy()
    is_at = _set_flags(frame, rows, np.where(traded, rows["close"].to_numpy(), np.nan))
    told = _set_seals(frame, pool, is_at)
    _seal_by_book(frame, rows, is_at)
    frame["float_cap"] = rows["float_cap"].fillna(frame["float_cap"])
    frame["boards_in_row"] = _in_row(frame, is_at, told, _carried(frame, before))
    frame["price"] = frame["close"]
    frame["change"] = frame["close"] / frame["prev_close"].where(frame["prev_close"] > 0) - 1.0
    return frame[[*COLUMNS, "name", "price", "change", *OF_QUOTES[1:], *OF_FETCH]]


def last_rows(states: pd.DataFrame) -> pd.DataFrame:
    """The last row of each stock: what the next day's states go on from."""
    return states.sort_values("date", kind="stable").drop_duplicates("symbol", keep="last")


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows by date and symbol; one integer per row is compared, because sorting millions of texts takes long."""
    symbol, symbols = pd.factorize(rows["symbol"], sort=True)
    day, _ = pd.factorize(rows["date"], sort=True)
    number = day * max(len(symbols), 1) + symbol
    order = np.argsort(number, kind="stable")
    twice = np.flatnonzero(np.diff(number[order]) == 0)
    if twice.size:
        seen = rows.iloc[order[twice[0]]]
        raise BadInputError(
            "finding limit-up states",
            f"{seen['symbol']} stands twice on {pd.Timestamp(seen['date']).date()}",
            "pass one row per stock and day",
        )
    is_sorted = bool((order[1:] > order[:-1]).all())
    return rows.reset_index(drop=True) if is_sorted else rows.iloc[order].reset_index(drop=True)


def _set_flags(frame: pd.DataFrame, rows: pd.DataFrame, last: np.ndarray) -> np.ndarray:
    """Set the flags that prices tell; returns whether a row is at its limit."""
    limit = to_ticks(rows["limit_up"].to_numpy(), TICK)
    at, high, low, first = (
        to_ticks(prices, TICK) == limit for prices in (last, *(rows[c].to_numpy() for c in ("high", "low", "open")))
    )
    known = (rows["basis"] != "unknown").to_numpy(dtype=bool)
    frame["at_limit"] = _flags(at, known)
    frame["touched"] = _flags(high, known)
    frame["opened"] = _flags(high & ~at, known)
    frame["one_word"] = _flags(high & low & first, known)
    frame["sealed"] = _flags(np.zeros(len(rows), dtype=bool), known & ~at)
    return at & known


def _flags(values: np.ndarray, known: np.ndarray) -> pd.arrays.BooleanArray:
    return pd.arrays.BooleanArray(values & known, ~known)


def _set_seals(frame: pd.DataFrame, pool: pd.DataFrame | None, is_at: np.ndarray) -> np.ndarray:
    """Set what the feed's pool says about the seal; returns its boards in a row, NaN where it says nothing."""
    for name, kind in SEALS.items():
        frame[name] = pd.Series(pd.NA if kind == "Int64" else None, index=frame.index, dtype=kind)
    boards = np.full(len(frame), np.nan)
    if pool is None or pool.empty:
        return boards
    listed = pool[pool["pool"] == "limit_up"].drop_duplicates(["date", "symbol"], keep="last")
    at = frame.index[is_at]
    place = pd.MultiIndex.from_frame(listed[["date", "symbol"]]).get_indexer(
        pd.MultiIndex.from_frame(frame.loc[at, ["date", "symbol"]])
    )
    mine, said = at[place >= 0], listed.iloc[place[place >= 0]]
    for name, kind in SEALS.items():
        frame.loc[mine, name] = said[name].astype(kind).array
    waiting = said["seal_amount"].to_numpy(dtype=np.float64)
    frame.loc[mine, "sealed"] = _flags(waiting > 0, ~np.isnan(waiting))
    frame.loc[mine, "source"] = frame.loc[mine, "source"].to_numpy() + " + " + said["source"].to_numpy()
    boards[mine] = said["boards_in_row"].to_numpy(dtype=np.float64, na_value=np.nan)
    return boards


def _seal_by_book(frame: pd.DataFrame, rows: pd.DataFrame, is_at: np.ndarray) -> None:
    """Sealed: at the limit, nobody sells, and the best buyer pays the limit; his shares there are the seal."""
    sellers, buyers = rows["ask1_volume"].to_numpy(np.float64), rows["bid1_volume"].to_numpy(np.float64)
    bid = rows["bid1"].to_numpy(np.float64)
    at_the_limit = to_ticks(bid, TICK) == to_ticks(rows["limit_up"].to_numpy(), TICK)
    sealed, has_book = is_at & (sellers == 0) & at_the_limit, is_at & ~np.isnan(sellers)
    frame.loc[has_book, "sealed"] = sealed[has_book]
    frame.loc[has_book, "seal_amount"] = np.where(sealed, bid * buyers, np.nan)[has_book]


def _carried(frame: pd.DataFrame, before: pd.DataFrame | None) -> np.ndarray:
    """Boards in a row of each row's stock before the frame begins; 0 where nothing is known."""
    if before is None or before.empty or frame.empty:
        return np.zeros(len(frame), dtype=np.int64)
    begins = frame.drop_duplicates("symbol").set_index("symbol")["date"]
    late = before[before["date"] >= before["symbol"].map(begins)]
    if len(late):
        seen = late.iloc[0]
        raise BadInputError(
            "counting boards in a row",
            f"the earlier row of {seen['symbol']}, {pd.Timestamp(seen['date']).date()}, is not earlier than its rows",
            "pass the last rows before the first day",
        )
    boards = last_rows(before).set_index("symbol")["boards_in_row"]
    return boards.reindex(frame["symbol"]).fillna(0).to_numpy(dtype=np.int64)


def _in_row(frame: pd.DataFrame, is_at: np.ndarray, told: np.ndarray, carried: np.ndarray) -> np.ndarray:
    """Consecutive rows of a stock at the limit: counted from the last row whose number is given otherwise.

    Given are rows off the limit (0), a stock's first row (one more than before), and rows for which the feed says it.
    """
    symbol, names = pd.factorize(frame["symbol"])
    small = np.int16 if len(names) < 1 << 15 else np.int64  # numpy sorts 16-bit numbers by radix: 5.4 M rows in 0.05 s
    order = np.argsort(symbol.astype(small), kind="stable")
    at, feed, stock = is_at[order], told[order], symbol[order]
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = stock[1:] != stock[:-1]
    has_feed = at & np.isfinite(feed)
    number = np.where(~at, 0, np.where(has_feed, np.nan_to_num(feed), carried[order] + 1)).astype(np.int64)
    position = np.arange(len(order))
    anchor = np.maximum.accumulate(np.where(~at | is_first | has_feed, position, 0))
    counted = np.empty(len(order), dtype=np.int64)
    counted[order] = number[anchor] + position - anchor
    return counted

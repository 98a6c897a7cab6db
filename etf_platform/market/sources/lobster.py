"""A LOBSTER day (message file and level-1 order book, row by row) as quotes and as fills of passive traders.

Here: reading the two files and what their columns mean. Not here: what a fill earned (`risk.attribution`).

Times are seconds after midnight, prices dollars times 10,000, `Direction` is the side of the limit order. Type 4 is
the execution of a visible, type 5 of a hidden limit order; each is a fill of the one who had posted the order. The book
file holds the state after each message, so the quote before a fill is that of the row before; a hidden execution leaves
the visible book as it is, so in the first row its own quote is the one before.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.market.sources.executions import numbers, read_table

MESSAGE = ("Time", "Type", "OrderId", "Size", "Price", "Direction")
BOOK = ("BestAsk", "BestAskVolume", "BestBid", "BestBidVolume")
UNITS = 10_000  # price units per dollar
VISIBLE, HIDDEN = 4, 5
EMPTY_SIDE = 9_000_000_000  # LOBSTER writes +-9999999999 where a side of the book is empty
_NAME = re.compile(r"^(?P<symbol>[A-Z.]+)_(?P<date>\d{4}-\d{2}-\d{2})_")


@dataclass(frozen=True)
class LobsterDay:
    """One symbol's day.

    Attributes
    ----------
    fills : DataFrame
        `time`, `symbol`, `side` (buy or sell, of the limit order), `quantity`, `price`, `fee` (0: the files have none),
        `decision_price` (NaN), `mid` (USD, from the quote before; NaN in a first row of type 4), `is_hidden`.
    quotes : DataFrame
        `time`, `symbol`, `bid`, `ask`, `bid_size`, `ask_size`, one row per message; NaN for an empty side.
    """

    fills: pd.DataFrame
    quotes: pd.DataFrame


def read_lobster(messages: Path, book: Path | None = None) -> LobsterDay:
    """Read a day; symbol and date come from the file name `SYMBOL_YYYY-MM-DD_..._message_1.csv`.

    Parameters
    ----------
    messages : Path
    book : Path, optional
        Default: the same name with `orderbook` for `message`.

    Raises
    ------
    BadInputError
        A file is missing, its name says no symbol and date, a column is missing, a value is no number, times run
        backwards, the files differ in length, a quote is crossed, or a type or direction does not exist.
    """
    named = _NAME.match(messages.name)
    if named is None:
        raise BadInputError(
            f"reading {messages.name}",
            "its name says no symbol and date",
            "name it SYMBOL_YYYY-MM-DD_..._message_1.csv",
        )
    message = _columns(messages, MESSAGE)
    levels = _columns(book or messages.with_name(messages.name.replace("_message_", "_orderbook_")), BOOK)
    if len(message) != len(levels):
        saw = f"{len(message)} messages, {len(levels)} book rows"
        raise BadInputError(f"reading {messages.name}", saw, "pass files of the same day")
    _check(message, messages.name)
    midnight = pd.Timestamp(named["date"])
    time = midnight + pd.to_timedelta(np.rint(message["Time"].to_numpy() * 1e9).astype(np.int64), unit="ns")
    ask, bid = (_side(levels[c]) for c in ("BestAsk", "BestBid"))
    if (bid >= ask).any():
        row = int(np.flatnonzero(bid >= ask)[0])
        raise BadInputError(f"reading {messages.name}", f"row {row} of the book is crossed", "drop or repair the row")
    symbol = f"{named['symbol']}.US"
    quotes = pd.DataFrame({"time": time, "symbol": symbol, "bid": bid / UNITS, "ask": ask / UNITS})
    quotes = quotes.assign(bid_size=levels["BestBidVolume"], ask_size=levels["BestAskVolume"])
    return LobsterDay(_fills(message, time, symbol, (bid + ask) / (2 * UNITS)), quotes)


def _fills(message: pd.DataFrame, time: pd.DatetimeIndex, symbol: str, mid: np.ndarray) -> pd.DataFrame:
    kind = message["Type"].to_numpy()
    before = np.append(mid[0] if len(kind) and kind[0] == HIDDEN else np.nan, mid[:-1])
    is_fill = np.isin(kind, (VISIBLE, HIDDEN))
    chosen = message[is_fill]
    return pd.DataFrame(
        {
            "time": time[is_fill],
            "symbol": symbol,
            "side": np.where(chosen["Direction"] > 0, "buy", "sell"),
            "quantity": chosen["Size"].to_numpy(dtype=np.float64),
            "price": chosen["Price"].to_numpy() / UNITS,
            "fee": 0.0,
            "decision_price": np.nan,
            "mid": before[is_fill],
            "is_hidden": kind[is_fill] == HIDDEN,
        }
    )


def _columns(path: Path, names: tuple[str, ...]) -> pd.DataFrame:
    raw = read_table(path, names)
    return pd.DataFrame({name: numbers(raw[name], name, path) for name in names})


def _side(price: pd.Series) -> np.ndarray:
    values = price.to_numpy(dtype=np.float64)
    return np.where(np.abs(values) > EMPTY_SIDE, np.nan, values)


def _check(message: pd.DataFrame, name: str) -> None:
    doing = f"reading {name}"
    if not message["Time"].is_monotonic_increasing:
        row = int(np.flatnonzero(np.diff(message["Time"]) < 0)[0]) + 1
        raise BadInputError(doing, f"the time of row {row} is earlier than that of the row before", "sort the messages")
    if strange := sorted({*message["Type"]} - {1, 2, 3, 4, 5, 6, 7}):
        raise BadInputError(doing, f"a message has type {strange[0]:g}", "types are 1 to 7")
    if strange := sorted({*message["Direction"]} - {-1, 1}):
        raise BadInputError(doing, f"a message has direction {strange[0]:g}", "directions are -1 and 1")
    if (message.loc[message["Type"].isin((VISIBLE, HIDDEN)), ["Size", "Price"]] <= 0).any(axis=None):
        raise BadInputError(doing, "an execution has no positive size or price", "drop or repair the row")

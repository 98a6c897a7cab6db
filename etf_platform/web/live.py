"""The tracker's rows as the server needs them: the board of a day, signals, quotes, the monitor.

What is not in the ops database (days that nobody watched) comes from the stored daily states. House symbols, fractions,
UTC. Not here: the compatible view (`models.compatible`), funds' holdings (`holdings`).
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from etf_platform.arbitrage.clock import SHANGHAI, is_open
from etf_platform.core import tables as t
from etf_platform.core.errors import CalendarEndError, MissingTableError
from etf_platform.storage import tracker
from etf_platform.web.picking import Picker, Row, Wanted
from etf_platform.web.services import Services
from etf_platform.web.symbols import names

Origin = Literal["live", "closes", "none"]
OLDEST_SHOWN = 300  # s, of a quote in a session
FROM_STATES = (
    "basis", "limit_up", "at_limit", "sealed", "touched", "opened", "one_word", "boards_in_row", "seal_amount",
    "first_seal", "last_seal", "times_opened", "float_cap", "amount", "source",
)  # fmt: skip


@dataclass(frozen=True)
class Board:
    """Stocks that touched their limit on a day.

    Attributes
    ----------
    day : date or None
        None where no day is known at all.
    origin : str
        `live` from the monitor's last look, `closes` from daily bars, `none` where nothing is stored.
    rows : list of dict
        Fields of `LIMIT_BOARD` with `symbol`.
    """

    day: dt.date | None
    origin: Origin
    rows: list[Row]

    @property
    def at_limit(self) -> list[Row]:
        """Those at the limit now, or at the close."""
        return [row for row in self.rows if row.get("at_limit")]

    @property
    def opened(self) -> list[Row]:
        """Those that touched the limit and are not at it."""
        return [row for row in self.rows if row.get("opened")]

    @property
    def seal_rate(self) -> float | None:
        """At the limit / (at the limit + opened); None on days without either."""
        tried = len(self.at_limit) + len(self.opened)
        return len(self.at_limit) / tried if tried else None


def board(services: Services, picker: Picker, day: dt.date | None = None) -> Board:
    """The board of a day; of the last day that is known where `day` is None."""
    rows = tracker.board(services.ops, day)
    closes = last_states(services, picker) if day is None else day
    if rows and (day is not None or closes is None or rows[0]["trade_date"] >= closes):
        return Board(rows[0]["trade_date"], "live", [_plain(row) for row in rows])
    if closes is None:
        return Board(day, "none", [])
    found = _from_closes(services, picker, closes)
    return Board(closes, "closes" if found else "none", found)


def last_states(services: Services, picker: Picker) -> dt.date | None:
    """The last day with stored limit states; None where there is none."""
    try:
        return picker.last_day(t.LIMIT_STATES, services.config.arbitrage.stocks)
    except MissingTableError:
        return None


def is_trading(services: Services) -> bool:
    """Whether the exchange trades at this moment; a day beyond the calendar's end is none."""
    try:
        is_session = services.sessions(services.config.arbitrage.stocks).is_session(services.today)
    except CalendarEndError:
        return False
    return is_session and is_open(services.now(), services.config.arbitrage.trading_hours)


def fresh_quotes(services: Services, symbols: Collection[str]) -> dict[str, Row]:
    """Last quotes by symbol; while the exchange trades, those of the last 300 s: what is older is unknown."""
    found = tracker.last_quotes(services.ops, symbols)
    if not is_trading(services):
        return found
    oldest = services.now() - dt.timedelta(seconds=OLDEST_SHOWN)
    return {symbol: row for symbol, row in found.items() if row["at"] >= oldest}


def has_opened(services: Services) -> bool:
    """Whether today is a session and its first half has begun."""
    try:
        is_session = services.sessions(services.config.arbitrage.stocks).is_session(services.today)
    except CalendarEndError:
        return False
    opens = dt.time.fromisoformat(services.config.arbitrage.trading_hours.morning[0])
    return is_session and services.local_now.time() >= opens


def local_time(value: Any) -> str | None:
    """HH:MM:SS on the exchange's clock of an ISO text or a time in UTC; None for None."""
    if value is None or value == "":
        return None
    return pd.Timestamp(value).tz_convert(SHANGHAI).strftime("%H:%M:%S")


def _from_closes(services: Services, picker: Picker, day: dt.date) -> list[Row]:
    stocks = services.config.arbitrage.stocks
    wanted = Wanted(start=day, end=day, equal={"touched": True})
    try:
        states = picker.rows(t.LIMIT_STATES, stocks, wanted)
        bars = {row["symbol"]: row for row in picker.rows(t.BARS, stocks, Wanted(start=day, end=day))}
    except MissingTableError:
        return []
    called = names(services, [row["symbol"] for row in states])
    return [_closed(row, bars.get(row["symbol"], {}), called) for row in states]


def _closed(state: Row, bar: Row, called: dict[str, str]) -> Row:
    before = bar.get("prev_close")
    return {
        "symbol": state["symbol"],
        "trade_date": state["date"],
        "name": called.get(state["symbol"]),
        "price": state["close"],
        "prev_close": before,
        "change": state["close"] / before - 1.0 if before else None,
        "volume": bar.get("volume"),
        "fetched_at": bar.get("fetched_at"),
        "turnover": bar["volume"] * state["close"] / state["float_cap"] if bar and state["float_cap"] else None,
        "industry": None,
        **{name: state[name] for name in FROM_STATES},
    }


def _plain(row: Row) -> Row:
    return {**row, "fetched_at": row.get("fetched_at") or row.get("at")}

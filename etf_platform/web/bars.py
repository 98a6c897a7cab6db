"""Bars of one symbol, wherever they are stored, with the marks that a chart shows. Candles are made in `candles`."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from etf_platform.arbitrage.clock import SHANGHAI
from etf_platform.core import tables as t
from etf_platform.core.errors import MissingTableError
from etf_platform.core.schema import Table
from etf_platform.storage import tracker
from etf_platform.web.candles import WINDOWS, Adjust, Candles, Period, candles, first_day_needed, grouped_bars
from etf_platform.web.picking import Picker, Row, Wanted
from etf_platform.web.services import Services
from etf_platform.web.symbols import is_fund

COLUMNS = ("date", "open", "high", "low", "close", "volume", "amount", "adj_factor", "source")
LONGEST = 2_000


@dataclass(frozen=True)
class Chart:
    """Candles and what is drawn beside them; lists of one length."""

    candles: Candles
    limit_up: list[bool | None]
    premium: list[float | None]
    premium_kind: Literal["feed", "estimated"] | None
    source: str | None


def chart(
    services: Services,
    picker: Picker,
    symbol: str,
    period: Period,
    adjust: Adjust,
    count: int,
    decimals: tuple[int, int],
) -> Chart | None:
    """The last `count` candles of a symbol; None where no bars of it are stored."""
    for universe in homes(services, symbol):
        bars = _bars(services, picker, universe, symbol, period, count)
        if len(bars):
            break
    else:
        return None
    bars, is_running = with_running_day(bars, tracker.last_quotes(services.ops, [symbol]).get(symbol), services.today)
    made = candles(bars, services.sessions(universe).index, period, adjust, count, decimals, is_running)
    premium, kind = _premium(services, picker, universe, symbol, made.dates)
    marks = _limit_ups(services, picker, symbol, made.dates)
    return Chart(made, marks, premium, kind, str(bars["source"].iloc[-1]))


def with_running_day(bars: pd.DataFrame, quote: Row | None, today: dt.date) -> tuple[pd.DataFrame, bool]:
    """The bars with today's so far out of the last quote, and whether it is there.

    Parameters
    ----------
    bars : DataFrame
        `COLUMNS`, oldest first, at least one row. A bar of today goes before the quote.
    quote : dict or None
        Row of `storage.tracker.last_quotes`. One of another day, or without every price and a trade, is none. Its
        reference price carries `adj_factor` over a dividend or split.
    """
    needed = ("open", "high", "low", "price", "prev_close", "volume", "amount")
    if quote is None or quote["at"].astimezone(SHANGHAI).date() != today or not all(quote.get(n) for n in needed):
        return bars, False
    last, day = bars.iloc[-1], pd.Timestamp(today)
    if last["date"] >= day:
        return bars, False
    row = {name: quote[name] for name in ("open", "high", "low", "volume", "amount", "source")}
    factor = last["adj_factor"] * last["close"] / quote["prev_close"]
    row |= {"date": day.as_unit("ns"), "close": quote["price"], "adj_factor": factor}
    return pd.concat([bars, pd.DataFrame([row])[list(bars.columns)]], ignore_index=True), True


def homes(services: Services, symbol: str) -> list[str]:
    """Universes that may hold a symbol's bars, the tracker's own first."""
    own = services.config.arbitrage.funds if is_fund(symbol) else services.config.arbitrage.stocks
    pools = [name for name, symbols in services.config.pools.items() if symbol in symbols]
    others = [name for name, one in services.config.universes.universes.items() if symbol in one.symbols]
    return [own, *pools, *others]


def _bars(services: Services, picker: Picker, universe: str, symbol: str, period: Period, count: int) -> pd.DataFrame:
    """Enough bars for the candles and averages; all of them where a suspension left too few."""
    try:
        last = picker.last_day(t.BARS, universe)
        if last is None:
            return pd.DataFrame(columns=list(COLUMNS))
        first = first_day_needed(services.sessions(universe).index, pd.Timestamp(last), period, count)
        wanted = Wanted(start=first.date(), equal={"symbol": symbol}, columns=COLUMNS)
        bars = picker.frame(t.BARS, universe, wanted)
        short = len(grouped_bars(bars, period)) < count + max(WINDOWS)
        if short and picker.has_before(t.BARS, universe, first.date()):
            bars = picker.frame(t.BARS, universe, Wanted(equal={"symbol": symbol}, columns=COLUMNS))
    except MissingTableError:
        return pd.DataFrame(columns=list(COLUMNS))
    return bars


def _limit_ups(services: Services, picker: Picker, symbol: str, dates: Sequence[str]) -> list[bool | None]:
    if is_fund(symbol) or not dates:
        return [None] * len(dates)
    known = _by_day(picker, t.LIMIT_STATES, services.config.arbitrage.stocks, "at_limit", symbol, dates)
    return [known.get(day) for day in dates]


def _premium(
    services: Services, picker: Picker, universe: str, symbol: str, dates: Sequence[str]
) -> tuple[list[float | None], Literal["feed", "estimated"] | None]:
    """Premium by day: of the last quote where quotes are stored, else the estimate of the day's signal."""
    if not is_fund(symbol) or not dates:
        return [None] * len(dates), None
    quoted = _by_day(picker, t.QUOTES, universe, "premium", symbol, dates)
    if any(value is not None for value in quoted.values()):
        return [quoted.get(day) for day in dates], "feed"
    stocks = services.config.arbitrage.stocks
    estimated = _by_day(picker, t.EVENT_SIGNALS, stocks, "premium", symbol, dates, key="etf")
    some = any(value is not None for value in estimated.values())
    return [estimated.get(day) for day in dates], "estimated" if some else None


def _by_day(
    picker: Picker, table: Table, universe: str, column: str, symbol: str, dates: Sequence[str], key: str = "symbol"
) -> dict[str, Any]:
    """The last value of each day; nothing where the table was never written."""
    first, last = (pd.Timestamp(day).date() for day in (dates[0], dates[-1]))
    wanted = Wanted(start=first, end=last, equal={key: symbol}, columns=["date", column])
    try:
        rows = picker.rows(table, universe, wanted)
    except MissingTableError:
        return {}
    return {row["date"].isoformat(): row[column] for row in rows}

"""Bare six-digit codes and house symbols, and how instruments are called. Not here: prices."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from etf_platform.core import tables as t
from etf_platform.core.errors import MissingTableError
from etf_platform.market import codes
from etf_platform.storage import tracker, watchlist
from etf_platform.web.failures import NotFoundError

if TYPE_CHECKING:
    import pandas as pd

    from etf_platform.web.services import Services

EXCHANGES = ("SH", "SZ", "BJ")
FUNDS = ("fund", "lof")


def bare(symbol: str) -> str:
    """`600519.SH` -> `600519`."""
    return symbol.partition(".")[0]


def stock_of(code: str) -> str | None:
    """House symbol of a stock's six-digit code (or of a house symbol); None where no stock has it."""
    return _symbol(code, ("stock",))


def fund_of(code: str) -> str | None:
    """House symbol of a fund's six-digit code (or of a house symbol); None where no fund has it."""
    return _symbol(code, FUNDS)


def known_symbol(text: str) -> str:
    """A house symbol as it was asked for.

    Raises
    ------
    NotFoundError
        No instrument can have it.
    """
    if codes.lookup(text) is None:
        raise NotFoundError(
            "looking up an instrument", f"{text!r} is no symbol", "write it with its exchange: 600519.SH"
        )
    return text


def is_fund(symbol: str) -> bool:
    """Whether a symbol is that of an exchange-traded fund."""
    found = codes.lookup(symbol)
    return found is not None and found.kind in FUNDS


def names(services: "Services", symbols: Iterable[str]) -> dict[str, str]:
    """Names of instruments, each of the first that knows it: configuration, list of stocks, watch list, last quote."""
    wanted = set(symbols)
    quotes = tracker.last_quotes(services.ops, wanted) if wanted else {}
    found = {symbol: row.get("name") for symbol, row in quotes.items()}
    watched = watchlist.read(services.watchlist)
    found |= {symbol: fund.name for fund in watched.watch_etfs if (symbol := fund_of(fund.code)) in wanted and symbol}
    found |= {stock.symbol: stock.name for stock in watched.my_stocks if stock.symbol in wanted}
    listed = stock_list(services)
    if listed is not None and wanted:
        rows = listed[listed["symbol"].isin(list(wanted)) & (listed["name"] != "")]
        found |= dict(zip(rows["symbol"], rows["name"], strict=True))
    found |= {s: one.name for s, one in services.config.instruments.instruments.items() if s in wanted}
    return {symbol: name for symbol, name in found.items() if name}


def stock_list(services: "Services") -> "pd.DataFrame | None":
    """Every listed stock; None where the list was never stored."""
    try:
        return services.lake.read(t.STOCK_LIST, services.config.arbitrage.stocks)
    except MissingTableError:
        return None


def _symbol(code: str, kinds: tuple[str, ...]) -> str | None:
    candidates = (f"{code}.{e}" for e in EXCHANGES) if re.fullmatch(r"[0-9]{6}", code, re.ASCII) else (code,)
    found = (codes.lookup(candidate) for candidate in candidates)
    return next((one.symbol for one in found if one and one.kind in kinds), None)

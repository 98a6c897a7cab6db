"""Watched stocks, stocks at their limit, the ladder, exposed funds, quotes, search."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query

from etf_platform.arbitrage.clock import SHANGHAI
from etf_platform.storage import tracker, watchlist
from etf_platform.web import compatible as original
from etf_platform.web.holdings import exposed, records
from etf_platform.web.live import Board, board, fresh_quotes, has_opened, is_trading
from etf_platform.web.models import compatible
from etf_platform.web.models import tracker as models
from etf_platform.web.models.paging import Day, Limit, Offset, Page, page_of
from etf_platform.web.picking import Row
from etf_platform.web.reading import Read, Reading
from etf_platform.web.symbols import is_fund, names, stock_list

router = APIRouter()
MOST_SYMBOLS = 200


@router.get("/api/stocks", tags=["compatible"])
def stocks(read: Read) -> list[compatible.Stock]:
    """Watched stocks with their last quotes; unknown values are null."""
    return [
        compatible.Stock(
            code=row["code"],
            name=row["name"],
            price=row["price"],
            change_pct=original.percent(row["change"]),
            is_limit_up=row["is_limit_up"],
        )
        for row in watched_rows(read)
    ]


@router.get("/api/limit-up", tags=["compatible"])
def limit_up(read: Read) -> list[compatible.LimitUp]:
    """Stocks at their upper limit in the session; before it opens those of the last one; kept for some seconds.

    Empty while a session is on (or over) of which nothing is known yet.
    """
    found = board(read.services, read.picker)
    rows = [] if has_opened(read.services) and found.day != read.services.today else found.at_limit
    return [compatible.LimitUp(**original.limit_up(row)) for row in rows]


@router.get("/api/v2/board", tags=["tracker"])
def whole_board(read: Read, day: Day | None = None, limit: Limit = 200, offset: Offset = 0) -> models.Board:
    """Stocks that touched their limit on a day (default: the last that is known), those at it first."""
    found = board(read.services, read.picker, day)
    rows = sorted(found.rows, key=lambda row: (not row.get("at_limit"), row["symbol"]))
    is_live = found.origin == "live"
    return models.Board(
        day=found.day,
        origin=found.origin,
        at_limit=len(found.at_limit),
        sealed=sum(bool(row.get("sealed")) for row in found.rows) if is_live else None,
        opened=len(found.opened),
        seal_rate=found.seal_rate,
        **page_of([_row(row) for row in rows], limit, offset),
    )


@router.get("/api/v2/ladder", tags=["tracker"])
def ladder(read: Read, day: Day | None = None) -> models.Ladder:
    """Stocks at their limit by consecutive boards, most first."""
    found = board(read.services, read.picker, day)
    rungs: dict[int, list[models.BoardRow]] = {}
    for row in found.at_limit:
        rungs.setdefault(int(row.get("boards_in_row") or 1), []).append(_row(row))
    ordered = [models.Rung(boards=boards, stocks=rungs[boards]) for boards in sorted(rungs, reverse=True)]
    return models.Ladder(day=found.day, origin=found.origin, rungs=ordered)


@router.get("/api/v2/exposure", tags=["tracker"])
def exposure(read: Read, day: Day | None = None, limit: Limit = 100, offset: Offset = 0) -> models.Exposure:
    """Per fund the sum of the weights of all its sealed stocks, by the holdings that had been published by the day."""
    found = board(read.services, read.picker, day)
    rows = exposed_rows(read, found)
    return models.Exposure(
        day=found.day, origin=found.origin, **page_of([models.Exposed(**row) for row in rows], limit, offset)
    )


@router.get("/api/v2/quotes", tags=["tracker"])
def quotes(
    read: Read,
    symbol: Annotated[list[str], Query(max_length=MOST_SYMBOLS, description="house symbols; none gives all")] = [],  # noqa: B006
    limit: Limit = 200,
    offset: Offset = 0,
) -> Page[models.Quote]:
    """Last quotes, by symbol; symbols without one are missing."""
    services = read.services
    found = tracker.last_quotes(services.ops, symbol or None)
    oldest = services.now() - dt.timedelta(seconds=services.config.arbitrage.refresh.backend_cache_ttl)
    trading = is_trading(services)
    rows = [found[name] for name in sorted(found)]
    shown = page_of(rows, limit, offset)
    items = [models.Quote(**_quote(row), is_stale=trading and row["at"] < oldest) for row in shown["items"]]
    return Page[models.Quote](**{**shown, "items": items})


@router.get("/api/v2/search", tags=["tracker"])
def search(
    read: Read,
    q: Annotated[str, Query(min_length=1, max_length=20, description="part of a symbol or a name")],
    limit: Annotated[int, Query(ge=1, le=50)] = 12,
) -> list[models.Found]:
    """Stocks and funds whose symbol starts with, or whose name contains, the text."""
    found: dict[str, models.Found] = {}
    asked = q.strip().upper()
    for symbol, one in read.services.config.instruments.instruments.items():
        if is_fund(symbol) and _fits(asked, symbol, one.name):
            found[symbol] = models.Found(symbol=symbol, name=one.name, kind="fund", board=None, industry=one.sector)
    listed = stock_list(read.services)
    if listed is not None and asked:
        fits = listed["symbol"].str.startswith(asked) | listed["name"].str.upper().str.contains(asked, regex=False)
        for row in listed[fits].head(limit).to_dict("records"):
            kept = {name: row[name] or None for name in ("board", "industry")}
            found[row["symbol"]] = models.Found(symbol=row["symbol"], name=row["name"], kind="stock", **kept)
    for stock in watchlist.read(read.services.watchlist).my_stocks:
        if _fits(asked, stock.symbol, stock.name) and stock.symbol not in found:
            found[stock.symbol] = models.Found(
                symbol=stock.symbol, name=stock.name, kind="stock", board=None, industry=None
            )
    return sorted(found.values(), key=lambda one: (not one.symbol.startswith(asked), one.symbol))[:limit]


def watched_rows(read: Reading) -> list[Row]:
    """Watched stocks with quote and, where it is of the quote's day, board; in the list's order, unknown is None."""
    services = read.services
    watched = watchlist.read(services.watchlist).my_stocks
    quoted = fresh_quotes(services, [stock.symbol for stock in watched])
    found = board(services, read.picker)
    rows = {row["symbol"]: row for row in found.rows}
    shown = []
    for stock in watched:
        quote = quoted.get(stock.symbol, {})
        is_older = bool(quote) and found.day != quote["at"].astimezone(SHANGHAI).date()
        shown.append(_watched(stock, quote, {} if is_older else rows.get(stock.symbol, {})))
    return shown


def exposed_rows(read: Reading, found: Board) -> list[Row]:
    """Funds with stocks at the limit, with names and quotes, most exposed first."""
    if found.day is None or not found.rows:
        return []
    rows = records(exposed(found, read.holdings.on(found.day)))
    called = names(read.services, [symbol for row in rows for symbol in (row["etf"], row["stock"])])
    quoted = fresh_quotes(read.services, [row["etf"] for row in rows])
    return [_exposed(row, called, quoted.get(row["etf"], {})) for row in rows]


def _exposed(row: Row, called: dict[str, str], quote: Row) -> Row:
    return {
        **row,
        "name": called.get(row["etf"]),
        "stock_name": called.get(row["stock"]),
        **{name: quote.get(name) for name in ("price", "change", "premium")},
    }


def _watched(stock: Any, quote: Row, state: Row) -> Row:
    return {
        "code": stock.code,
        "symbol": stock.symbol,
        "name": stock.name,
        "market": stock.market,
        "notes": stock.notes,
        "alerts": stock.alerts,
        **{name: quote.get(name) for name in ("price", "change", "amount", "at")},
        "is_limit_up": is_at_limit(quote, state),
        "is_sealed": state.get("sealed"),
        "boards_in_row": state.get("boards_in_row") if state.get("at_limit") else None,
    }


def is_at_limit(quote: Row, state: Row) -> bool | None:
    """As the board says; without a row there, whether the quote is at its limit; None where either is unknown."""
    if state.get("at_limit") is not None:
        return bool(state["at_limit"])
    price, limit = quote.get("price"), quote.get("limit_up")
    return None if price is None or limit is None else abs(price - limit) < 0.0005


def _row(row: Row) -> models.BoardRow:
    return models.BoardRow(**{name: row.get(name) for name in models.BoardRow.model_fields})


def _quote(row: Row) -> Row:
    return {name: row.get(name) for name in models.Quote.model_fields if name != "is_stale"}


def _fits(asked: str, symbol: str, name: str) -> bool:
    return bool(asked) and (symbol.startswith(asked) or asked in name.upper())

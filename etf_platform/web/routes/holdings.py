"""Which funds hold a stock, which stocks a fund holds, categories, the whole map."""

from typing import Any

import pandas as pd
from fastapi import APIRouter

from etf_platform.web import compatible as original
from etf_platform.web.holdings import IN_TOP, records
from etf_platform.web.live import board, fresh_quotes
from etf_platform.web.models import compatible
from etf_platform.web.models import tracker as models
from etf_platform.web.models.paging import Code, Day, Limit, Offset, Page, Symbol, page_of
from etf_platform.web.picking import Row
from etf_platform.web.reading import Read, Reading
from etf_platform.web.symbols import bare, fund_of, known_symbol, names, stock_of

router = APIRouter()
OTHER = "其他"


@router.get("/api/stocks/{code}/related-etfs", tags=["compatible"])
def related(read: Read, code: Code) -> list[compatible.RelatedFund]:
    """Funds that hold the stock with at least `min_weight`, largest first; [] where none does."""
    least = read.services.config.arbitrage.strategy.min_weight
    rows = holders(read, stock_of(code), least)
    categories = {
        symbol: name for name, funds in read.services.config.arbitrage.etf_categories.items() for symbol in funds
    }
    return [
        compatible.RelatedFund(
            etf_code=bare(row["etf"]),
            etf_name=row["name"],
            weight=row["weight"],
            rank=row["rank"],
            in_top10=row["rank"] <= IN_TOP,
            category=categories.get(row["etf"], OTHER),
            price=row["price"],
            change_pct=original.percent(row["change"]),
            volume=row["amount"],
            premium=original.percent(row["premium"]),
        )
        for row in rows
    ]


@router.get("/api/etfs/categories", tags=["compatible"])
def categories(read: Read) -> compatible.Categories:
    """Funds by category, as configured."""
    configured = read.services.config.arbitrage.etf_categories
    called = names(read.services, [symbol for funds in configured.values() for symbol in funds])
    listed: dict[Any, list[compatible.NamedFund]] = {
        name: [compatible.NamedFund(code=bare(s), name=called.get(s)) for s in configured.get(name, ())]  # type: ignore[call-overload]
        for name in compatible.Categories.model_fields
    }
    return compatible.Categories(**listed)


@router.get("/api/etfs/{code}/holdings", tags=["compatible"])
def top_holdings(read: Read, code: Code) -> compatible.FundHoldings:
    """The ten largest holdings of the last published report; none where no report is stored."""
    fund = fund_of(code)
    rows = read.holdings.on(read.services.today).of_fund(fund)
    shown, called = rows.head(IN_TOP), _called(read, rows.head(IN_TOP), [fund] if fund else [])
    return compatible.FundHoldings(
        etf_code=code,
        etf_name=called.get(fund or ""),
        top_holdings=[
            compatible.Holding(stock_code=bare(row["stock"]), stock_name=called.get(row["stock"]), weight=row["weight"])
            for row in records(shown)
        ],
        total_weight=float(shown["weight"].sum()) if len(shown) else None,
        **_report(rows),
    )


@router.get("/api/mapping", tags=["compatible"])
def mapping(read: Read) -> dict[str, list[compatible.MappedFund]]:
    """Every held stock and its funds, largest weight first."""
    known = read.holdings.on(read.services.today)
    called = names(read.services, known.by_fund)
    return {
        bare(stock): [
            compatible.MappedFund(etf_code=bare(fund), etf_name=called.get(fund), weight=weight, rank=rank)
            for fund, weight, rank in zip(rows["symbol"], rows["weight"], rows["rank"], strict=True)
        ]
        for stock, rows in sorted(known.by_stock.items())
    }


@router.get("/api/v2/stocks/{symbol}/holders", tags=["tracker"])
def all_holders(
    read: Read, symbol: Symbol, day: Day | None = None, limit: Limit = 100, offset: Offset = 0
) -> Page[models.Holder]:
    """Funds that hold the stock with any weight, by reports that had been published by a day (default: today)."""
    rows = holders(read, known_symbol(symbol), 0.0, day)
    return Page[models.Holder](**page_of([models.Holder(**row) for row in rows], limit, offset))


@router.get("/api/v2/etfs/{symbol}/holdings", tags=["tracker"])
def all_holdings(
    read: Read, symbol: Symbol, day: Day | None = None, limit: Limit = 100, offset: Offset = 0
) -> models.Holdings:
    """The whole report of a fund that had been published by a day (default: today), with stocks at the limit marked."""
    services = read.services
    rows = read.holdings.on(day or services.today).of_fund(known_symbol(symbol))
    shown = rows.iloc[offset : offset + limit]
    called, found = _called(read, shown, [symbol]), board(services, read.picker, day)
    at_limit = {row["symbol"] for row in found.at_limit}
    items = [
        models.Holding(
            stock=row["stock"],
            stock_name=called.get(row["stock"]),
            rank=row["rank"],
            weight=row["weight"],
            is_at_limit=None if found.origin == "none" else row["stock"] in at_limit,
        )
        for row in records(shown)
    ]
    return models.Holdings(
        etf=symbol,
        name=called.get(symbol),
        weight_sum=float(rows["weight"].sum()) if len(rows) else None,
        source=str(rows["source"].iloc[0]) if len(rows) else None,
        **_report(rows),
        total=len(rows),
        limit=limit,
        offset=offset,
        items=items,
    )


def holders(read: Reading, stock: str | None, least: float, day: Any = None) -> list[Row]:
    """Funds that hold a stock, with names and last quotes; unknown values are None."""
    services = read.services
    rows = read.holdings.on(day or services.today).of_stock(stock, least)
    quoted = fresh_quotes(services, list(rows["symbol"]))
    called = names(services, rows["symbol"])
    kept = ("stock", "weight", "rank", "completeness", "as_of", "published_at")
    return [
        {
            **{name: row[name] for name in kept},
            "etf": row["symbol"],
            "name": called.get(row["symbol"]),
            **{name: quoted.get(row["symbol"], {}).get(name) for name in ("price", "change", "amount", "premium")},
        }
        for row in records(rows)
    ]


def _called(read: Reading, rows: pd.DataFrame, further: list[str]) -> dict[str, str]:
    """Names, those of the report where nothing better is known."""
    reported = {row["stock"]: row["stock_name"] for row in records(rows) if row["stock_name"]}
    return reported | names(read.services, [*rows["stock"], *further])


def _report(rows: pd.DataFrame) -> Row:
    if rows.empty:
        return {"as_of": None, "published_at": None, "completeness": None}
    first = rows.iloc[0]
    return {
        "as_of": first["as_of"].date(),
        "published_at": first["published_at"].date(),
        "completeness": first["completeness"],
    }

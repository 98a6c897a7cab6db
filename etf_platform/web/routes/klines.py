"""K-lines of stocks and funds."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from etf_platform.web import compatible as original
from etf_platform.web.bars import LONGEST, Chart, chart
from etf_platform.web.candles import Adjust, Period
from etf_platform.web.models import compatible
from etf_platform.web.models import tracker as models
from etf_platform.web.models.paging import Code, Symbol
from etf_platform.web.reading import Read, Reading
from etf_platform.web.symbols import fund_of, is_fund, known_symbol, names, stock_of

router = APIRouter()
MISSING = "无法获取K线数据"
Count = Annotated[int, Query(ge=1, le=LONGEST, description="candles")]


@router.get("/api/stocks/{code}/kline", tags=["compatible"])
def stock_kline(
    read: Read, code: Code, days: Count = 60, period: Period = "day", adjust: Adjust = "none"
) -> compatible.Kline:
    """Candles of a stock with moving averages of 2 decimals."""
    return _compatible(_chart(read, stock_of(code), period, adjust, days, (2, 2)), period, adjust)


@router.get("/api/etfs/{code}/kline", tags=["compatible"])
def fund_kline(
    read: Read, code: Code, days: Count = 60, period: Period = "day", adjust: Adjust = "none"
) -> compatible.Kline:
    """Candles of a fund: prices of 3 decimals (its tick), moving averages of 2 as in the original."""
    return _compatible(_chart(read, fund_of(code), period, adjust, days, (3, 2)), period, adjust)


@router.get("/api/v2/klines/{symbol}", tags=["tracker"])
def kline(
    read: Read, symbol: Symbol, count: Count = 120, period: Period = "day", adjust: Adjust = "none"
) -> models.Kline:
    """Candles of any instrument with stored bars; all decimals follow its tick."""
    places = 3 if is_fund(known_symbol(symbol)) else 2
    found = _chart(read, symbol, period, adjust, count, (places, places))
    made = found.candles
    return models.Kline(
        symbol=symbol,
        name=names(read.services, [symbol]).get(symbol),
        period=period,
        adjust=adjust,
        dates=made.dates,
        values=made.values,
        volumes=made.volumes,
        amounts=made.amounts,
        **_averages(found),
        partial=made.partial,
        limit_up=found.limit_up,
        premium=found.premium,
        premium_kind=found.premium_kind,
        source=found.source,
    )


def _chart(
    read: Reading, symbol: str | None, period: Period, adjust: Adjust, count: int, decimals: tuple[int, int]
) -> Chart:
    found = chart(read.services, read.picker, symbol, period, adjust, count, decimals) if symbol else None
    if found is None:
        raise HTTPException(404, MISSING)
    return found


def _compatible(found: Chart, period: Period, adjust: Adjust) -> compatible.Kline:
    made = found.candles
    return compatible.Kline(
        dates=made.dates,
        values=made.values,
        volumes=made.volumes,
        **_averages(found),
        partial=made.partial,
        limit_up=found.limit_up,
        premium=[original.percent(value) for value in found.premium],
        period=period,
        adjust=adjust,
        source=found.source,
    )


def _averages(found: Chart) -> dict[str, list[float | None]]:
    return {f"ma{window}": values for window, values in found.candles.averages.items()}

"""The watch list: read, add, remove, mute. The file keeps its comments and order."""

from fastapi import APIRouter

from etf_platform.core.config.arbitrage import WatchedStock
from etf_platform.core.errors import BadInputError
from etf_platform.market.codes import lookup
from etf_platform.storage import watchlist
from etf_platform.web.failures import NotFoundError
from etf_platform.web.models import compatible
from etf_platform.web.models import tracker as models
from etf_platform.web.models.paging import Code, Done, Limit, Offset, Page, page_of
from etf_platform.web.reading import Read
from etf_platform.web.routes.stocks import watched_rows

router = APIRouter()


@router.get("/api/watchlist", tags=["compatible"])
@router.get("/api/my-stocks", tags=["compatible"])
def watched(read: Read) -> compatible.Watched:
    """The watch list in its order."""
    listed = watchlist.read(read.services.watchlist).my_stocks
    return compatible.Watched(my_stocks=[compatible.WatchedStock(**stock.model_dump()) for stock in listed])


@router.post("/api/watchlist", tags=["compatible"])
@router.post("/api/watchlist/add", tags=["compatible"])
@router.post("/api/my-stocks", tags=["compatible"])
@router.post("/api/my-stocks/add", tags=["compatible"])
def add(read: Read, stock: compatible.NewStock) -> Done:
    """Watch a stock."""
    entry = WatchedStock(code=stock.code, name=stock.name, market=stock.market, notes=stock.notes)
    found = lookup(entry.symbol)
    if found is None or found.kind != "stock":
        raise BadInputError("adding to the watch list", f"no stock can be {entry.symbol}", "check code and market")
    if watchlist.add(read.services.watchlist, entry):
        return Done(status="success", message=f"已添加 {stock.name} 到自选列表")
    return Done(status="already_exists", message=f"股票 {stock.code} 已在自选列表中")


@router.delete("/api/watchlist/{code}", tags=["compatible"])
@router.delete("/api/my-stocks/{code}", tags=["compatible"])
def remove(read: Read, code: Code) -> Done:
    """No longer watch a stock."""
    if not watchlist.remove(read.services.watchlist, code):
        raise _unwatched(code)
    return Done(status="success", message=f"已删除股票 {code}")


@router.get("/api/v2/watchlist", tags=["tracker"])
def watched_now(read: Read, limit: Limit = 200, offset: Offset = 0) -> Page[models.Watched]:
    """The watch list with quotes and boards."""
    rows = [models.Watched(**row) for row in watched_rows(read)]
    return Page[models.Watched](**page_of(rows, limit, offset))


@router.put("/api/v2/watchlist/{code}", tags=["tracker"])
def switch(read: Read, code: Code, wanted: models.Switch) -> Done:
    """Have a stock's signals told, or keep it quiet."""
    if not watchlist.set_alerts(read.services.watchlist, code, wanted.alerts):
        raise _unwatched(code)
    return Done(status="success", message="told" if wanted.alerts else "quiet")


def _unwatched(code: str) -> NotFoundError:
    return NotFoundError("changing the watch list", f"股票 {code} 不在自选列表中", "see /api/watchlist")

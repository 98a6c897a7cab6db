"""Pools, their accounts and fuses, panels, the event back-test: the platform's stored tables, read-only."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from etf_platform.core import tables as t
from etf_platform.core.errors import MissingTableError
from etf_platform.storage.ledger import latest_verdicts
from etf_platform.web.failures import NotFoundError
from etf_platform.web.models import platform as models
from etf_platform.web.models.paging import Day, Limit, Offset, Page, page_of
from etf_platform.web.picking import Row, Wanted
from etf_platform.web.pools import PORTFOLIO, account, at_a_glance, metrics, universes
from etf_platform.web.reading import Read, Reading
from etf_platform.web.routes.tables import page_of_rows

router = APIRouter(prefix="/api/v2", tags=["platform"])
PoolName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{1,40}$", examples=["A_SHARE"])]
FewColumns = Annotated[list[str], Query(max_length=64, description="panel columns; none gives the first eight")]


@router.get("/pools")
def pools(read: Read, limit: Limit = 100, offset: Offset = 0) -> Page[models.Pool]:
    """Every pool and the portfolio at a glance: members, last session, worst fuse, main figures."""
    rows = [at_a_glance(read.services, name) for name in (*read.services.config.pools, PORTFOLIO)]
    return Page[models.Pool](**page_of([models.Pool(**row) for row in rows], limit, offset))


@router.get("/pools/{pool}/metrics")
def pool_metrics(read: Read, pool: PoolName, limit: Limit = 200, offset: Offset = 0) -> Page[models.Metric]:
    """All figures of a pool's back-test; empty before the first."""
    rows = metrics(read.services, _known(read, pool))
    return Page[models.Metric](**page_of([models.Metric(**row) for row in rows], limit, offset))


@router.get("/pools/{pool}/equity")
def equity(
    read: Read,
    pool: PoolName,
    start: Day | None = None,
    end: Day | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 5_000,
    offset: Offset = 0,
) -> Page[models.EquityPoint]:
    """Account and drawdown of a pool's back-test by session; the drawdown is since the very start."""
    rows = account(read.services, _known(read, pool), start, end)
    return Page[models.EquityPoint](**page_of([models.EquityPoint(**row) for row in rows], limit, offset))


@router.get("/pools/{pool}/fuses")
def fuses(read: Read, pool: PoolName, limit: Limit = 200, offset: Offset = 0) -> Page[models.Verdict]:
    """The last verdict of every fuse of a pool."""
    rows = _verdicts(read, [_known(read, pool)])
    return Page[models.Verdict](**page_of([models.Verdict(**row) for row in rows], limit, offset))


@router.get("/checks")
def checks(
    read: Read,
    universe: Annotated[str | None, Query(max_length=40)] = None,
    state: Literal["PASS", "WARN", "FAIL", "BLOCKED"] | None = None,
    limit: Limit = 200,
    offset: Offset = 0,
) -> Page[models.Verdict]:
    """The last verdict of every fuse of every universe, or of one; of one state or all."""
    asked = [universe] if universe is not None else universes(read.services)
    rows = [row for row in _verdicts(read, asked) if state is None or row["state"] == state]
    return Page[models.Verdict](**page_of([models.Verdict(**row) for row in rows], limit, offset))


@router.get("/panels/{pool}/columns")
def panel_columns(read: Read, pool: PoolName) -> list[str]:
    """Columns of a pool's factor panel."""
    return read.picker.columns(t.PANEL, pool)


@router.get("/panels/{pool}")
def panel(
    read: Read,
    pool: PoolName,
    day: Annotated[Day | None, Query(description="default: the last one")] = None,
    column: FewColumns = [],  # noqa: B006
    limit: Limit = 100,
    offset: Offset = 0,
) -> models.Rows:
    """The panel of a day: one row per symbol, the asked columns."""
    known = read.picker.columns(t.PANEL, pool)
    stray = [name for name in column if name not in known]
    if stray:
        raise NotFoundError("reading a panel", f"there is no column {stray[0]!r}", f"see /api/v2/panels/{pool}/columns")
    factors = column or [name for name in known if name not in ("date", "symbol", "source")][:8]
    chosen = list(dict.fromkeys(["date", "symbol", *factors]))
    last = day or read.picker.last_day(t.PANEL, pool)
    wanted = Wanted(start=last, end=last, columns=chosen, limit=limit, offset=offset)
    return page_of_rows(read, t.PANEL, pool, wanted)


@router.get("/event-backtest")
def event_backtest(
    read: Read, variant: Annotated[str | None, Query(max_length=80)] = None, limit: Limit = 200, offset: Offset = 0
) -> Page[dict[str, Any]]:
    """Figures of the stored event back-test, in all and by bucket; empty before the first."""
    try:
        rows = read.picker.rows(t.EVENT_FIGURES, read.services.config.arbitrage.stocks, Wanted())
    except MissingTableError:
        rows = []
    kept = [row for row in rows if variant is None or row["variant"] == variant]
    return Page[dict[str, Any]](**page_of(kept, limit, offset))


@router.get("/board-counts")
def board_counts(
    read: Read,
    board: Literal["all", "main", "chinext", "star", "bse"] = "all",
    start: Day | None = None,
    end: Day | None = None,
    limit: Limit = 250,
    offset: Offset = 0,
) -> models.Rows:
    """Limit-ups, opened boards and seal rate by day, newest first."""
    wanted = Wanted(start=start, end=end, equal={"board": board}, limit=limit, offset=offset, newest_first=True)
    return page_of_rows(read, t.BOARD_COUNTS, read.services.config.arbitrage.stocks, wanted)


def _known(read: Reading, pool: str) -> str:
    if pool in read.services.config.pools or pool == PORTFOLIO:
        return pool
    remedy = f"use one of {', '.join((*read.services.config.pools, PORTFOLIO))}"
    raise NotFoundError("looking up a pool", f"there is no {pool!r}", remedy)


def _verdicts(read: Reading, asked: list[str]) -> list[Row]:
    return [row for universe in asked for row in latest_verdicts(read.services.ops, universe)]

"""Any stored table: which there are, what their columns mean, pages of their rows."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from etf_platform.core.errors import BadInputError
from etf_platform.core.schema import Table
from etf_platform.core.tables import TABLES
from etf_platform.web.failures import NotFoundError
from etf_platform.web.models import platform as models
from etf_platform.web.models.paging import Day, Limit, Offset, Page, page_of
from etf_platform.web.picking import Wanted
from etf_platform.web.reading import Read, Reading

router = APIRouter(prefix="/api/v2/tables", tags=["platform"])
Part = Annotated[str, Path(pattern=r"^[A-Za-z0-9_^][A-Za-z0-9_.^-]{0,59}$")]


@router.get("")
def listed(
    read: Read,
    layer: Annotated[str | None, Query(max_length=40)] = None,
    universe: Annotated[str | None, Query(max_length=40)] = None,
    limit: Limit = 1_000,
    offset: Offset = 0,
) -> Page[models.TableEntry]:
    """Every stored table."""
    known = {(table.layer, table.name): table for table in TABLES}
    found = []
    for address in read.services.lake.tables():
        theirs, where, name = address.split("/")
        if (theirs, name) in known and layer in (None, theirs) and universe in (None, where):
            meaning = known[(theirs, name)].meaning
            found.append(models.TableEntry(address=address, layer=theirs, universe=where, name=name, meaning=meaning))
    return Page[models.TableEntry](**page_of(found, limit, offset))


@router.get("/{layer}/{universe}/{name}/schema")
def schema(read: Read, layer: Part, universe: Part, name: Part) -> models.TableSchema:
    """What a table means: columns with type, unit and meaning, its key, its newest version."""
    table = _table(layer, name)
    columns = [table.column(column) for column in read.picker.columns(table, universe)]
    return models.TableSchema(
        address=table.address(universe),
        layer=layer,
        universe=universe,
        name=name,
        meaning=table.meaning,
        key=list(table.key),
        range_column=table.range_column,
        version=read.services.lake.version(table, universe),
        columns=[
            models.TableColumn(name=c.name, type=c.type, unit=c.unit, meaning=c.meaning, nullable=c.nullable)
            for c in columns
        ],
    )


@router.get("/{layer}/{universe}/{name}")
def rows(
    read: Read,
    layer: Part,
    universe: Part,
    name: Part,
    start: Day | None = None,
    end: Day | None = None,
    symbol: Annotated[str | None, Query(max_length=20)] = None,
    column: Annotated[list[str], Query(max_length=100, description="none gives all")] = [],  # noqa: B006
    order: Annotated[str, Query(pattern="^(oldest|newest)$", description="which days come first")] = "oldest",
    limit: Limit = 100,
    offset: Offset = 0,
) -> models.Rows:
    """A page of a table's rows, in a range of days, of one symbol."""
    table = _table(layer, name)
    if symbol is not None and not any(c.name == "symbol" for c in table.columns):
        raise BadInputError(f"reading {table.address(universe)}", "it has no column symbol", "ask without a symbol")
    known = read.picker.columns(table, universe) if column else []
    if stray := [one for one in column if one not in known]:
        saw = f"it has no column {stray[0]!r}"
        raise BadInputError(f"reading {table.address(universe)}", saw, f"use some of {', '.join(known[:20])}")
    wanted = Wanted(
        start=start,
        end=end,
        equal={} if symbol is None else {"symbol": symbol},
        columns=list(dict.fromkeys(column)) or None,
        limit=limit,
        offset=offset,
        newest_first=order == "newest",
    )
    return page_of_rows(read, table, universe, wanted)


def page_of_rows(read: Reading, table: Table, universe: str, wanted: Wanted) -> models.Rows:
    """A page of a table as an answer; raises MissingTableError for one that was never written."""
    total = read.picker.count(table, universe, wanted)
    found = read.picker.rows(table, universe, wanted)
    return models.Rows(
        address=table.address(universe),
        version=read.services.lake.version(table, universe),
        total=total,
        limit=wanted.limit or total,
        offset=wanted.offset,
        columns=list(wanted.columns or read.picker.columns(table, universe)),
        items=found,
    )


def _table(layer: str, name: str) -> Table:
    found = next((table for table in TABLES if (table.layer, table.name) == (layer, name)), None)
    if found is None:
        raise NotFoundError("looking up a table", f"there is no {layer}/{name}", "take an address of /api/v2/tables")
    return found

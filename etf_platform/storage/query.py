"""One question in SQL over everything stored: lake views `<layer>_<universe>_<table>` and ops tables `ops_<name>`."""

import json
import re

import duckdb
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from etf_platform.core.errors import StorageError
from etf_platform.storage import views
from etf_platform.storage.lake import Lake
from etf_platform.storage.opsdb import METADATA, UtcTime, one_line
from etf_platform.storage.scan import to_pandas


def query(lake: Lake, engine: sa.Engine | None, sql: str) -> pd.DataFrame:
    """Answer one SELECT; nothing can be changed by it.

    Parameters
    ----------
    engine : Engine or None
        The ops database; None leaves the `ops_` tables out.

    Returns
    -------
    DataFrame
        Dates as datetime64[ns]; null floats as NaN.

    Raises
    ------
    StorageError
        Not one SELECT statement, or a name that does not exist; the sentence names the nearest table or column.
    """
    relation = views.run(lake, sql, {} if engine is None else ops_views(engine, sql))
    try:
        return to_pandas(relation.to_arrow_table())
    except duckdb.Error as error:
        raise views.query_error(error, []) from error


def ops_views(engine: sa.Engine, sql: str) -> dict[str, pa.Table]:
    """The ops tables as Arrow tables `ops_<name>`; those that the query does not name stay empty."""
    return {f"ops_{t.name}": _arrow(engine, t, _names(sql, f"ops_{t.name}")) for t in METADATA.sorted_tables}


def _names(sql: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", sql, re.IGNORECASE) is not None


def _arrow(engine: sa.Engine, table: sa.Table, filled: bool) -> pa.Table:
    schema = pa.schema([(c.name, _arrow_type(c)) for c in table.columns])
    if not filled:
        return schema.empty_table()
    try:
        with engine.connect() as connection:
            rows = [dict(r) for r in connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()]
    except sa.exc.SQLAlchemyError as error:
        raise StorageError(f"reading ops table {table.name}", one_line(error), "check the ops database") from error
    documents = [c.name for c in table.columns if isinstance(c.type, sa.JSON)]
    for row in rows:
        row.update({name: json.dumps(row[name], ensure_ascii=False, sort_keys=True) for name in documents})
    return pa.Table.from_pylist(rows, schema=schema)


def _arrow_type(column: sa.Column[object]) -> pa.DataType:
    for kind, arrow in _TYPES:
        if isinstance(column.type, kind):
            return arrow
    return pa.string()


_TYPES: tuple[tuple[type, pa.DataType], ...] = (
    (UtcTime, pa.timestamp("us", tz="UTC")),
    (sa.Date, pa.date32()),
    (sa.Integer, pa.int64()),
    (sa.Float, pa.float64()),
)

"""Rows out of the Parquet files of one version, with pyarrow alone: for a few thousand rows a query engine costs ten
times the work. SQL stands in `views`.

Never through delta-rs' own readers: a thread of its file system outlives the interpreter and aborts the process
(9 of 25 processes, measured with deltalake 1.6).
"""

import datetime as dt
from collections.abc import Iterable, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etf_platform.core.errors import StorageError
from etf_platform.core.places import rows_between
from etf_platform.core.schema import Table
from etf_platform.storage import delta
from etf_platform.storage.decoded import Decoded
from etf_platform.storage.delta import Part, Place
from etf_platform.storage.span import Span

LARGE = 1 << 20  # bytes of a file from which a second thread is worth starting


def read_parts(
    place: Place,
    parts: Sequence[Part],
    schema: pa.Schema,
    span: Span,
    symbols: Iterable[str] | None,
    table: Table,
    decoded: Decoded,
) -> pa.Table:
    """Rows of the files inside the span, sorted by the table's key, with exactly the columns and types of `schema`.

    Columns that `decoded` has are not read from a file again.

    Raises
    ------
    StorageError
        A file is gone or is no Parquet file.
    """
    order = list(table.key) if table.range_column and table.key[0] != table.range_column else []
    filters = [*([span.column] if span.column else []), *(["symbol"] if symbols is not None else []), *order]
    extra = [table.arrow_schema([name]).field(0) for name in dict.fromkeys(filters) if name not in schema.names]
    wide = pa.schema([*schema, *extra])
    wanted = None if symbols is None else pa.array(sorted(set(symbols)), pa.string())
    pieces = [_inside(_read(place, part, wide, decoded), part, span, wanted) for part in parts]
    rows = pa.concat_tables([wide.empty_table(), *pieces])
    # Files hold sorted rows, one year each: their order is the key's order unless the key starts with something else.
    if order:
        rows = rows.sort_by([(name, "ascending") for name in order])
    return rows.select(schema.names)


def newest_day(place: Place, parts: Sequence[Part], field: pa.Field, decoded: Decoded) -> dt.date | None:
    """The largest date of a column of these files; None when they hold none."""
    days = [pc.max(_read(place, part, pa.schema([field]), decoded).column(0)).as_py() for part in parts]
    return max((day for day in days if day is not None), default=None)


def narrowed(
    frame: pd.DataFrame, span: Span, columns: Sequence[str] | None, symbols: Iterable[str] | None
) -> pd.DataFrame:
    """What a read of a part of a table gives, from the frame of the whole table."""
    narrow = frame
    if span.column is not None and len(frame):
        start, end = (None if day is None else pd.Timestamp(day) for day in (span.start, span.end))
        narrow = rows_between(narrow, start, end, span.column)
    if symbols is not None:
        narrow = narrow[narrow["symbol"].isin(list(symbols)).to_numpy()]
    if columns is not None:
        narrow = narrow[list(columns)]
    return narrow if len(narrow) == len(frame) else narrow.reset_index(drop=True)


def to_pandas(rows: pa.Table) -> pd.DataFrame:
    """Arrow to pandas: dates become datetime64[ns], null floats NaN; flags that may be null are pandas' `boolean`."""
    unsure = {f.name for f in rows.schema if pa.types.is_boolean(f.type) and f.nullable}
    for i, field in enumerate(rows.schema):
        if pa.types.is_date(field.type):
            rows = rows.set_column(i, field.name, rows.column(i).cast(pa.timestamp("ns")))
    if not unsure:
        return rows.to_pandas(use_threads=False)
    frame = rows.to_pandas(use_threads=False, types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    sure = [f.name for f in rows.schema if pa.types.is_boolean(f.type) and f.name not in unsure]
    return frame.astype(dict.fromkeys(sure, "bool"))


def _read(place: Place, part: Part, schema: pa.Schema, decoded: Decoded) -> pa.Table:
    rows = decoded.columns(place.full(part.path), schema.names, lambda names: _from_file(place, part, names))
    if rows.schema.equals(schema):
        return rows
    # files older than a column do not have it
    present = set(rows.schema.names)
    columns = [rows.column(f.name).cast(f.type) if f.name in present else pa.nulls(len(rows), f.type) for f in schema]
    return pa.table(columns, schema=schema)


def _from_file(place: Place, part: Part, names: Sequence[str]) -> pa.Table:
    """The columns that the file has, among these."""
    doing = f"reading {place.address}"
    try:
        with delta.translated(doing), place.files.open_input_file(place.full(part.path)) as file:
            stored = pq.ParquetFile(file)
            present = set(stored.schema_arrow.names)
            return stored.read(columns=[n for n in names if n in present], use_threads=part.size > LARGE)
    except pa.ArrowInvalid as error:
        saw = " ".join(str(error).split()).rstrip(".")
        raise StorageError(doing, saw, "look at the files of the table") from error


def _inside(rows: pa.Table, part: Part, span: Span, symbols: pa.Array | None) -> pa.Table:
    if span.column is not None and not span.covers(part.year):
        if span.start is not None:
            rows = rows.filter(pc.greater_equal(rows.column(span.column), span.start))
        if span.end is not None:
            rows = rows.filter(pc.less_equal(rows.column(span.column), span.end))
    return rows if symbols is None else rows.filter(pc.is_in(rows.column("symbol"), symbols))

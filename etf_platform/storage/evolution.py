"""How the columns of a table may change from one write to the next. Schemas only; no I/O."""

from collections.abc import Sequence

import pyarrow as pa

from etf_platform.core.errors import SchemaError
from etf_platform.storage import views


def merged(stored: pa.Schema, new: pa.Schema, address: str) -> pa.Schema:
    """Stored columns followed by new ones.

    Raises
    ------
    SchemaError
        A column changed its type, or one that may not be null is absent from the stored or from the new rows.
    """
    doing, remedy = f"extending the schema of {address}", "rewrite the whole table (no start, no end) from its inputs"
    for field in new:
        known = field.name in stored.names
        if known and stored.field(field.name).type != field.type:
            saw = f"{field.name} is stored as {stored.field(field.name).type} and now declared {field.type}"
            raise SchemaError(doing, saw, remedy)
        if not known and not field.nullable:
            raise SchemaError(doing, f"{field.name} may not be null, but stored rows do not have it", remedy)
    for field in stored:
        if field.name not in new.names and not field.nullable:
            raise SchemaError(doing, f"the stored column {field.name} is declared no more and may not be null", remedy)
    return pa.schema([*stored, *(f for f in new if f.name not in stored.names)])


def aligned(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows with the columns of `schema`; absent ones are null."""
    present = set(rows.schema.names)
    columns = [rows.column(f.name) if f.name in present else pa.nulls(rows.num_rows, f.type) for f in schema]
    return pa.table(columns, schema=schema)


def selected(stored: pa.Schema, columns: Sequence[str] | None, address: str) -> pa.Schema:
    """The wanted columns in the wanted order; None is all.

    Raises
    ------
    SchemaError
        A column is not stored; the sentence names the nearest one.
    """
    if columns is None:
        return stored
    unknown = [c for c in columns if c not in stored.names]
    if unknown:
        saw = f"there is no column {', '.join(unknown)}"
        raise SchemaError(f"reading {address}", saw, views.nearest(unknown[0], stored.names))
    return pa.schema([stored.field(c) for c in columns])

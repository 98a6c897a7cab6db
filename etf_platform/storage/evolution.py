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
    known, declared = ({field.name: field for field in schema} for schema in (stored, new))
    for name, field in declared.items():
        if name in known and known[name].type != field.type:
            saw = f"{name} is stored as {known[name].type} and now declared {field.type}"
            raise SchemaError(doing, saw, remedy)
        if name not in known and not field.nullable:
            raise SchemaError(doing, f"{name} may not be null, but stored rows do not have it", remedy)
    for name, field in known.items():
        if name not in declared and not field.nullable:
            raise SchemaError(doing, f"the stored column {name} is declared no more and may not be null", remedy)
    return pa.schema([*known.values(), *(field for name, field in declared.items() if name not in known)])


def aligned(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows with the columns of `schema`; absent ones are null."""
    if rows.schema.names == schema.names:
        return pa.table(rows.columns, schema=schema)
    present = dict(zip(rows.schema.names, rows.columns, strict=True))  # a panel has 343; by name is a search each
    columns = [present[f.name] if f.name in present else pa.nulls(rows.num_rows, f.type) for f in schema]
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
    fields = {field.name: field for field in stored}
    unknown = [c for c in columns if c not in fields]
    if unknown:
        saw = f"there is no column {', '.join(unknown)}"
        raise SchemaError(f"reading {address}", saw, views.nearest(unknown[0], stored.names))
    return pa.schema([fields[c] for c in columns])

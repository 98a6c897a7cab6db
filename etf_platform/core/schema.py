"""A table's schema, declared once: types, units, meaning, key.

It drives the Delta schema, validation, Dagster's column schema, the data dictionary and the API's models.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal

from etf_platform.core.errors import SchemaError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

Type = Literal["date", "string", "float64", "float32", "int64", "bool", "timestamp"]


@cache
def arrow_types() -> dict[str, pa.DataType]:
    """Our type names in Arrow; imported late, because declaring a schema must not cost a heavy import."""
    import pyarrow as pa

    return {
        "date": pa.date32(),
        "string": pa.string(),
        "float64": pa.float64(),
        "float32": pa.float32(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }


@dataclass(frozen=True)
class Column:
    """One column: its type, unit and meaning; `nullable` says whether NaN or None is allowed."""

    name: str
    type: Type
    unit: str
    meaning: str
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the lake.

    Attributes
    ----------
    layer, name : str
        Stored at `<layer>/<universe>/<name>` for every universe (pool, symbol or `portfolio`).
    columns : tuple of Column
        In stored order.
    key : tuple of str
        Rows are unique in these columns and sorted by them.
    range_column : str or None
        The date column whose range a write replaces; None means a write replaces the whole table.
    open_columns : Column or None
        Template for further columns that are not listed (factor columns of a panel).
    """

    layer: str
    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    range_column: str | None = "date"
    open_columns: Column | None = None
    _index: dict[str, Column] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._index.update({c.name: c for c in self.columns})

    def address(self, universe: str) -> str:
        """`<layer>/<universe>/<name>`: asset key and lake folder."""
        return f"{self.layer}/{universe}/{self.name}"

    def column(self, name: str) -> Column:
        """The declaration of a column; open columns take the template's type and unit."""
        if name in self._index:
            return self._index[name]
        if self.open_columns is None:
            raise SchemaError(
                f"looking up a column of {self.layer}/{self.name}",
                f"there is no column {name!r}",
                f"use one of {', '.join(self._index)}",
            )
        template = self.open_columns
        return Column(name, template.type, template.unit, template.meaning, template.nullable)

    def arrow_schema(self, names: Iterable[str] | None = None) -> pa.Schema:
        """Arrow schema of the named columns (default: the declared ones), in the given order."""
        import pyarrow as pa

        columns = [self.column(n) for n in names] if names is not None else list(self.columns)
        return pa.schema([pa.field(c.name, arrow_types()[c.type], c.nullable) for c in columns])

    def no_rows(self) -> pd.DataFrame:
        """A frame without rows, columns typed as the lake gives them back."""
        import pyarrow as pa

        declared = self.arrow_schema()
        fields = [f.with_type(pa.timestamp("ns")) if pa.types.is_date(f.type) else f for f in declared]
        return pa.schema(fields).empty_table().to_pandas()

    def conform(self, frame: pd.DataFrame) -> pa.Table:
        """Check a frame against the schema and convert it to Arrow, sorted by key.

        Raises
        ------
        SchemaError
            Columns missing or unknown, a value of the wrong type, a null where none is allowed, a repeated key.
        """
        import pyarrow as pa

        names = self._ordered_names(frame)
        doing = f"checking rows of {self.layer}/{self.name}"
        if not self._is_strictly_sorted(frame):
            frame = frame.sort_values(list(self.key), kind="stable")
            if frame.duplicated(list(self.key)).any():
                twice = frame.loc[frame.duplicated(list(self.key)), list(self.key)].iloc[0].to_dict()
                raise SchemaError(doing, f"the key {twice} stands twice", "remove the duplicate at its source")
        try:
            rows = _to_arrow(frame, self.arrow_schema(names))
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise SchemaError(doing, str(error), "convert the column to its declared type") from error
        for declared, column in zip(rows.schema, rows.columns, strict=True):
            if not declared.nullable and column.null_count:
                saw = f"{declared.name} holds nulls"
                raise SchemaError(doing, saw, "fill or quarantine these rows before writing")
        return rows

    def _is_strictly_sorted(self, frame: pd.DataFrame) -> bool:
        """Whether the keys ascend and none stands twice; False also where this is not cheap to see (object columns)."""
        import numpy as np

        tied = np.ones(max(len(frame) - 1, 0), dtype=bool)
        for name in self.key:
            if frame[name].dtype == object:
                return False
            values = frame[name].array
            if (tied & np.asarray(values[1:] < values[:-1])).any():
                return False
            tied &= np.asarray(values[1:] == values[:-1])
        return not tied.any()

    def _ordered_names(self, frame: pd.DataFrame) -> list[str]:
        missing = [c.name for c in self.columns if c.name not in frame.columns]
        extra = [c for c in frame.columns if c not in self._index]
        if missing or (extra and self.open_columns is None):
            raise SchemaError(
                f"checking columns of {self.layer}/{self.name}",
                f"missing {missing or 'none'}, unknown {extra or 'none'}",
                "pass exactly the declared columns",
            )
        return [c.name for c in self.columns] + extra


def _to_arrow(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Columns of the frame as the schema says; floats that have their type already are taken without a copy.

    Column by column: `Table.from_pandas` takes 1 ms for the two columns of a key, most of it before it sees a value.
    """
    import pyarrow as pa

    columns = dict(frame.items())
    return pa.Table.from_arrays([_converted(columns[field.name], field.type) for field in schema], schema=schema)


def _converted(column: pd.Series, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    import pyarrow as pa

    if pa.types.is_floating(kind) and column.dtype == kind.to_pandas_dtype():
        return _marked(column.to_numpy())
    return pa.array(column, type=kind, from_pandas=True)


def _marked(values: np.ndarray) -> pa.Array:
    """A float array with its NaN as nulls: what `from_pandas` does, several times faster."""
    import numpy as np
    import pyarrow as pa

    values = np.ascontiguousarray(values)
    if not values.size or not np.isnan(values.min()):
        return pa.array(values)
    known = pa.py_buffer(np.packbits(~np.isnan(values), bitorder="little"))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), values.size, [known, pa.py_buffer(values)])

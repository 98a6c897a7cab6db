"""Rows printed by the command line: a table for the terminal, CSV or JSON for programs.

Here: one function for every command that prints rows. Not here: which rows. The terminal table rounds and shows
percent; CSV and JSON carry the stored values.
"""

import json
import math
from io import StringIO
from typing import Any, Literal

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.schema import Table
from etf_platform.reports.display import iso, shown

Format = Literal["table", "csv", "json"]
WIDEST_TEXT = 64
PERCENT_UNITS = {"fraction": "%"}


def format_frame(frame: pd.DataFrame, table: Table | None, fmt: Format) -> str:
    """The rows of a frame as text that ends with a line break.

    Parameters
    ----------
    frame : DataFrame
        Its columns in the order to print; the index is not printed.
    table : Table or None
        Gives the units; columns that it does not declare (added by a query) are printed without one.
    fmt : {"table", "csv", "json"}
        `table`: aligned, units in the head, fractions in percent, "n/a" for NaN, long texts wrapped, never cut.
        `csv`: full precision, ISO dates, empty for NaN. `json`: list of objects, ISO dates, null for NaN and infinity.

    Raises
    ------
    BadInputError
        Unknown format.
    """
    if fmt == "table":
        return _terminal(frame, table)
    if fmt == "csv":
        return _dated(frame).to_csv(index=False, lineterminator="\n")
    if fmt == "json":
        return json.dumps(records(frame), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    raise BadInputError("printing rows", f"there is no format {fmt!r}", "use table, csv or json")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON values: ISO dates, None for NaN, NaT and infinity, plain ints, floats and bools.

    A float32 takes its shortest decimal form (0.1, not 0.10000000149).
    """
    columns = {str(name): [_plain(value) for value in _values(frame[name])] for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _values(column: pd.Series) -> list[Any]:
    if column.dtype == np.float32:
        return [float(str(value)) for value in column.to_numpy()]
    return list(column)


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return iso(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, bool | int | str | list | dict) else str(value)


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    stamps = frame.select_dtypes(["datetime", "datetimetz"]).columns
    return frame.assign(**{name: frame[name].map(iso, na_action="ignore") for name in stamps})


def _terminal(frame: pd.DataFrame, table: Table | None) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, caption_justify="left")
    units = [_unit(table, str(name)) for name in frame.columns]
    for name, unit in zip(frame.columns, units, strict=True):
        numeric = pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name])
        head = Text(str(name) + (f"\n{PERCENT_UNITS.get(unit, unit)}" if unit else ""))
        grid.add_column(head, justify="right" if numeric else "left", max_width=WIDEST_TEXT, overflow="fold")
    for row in frame.itertuples(index=False, name=None):
        grid.add_row(*[Text(_cell(value, unit)) for value, unit in zip(row, units, strict=True)])
    width = max(20, Console(width=100_000, file=StringIO()).measure(grid).maximum)
    out = StringIO()
    Console(file=out, width=width, force_terminal=False, color_system=None, legacy_windows=False).print(grid)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return "\n".join([*lines, f"{len(frame)} row" + ("" if len(frame) == 1 else "s")]) + "\n"


def _cell(value: Any, unit: str) -> str:
    text = shown(value, unit if unit == "fraction" else "")
    return text.removesuffix(" %")


def _unit(table: Table | None, name: str) -> str:
    if table is None or (table.open_columns is None and name not in {column.name for column in table.columns}):
        return ""
    column = table.column(name)
    numeric = column.type in ("float64", "float32", "int64")
    return column.unit if numeric and not column.unit.startswith("see ") else ""

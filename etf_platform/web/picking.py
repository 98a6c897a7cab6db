"""A few rows out of large tables of the lake: one symbol over years, one day of all symbols, one page of anything.

Tables are stored by day, so one symbol's rows lie all over a file; DuckDB decodes the symbols first and of the rest
only what it needs (of one symbol among 5,000: 33 ms a year against 200 ms of reading the file; one day: 4 ms against
100). Whole tables are read by `Lake.read`. Not here: what the rows mean.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from etf_platform.core.errors import BadInputError, StorageError
from etf_platform.core.schema import Table
from etf_platform.storage import views
from etf_platform.storage.lake import Lake
from etf_platform.storage.scan import to_pandas

Row = dict[str, Any]
_YEAR = re.compile(r"/year=([0-9]{4})/")


@dataclass(frozen=True)
class Wanted:
    """Which rows: a range of days, inclusive; exact values of columns; which columns, which page, which end first."""

    start: dt.date | None = None
    end: dt.date | None = None
    equal: Mapping[str, Any] = field(default_factory=dict)
    columns: Sequence[str] | None = None
    limit: int | None = None
    offset: int = 0
    newest_first: bool = False


class Picker:
    """Asks DuckDB over the files of a table's newest version; one for all threads of a server."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._db = views.connect()

    def frame(self, table: Table, universe: str, wanted: Wanted) -> pd.DataFrame:
        """Rows as `Lake.read` gives them; errors as of `rows`."""
        return to_pandas(self._rows(table, universe, wanted))

    def rows(self, table: Table, universe: str, wanted: Wanted) -> list[Row]:
        """Rows in the table's order, as plain values; null is None.

        Raises
        ------
        MissingTableError
            Never written.
        BadInputError
            A column that the table does not have, or a range of days where it has none.
        StorageError
            The files cannot be read.
        """
        return [*self._rows(table, universe, wanted).to_pylist()]

    def count(self, table: Table, universe: str, wanted: Wanted) -> int:
        """Number of rows without regard to the page; errors as of `rows`."""
        files = self._files(table, universe, wanted)
        if not files:
            return 0
        where, values = _condition(table, wanted)
        query = f"SELECT count(*) AS n FROM {_scan()}{where}"
        return int(self._ask(table, universe, query, [files, *values]).column("n")[0].as_py())

    def columns(self, table: Table, universe: str) -> list[str]:
        """Names of the stored columns, in order; errors as of `rows`."""
        files = self._files(table, universe, Wanted())
        if not files:
            return [c.name for c in table.columns]
        return list(self._ask(table, universe, f"SELECT * FROM {_scan()} LIMIT 0", [files]).column_names)

    def has_before(self, table: Table, universe: str, day: dt.date) -> bool:
        """Whether rows of an earlier year than the day's are stored; errors as of `rows`."""
        files = self._files(table, universe, Wanted(end=dt.date(day.year - 1, 12, 31)))
        return bool(files)

    def last_day(self, table: Table, universe: str) -> dt.date | None:
        """The last day with a row; None in a table without any. Errors as of `rows`."""
        files = self._files(table, universe, Wanted())[-1:]
        if not files or table.range_column is None:
            return None
        query = f'SELECT max("{table.range_column}") AS last FROM {_scan()}'
        found: dt.date | None = self._ask(table, universe, query, [files]).column("last")[0].as_py()
        return found

    def _rows(self, table: Table, universe: str, wanted: Wanted) -> pa.Table:
        files = self._files(table, universe, wanted)
        names = list(wanted.columns) if wanted.columns is not None else None
        if not files:
            return table.arrow_schema(names).empty_table()
        where, values = _condition(table, wanted)
        chosen = ", ".join(_quoted(name) for name in names) if names else "*"
        page = f" LIMIT {int(wanted.limit)} OFFSET {int(wanted.offset)}" if wanted.limit is not None else ""
        query = f"SELECT {chosen} FROM {_scan()}{where}{_order(table, wanted)}{page}"
        return self._ask(table, universe, query, [files, *values])

    def _files(self, table: Table, universe: str, wanted: Wanted) -> list[str]:
        if table.range_column is None and (wanted.start or wanted.end):
            raise BadInputError(
                f"reading {table.address(universe)}", "its rows have no day", "ask without a range of days"
            )
        files = self._lake.file_uris(table.address(universe))
        return [file for file in files if _may_hold(file, wanted)]

    def _ask(self, table: Table, universe: str, query: str, values: list[Any]) -> pa.Table:
        doing = f"reading {table.address(universe)}"
        try:
            with self._db.cursor() as cursor:
                return cursor.sql(query, params=values).to_arrow_table()
        except duckdb.BinderException as error:
            raise BadInputError(doing, str(error).splitlines()[0].rstrip("."), "ask for columns it has") from error
        except duckdb.Error as error:
            raise StorageError(
                doing, str(error).splitlines()[0].rstrip("."), "look at the files of the table"
            ) from error


def _scan() -> str:
    return "read_parquet(?, hive_partitioning = false, union_by_name = true)"


def _condition(table: Table, wanted: Wanted) -> tuple[str, list[Any]]:
    parts, values = [], []
    for sign, day in ((">=", wanted.start), ("<=", wanted.end)):
        if day is not None:
            parts.append(f'"{table.range_column}" {sign} ?')
            values.append(day)
    for name, value in wanted.equal.items():
        parts.append(f"{_quoted(name)} = ?")
        values.append(value)
    return (" WHERE " + " AND ".join(parts) if parts else ""), values


def _order(table: Table, wanted: Wanted) -> str:
    """Files hold sorted rows, one year each: the key's order, unless the key starts with something else."""
    if wanted.newest_first and table.range_column is not None:
        rest = ", ".join(f'"{name}"' for name in table.key if name != table.range_column)
        return f' ORDER BY "{table.range_column}" DESC' + (f", {rest}" if rest else "")
    if table.range_column is not None and table.key[0] != table.range_column:
        return " ORDER BY " + ", ".join(f'"{name}"' for name in table.key)
    return ""


def _may_hold(file: str, wanted: Wanted) -> bool:
    found = _YEAR.search(file)
    if found is None:
        return True
    year = int(found.group(1))
    return (wanted.start is None or wanted.start.year <= year) and (wanted.end is None or year <= wanted.end.year)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

"""SQL through DuckDB over views of all tables.

Never through delta-rs' own readers: a thread of its file system outlives the interpreter and aborts the process
(9 of 25 processes, measured with deltalake 1.6).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from etf_platform.core.errors import StorageError
from etf_platform.storage import delta

if TYPE_CHECKING:
    from etf_platform.storage.lake import Lake

# A query with one of these words sees every view; any other only those that it names.
_LISTS_TABLES = "SHOW|information_schema|duckdb_tables|duckdb_views|duckdb_columns|pg_catalog"


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that keeps file order and speaks UTC."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET python_enable_replacements = false")
    return connection


def run(lake: Lake, query: str, extra: Mapping[str, pa.Table]) -> duckdb.DuckDBPyRelation:
    """Answer one SELECT over views of the lake and the Arrow tables in `extra` (by name).

    Raises
    ------
    StorageError
        Not one SELECT, or an unknown name.
    """
    connection = connect()
    names = {view_name(address): address for address in lake.tables()}
    try:
        _check_is_select(query)
        for name, address in names.items():
            if re.search(rf"\b({re.escape(name)}|{_LISTS_TABLES})\b", query, re.IGNORECASE):
                _create_view(connection, lake, name, address)
        for name, frame in extra.items():
            connection.register(name, frame)
        _lock(connection, lake.root)
        return connection.sql(query)
    except duckdb.Error as error:
        raise query_error(error, [*names, *extra]) from error


def query_error(error: duckdb.Error, known: Sequence[str]) -> StorageError:
    """The sentence for a query that DuckDB refuses; `known` are the tables there are."""
    return StorageError("answering the query", _first_line(error), _remedy(str(error), known))


def view_name(address: str) -> str:
    """`factors/A_SHARE/panel` -> `factors_A_SHARE_panel`; other signs become `_`."""
    return re.sub(r"\W", "_", address.replace("/", "_"))


def nearest(name: str, known: Sequence[str]) -> str:
    """A remedy that names the known word closest to `name`."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f"did you mean {close[0]}" if close else f"known are {', '.join(known) or 'none'}"


def _create_view(connection: duckdb.DuckDBPyConnection, lake: Lake, name: str, address: str) -> None:
    table = delta.open_version(lake.place_of(address))
    files = ", ".join("'" + uri.replace("'", "''") + "'" for uri in lake.file_uris(address))
    if files:
        scan = f"SELECT * FROM read_parquet([{files}], hive_partitioning = false, union_by_name = true)"
        connection.execute(f"CREATE VIEW {_quoted(name)} AS {scan}")
    else:
        connection.register(name, delta.stored_schema(table).empty_table())


def _check_is_select(query: str) -> None:
    statements = duckdb.extract_statements(query)
    if [s.type for s in statements] not in ([duckdb.StatementType.SELECT], [duckdb.StatementType.EXPLAIN]):
        raise StorageError(
            "answering the query", "it is not one SELECT statement", "the lake is read-only here: ask one SELECT"
        )


def _lock(connection: duckdb.DuckDBPyConnection, root: str) -> None:
    """From here on a query can read the lake and nothing else of this machine."""
    if "://" not in root:
        connection.execute(f"SET allowed_directories = ['{root.replace(chr(39), chr(39) * 2)}/']")
        connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _remedy(message: str, known: Sequence[str]) -> str:
    missing = re.search(r"Table with name (\S+) does not exist", message)
    if missing:
        return nearest(missing.group(1), known)
    hint = re.search(r"(?:Candidate bindings|Did you mean)[^\n]*", message)
    return " ".join(hint.group(0).split()).rstrip(".?") if hint else "correct the query"


def _first_line(error: duckdb.Error) -> str:
    return str(error).strip().splitlines()[0].rstrip(".!")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

"""The lake: every table is one Delta table at `<root>/<layer>/<universe>/<name>`.

A write replaces a date range (or the whole table) in one commit; a read takes the files of one version, SQL goes
through DuckDB over them. Tables with a range column are partitioned by the year of that column, one file per year,
sorted by key, so that the bytes are a function of the rows alone. What files and commits look like stands in `parquet`
and `delta`.
"""

import datetime as dt
import random
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from pyarrow import fs as pafs

from etf_platform.core.errors import MissingTableError, StorageConflictError
from etf_platform.core.schema import Table
from etf_platform.storage import delta, views
from etf_platform.storage.commits import check_layout, commit
from etf_platform.storage.decoded import Decoded
from etf_platform.storage.delta import LostRaceError, Part, Place
from etf_platform.storage.evolution import aligned, merged, selected
from etf_platform.storage.listings import Listing, Listings
from etf_platform.storage.recent import Recent
from etf_platform.storage.scan import narrowed, newest_day, read_parts, to_pandas
from etf_platform.storage.span import Day, Span
from etf_platform.storage.staging import stage

ATTEMPTS = 40
SMALL = 4 << 20  # bytes of a table that is read as a whole even when a part is asked for


class Lake:
    """Read and write the tables below one root: a folder, or the URL of an object store.

    Parameters
    ----------
    root : Path or str
        Created on the first write. URLs (`s3://`, `gs://`) take their credentials from the environment.
    cache : Path, optional
        Folder for what other processes need not work out again; may be emptied at any time.
    """

    def __init__(self, root: Path | str, cache: Path | None = None) -> None:
        text = str(root)
        if "://" in text:
            self._files, self._path = pafs.FileSystem.from_uri(text)
            self._uri = text.rstrip("/")
        else:
            self._files, self._path = pafs.LocalFileSystem(), str(Path(text).absolute())
            self._uri = self._path
        self._recent = Recent()
        self._listings = Listings(None if cache is None else cache / "listings")
        self._decoded = Decoded()

    def write(
        self,
        table: Table,
        universe: str,
        frame: pd.DataFrame,
        start: Day = None,
        end: Day = None,
        note: dict[str, str] | None = None,
    ) -> int:
        """Replace all rows of [start, end] by `frame` in one commit; returns the version that holds them.

        Parameters
        ----------
        frame : DataFrame
            Rows as `table` declares them; an empty frame deletes the range. New open columns extend the table.
        start, end : date, str or None
            First and last day to replace, inclusive; None is open. Both None, or a table without a range column:
            the whole table is replaced. On the first write there is nothing to replace.
        note : dict of str to str
            Kept in the commit: run id, configuration digest, code commit. Nothing is committed, and the note is not
            kept, when the stored rows are already the same bit for bit.

        Raises
        ------
        SchemaError
            The frame does not fit, holds rows outside the range, or a column changed its type.
        StorageConflictError
            Other writers won every attempt.
        StorageError
            Disk full, no rights: the old version stays as it was.
        """
        place = self.place(table, universe)
        span = Span.of(table, start, end)
        rows = table.conform(frame)
        span.check_holds(rows, place.address)
        for attempt in range(ATTEMPTS):
            try:
                return self._write_once(table, place, rows, span, note or {})
            except LostRaceError:
                time.sleep(min(1.0, 0.01 * 2**attempt) * random.random())
        raise StorageConflictError(
            f"writing {place.address}", f"other writers won {ATTEMPTS} attempts", "run the same step again"
        )

    def read(
        self,
        table: Table,
        universe: str,
        start: Day = None,
        end: Day = None,
        columns: Sequence[str] | None = None,
        symbols: Iterable[str] | None = None,
        version: int | None = None,
    ) -> pd.DataFrame:
        """Rows of one version (default: the newest), sorted by the table's key.

        Parameters
        ----------
        start, end : date, str or None
            First and last day wanted, inclusive; None is open.
        columns : sequence of str or None
            Columns in the wanted order; None gives all stored ones.
        symbols : iterable of str or None
            Only these symbols.

        Returns
        -------
        DataFrame
            Dates as datetime64[ns]; null floats as NaN; a column that is younger than a row is null there.

        Raises
        ------
        MissingTableError
            Never written.
        SchemaError
            A column that the stored version does not have.
        """
        return self.read_versioned(table, universe, start, end, columns, symbols, version)[0]

    def read_versioned(
        self,
        table: Table,
        universe: str,
        start: Day = None,
        end: Day = None,
        columns: Sequence[str] | None = None,
        symbols: Iterable[str] | None = None,
        version: int | None = None,
    ) -> tuple[pd.DataFrame, int]:
        """As `read`, and the number of the version that was read; opens the table once.

        Whole tables that were read last are kept, because a fuse and the next step read the same ones, and small tables
        are always read as a whole; copies are made when a caller changes one (pandas' copy on write).
        """
        place = self.place(table, universe)
        listing = self._listings.of(place, version)
        schema = selected(listing.schema, columns, place.address)
        span = Span.of_read(table, start, end)
        kept = self._recent.get(place.address, listing.version)
        if kept is not None:
            return narrowed(kept, span, columns, symbols), listing.version
        files = [p for p in listing.parts if p.rows and span.may_hold(p.year)]
        is_whole = columns is None and symbols is None and span.is_everything
        if is_whole or (len(files) == len(listing.parts) and sum(p.size for p in files) <= SMALL):
            everything = Span(None, None, None)
            stored = read_parts(place, listing.parts, listing.schema, everything, None, table, self._decoded)
            frame = to_pandas(stored)
            self._recent.keep(place.address, listing.version, frame, stored.get_total_buffer_size())
            return narrowed(frame, span, columns, symbols), listing.version
        rows = read_parts(place, files, schema, span, symbols, table, self._decoded)
        return to_pandas(rows), listing.version

    def listing(self, table: Table, universe: str) -> Listing:
        """Number, schema and files of the newest version.

        Raises
        ------
        MissingTableError
            Never written.
        """
        return self._listings.of(self.place(table, universe))

    def last_day(self, table: Table, universe: str) -> dt.date | None:
        """Newest day of a table's range column; None when it holds no row. Reads one column of one file.

        Raises
        ------
        MissingTableError
            Never written.
        """
        place = self.place(table, universe)
        listing, column = self._listings.of(place), table.range_column or "date"
        held = [p for p in listing.parts if p.rows]
        newest = [p for p in held if p.year == held[-1].year]
        field = selected(listing.schema, [column], place.address).field(0)
        return newest_day(place, newest, field, self._decoded)

    def exists(self, table: Table, universe: str) -> bool:
        """Whether the table has ever been written."""
        return self._is_there(self.place(table, universe))

    def version(self, table: Table, universe: str) -> int | None:
        """The newest version; None when the table has never been written."""
        try:
            return self.listing(table, universe).version
        except MissingTableError:
            return None

    def versions(self, table: Table, universe: str) -> list[dict[str, Any]]:
        """Commits, newest first: `version`, `timestamp` (ms since 1970, UTC), and the note's entries."""
        current = delta.open_version(self.place(table, universe))
        return [{k: v for k, v in commit.items() if k not in _LOG_WORDS} for commit in current.history()]

    def tables(self) -> list[str]:
        """Addresses `<layer>/<universe>/<name>` of all tables, sorted."""
        found = [""]
        for _ in range(3):
            found = [name for folder in found for name in self._folders(folder)]
        return sorted(a for a in found if DeltaTable.is_deltatable(f"{self._uri}/{a}"))

    def universes(self, table: Table) -> list[str]:
        """Universes for which the table has been written, sorted."""
        split = (address.split("/") for address in self.tables())
        return [universe for layer, universe, name in split if (layer, name) == (table.layer, table.name)]

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Answer one SELECT over views `<layer>_<universe>_<table>` of the newest versions; nothing can be changed.

        Raises
        ------
        StorageError
            Not one SELECT statement, or an unknown table or column; the sentence names the nearest one.
        """
        return views.run(self, query, {})

    def place(self, table: Table, universe: str) -> Place:
        """Where the table of this universe lives."""
        return self.place_of(table.address(universe))

    def place_of(self, address: str) -> Place:
        """Where the table of this address lives."""
        return Place(address, f"{self._uri}/{address}", self._files, f"{self._path}/{address}")

    def file_uris(self, address: str) -> list[str]:
        """Files of the newest version that hold rows, as DuckDB reads them."""
        place = self.place_of(address)
        folder = place.uri if "://" in place.uri else place.path
        return [f"{folder}/{p.path}" for p in delta.parts(delta.open_version(place)) if p.rows]

    @property
    def root(self) -> str:
        """The root as given: an absolute path, or a URL."""
        return self._uri

    def _write_once(self, table: Table, place: Place, rows: pa.Table, span: Span, note: dict[str, str]) -> int:
        if not self._is_there(place):
            return delta.create(place, rows.schema, bool(table.range_column), stage(table, place, rows).files, note)
        current = self._listings.of(place)
        check_layout(table, place, current)
        schema = rows.schema if span.is_everything else merged(current.schema, rows.schema, place.address)
        touched = [p for p in current.parts if span.may_hold(p.year)]
        known = touched if schema.equals(current.schema) else ()
        staged = stage(table, place, self._completed(table, place, rows, span, schema, touched), known)
        years = {p.year for p in touched} - staged.unchanged | staged.years
        if not years:
            return current.version
        listing, entry = commit(place, current, schema, years, staged, note)
        self._listings.committed(place, listing, entry)
        return listing.version

    def _is_there(self, place: Place) -> bool:
        return self._listings.has(place) or (delta.may_exist(place) and bool(DeltaTable.is_deltatable(place.uri)))

    def _completed(
        self, table: Table, place: Place, rows: pa.Table, span: Span, schema: pa.Schema, touched: Sequence[Part]
    ) -> pa.Table:
        """All rows of the touched years: the new ones, and the stored ones of days outside the range."""
        stored = [self._stored(place, p, schema) for p in touched if p.rows and not span.covers(p.year)]
        pieces = [*map(span.before, stored), aligned(rows, schema), *map(span.after, stored)]
        everything = pa.concat_tables(pieces)
        if stored and table.key[0] != table.range_column:
            everything = everything.sort_by([(name, "ascending") for name in table.key])
        return everything.combine_chunks()

    def _stored(self, place: Place, part: Part, schema: pa.Schema) -> pa.Table:
        with delta.translated(f"reading {place.address}"), self._files.open_input_file(place.full(part.path)) as file:
            return aligned(pq.ParquetFile(file).read(), schema)

    def _folders(self, below: str) -> list[str]:
        selector = pafs.FileSelector(f"{self._path}/{below}".rstrip("/"), allow_not_found=True)
        infos = [i for i in self._files.get_file_info(selector) if i.type == pafs.FileType.Directory]
        return [f"{below}/{i.base_name}".lstrip("/") for i in infos]


_LOG_WORDS = frozenset({"operation", "operationParameters", "engineInfo", "clientVersion", "operationMetrics"})

"""From rows to files that a commit can name: split by year, encode, put; two at a time, for encoding frees the GIL."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
from deltalake.transaction import AddAction

from etf_platform.core.schema import Table
from etf_platform.storage import delta
from etf_platform.storage.delta import Part, Place
from etf_platform.storage.parquet import encode, split_by_year

WORKERS = 2


@dataclass(frozen=True)
class Staged:
    """Files of one write: those put below the table, and the years whose stored file has the same bytes already."""

    files: tuple[AddAction, ...]
    years: frozenset[int | None]
    unchanged: frozenset[int | None]

    @property
    def parts(self) -> list[Part]:
        """The new files, as a version will list them."""
        return [
            Part(a.path, year, a.size, int(json.loads(a.stats)["numRecords"]))
            for a in self.files
            for year in [int(a.partition_values[delta.YEAR] or 0) if a.partition_values else None]
        ]


def stage(table: Table, place: Place, rows: pa.Table, stored: Sequence[Part] = ()) -> Staged:
    """Put the rows below the table, one file per year; when one file fails, none stays.

    Parameters
    ----------
    rows : Table
        Sorted by the table's key.
    stored : sequence of Part
        Files of the present version; what has the same bytes is not written again.
    """
    layout: Mapping[int | None, pa.Table] = {None: rows}
    if table.range_column is not None:
        layout = dict(split_by_year(rows, table.range_column).items())
    if len(layout) == 1:
        done = {year: _stage_one(place, part, year, stored) for year, part in layout.items()}
    else:
        done = _stage_together(place, layout, stored)
    files = tuple(action for action in done.values() if action is not None)
    changed = frozenset(year for year, action in done.items() if action is not None)
    return Staged(files, changed, frozenset(done) - changed)


def _stage_together(
    place: Place, layout: Mapping[int | None, pa.Table], stored: Sequence[Part]
) -> dict[int | None, AddAction | None]:
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = {year: pool.submit(_stage_one, place, part, year, stored) for year, part in layout.items()}
    _raise_first(place, list(jobs.values()))
    return {year: job.result() for year, job in jobs.items()}


def _stage_one(place: Place, rows: pa.Table, year: int | None, stored: Sequence[Part]) -> AddAction | None:
    file = encode(rows, year)
    of_year = [part for part in stored if part.year == year]
    is_stored = len(of_year) == 1 and delta.holds(place, of_year[0], file.data)
    return None if is_stored else delta.put(place, file)


def _raise_first(place: Place, jobs: list[Future[AddAction | None]]) -> None:
    errors = [job.exception() for job in jobs]
    failed = next((error for error in errors if error is not None), None)
    if failed is not None:
        results = [job.result() for job, error in zip(jobs, errors, strict=True) if error is None]
        delta.discard(place, [action.path for action in results if action is not None])
        raise failed

"""The Delta log of one table: which files make up a version, and how a new version is committed.

Data files are written by us (`storage.parquet`), the log by delta-rs. Every commit is refused when another writer came
first, so the caller always decides on the newest version. Files never change and no name is used twice.
Nothing here reads rows or knows a schema's meaning.
"""

import contextlib
import errno
import json
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, create_table_with_add_actions
from pyarrow import fs as pafs

from etf_platform.core.errors import MissingTableError, PlatformError, StorageError
from etf_platform.storage.parquet import Encoded

CHECKPOINT_EVERY = 10
# Reports name table versions and must be reproducible: logs are kept, files go only by `maintenance`.
CONFIGURATION = {"delta.logRetentionDuration": "interval 36500 days", "delta.enableExpiredLogCleanup": "false"}
YEAR = "year"


class LostRaceError(Exception):
    """Another writer committed first; decide again on the newest version."""


@dataclass(frozen=True)
class Part:
    """One file of a version: path relative to the table, partition year, size in bytes, number of rows."""

    path: str
    year: int | None
    size: int
    rows: int


@dataclass(frozen=True)
class Place:
    """Where a table lives: its address for people, its URI for delta-rs, and a file system with a path for files."""

    address: str
    uri: str
    files: pafs.FileSystem
    path: str

    def full(self, part: str) -> str:
        """Path of a file on the file system."""
        return f"{self.path}/{part}"


def open_version(place: Place, version: int | None = None) -> DeltaTable:
    """Load the newest or the given version.

    Raises
    ------
    MissingTableError
        The table has never been written.
    StorageError
        The version does not exist, or the log cannot be read.
    """
    if not may_exist(place):
        raise _missing(place)
    try:
        return DeltaTable(place.uri, version=version)
    except TableNotFoundError:
        raise _missing(place) from None
    except (DeltaError, OSError) as error:
        if version is None:
            raise storage_error(f"reading {place.address}", error) from error
        raise StorageError(
            f"reading version {version} of {place.address}",
            "there is no such version",
            "take one that `Lake.versions` lists",
        ) from error


def may_exist(place: Place) -> bool:
    """False where a local folder has no log, which delta-rs takes a hundred times as long to find out."""
    return not isinstance(place.files, pafs.LocalFileSystem) or Path(place.path, "_delta_log").is_dir()


def _missing(place: Place) -> MissingTableError:
    return MissingTableError(
        f"reading {place.address}",
        f"there is no such table below {place.path}",
        f"run the step that writes {place.address} first",
    )


def parts(table: DeltaTable) -> list[Part]:
    """Files of a version, ordered by year."""
    actions = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    found = [Part(a["path"], a.get(f"partition.{YEAR}"), a["size_bytes"], a["num_records"] or 0) for a in actions]
    return [*by_year(found)]


def by_year(found: Iterable[Part]) -> tuple[Part, ...]:
    """Files in the order in which a version lists them."""
    return tuple(sorted(found, key=lambda part: (part.year or 0, part.path)))


def stored_schema(table: DeltaTable) -> pa.Schema:
    """Arrow schema of a version without the hidden partition column."""
    schema = pa.schema(table.schema().to_arrow())
    return pa.schema([f for f in schema if f.name != YEAR or f.name not in table.metadata().partition_columns])


def create(place: Place, schema: pa.Schema, partitioned: bool, files: Sequence[AddAction], note: dict[str, str]) -> int:
    """Commit version 0.

    Raises
    ------
    LostRaceError
        The table exists by now.
    """
    try:
        create_table_with_add_actions(
            place.uri,
            _delta_schema(schema, partitioned),
            [*files],
            mode="error",
            partition_by=[YEAR] if partitioned else [],
            name=place.address,
            configuration=CONFIGURATION,
            commit_properties=CommitProperties(custom_metadata=note, max_commit_retries=0),
            post_commithook_properties=_no_hooks(),
        )
    except (CommitFailedError, DeltaError, OSError) as error:
        if DeltaTable.is_deltatable(place.uri):
            raise LostRaceError from error
        raise storage_error(f"creating {place.address}", error) from error
    return 0


def replace(
    place: Place,
    table: DeltaTable,
    schema: pa.Schema,
    years: Collection[int | None] | None,
    files: Sequence[AddAction],
    note: dict[str, str],
) -> int:
    """Commit files in place of all files of the given years (None: of everything); returns the new version.

    Raises
    ------
    LostRaceError
        Somebody committed since `table` was loaded.
    """
    version, partitioned = table.version(), bool(table.metadata().partition_columns)
    filters = None if years is None else [(YEAR, "in", sorted(str(y) for y in years))]
    try:
        table.create_write_transaction(
            [*files],
            "overwrite",
            _delta_schema(schema, partitioned),
            [YEAR] if partitioned else [],
            filters,
            commit_properties=CommitProperties(custom_metadata=note, max_commit_retries=0),
            post_commithook_properties=_no_hooks(),
        )
    except (CommitFailedError, DeltaError, OSError) as error:
        if open_version(place).version() > version:
            raise LostRaceError from error
        raise storage_error(f"writing {place.address}", error) from error
    return version + 1


def put(place: Place, file: Encoded) -> AddAction:
    """Write one file below the table; no version names it yet. A file that could not be completed is removed."""
    folder = "" if file.year is None else f"{YEAR}={file.year}/"
    path = f"{folder}{uuid.uuid4().hex}.parquet"
    target = place.full(path)
    with translated(f"writing {place.address}"):
        place.files.create_dir(target.rpartition("/")[0], recursive=True)
        try:
            with place.files.open_output_stream(target) as stream:
                stream.write(file.data)
        except OSError:
            discard(place, [path])
            raise
    values = {} if file.year is None else {YEAR: str(file.year)}
    return AddAction(path, file.data.size, values, int(time.time() * 1000), True, json.dumps({"numRecords": file.rows}))


def holds(place: Place, part: Part, data: pa.Buffer) -> bool:
    """Whether a stored file has exactly these bytes; a file that cannot be read has not, so that a rewrite heals it."""
    if part.size != data.size:
        return False
    try:
        with place.files.open_input_file(place.full(part.path)) as file:
            return bool(file.read_buffer().equals(data))
    except OSError:
        return False


def discard(place: Place, paths: Iterable[str]) -> None:
    """Remove files that no version names; what cannot be removed is left to maintenance."""
    for path in paths:
        with contextlib.suppress(OSError):
            place.files.delete_file(place.full(path))


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn errors of disks and logs into one sentence."""
    try:
        yield
    except (DeltaError, OSError) as error:
        raise storage_error(doing, error) from error


def storage_error(doing: str, error: Exception) -> PlatformError:
    """The sentence for a failed disk or object store; stored versions are never touched by a failed write."""
    text = str(error)
    for number, words, remedy in _CAUSES:
        if getattr(error, "errno", None) == number or words in text:
            return StorageError(doing, words.lower(), f"{remedy}; stored versions are intact")
    return StorageError(doing, " ".join(text.split()), "look at the path and its rights; stored versions are intact")


_CAUSES = (
    (errno.ENOSPC, "No space left on device", "free space or run the maintenance job, then run again"),
    (errno.EDQUOT, "Disk quota exceeded", "raise the quota or run the maintenance job, then run again"),
    (errno.EFBIG, "File too large", "raise the file size limit of the process (ulimit -f), then run again"),
    (errno.EROFS, "Read-only file system", "mount it writable or point ETF_PLATFORM_HOME elsewhere, then run again"),
    (errno.EACCES, "Permission denied", "give this user write access to the lake folder, then run again"),
    (errno.EPERM, "Operation not permitted", "give this user write access to the lake folder, then run again"),
)


def _delta_schema(schema: pa.Schema, partitioned: bool) -> Schema:
    return Schema.from_arrow(schema.append(pa.field(YEAR, pa.int32())) if partitioned else schema)


def _no_hooks() -> Any:
    return PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


def checkpoint(place: Place, version: int) -> None:
    """Sum up the log at every tenth version."""
    if version % CHECKPOINT_EVERY == 0:
        # A checkpoint only makes opening faster, and the commit stands: a full disk here must not fail the write.
        with contextlib.suppress(DeltaError, OSError):
            DeltaTable(place.uri, version=version).create_checkpoint()

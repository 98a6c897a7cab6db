"""What the newest version of a table consists of, asked of the Delta log again only after somebody has committed.

Commits are numbered without gaps, so a version is the newest one as long as the log has no file of the next number; a
table that was removed and written anew shows by the time stamp of its log. Beyond a process a listing is kept in a
cache folder with a digest of the log's last entry, which names files that no other entry names: it counts only while
that is the last entry. Object stores are always asked.
"""

import base64
import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable

from etf_platform.storage import delta, log
from etf_platform.storage.delta import Part, Place


@dataclass(frozen=True)
class Listing:
    """One version: its number, its schema, whether it is stored by year, and its files by year."""

    version: int
    schema: pa.Schema
    partitioned: bool
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, opened: DeltaTable) -> "Listing":
        """As the log says it."""
        partitioned = bool(opened.metadata().partition_columns)
        return cls(int(opened.version()), delta.stored_schema(opened), partitioned, tuple(delta.parts(opened)))


Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class _Known:
    stamp: Stamp
    listing: Listing


class Listings:
    """The newest version of every table that was asked for.

    Parameters
    ----------
    folder : Path, optional
        Where listings are kept for other processes; may be emptied at any time.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._known: dict[str, _Known] = {}
        self._folder = folder

    def of(self, place: Place, version: int | None = None) -> Listing:
        """The newest or the given version.

        Raises
        ------
        MissingTableError, StorageError
            As `delta.open_version`.
        """
        known = self._newest(place)
        if known is not None and version in (None, known.version):
            return known
        listing = Listing.of(delta.open_version(place, version))
        if version is None:
            self.committed(place, listing)
        return listing

    def committed(self, place: Place, listing: Listing, entry: bytes | None = None) -> None:
        """Remember the newest version, with its entry of the log where the caller has it; the log is not read again."""
        if stamp := _newest_stamp(place, listing.version):
            self._known[place.uri] = _Known(stamp, listing)
            if self._folder is not None:
                _keep(self._folder / f"{place.address}.json", place, listing, entry)

    def has(self, place: Place) -> bool:
        """Whether the table is surely there: it was, and its log still holds the entry that was seen."""
        known = self._known.get(place.uri)
        if known is None:
            return self._newest(place) is not None
        return _stamp(place, known.listing.version) == known.stamp

    def _newest(self, place: Place) -> Listing | None:
        """The newest version, when it is known here or to another process."""
        known = self._known.get(place.uri)
        if known is not None and _newest_stamp(place, known.listing.version) == known.stamp:
            return known.listing
        if self._folder is None or not log.is_local(place):
            return None
        kept = _kept(self._folder / f"{place.address}.json", place)
        stamp = None if kept is None else _newest_stamp(place, kept.version)
        if kept is not None and stamp is not None:
            self._known[place.uri] = _Known(stamp, kept)
        return None if stamp is None else kept


def _newest_stamp(place: Place, version: int) -> Stamp | None:
    """Identity of the log's last entry; None when there is a later one, or none of this number, or no local disk."""
    if not log.is_local(place) or Path(log.entry(place, version + 1)).exists():
        return None
    return _stamp(place, version)


def _stamp(place: Place, version: int) -> Stamp | None:
    try:
        found = Path(log.entry(place, version)).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _keep(path: Path, place: Place, listing: Listing, entry: bytes | None) -> None:
    """Store a listing; a folder that cannot be written only costs time."""
    parts = [(p.path, p.year, p.size, p.rows) for p in listing.parts]
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        seen = _digest(log.read_entry(place, listing.version) if entry is None else entry)
        schema = base64.b64encode(listing.schema.serialize()).decode()
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps([seen, listing.version, schema, listing.partitioned, parts]), encoding="utf-8")
        partial.replace(path)


def _kept(path: Path, place: Place) -> Listing | None:
    """The stored listing, if the log's entry of its version is the one that it was made from."""
    try:
        seen, version, schema, partitioned, parts = json.loads(path.read_text(encoding="utf-8"))
        if _digest(log.read_entry(place, version)) != seen:
            return None
        fields = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(schema)))
        return Listing(version, fields, partitioned, tuple(Part(*part) for part in parts))
    except (OSError, ValueError, TypeError, pa.ArrowException):
        return None


def _digest(entry: bytes) -> str:
    return hashlib.sha256(entry).hexdigest()

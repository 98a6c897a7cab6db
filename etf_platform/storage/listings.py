"""What the newest version of a table consists of, asked of the Delta log again only after somebody has committed.

Commits are numbered without gaps, so a version is the newest one as long as the log has no file of the next number; a
table that was removed and written anew shows by the time stamp of its log. Object stores are always asked.
"""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable
from pyarrow import fs as pafs

from etf_platform.storage import delta
from etf_platform.storage.delta import Part, Place


@dataclass(frozen=True)
class Listing:
    """One version: its number, its schema and its files by year."""

    version: int
    schema: pa.Schema
    parts: tuple[Part, ...]


Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class _Known:
    stamp: Stamp
    listing: Listing
    opened: DeltaTable | None


class Listings:
    """The newest version of every table that was asked for."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def of(self, place: Place, version: int | None = None) -> Listing:
        """The newest or the given version.

        Raises
        ------
        MissingTableError, StorageError
            As `delta.open_version`.
        """
        known = self._known.get(place.uri)
        if known is not None and version in (None, known.listing.version) and _is_newest(place, known):
            return known.listing
        opened = delta.open_version(place, version)
        listing = Listing(int(opened.version()), delta.stored_schema(opened), tuple(delta.parts(opened)))
        if version is None and (stamp := _newest_stamp(place, listing.version)):
            self._known[place.uri] = _Known(stamp, listing, opened)
        return listing

    def opened(self, place: Place) -> DeltaTable:
        """The newest version, for a commit on top of it.

        Raises
        ------
        MissingTableError, StorageError
            As `delta.open_version`.
        """
        known = self._known.get(place.uri)
        if known is None or known.opened is None or not _is_newest(place, known):
            return delta.open_version(place)
        return known.opened

    def committed(self, place: Place, listing: Listing) -> None:
        """Remember what this process has just committed; its log is not read again."""
        if stamp := _newest_stamp(place, listing.version):
            self._known[place.uri] = _Known(stamp, listing, None)

    def has(self, place: Place) -> bool:
        """Whether the table is surely there: it was, and its log still holds the entry that was seen."""
        known = self._known.get(place.uri)
        return known is not None and _stamp(place, known.listing.version) == known.stamp


def _is_newest(place: Place, known: _Known) -> bool:
    return _newest_stamp(place, known.listing.version) == known.stamp


def _newest_stamp(place: Place, version: int) -> Stamp | None:
    """Identity of the log's last entry; None when there is a later one, or none of this number, or no local disk."""
    if not isinstance(place.files, pafs.LocalFileSystem) or _entry(place, version + 1).exists():
        return None
    return _stamp(place, version)


def _stamp(place: Place, version: int) -> Stamp | None:
    try:
        found = _entry(place, version).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _entry(place: Place, version: int) -> Path:
    return Path(place.path, "_delta_log", f"{version:020d}.json")

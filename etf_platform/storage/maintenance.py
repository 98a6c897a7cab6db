"""Keeps the lake small: removes files that no version worth keeping refers to. Never changes what a version holds.

There is nothing to compact: a write leaves one file per table and year.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial

from pyarrow.fs import FileType

from etf_platform.storage import delta
from etf_platform.storage.lake import Lake

RETENTION_HOURS = 30 * 24


@dataclass(frozen=True)
class Cleaned:
    """Result for one table: files that were (or would be) removed."""

    address: str
    removed: int


def maintain(
    lake: Lake,
    keep: Mapping[str, Collection[int]],
    retention_hours: int = RETENTION_HOURS,
    dry_run: bool = False,
) -> list[Cleaned]:
    """Remove files that only old versions use, and what killed writers left behind.

    Parameters
    ----------
    keep : mapping of address to versions
        Versions that snapshots, reports or releases refer to; they and the newest version stay readable.
    retention_hours : int
        Younger files stay in any case; it must exceed the longest write and read.

    Returns
    -------
    list of Cleaned
        One per table, sorted by address.
    """
    return [_clean(lake, address, sorted(keep.get(address, ())), retention_hours, dry_run) for address in lake.tables()]


def _clean(lake: Lake, address: str, keep: list[int], retention_hours: int, dry_run: bool) -> Cleaned:
    place = lake.place_of(address)
    table = delta.open_version(place)
    vacuum = partial(
        table.vacuum,
        retention_hours,
        enforce_retention_duration=False,
        full=True,
        keep_versions=[*keep, table.version()],
    )
    with delta.translated(f"cleaning {address}"):
        # delta-rs lists a removed file for ever: count only those that are still there.
        found = [path for path in vacuum(dry_run=True) if _is_there(place, path)]
        if found and not dry_run:
            vacuum(dry_run=False)
    return Cleaned(address, len(found))


def _is_there(place: delta.Place, path: str) -> bool:
    return bool(place.files.get_file_info(place.full(path)).type == FileType.File)

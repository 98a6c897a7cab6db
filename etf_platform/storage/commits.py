"""How staged files become the next version of a table: by an entry of our own (`log`) or by delta-rs (`delta`)."""

from collections.abc import Collection, Mapping

import pyarrow as pa

from etf_platform.core.errors import StorageError
from etf_platform.core.schema import Table
from etf_platform.storage import delta, log
from etf_platform.storage.delta import LostRaceError, Place
from etf_platform.storage.listings import Listing
from etf_platform.storage.staging import Staged


def commit(
    place: Place,
    current: Listing,
    schema: pa.Schema,
    years: Collection[int | None],
    staged: Staged,
    note: Mapping[str, str],
) -> tuple[Listing, bytes | None]:
    """Commit the staged files in place of all files of these years (None in a table that is not stored by year).

    Returns
    -------
    (Listing, bytes or None)
        The new version, and its entry of the log where it was written here.

    Raises
    ------
    LostRaceError
        Somebody committed since `current`.
    """
    gone = [part for part in current.parts if part.year in years]
    if schema.equals(current.schema) and log.is_local(place):
        version = current.version + 1
        entry = log.append(place, version, staged.files, gone, note)
        kept = [part for part in current.parts if part.year not in years]
        parts = delta.by_year([*kept, *staged.parts])
        delta.checkpoint(place, version)
        return Listing(version, current.schema, current.partitioned, parts), entry
    opened = delta.open_version(place)
    if opened.version() != current.version:
        raise LostRaceError
    version = delta.replace(place, opened, schema, years if current.partitioned else None, staged.files, dict(note))
    delta.checkpoint(place, version)
    return Listing.of(delta.open_version(place, version)), None


def check_layout(table: Table, place: Place, current: Listing) -> None:
    """Refuse to mix files by year with files of everything.

    Raises
    ------
    StorageError
        The stored version is laid out in another way than the table is declared.
    """
    if current.partitioned != bool(table.range_column):
        saw = f"it is stored {'by year' if current.partitioned else 'in one file'} and declared otherwise now"
        raise StorageError(f"writing {place.address}", saw, "remove its folder and write the whole table again")

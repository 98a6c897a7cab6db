"""The lake as one experiment sees it: every table in one version, whoever writes meanwhile; nothing can be written.

Either the versions are given, and nothing else is there, or each table is pinned to its newest version when it is first
asked for. Not here: what an experiment is (`governance.experiments`).
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
import pandas as pd
from pyarrow.fs import FileType

from etf_platform.core.errors import MissingTableError, StorageError
from etf_platform.core.schema import Table
from etf_platform.storage import delta
from etf_platform.storage.delta import Place
from etf_platform.storage.lake import Lake
from etf_platform.storage.listings import Listing
from etf_platform.storage.span import Day


class PinnedLake(Lake):
    """A lake to read from.

    Parameters
    ----------
    versions : mapping of address to version, optional
        The only tables that are there. None: all tables, each in the version that is the newest at its first use.
    """

    def __init__(self, root: Path | str, versions: Mapping[str, int] | None = None) -> None:
        super().__init__(root)
        self._given = versions
        self._pinned: dict[str, Listing] = {}

    @property
    def pinned(self) -> dict[str, int]:
        """Address -> version of every table that was asked for so far, sorted."""
        return {address: listing.version for address, listing in sorted(self._pinned.items())}

    @property
    def fingerprints(self) -> dict[str, str]:
        """Address -> digest of the files of that version; no file name is used twice, so it names the content."""
        return {address: fingerprint(listing) for address, listing in sorted(self._pinned.items())}

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
        """As `Lake.read_versioned`, of the pinned version; another one is refused."""
        mine = self._pin(self.place(table, universe)).version
        if version not in (None, mine):
            raise StorageError(
                f"reading version {version} of {table.address(universe)}",
                f"this experiment reads version {mine}",
                "read one version only",
            )
        return super().read_versioned(table, universe, start, end, columns, symbols, mine)

    def listing(self, table: Table, universe: str) -> Listing:
        """Number, schema and files of the pinned version."""
        return self._pin(self.place(table, universe))

    def last_day(self, table: Table, universe: str) -> dt.date | None:
        """Newest day of a table's range column in the pinned version; None when it holds no row."""
        column = table.range_column or "date"
        newest = self.read(table, universe, columns=[column])[column].max()
        return None if pd.isna(newest) else newest.date()

    def exists(self, table: Table, universe: str) -> bool:
        """Whether the table is there for this experiment."""
        return self.version(table, universe) is not None

    def file_uris(self, address: str) -> list[str]:
        """Refused: SQL reads the newest versions."""
        raise StorageError(f"asking SQL about {address}", "an experiment reads fixed versions", "use Lake.read")

    def sql(self, query: str) -> duckdb.DuckDBPyRelation:
        """Refused: SQL reads the newest versions."""
        raise StorageError("asking SQL", "an experiment reads fixed versions", "use Lake.read")

    def write(self, table: Table, universe: str, *_: object, **__: object) -> int:
        """Refused: an experiment leaves the lake as it is."""
        raise StorageError(
            f"writing {table.address(universe)}", "experiments only read", "let the step of the asset write it"
        )

    def _pin(self, place: Place) -> Listing:
        known = self._pinned.get(place.address)
        if known is None:
            if self._given is not None and place.address not in self._given:
                raise MissingTableError(
                    f"reading {place.address}", "the experiment did not read it", "run it anew with --now"
                )
            version = None if self._given is None else self._given[place.address]
            known = self._pinned[place.address] = self._listings.of(place, version)
        return known


def fingerprint(listing: Listing) -> str:
    """SHA-256 in hex of the names of a version's files."""
    return hashlib.sha256("\n".join(sorted(part.path for part in listing.parts)).encode()).hexdigest()


def lost(lake: Lake, address: str, version: int, files: str = "") -> str:
    """Why a version cannot be read as it was; empty when it can.

    Parameters
    ----------
    files : str
        Its `fingerprint` as recorded; empty when nobody knows.
    """
    place = lake.place_of(address)
    try:
        opened = delta.open_version(place, version)
    except (MissingTableError, StorageError) as error:
        return error.saw
    parts = tuple(delta.parts(opened))
    if files and files != fingerprint(Listing.of(opened)):
        return "it was written anew: this version has other files than the recorded one"
    infos = place.files.get_file_info([place.full(part.path) for part in parts])
    gone = sum(info.type != FileType.File for info in infos)
    return f"{gone} of its {len(parts)} files are gone" if gone else ""

"""Reading and writing of one step: remembers which versions went in and came out, and stamps every commit."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from etf_platform.core.errors import MissingTableError
from etf_platform.core.places import rows_between
from etf_platform.core.schema import Table
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window, Written

if TYPE_CHECKING:
    import pandas as pd

    from etf_platform.storage.settled import Arrays, Figure


class StepTables:
    """The lake as one step sees it.

    Parameters
    ----------
    platform : Platform
    run_id : str
        Kept in the note of every commit.
    """

    def __init__(self, platform: Platform, window: Window) -> None:
        self._platform = platform
        self._note = platform.note(window.run_id)
        self._seen: dict[tuple[Table, str], int] = {}
        self.written: list[Written] = []

    def read(
        self,
        table: Table,
        universe: str,
        end: date | None = None,
        start: date | None = None,
        columns: Sequence[str] | None = None,
    ) -> "pd.DataFrame":
        """Rows of the newest version, whose number is remembered."""
        frame, version = self._platform.lake.read_versioned(table, universe, start=start, end=end, columns=columns)
        self._seen[table, universe] = version
        return frame

    def read_if_there(
        self, table: Table, universe: str, end: date | None = None, start: date | None = None
    ) -> "pd.DataFrame | None":
        """Rows of the newest version; None when the table has never been written."""
        try:
            return self.read(table, universe, end, start)
        except MissingTableError:
            return None

    def figures(self, table: Table, universe: str, columns: Sequence[str], figure: "Figure") -> "list[Arrays]":
        """A figure over the table's years that are over and over its last one; see `storage.settled`."""
        from etf_platform.storage.settled import figures

        folder = self._platform.workspace.home / "cache" / "settled"
        parts, version = figures(self._platform.lake, table, universe, columns, figure, folder)
        self._seen[table, universe] = version
        return parts

    def settled(
        self, table: Table, universe: str, columns: Sequence[str], figure: "Figure", end: date | None
    ) -> "tuple[Arrays | None, date | None]":
        """A figure over the table's years before the last one up to `end`, and the first day of that one."""
        from etf_platform.storage.settled import settled

        folder = self._platform.workspace.home / "cache" / "settled"
        found, since, self._seen[table, universe] = settled(
            self._platform.lake, table, universe, columns, figure, folder, end
        )
        return found, since

    def write(
        self, table: Table, universe: str, frame: "pd.DataFrame", start: date | None = None, end: date | None = None
    ) -> None:
        """Replace a range, or the whole table where it has no range column."""
        if table.range_column is None:
            start = end = None
        version = self._platform.lake.write(table, universe, frame, start, end, note=self._note)
        self.written.append(Written(table, universe, version, len(frame)))

    def first_day(self, table: Table, universe: str, window: Window) -> date | None:
        """First day that a run about this window has to write; None when nothing is stored, so that all of it is due.

        Days missed since the last stored one are caught up.
        """
        if window.start is None or not self._platform.lake.exists(table, universe):
            return None
        last = self._platform.lake.last_day(table, universe)
        return window.start if last is None else min(window.start, last + timedelta(days=1))

    def write_days(self, table: Table, universe: str, rows: "pd.DataFrame", window: Window) -> None:
        """Store the rows from `first_day` to the window's end."""
        import pandas as pd

        start = self.first_day(table, universe, window)
        if rows.empty:
            return
        first = start or rows["date"].min().date()
        last = window.end or rows["date"].max().date()
        kept = rows_between(rows, pd.Timestamp(first), pd.Timestamp(last)).reset_index(drop=True)
        self.write(table, universe, kept, first, last)

    def unchanged_since_read(self) -> bool:
        """Whether nobody has written the tables that this step read since it read them."""
        return all(
            self._platform.lake.version(table, universe) == seen for (table, universe), seen in self._seen.items()
        )

    def versions(self) -> dict[str, int]:
        """Address -> version of every table read so far."""
        return {table.address(universe): version for (table, universe), version in self._seen.items()}

    def outcome(self, **shown: Any) -> Outcome:
        """The step's outcome with versions filled in."""
        return Outcome(written=tuple(self.written), read=self.versions(), **shown)

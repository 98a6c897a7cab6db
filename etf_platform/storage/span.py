"""A range of days: which rows, years and files it takes in. No I/O."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etf_platform.core.errors import SchemaError
from etf_platform.core.schema import Table

Day = str | dt.date | pd.Timestamp | None


@dataclass(frozen=True)
class Span:
    """Days from `start` to `end`, inclusive, of `column`; None is open."""

    column: str | None
    start: dt.date | None
    end: dt.date | None

    @classmethod
    def of(cls, table: Table, start: Day, end: Day) -> "Span":
        """The range that a write replaces; a table without a range column is replaced as a whole."""
        if table.range_column is None:
            return cls(None, None, None)
        return cls(table.range_column, _date(start), _date(end))

    @classmethod
    def of_read(cls, table: Table, start: Day, end: Day) -> "Span":
        """The range that a read wants, on the range column or else on `date`."""
        if start is None and end is None:
            return cls(None, None, None)
        names = [c.name for c in table.columns if c.type == "date"]
        if not table.range_column and "date" not in names:
            raise SchemaError(
                f"reading a range of {table.layer}/{table.name}",
                "it has no column date",
                "read it without start and end",
            )
        return cls(table.range_column or "date", _date(start), _date(end))

    @property
    def is_everything(self) -> bool:
        """Whether no day lies outside."""
        return self.start is None and self.end is None

    def may_hold(self, year: int | None) -> bool:
        """Whether some day of the year (None: of any year) lies inside."""
        if year is None:
            return True
        return not (self.start and year < self.start.year) and not (self.end and year > self.end.year)

    def covers(self, year: int | None) -> bool:
        """Whether every day of the year (None: of every year) lies inside."""
        if year is None:
            return self.is_everything
        after_start = self.start is None or self.start <= dt.date(year, 1, 1)
        return after_start and (self.end is None or self.end >= dt.date(year, 12, 31))

    def before(self, rows: pa.Table) -> pa.Table:
        """Rows of days before the range, in the order they have."""
        if not self.start:
            return rows.slice(0, 0)
        place = _place(rows.column(self.column), self.start)
        return rows.filter(pc.less(rows.column(self.column), self.start)) if place is None else rows.slice(0, place)

    def after(self, rows: pa.Table) -> pa.Table:
        """Rows of days after the range, in the order they have."""
        if not self.end:
            return rows.slice(0, 0)
        place = _place(rows.column(self.column), self.end + dt.timedelta(days=1))
        return rows.filter(pc.greater(rows.column(self.column), self.end)) if place is None else rows.slice(place)

    def check_holds(self, rows: pa.Table, address: str) -> None:
        """Refuse rows that lie outside.

        Raises
        ------
        SchemaError
            Names the first such day.
        """
        stray = pa.concat_tables([self.before(rows), self.after(rows)])
        if stray.num_rows:
            saw = f"{stray.num_rows} rows lie outside {self}, the first on {stray.column(self.column)[0]}"
            raise SchemaError(f"writing {address}", saw, "pass only rows of the range, or widen it")

    def __str__(self) -> str:
        return f"[{self.start or '...'}, {self.end or '...'}]"


def _place(days: pa.ChunkedArray, day: dt.date) -> int | None:
    """First place of a day or a later one among ascending days; None where they do not ascend or one is null."""
    if days.null_count or not pa.types.is_date32(days.type):
        return None
    numbers = days.cast(pa.int32()).to_numpy()
    is_ascending = bool((numbers[1:] >= numbers[:-1]).all())
    return int(numbers.searchsorted((day - dt.date(1970, 1, 1)).days)) if is_ascending else None


def _date(day: Day) -> dt.date | None:
    return None if day is None else pd.Timestamp(day).date()

"""What a step is: one arrow of the data flow, from tables to tables, and what it tells about itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from etf_platform.core.places import rows_between
from etf_platform.core.schema import Table

if TYPE_CHECKING:
    import pandas as pd

    from etf_platform.orchestration.platform import Platform


@dataclass(frozen=True)
class Window:
    """The sessions that a run is about, both ends included; `None` means everything stored."""

    start: date | None
    end: date | None
    run_id: str = ""

    def __str__(self) -> str:
        return f"{self.start or 'first'}..{self.end or 'last'}"

    def cut(self, rows: "pd.DataFrame") -> "pd.DataFrame":
        """Rows dated inside the window."""
        import pandas as pd

        start, end = (None if day is None else pd.Timestamp(day) for day in (self.start, self.end))
        return rows_between(rows, start, end).reset_index(drop=True)


@dataclass(frozen=True)
class Written:
    """One commit: which table, which version, how many rows."""

    table: Table
    universe: str
    version: int
    rows: int

    @property
    def address(self) -> str:
        """Lake address of the table."""
        return self.table.address(self.universe)


@dataclass(frozen=True)
class Outcome:
    """What a step did.

    Attributes
    ----------
    written : tuple of Written
    read : dict of str to int
        Lake address -> version of every table that was read.
    facts : dict
        Plain values shown in the UI (counts, figures, texts).
    plots : dict of str to bytes
        Title -> PNG.
    frames : dict of str to DataFrame
        Small tables shown in the UI.
    """

    written: tuple[Written, ...] = ()
    read: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    plots: dict[str, bytes] = field(default_factory=dict)
    frames: "dict[str, pd.DataFrame]" = field(default_factory=dict)


Run = Callable[["Platform", str, Window], Outcome]


@dataclass(frozen=True)
class Step:
    """One asset, for every pool or for the portfolio.

    Attributes
    ----------
    address : str
        Asset key with `{pool}` for the universe, e.g. `factors/{pool}/panel`.
    run : str
        `module:function` of type `Run`; imported when it runs.
    needs : tuple of str
        Addresses with `{pool}`; `{each}` stands for every pool.
    tables : tuple of Table
        What it writes, the one named like the asset first.
    is_partitioned : bool
        One partition per session.
    """

    address: str
    run: str
    needs: tuple[str, ...]
    tables: tuple[Table, ...]
    description: str
    is_partitioned: bool = False
    kinds: frozenset[str] = frozenset({"python"})
    job: str = "daily"

    @property
    def layer(self) -> str:
        """First segment of the asset key, and Dagster's group."""
        return self.address.split("/")[0]

    @property
    def guard(self) -> str:
        """`layer/name`, by which fuses say what they guard."""
        layer, _, name = self.address.split("/")
        return f"{layer}/{name}"

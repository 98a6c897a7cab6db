"""What a section of the report consists of: lines of text, grids of text, plots.

Here: values that both templates understand. Not here: their content.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from etf_platform.core.states import State


@dataclass(frozen=True)
class Grid:
    """A table of finished text; `numeric` says which columns are aligned to the right."""

    headers: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Plot:
    """A PNG as a data address, with the text for those who do not see it."""

    alt: str
    address: str


@dataclass(frozen=True)
class Section:
    """A titled part of the report; `state` is set when the part as a whole has one."""

    title: str
    lines: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    plots: tuple[Plot, ...] = ()
    state: State | None = None


def grid_of(headers: str, rows: Iterable[Iterable[str]]) -> tuple[Grid, ...]:
    """One grid, or none when there are no rows.

    `headers` are separated by `|`; a header that begins with `#` is numeric.
    """
    heads = headers.split("|")
    cells = tuple(tuple(row) for row in rows)
    texts, numeric = tuple(head.removeprefix("#") for head in heads), tuple(head.startswith("#") for head in heads)
    return (Grid(texts, numeric, cells),) if cells else ()

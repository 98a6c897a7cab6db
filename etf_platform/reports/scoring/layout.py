"""What the report consists of, whatever it is written in: headings, lines, tables, rules.

Here: values that Markdown, HTML and text understand alike. Not here: their content, and how each is written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 to 4; `is_asset` says that what follows below it is about one asset."""

    level: int
    text: str
    is_asset: bool = False


@dataclass(frozen=True)
class Line:
    """A line.

    Attributes
    ----------
    label, text : str
        Written one after the other, the label in bold: `**MACD**: ✅ 金叉`.
    has_colon : bool
        Behind the label.
    depth : int or None
        None is a paragraph, 0 an item of a list, 1 an item below it.
    sign : str
        Before the label.
    is_quiet : bool
        A remark: in italics.
    """

    text: str = ""
    label: str = ""
    depth: int | None = None
    has_colon: bool = True
    sign: str = ""
    is_quiet: bool = False

    @property
    def plain(self) -> str:
        """The line without any marks of weight."""
        label = f"{self.label}{':' if self.has_colon else ''}" if self.label else ""
        return " ".join(part for part in (self.sign, label, self.text) if part)


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, whether it is bold, and `up`, `down` or `missing` for those who see colours."""

    text: str
    strong: bool = False
    css: str = ""


@dataclass(frozen=True)
class Table:
    """A table of finished text; `numeric` says which columns are aligned to the right."""

    headers: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Rule:
    """A line across the page."""


@dataclass(frozen=True)
class Banner:
    """A sentence that must not be overlooked."""

    label: str
    text: str


@dataclass(frozen=True)
class Picture:
    """A PNG as a data address, with the text for those who do not see it; only HTML shows it."""

    alt: str
    address: str


Part = Heading | Line | Table | Rule | Banner | Picture


@dataclass(frozen=True)
class Items:
    """Lines that stand together as one list."""

    lines: tuple[Line, ...]


Block = Heading | Line | Items | Table | Rule | Banner | Picture


def blocks_of(parts: Iterable[Part]) -> list[Block]:
    """The parts with neighbouring items put together."""
    blocks: list[Block] = []
    for part in parts:
        if not (isinstance(part, Line) and part.depth is not None):
            blocks.append(part)
        elif blocks and isinstance(last := blocks[-1], Items):
            blocks[-1] = Items((*last.lines, part))
        else:
            blocks.append(Items((part,)))
    return blocks


def table(headers: str, rows: Iterable[Sequence[str | Cell]]) -> Table:
    """A table; `headers` are separated by `|`, one that begins with `#` is numeric."""
    heads = headers.split("|")
    cells = tuple(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows)
    return Table(tuple(head.removeprefix("#") for head in heads), tuple(head.startswith("#") for head in heads), cells)


def strong_row(*texts: str) -> tuple[Cell, ...]:
    """A row whose first two cells are bold."""
    return tuple(Cell(text, strong=place < 2) for place, text in enumerate(texts))


def item(label: str, text: str, sign: str = "") -> Line:
    """An item of a list with a label."""
    return Line(text, label, 0, sign=sign)


def below(text: str, label: str = "") -> Line:
    """An item below an item."""
    return Line(text, label, 1)


def missing(reason: str = "") -> Line:
    """The one line of a section that has no data."""
    return Line(f"数据不足: {reason}" if reason else "数据不足")

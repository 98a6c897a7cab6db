"""The report for a terminal or a plain mail: frames and columns 80 wide, Chinese characters and emoji counted as two.

Not here: what it says (`closing.parts_of`).
"""

import re
import unicodedata

from etf_platform.reports.scoring.closing import parts_of
from etf_platform.reports.scoring.document import MarketReport
from etf_platform.reports.scoring.layout import Banner, Block, Heading, Items, Line, Rule, Table, blocks_of

WIDE = 80
GAP = 2
NARROWEST = 24  # columns that a last column must have to be written in lines
FRAME, THIN = "=" * WIDE, "-" * WIDE
VARIATION, JOINER = "\ufe0f", "\u200d"
PIECES = re.compile(r"\s+|[!-~]+|.[\ufe0f\u200d]*")


def report_text(report: MarketReport) -> str:
    """The report as plain text; no line is wider than 80, ends with a line break."""
    lines: list[str] = []
    above: Block = Rule()
    for block in blocks_of(parts_of(report)):
        written = _written(block)
        lines += ["", *written] if written and not _is_joined(above, block) else written
        above = block if written else above
    return "\n".join([*lines, FRAME]) + "\n"


def _is_joined(above: Block, block: Block) -> bool:
    """Whether no blank line stands between two blocks: nothing above, or what is above announces it."""
    if isinstance(above, Heading):
        return not isinstance(block, Heading) or above.level <= 2
    return isinstance(above, Rule) or (isinstance(above, Line) and not above.text and isinstance(block, Items))


def width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    columns = 0
    for place, character in enumerate(text):
        if character in (VARIATION, JOINER) or unicodedata.combining(character):
            continue
        is_emoji = text[place + 1 : place + 2] == VARIATION
        columns += 2 if is_emoji or unicodedata.east_asian_width(character) in "WF" else 1
    return columns


def wrapped(text: str, indent: str = "", following: str = "", most: int = WIDE) -> list[str]:
    """The text in lines of at most `most` columns; words of Latin letters and numbers stay whole where they fit."""
    lines, current = [], indent
    for piece in PIECES.findall(text):
        if width(current) + width(piece) > most and current.strip():
            lines.append(current.rstrip())
            current = following
        if not (piece.isspace() and current == following and lines):
            current += piece
        while width(current) > most:
            head = _fitting(current, most)
            lines.append(head)
            current = following + current[len(head) :]
    return [*lines, current.rstrip()] if current.strip() else lines or [""]


def _fitting(text: str, most: int) -> str:
    head = text
    while width(head) > most:
        head = head[:-1]
    return head


def padded(text: str, columns: int, is_right: bool = False) -> str:
    """The text with blanks up to a number of columns."""
    blanks = " " * max(0, columns - width(text))
    return blanks + text if is_right else text + blanks


def _written(block: Block) -> list[str]:
    if isinstance(block, Heading):
        return _heading(block)
    if isinstance(block, Banner):
        return [f"!! {line}".rstrip() for line in wrapped(f"{block.label} {block.text}")]
    if isinstance(block, Line):
        return wrapped(block.plain)
    if isinstance(block, Items):
        return [line for one in block.lines for line in _item(one)]
    if isinstance(block, Table):
        return _table(block)
    return []


def _heading(heading: Heading) -> list[str]:
    if heading.level == 1:
        left = (WIDE - width(heading.text)) // 2
        return [FRAME, " " * left + heading.text, FRAME]
    if heading.level == 2:
        return [THIN, *wrapped(heading.text), THIN]
    return wrapped(f"[{heading.text}]" if heading.level == 3 else f"{heading.text}:")


def _item(one: Line) -> list[str]:
    indent = "  " * ((one.depth or 0) + 1)
    return wrapped(f"- {one.plain}", indent, indent + "  ")


def _table(table: Table) -> list[str]:
    texts = [[cell.text for cell in row] for row in table.rows]
    columns = [max(width(text) for text in column) for column in zip(table.headers, *texts, strict=True)]
    left = WIDE - sum(columns[:-1]) - GAP * (len(columns) - 1)
    if left < min(columns[-1], NARROWEST):
        return [line for row in texts for line in _record(table, row)]
    columns[-1] = min(columns[-1], left)
    return [line for row in (list(table.headers), *texts) for line in _row(row, columns, table)]


def _row(texts: list[str], columns: list[int], table: Table) -> list[str]:
    """A row of aligned cells; the last one goes on below itself."""
    first, *rest = wrapped(texts[-1], most=columns[-1])
    cells = zip([*texts[:-1], first], columns, table.numeric, strict=True)
    blank = " " * (sum(columns[:-1]) + GAP * (len(columns) - 1))
    line = (" " * GAP).join(padded(text, wide, right) for text, wide, right in cells)
    return [line.rstrip(), *(blank + text for text in rest)]


def _record(table: Table, row: list[str]) -> list[str]:
    """A row that is too wide for 80 columns: its first cell, and the others with their headers below it."""
    rest = " | ".join(f"{head} {text}" for head, text in zip(table.headers[1:], row[1:], strict=True))
    return [*wrapped(row[0]), *wrapped(rest, "    ", "    ")]

"""Tables of coloured cells, set with Pillow: the calendar of monthly returns and the board of fuses.

Here: rectangles and words on a grid. matplotlib lays every word out three times, so that a board of 150 cells took
0.25 s; here it takes a tenth. Not here: what a cell says (`account`, `grids`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from etf_platform.reports.plots import canvas

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

POINT = canvas.DPI / 72
TOP, HEADER, MARGIN, PAD = 0.42, 0.26, 0.1, 0.08  # inches


@dataclass(frozen=True)
class Cell:
    """A word on a colour; no colour is the paper's."""

    text: str
    fill: str | None = None
    ink: str = canvas.INK
    bold: bool = False


def draw_board(
    title: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[Cell | None]]],
    row_height: float,
    simulated: bool,
    gap: float = 0.0,
    width: float = 7.4,
) -> bytes:
    """PNG of a table: one label per column and row, and a cell or nothing at each crossing.

    Parameters
    ----------
    rows : sequence of (label, cells)
        As many cells as there are columns.
    row_height, gap, width : float
        Inches; `gap` is left between cells, `width` is that of the whole picture.
    """
    from PIL import Image, ImageDraw

    top, high, wide = pixels(TOP + HEADER), pixels(row_height), pixels(max(width, canvas.NARROWEST))
    image = Image.new("RGB", (wide, top + high * len(rows) + pixels(MARGIN)), canvas.PAPER)
    draw = ImageDraw.Draw(image)
    left = pixels(MARGIN + PAD) + max((round(font(8.5).getlength(label)) for label, _ in rows), default=0)
    draw.text((pixels(MARGIN), pixels(TOP) / 2), title, canvas.INK, font(11.5, bold=True), "lm")
    edges = [left + round(k * (wide - pixels(MARGIN) - left) / len(columns)) for k in range(len(columns) + 1)]
    for name, start, stop in zip(columns, edges[:-1], edges[1:], strict=True):
        draw.text(((start + stop) / 2, top - pixels(HEADER) / 2), name, canvas.FAINT, font(8.5), "mm")
    for number, (label, cells) in enumerate(rows):
        upper = top + number * high
        draw.text((left - pixels(PAD), upper + high / 2), label, canvas.FAINT, font(8.5), "rm")
        for cell, start, stop in zip(cells, edges[:-1], edges[1:], strict=True):
            if cell is not None:
                _draw_cell(draw, cell, (start, upper, stop, upper + high), pixels(gap) / 2)
    if simulated:
        label_simulated(draw, wide)
    return canvas.encode(image)


def _draw_cell(draw: "ImageDraw.ImageDraw", cell: Cell, box: tuple[int, int, int, int], inset: float) -> None:
    left, top, right, bottom = box
    if cell.fill:
        draw.rectangle((left + inset, top + inset, right - inset - 1, bottom - inset - 1), fill=cell.fill)
    draw.text(((left + right) / 2, (top + bottom) / 2), cell.text, cell.ink, font(8.5, cell.bold), "mm")


def label_simulated(draw: "ImageDraw.ImageDraw", wide: int) -> None:
    """The label of simulated data at the top right of a picture `wide` pixels wide."""
    letters = font(9, bold=True)
    right, top, pad = wide - pixels(MARGIN), pixels(0.06), pixels(0.07)
    left = right - round(letters.getlength(canvas.SIMULATED)) - 2 * pad
    bottom = top + pixels(0.2) + pad
    draw.rounded_rectangle((left, top, right, bottom), radius=pad, fill=canvas.VERMILLION)
    draw.text(((left + right) / 2, (top + bottom) / 2), canvas.SIMULATED, "white", letters, "mm")


def pixels(inches: float) -> int:
    """Pixels of a length, rounded."""
    return round(inches * canvas.DPI)


@cache
def font(points: float, bold: bool = False) -> "ImageFont.FreeTypeFont":
    """DejaVu Sans as matplotlib brings it, so that boards and plots look alike."""
    import matplotlib as mpl
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(mpl.get_data_path(), "fonts", "ttf", name)), points * POINT)

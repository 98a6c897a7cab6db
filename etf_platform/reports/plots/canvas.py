"""The look that all plots share: figure, title, simulated label, empty state, PNG encoding.

Here: what every plot needs. Not here: any meaning of the data. Figures are made without pyplot, so that plots may be
drawn in several threads; the background is solid, so that they can be read on a light and on a dark page.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from PIL.Image import Image

PAPER, INK, FAINT, RULE = "#fcfcfa", "#22262b", "#6a7178", "#d5d8db"
# Okabe and Ito (2008): distinguishable with every common form of colour blindness.
BLUE, ORANGE, VERMILLION, GREEN, SKY, GREY = "#0072b2", "#e69f00", "#d55e00", "#009e73", "#56b4e9", "#8a9097"
DPI = 120
PALETTE = 256
NARROWEST = 6.4
SIMULATED = "SIMULATED DATA"


@dataclass(frozen=True)
class Margins:
    """Inches between the edges of a figure and its axes."""

    left: float
    right: float
    top: float
    bottom: float


def label_width(labels: Iterable[str], points: float = 8.5) -> float:
    """Inches that the longest of some labels takes at most, about: DejaVu Sans is 0.63 em wide on average."""
    return max((len(label) for label in labels), default=0) * 0.63 * points / 72


def new_figure(width: float, height: float, title: str, margins: Margins | None = None) -> "Figure":
    """An empty figure of the given size in inches (title and label need 6.4) with its title at the top left.

    With `margins` the axes stand where these say; without, they are fitted to their labels, which takes twice the time.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    wide = max(width, NARROWEST)
    layout = None if margins else ConstrainedLayoutEngine(h_pad=0.09, w_pad=0.07)
    figure = Figure(figsize=(wide, height), dpi=DPI, facecolor=PAPER, layout=layout)
    if margins:
        top, bottom = 1.0 - margins.top / height, margins.bottom / height
        figure.subplots_adjust(margins.left / wide, bottom, 1.0 - margins.right / wide, top)
    # A given y switches off the room that the fitted layout keeps for the title.
    place = {"y": 1.0 - 0.1 / height} if margins else {}
    figure.suptitle(title, x=0.012, ha="left", va="top", fontsize=11.5, fontweight="bold", color=INK, **place)
    return figure


def plain(axes: "Axes", grid: str | None = "y") -> "Axes":
    """Remove the box, keep thin grid lines along one axis ("x", "y" or None)."""
    axes.set_facecolor(PAPER)
    axes.tick_params(colors=FAINT, labelsize=8.5, length=0)
    axes.xaxis.label.set_color(FAINT)
    axes.yaxis.label.set_color(FAINT)
    for side in axes.spines.values():
        side.set_visible(False)
    if grid:
        axes.grid(axis=grid, color=RULE, linewidth=0.7)  # type: ignore[arg-type]
        axes.set_axisbelow(True)
    return axes


def date_axis(axes: "Axes", days: pd.Series | pd.DatetimeIndex) -> None:
    """Few, unambiguous dates on the x axis; a range below a week shows every day and never hours."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, DateFormatter, DayLocator, date2num

    first, last = days.min(), days.max()
    if last - first < pd.Timedelta(days=7):
        axes.set_xlim(*date2num([first - pd.Timedelta(hours=12), last + pd.Timedelta(hours=36)]))
        axes.xaxis.set_major_locator(DayLocator())
        axes.xaxis.set_major_formatter(DateFormatter("%Y-%m-%d"))
        return
    locator = AutoDateLocator(minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def write_cells(axes: "Axes", image: "AxesImage", labels: np.ndarray, size: float = 8.0) -> None:
    """Write one label into every cell of an `imshow` grid, light on dark colours and dark on light ones."""
    array: np.ma.MaskedArray = np.ma.masked_invalid(np.ma.asarray(image.get_array()))
    paints = image.to_rgba(array)
    for i, j in np.argwhere(~np.ma.getmaskarray(array)):
        colour = "white" if is_dark(paints[i, j, :3]) else INK
        axes.text(j, i, labels[i, j], ha="center", va="center", fontsize=size, color=colour)


def is_dark(paint: np.ndarray) -> bool:
    """Whether letters on this colour (red, green, blue in [0, 1]) have to be white."""
    return bool(paint @ np.array([0.299, 0.587, 0.114]) < 0.52)


def percent_axis(axes: "Axes", axis: str = "y") -> None:
    """Show fractions as percent on the named axis."""
    from matplotlib.ticker import PercentFormatter

    target = axes.yaxis if axis == "y" else axes.xaxis
    target.set_major_formatter(PercentFormatter(xmax=1.0, decimals=None))


def is_simulated(frame: pd.DataFrame) -> bool:
    """Whether any row's `source` carries the word `simulated`."""
    return "source" in frame and any("simulated" in str(source).casefold() for source in frame["source"].unique())


def no_data(title: str, reason: str = "no data yet", simulated: bool = False) -> bytes:
    """A small plot that says why there is nothing to see."""
    figure = new_figure(7.5, 1.6, title)
    axes = plain(figure.add_subplot(), grid=None)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, reason, ha="center", va="center", fontsize=12, color=FAINT, transform=axes.transAxes)
    return to_png(figure, simulated)


def to_png(figure: "Figure", simulated: bool) -> bytes:
    """The figure as a palette PNG; simulated data carry a label that cannot be overlooked."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    if simulated:
        _label_simulated(figure)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return encode(Image.frombytes("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba())).convert("RGB"))


def encode(image: "Image") -> bytes:
    """An RGB picture as a palette PNG."""
    from PIL import Image as Pillow

    buffer = BytesIO()
    # the octree and light deflate: a tenth of the time of the median cut with `optimize`, a fifth more bytes
    flat = image.quantize(PALETTE, method=Pillow.Quantize.FASTOCTREE, dither=Pillow.Dither.NONE)
    flat.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _label_simulated(figure: "Figure") -> None:
    right, top = 1.0 - 0.12 / figure.get_figwidth(), 1.0 - 0.1 / figure.get_figheight()
    box = {"boxstyle": "round,pad=0.35", "facecolor": VERMILLION, "edgecolor": "none"}
    figure.text(right, top, SIMULATED, ha="right", va="top", fontsize=9, fontweight="bold", color="white", bbox=box)


def as_data_uri(png: bytes) -> str:
    """The PNG as a `data:` address that needs no file and no network."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def as_markdown(png: bytes, alt: str) -> str:
    """An inline Markdown image; brackets and line breaks of the alternative text are removed."""
    words = " ".join(alt.translate({ord(c): " " for c in "[]\\"}).split())
    return f"![{words}]({as_data_uri(png)})"

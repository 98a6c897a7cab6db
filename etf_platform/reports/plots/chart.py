"""Lines, areas and rectangles over a date or a value axis, set with Pillow: what an account is drawn with every day.

Here: axes, ticks, strokes. matplotlib lays every tick out several times: 0.1 s a picture, here a tenth.
Not here: what is drawn (`account`, `attribution`); plots that are drawn once a week stay with matplotlib.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.reports.plots import canvas
from etf_platform.reports.plots.board import font, label_simulated, pixels

if TYPE_CHECKING:
    from PIL.Image import Image

FINER = 3  # strokes are drawn on a grid finer by this factor and averaged
MOST_DATES = 8
SHOWN_JOINTS = 500  # points of a line; of more the corners are too close to be seen
STEPS = (
    (1, "D"),
    (2, "D"),
    (7, "D"),
    (14, "D"),
    (1, "M"),
    (2, "M"),
    (3, "M"),
    (6, "M"),
    (12, "M"),
    (24, "M"),
    (60, "M"),
)


@dataclass(frozen=True)
class Panel:
    """A rectangle of a picture in pixels, and the values at its edges (dates as days since 1970)."""

    left: int
    top: int
    right: int
    bottom: int
    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, values: np.ndarray | float) -> np.ndarray:
        """Horizontal pixels of values."""
        return self.left + (np.asarray(values) - self.x[0]) * ((self.right - self.left) / (self.x[1] - self.x[0]))

    def up(self, values: np.ndarray | float) -> np.ndarray:
        """Vertical pixels of values."""
        return self.bottom - (np.asarray(values) - self.y[0]) * ((self.bottom - self.top) / (self.y[1] - self.y[0]))


def blank(width: float, height: float, title: str, simulated: bool) -> "Image":
    """An empty picture of the given size in inches, its title at the top left and the label of simulated data."""
    from PIL import Image, ImageDraw

    wide = pixels(max(width, canvas.NARROWEST))
    image = Image.new("RGB", (wide, pixels(height)), canvas.PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((pixels(0.1), pixels(0.21)), title, canvas.INK, font(11.5, bold=True), "lm")
    if simulated:
        label_simulated(draw, wide)
    return image


def write(
    image: "Image", at: tuple[float, float], text: str, anchor: str, colour: str = canvas.FAINT, points: float = 8.5
) -> None:
    """Words at a pixel; `anchor` as Pillow names it ("rm" is right, middle)."""
    from PIL import ImageDraw

    ImageDraw.Draw(image).text(at, text, colour, font(points), anchor)


def days_of(dates: pd.Series | pd.DatetimeIndex) -> np.ndarray:
    """Dates as days since 1970."""
    return pd.DatetimeIndex(dates).to_numpy().astype("datetime64[s]").astype(np.int64) / 86_400.0


def span_of(days: np.ndarray) -> tuple[float, float]:
    """First and last day with a little room; never empty."""
    room = max(0.5, 0.015 * float(days[-1] - days[0]))
    return float(days[0]) - room, float(days[-1]) + room


def value_ticks(low: float, high: float, most: int = 5) -> np.ndarray:
    """Round values inside [low, high], at most about `most` of them."""
    raw = (high - low) / most
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * k for k in (1.0, 2.0, 2.5, 5.0, 10.0) if size * k >= raw * (1 - 1e-9))
    return np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1) * step


def date_ticks(first: pd.Timestamp, last: pd.Timestamp) -> tuple[pd.DatetimeIndex, str]:
    """Few, unambiguous dates inside [first, last], and the format that tells them apart."""
    for count, unit in STEPS:
        ticks = _every(count, unit, first.normalize(), last)
        if len(ticks) <= MOST_DATES:
            break
    if len(ticks) < 2:
        return pd.DatetimeIndex([first.normalize()]), "%Y-%m-%d"
    return ticks, "%Y-%m-%d" if unit == "D" else "%Y" if count >= 12 else "%Y-%m"


def _every(count: int, unit: str, first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
    if unit == "D":
        return pd.date_range(first, last, freq=f"{count}D")
    months = np.arange(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    starts = (months[months % count == 0] - 1970 * 12).astype("datetime64[M]").astype("datetime64[ns]")
    ticks = pd.DatetimeIndex(starts)
    return ticks[ticks >= first]


def rule_values(image: "Image", panel: Panel, ticks: np.ndarray, labels: Sequence[str]) -> None:
    """A thin line across the panel at every tick and its label on the left."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(image)
    for tick, label in zip(ticks, labels, strict=True):
        y = round(float(panel.up(tick)))
        draw.line((panel.left, y, panel.right, y), canvas.RULE)
        write(image, (panel.left - pixels(0.06), y), label, "rm")


def name_dates(image: "Image", panel: Panel, dates: pd.Series | pd.DatetimeIndex) -> None:
    """Dates below the panel."""
    ticks, form = date_ticks(dates.min(), dates.max())
    for tick, x in zip(ticks, panel.across(days_of(ticks)), strict=True):
        write(image, (float(x), panel.bottom + pixels(0.06)), f"{tick:{form}}", "mt")


def name_axis(image: "Image", panel: Panel, text: str) -> None:
    """Unit of the values above the panel's left edge."""
    write(image, (panel.left, panel.top - pixels(0.05)), text, "lb", points=9)


def stroke(
    image: "Image", panel: Panel, x: np.ndarray, y: np.ndarray, colour: str, points: float, dash: int = 0
) -> None:
    """A smooth line; `dash` pixels on and off."""
    from PIL import ImageDraw

    mask = _mask(panel)
    at = _fine(panel, x, y)
    draw = ImageDraw.Draw(mask)
    width = round(points * canvas.DPI / 72 * FINER)
    if dash:
        (left, high), (right, _) = at[0], at[-1]
        for start in np.arange(left, right, 2 * dash * FINER):
            draw.line((start, high, min(start + dash * FINER, right), high), 255, width)
    else:
        draw.line(at.ravel().tolist(), 255, width, joint="curve" if len(at) <= SHOWN_JOINTS else None)
    _lay(image, panel, mask, colour, 1.0)


def area(image: "Image", panel: Panel, x: np.ndarray, y: np.ndarray, base: float, colour: str, share: float) -> None:
    """What lies between a line and a value, in a colour that covers `share` of what is below it."""
    from PIL import ImageDraw

    mask = _mask(panel)
    edges = np.concatenate([x[:1], x, x[-1:]]), np.concatenate([[base], y, [base]])
    ImageDraw.Draw(mask).polygon(_fine(panel, *edges).ravel().tolist(), 255)
    _lay(image, panel, mask, colour, share)


def dot(image: "Image", panel: Panel, x: float, y: float, colour: str, points: float) -> None:
    """A filled circle."""
    from PIL import ImageDraw

    mask = _mask(panel)
    (cx, cy), r = _fine(panel, np.array([x]), np.array([y]))[0], points * canvas.DPI / 144 * FINER
    ImageDraw.Draw(mask).ellipse((cx - r, cy - r, cx + r, cy + r), 255)
    _lay(image, panel, mask, colour, 1.0)


def _mask(panel: Panel) -> "Image":
    from PIL import Image

    wide, high = panel.right - panel.left + 2 * FINER, panel.bottom - panel.top + 2 * FINER
    return Image.new("L", (wide * FINER, high * FINER))


def _fine(panel: Panel, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.column_stack([panel.across(x) - panel.left + FINER, panel.up(y) - panel.top + FINER]) * FINER


def _lay(image: "Image", panel: Panel, mask: "Image", colour: str, share: float) -> None:
    smooth = mask.reduce(FINER)
    if share < 1.0:
        smooth = smooth.point(lambda value: round(value * share))
    image.paste(colour, (panel.left - FINER, panel.top - FINER), smooth)

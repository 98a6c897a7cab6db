"""Plots of a back-tested account: value and drawdown, monthly returns, weights.

Here: drawings of `backtest/<pool>/equity`, `months` and `positions`. Not here: the figures themselves (`measures`,
`backtest`); a drawdown line is drawn, never judged.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.core.places import places_of
from etf_platform.reports.plots import canvas, chart
from etf_platform.reports.plots.board import Cell, draw_board, pixels

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST_HOLIDAY = 14  # calendar days; the longest closure of XSHG since 2010 was 11 days (2020-01-23 to 02-03)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def equity_and_drawdown(equity: pd.DataFrame, subject: str = "") -> bytes:
    """Account value at every close and its distance from the highest close so far.

    Parameters
    ----------
    equity : DataFrame
        `backtest/<pool>/equity`: `date`, `portfolio_value` in CNY, `source`. Rows without a value are left out.
    subject : str
        Pool or portfolio, put before the title.

    Returns
    -------
    bytes
        PNG; says "no data yet" for an empty table.
    """
    title, simulated = _titled(subject, "account value and drawdown"), canvas.is_simulated(equity)
    rows = equity.dropna(subset=["portfolio_value"]).sort_values("date") if len(equity) else equity
    if rows.empty:
        return canvas.no_data(title, simulated=simulated)
    image = chart.blank(7.0, 4.1, title, simulated)
    _draw_value(image, rows)
    _draw_drawdown(image, rows)
    return canvas.encode(image)


def monthly_heat_map(months: pd.DataFrame, subject: str = "") -> bytes:
    """Monthly returns as a calendar: one row per year, its compounded return at the end; `*` marks incomplete months.

    `months` is `backtest/<pool>/months`; only rows with part `total` are drawn. Returns PNG bytes.
    """
    title, simulated = _titled(subject, "monthly returns, %  (* incomplete month)"), canvas.is_simulated(months)
    total = months[months["part"] == "total"] if len(months) else months
    if total.empty:
        return canvas.no_data(title, simulated=simulated)
    stamp = pd.PeriodIndex(total["month"], freq="M")
    returns = pd.Series(total["contribution"].to_numpy(float), index=[stamp.year, stamp.month]).unstack()
    returns = returns.reindex(columns=range(1, 13))
    partial = set(zip(stamp.year[~total["is_complete"]], stamp.month[~total["is_complete"]], strict=True))
    cells = _calendar_cells(returns, partial)
    return draw_board(title, (*MONTHS, "Year"), cells, 0.36, simulated)


def weights_over_time(positions: pd.DataFrame, subject: str = "") -> bytes:
    """Weight of every fund that was held, at every close; the last row is what was not invested.

    `positions` is `backtest/<pool>/positions` (`date`, `symbol`, `weight` as a fraction). A grid instead of stacked
    areas: with twenty funds no set of colours can be told apart. Returns PNG bytes.
    """
    title, simulated = _titled(subject, "weights at the close"), canvas.is_simulated(positions)
    if positions.empty:
        return canvas.no_data(title, simulated=simulated)
    weights = weights_by_day(positions)
    first_held = weights.notna().to_numpy().argmax(axis=1)
    weights = weights.iloc[np.lexsort((weights.index.to_numpy(), first_held))]
    weights.loc["not invested"] = 1.0 - weights.sum()
    days = pd.DatetimeIndex(weights.columns)
    shown = np.ma.masked_less(np.nan_to_num(weights.to_numpy(float)), 2e-3)
    return canvas.encode(_weights_image(title, simulated, list(weights.index), days, shown))


def _weights_image(
    title: str, simulated: bool, names: list[str], days: pd.DatetimeIndex, shown: np.ma.MaskedArray
) -> "Image":
    """One row per name, painted by weight, the dates below and the scale at the right."""
    from PIL import Image

    image = chart.blank(7.0, 0.8 + 0.24 * len(names), title, simulated)
    left, right = pixels(0.2 + canvas.label_width(names)), image.width - pixels(0.95)
    first, last = chart.days_of(days[[0, -1]]).tolist()
    panel = chart.Panel(left, pixels(0.45), right, image.height - pixels(0.35), (first, last + 1.0), (len(names), 0.0))
    top = _top(shown)
    paints = _painted(shown[:, _day_of_pixel(days, right - left)] / top)
    grid = Image.fromarray(paints).resize((right - left, panel.bottom - panel.top), Image.Resampling.NEAREST)
    image.paste(grid, (left, panel.top))
    edges = np.arange(1, len(names))
    chart.rule_values(image, panel, edges, [""] * len(edges))
    for name, y in zip(names, panel.up(np.arange(len(names)) + 0.5), strict=True):
        chart.write(image, (left - pixels(0.06), float(y)), name, "rm")
    chart.name_dates(image, panel, days)
    _draw_scale(image, top)
    return image


def _painted(shares: np.ma.MaskedArray) -> np.ndarray:
    """Colours of shares of the largest weight: uint8 of shape (..., 3); paper where nothing is held."""
    from matplotlib import colormaps

    paints = np.rint(255 * colormaps["cividis_r"](np.ma.filled(shares, 0.0))[..., :3]).astype(np.uint8)
    paper = np.array([int(canvas.PAPER[k : k + 2], 16) for k in (1, 3, 5)], dtype=np.uint8)
    return np.where(np.ma.getmaskarray(shares)[..., None], paper, paints)


def _draw_scale(image: "Image", top: float) -> None:
    """The colours from 0 to the largest weight, with percents."""
    from PIL import Image

    left, upper, high = image.width - pixels(0.82), image.height // 4, image.height // 2
    column = _painted(np.ma.asarray(np.linspace(1.0, 0.0, high)))[:, None]
    image.paste(Image.fromarray(np.repeat(column, pixels(0.16), axis=1)), (left, upper))
    panel = chart.Panel(left, upper, left + pixels(0.16), upper + high, (0.0, 1.0), (0.0, top))
    for tick in chart.value_ticks(0.0, top, 4):
        chart.write(image, (panel.right + pixels(0.05), float(panel.up(tick))), f"{100 * tick:g}%", "lm")
    chart.write(image, (left, upper - pixels(0.05)), "weight", "lb", points=9)


def _day_of_pixel(days: pd.DatetimeIndex, wide: int) -> np.ndarray:
    """Position of the last given day on or before each of `wide` equal steps of the whole range."""
    known = days.to_numpy().astype("datetime64[s]").astype(np.int64)
    steps = np.linspace(known[0], known[-1] + 86_400, wide, endpoint=False)
    return np.searchsorted(known, steps, side="right") - 1


def weights_by_day(positions: pd.DataFrame) -> pd.DataFrame:
    """Weights as fractions, one row per symbol and one column per date; NaN where the fund was not held.

    Positions have no row for an account of cash alone. A gap longer than any holiday therefore begins with an empty
    column, so that the last holding is not drawn through it.
    """
    days = pd.DatetimeIndex(positions["date"].unique(), name="date").sort_values()
    symbols = pd.Index(sorted(positions["symbol"].unique()), name="symbol")
    cells = places_of(positions["symbol"], symbols), days.get_indexer(pd.DatetimeIndex(positions["date"]))
    held = np.full((len(symbols), len(days)), np.nan)
    held[cells] = positions["weight"]
    weights = pd.DataFrame(held, index=symbols, columns=days)
    sold = days[:-1][np.diff(days) > np.timedelta64(LONGEST_HOLIDAY, "D")] + pd.Timedelta(days=1)
    return weights.reindex(columns=days.union(sold))


def _titled(subject: str, what: str) -> str:
    return f"{subject}: {what}" if subject else what[0].upper() + what[1:]


def _top(weights: np.ma.MaskedArray) -> float:
    return max(0.05, float(np.ma.max(weights)) if weights.count() else 0.05)


def _draw_value(image: "Image", rows: pd.DataFrame) -> None:
    value, days = rows["portfolio_value"].to_numpy(float) / 1e6, chart.days_of(rows["date"])
    low, high = float(value.min()), float(value.max())
    room = 0.05 * (high - low) or 0.01 * high
    edges = pixels(0.66), pixels(0.72), image.width - pixels(0.2), pixels(2.62)
    panel = chart.Panel(*edges, chart.span_of(days), (low - room, high + room))
    ticks = chart.value_ticks(*panel.y)
    digits = max(0, 1 - math.floor(math.log10(ticks[1] - ticks[0]))) if len(ticks) > 1 else 3
    chart.rule_values(image, panel, ticks, [f"{tick:.{min(digits, 6)}f}" for tick in ticks])
    chart.stroke(image, panel, np.array(panel.x), np.full(2, value[0]), canvas.GREY, 0.8, dash=6)
    if len(rows) > 1:
        chart.stroke(image, panel, days, value, canvas.BLUE, 1.4)
    else:
        chart.dot(image, panel, days[0], value[0], canvas.BLUE, 6.0)
    chart.name_axis(image, panel, f"CNY million: {value[-1]:.3f} on {rows['date'].iloc[-1]:%Y-%m-%d}, "
                    f"{value[-1] / value[0] - 1.0:+.2%} since {rows['date'].iloc[0]:%Y-%m-%d}")  # fmt: skip


def _draw_drawdown(image: "Image", rows: pd.DataFrame) -> None:
    value, days = rows["portfolio_value"].to_numpy(float), chart.days_of(rows["date"])
    drawdown = value / np.maximum.accumulate(value) - 1.0
    worst = int(drawdown.argmin())
    edges = pixels(0.66), pixels(2.9), image.width - pixels(0.2), image.height - pixels(0.3)
    panel = chart.Panel(*edges, chart.span_of(days), (min(-0.01, 1.35 * drawdown[worst]), 0.0))
    ticks = chart.value_ticks(*panel.y, most=3)
    chart.rule_values(image, panel, ticks, [f"{100 * tick:g}%" for tick in ticks])
    chart.name_axis(image, panel, "drawdown")
    chart.name_dates(image, panel, rows["date"])
    if drawdown[worst] == 0:
        return
    chart.area(image, panel, days, drawdown, 0.0, canvas.ORANGE, 0.35)
    chart.stroke(image, panel, days, drawdown, canvas.VERMILLION, 1.0)
    chart.dot(image, panel, days[worst], drawdown[worst], canvas.VERMILLION, 4.0)
    side, gap = ("r", -7) if worst > len(value) / 2 else ("l", 7)
    words = f"deepest {drawdown[worst]:.2%} on {rows['date'].iloc[worst]:%Y-%m-%d}"
    at = float(panel.across(days[worst])) + gap, float(panel.up(drawdown[worst])) + 3
    chart.write(image, at, words, f"{side}a", canvas.INK)


def _calendar_cells(returns: pd.DataFrame, partial: set[tuple[int, int]]) -> list[tuple[str, list[Cell | None]]]:
    """One row per year: a cell per month that has a return, and the year's compounded return."""
    from matplotlib import colormaps

    values = returns.to_numpy(float)
    bound = 1.25 * max(0.02, float(np.nanquantile(np.abs(values), 0.95)))
    colours = colormaps["PuOr"](0.5 + values / (2.0 * bound))[..., :3]
    rows: list[tuple[str, list[Cell | None]]] = []
    for year, line, paints in zip(returns.index, values, colours, strict=True):
        cells: list[Cell | None] = [
            None if np.isnan(r) else _month_cell(f"{100 * r:+.1f}{'*' if (year, month) in partial else ''}", paint)
            for month, (r, paint) in enumerate(zip(line, paints, strict=True), 1)
        ]
        rows.append((str(year), [*cells, Cell(f"{100 * (np.nanprod(1.0 + line) - 1.0):+.1f}", bold=True)]))
    return rows


def _month_cell(text: str, paint: np.ndarray) -> Cell:
    red, green, blue = (round(255 * float(part)) for part in paint)
    ink = "white" if canvas.is_dark(paint) else canvas.INK
    return Cell(text, f"#{red:02x}{green:02x}{blue:02x}", ink)

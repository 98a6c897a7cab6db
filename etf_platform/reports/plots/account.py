"""Plots of a back-tested account: value and drawdown, monthly returns, weights.

Here: drawings of `backtest/<pool>/equity`, `months` and `positions`. Not here: the figures themselves (`measures`,
`backtest`); a drawdown line is drawn, never judged.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.reports.plots import canvas
from etf_platform.reports.plots.board import Cell, draw_board

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PIXELS = 1400  # columns of the picture of weights, twice what its axes are wide
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
    figure = canvas.new_figure(7.0, 4.1, title, canvas.Margins(left=0.66, right=0.2, top=0.68, bottom=0.3))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1), gridspec_kw={"hspace": 0.14})
    _draw_value(canvas.plain(upper), rows)
    _draw_drawdown(canvas.plain(lower), rows)
    canvas.date_axis(lower, rows["date"])
    return canvas.to_png(figure, simulated)


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
    from matplotlib.dates import date2num

    title, simulated = _titled(subject, "weights at the close"), canvas.is_simulated(positions)
    if positions.empty:
        return canvas.no_data(title, simulated=simulated)
    weights = weights_by_day(positions)
    first_held = weights.notna().to_numpy().argmax(axis=1)
    weights = weights.iloc[np.lexsort((weights.index.to_numpy(), first_held))]
    weights.loc["not invested"] = 1.0 - weights.sum()
    margins = canvas.Margins(0.2 + canvas.label_width(weights.index), 0.95, 0.45, 0.35)
    figure = canvas.new_figure(7.0, 0.8 + 0.24 * len(weights), title, margins)
    axes = canvas.plain(figure.add_subplot(), grid=None)
    days = pd.DatetimeIndex(weights.columns)
    shown = np.ma.masked_less(np.nan_to_num(weights.to_numpy(float)), 2e-3)
    top = _top(shown)
    picture = axes.imshow(
        shown[:, _day_of_pixel(days)],
        cmap="cividis_r",
        vmin=0.0,
        vmax=top,
        aspect="auto",
        interpolation="nearest",
        extent=(*date2num([days[0], days[-1] + pd.Timedelta(days=1)]), len(weights), 0.0),
    )
    axes.hlines(np.arange(1, len(weights)), *axes.get_xlim(), color=canvas.RULE, linewidth=0.6)
    axes.set_yticks(np.arange(len(weights)) + 0.5, list(weights.index))
    axes.xaxis_date()
    canvas.date_axis(axes, days)
    bar = figure.colorbar(picture, cax=figure.add_axes((1.0 - 0.82 / 7.0, 0.25, 0.16 / 7.0, 0.5)))
    bar.set_label("weight", color=canvas.FAINT, fontsize=9)
    canvas.percent_axis(canvas.plain(bar.ax, grid=None))
    return canvas.to_png(figure, simulated)


def _day_of_pixel(days: pd.DatetimeIndex) -> np.ndarray:
    """Position of the last given day on or before each of `PIXELS` equal steps of the whole range."""
    known = days.to_numpy().astype("datetime64[s]").astype(np.int64)
    steps = np.linspace(known[0], known[-1] + 86_400, PIXELS, endpoint=False)
    return np.searchsorted(known, steps, side="right") - 1


def weights_by_day(positions: pd.DataFrame) -> pd.DataFrame:
    """Weights as fractions, one row per symbol and one column per date; NaN where the fund was not held.

    Positions have no row for an account of cash alone. A gap longer than any holiday therefore begins with an empty
    column, so that the last holding is not drawn through it.
    """
    weights = positions.pivot_table(index="symbol", columns="date", values="weight", aggfunc="sum")
    days = pd.DatetimeIndex(weights.columns).sort_values()
    sold = days[:-1][np.diff(days) > np.timedelta64(LONGEST_HOLIDAY, "D")] + pd.Timedelta(days=1)
    return weights.reindex(columns=days.union(sold))


def _titled(subject: str, what: str) -> str:
    return f"{subject}: {what}" if subject else what[0].upper() + what[1:]


def _top(weights: np.ma.MaskedArray) -> float:
    return max(0.05, float(np.ma.max(weights)) if weights.count() else 0.05)


def _draw_value(axes: "Axes", rows: pd.DataFrame) -> None:
    value = rows["portfolio_value"].to_numpy(float) / 1e6
    axes.plot(rows["date"], value, color=canvas.BLUE, linewidth=1.4, marker="o" if len(rows) == 1 else "")
    axes.axhline(value[0], color=canvas.GREY, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_ylabel("CNY million", fontsize=9)
    axes.set_title(f"{value[-1]:.3f} million CNY on {rows['date'].iloc[-1]:%Y-%m-%d}, "
                   f"{value[-1] / value[0] - 1.0:+.2%} since {rows['date'].iloc[0]:%Y-%m-%d}",
                   loc="left", fontsize=9, color=canvas.FAINT)  # fmt: skip


def _draw_drawdown(axes: "Axes", rows: pd.DataFrame) -> None:
    value = rows["portfolio_value"].to_numpy(float)
    drawdown = value / np.maximum.accumulate(value) - 1.0
    axes.fill_between(rows["date"], drawdown, 0.0, color=canvas.ORANGE, alpha=0.35, linewidth=0)
    axes.plot(rows["date"], drawdown, color=canvas.VERMILLION, linewidth=1.0)
    worst = int(drawdown.argmin())
    axes.set_ylim(min(-0.01, 1.35 * drawdown[worst]), 0.0)
    axes.set_ylabel("drawdown, %", fontsize=9)
    canvas.percent_axis(axes)
    if drawdown[worst] < 0:
        axes.plot(rows["date"].iloc[worst], drawdown[worst], "o", markersize=4, color=canvas.VERMILLION)
        right = worst > len(value) / 2
        axes.annotate(f"deepest {drawdown[worst]:.2%} on {rows['date'].iloc[worst]:%Y-%m-%d}",
                      (rows["date"].iloc[worst], drawdown[worst]), xytext=(-7 if right else 7, -2),
                      textcoords="offset points", ha="right" if right else "left", va="top", fontsize=8.5,
                      color=canvas.INK)  # fmt: skip


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

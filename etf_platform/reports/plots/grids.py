"""Boards: parameter sweeps and the state of all fuses.

Here: one coloured cell per combination. Not here: running sweeps, evaluating fuses.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.core.states import State, worst
from etf_platform.core.tables import POOL_SUMMARY
from etf_platform.reports.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LABELS = 150
STATE_COLOURS = {
    State.PASS: ("#bfe3f2", canvas.INK),
    State.WARN: ("#f0c542", canvas.INK),
    State.FAIL: ("#b8430a", "white"),
    State.BLOCKED: ("#2b3036", "white"),
}


def sweep_heat_map(results: pd.DataFrame, x: str, y: str, value: str, unit: str | None = None) -> bytes:
    """One figure over two parameters; the largest value has a frame.

    Parameters
    ----------
    results : DataFrame
        One row per run with the columns `x`, `y`, `value` (NaN: the run gave nothing, its cell stays blank). Runs that
        differ in further parameters are averaged.
    x, y, value : str
        Column names.
    unit : str, optional
        "fraction" is shown in percent. By default that of the column with this name in the pool summary, else none.
    """
    title, simulated = f"{value} by {y} and {x}", canvas.is_simulated(results)
    rows = results.dropna(subset=[value]) if len(results) else results
    if rows.empty:
        return canvas.no_data(title, simulated=simulated)
    unit = unit if unit is not None else _known_unit(value)
    averaged = rows.duplicated([x, y]).any()
    cells = rows.pivot_table(index=y, columns=x, values=value, aggfunc="mean")
    title += ", %" if unit == "fraction" else f", {unit}" if unit else ""
    figure = canvas.new_figure(
        max(5.0, 2.2 + 0.75 * cells.shape[1]),
        1.8 + max(0.8, 0.42 * cells.shape[0]),
        title + (" (mean of several runs)" if averaged else ""),
    )
    axes = canvas.plain(figure.add_subplot(), grid=None)
    _draw_sweep(axes, cells, 100.0 if unit == "fraction" else 1.0)
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    return canvas.to_png(figure, simulated)


def fuse_board(verdicts: pd.DataFrame, subject: str = "Fuses") -> bytes:
    """State of every fuse (rows) in every universe (columns), as colour and as word; blank where it does not apply.

    `verdicts` has `fuse`, `state` and `universe` (a pool, or `portfolio`), as `core.units.fuse.verdict_row` names them;
    several verdicts on one cell show the worst. Returns PNG bytes.
    """
    simulated = canvas.is_simulated(verdicts)
    if verdicts.empty:
        return canvas.no_data(subject, "no fuse has been evaluated yet", simulated)
    fuses, pools = list(dict.fromkeys(verdicts["fuse"])), list(dict.fromkeys(verdicts["universe"]))
    figure = canvas.new_figure(2.6 + 1.1 * max(3, len(pools)), 0.95 + 0.3 * len(fuses), subject)
    axes = canvas.plain(figure.add_subplot(), grid=None)
    for (fuse, pool), group in verdicts.groupby(["fuse", "universe"]):
        _draw_state(axes, pools.index(pool), fuses.index(fuse), worst(State(s) for s in group["state"]))
    axes.set_xlim(-0.5, len(pools) - 0.5)
    axes.set_ylim(len(fuses) - 0.5, -0.5)
    axes.set_xticks(range(len(pools)), pools)
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(fuses)), fuses)
    return canvas.to_png(figure, simulated)


def _known_unit(name: str) -> str:
    return next((column.unit for column in POOL_SUMMARY.columns if column.name == name), "")


def _draw_sweep(axes: "Axes", cells: pd.DataFrame, scale: float) -> None:
    from matplotlib.patches import Rectangle

    shown = cells.to_numpy(float) * scale
    low, high = float(np.nanmin(shown)), float(np.nanmax(shown))
    span = high - low if high > low else 1.0
    image = axes.imshow(shown, cmap="cividis", vmin=low, vmax=low + span, aspect="auto")
    axes.set_xticks(range(cells.shape[1]), [f"{v:g}" if isinstance(v, float) else str(v) for v in cells.columns])
    axes.set_yticks(range(cells.shape[0]), [f"{v:g}" if isinstance(v, float) else str(v) for v in cells.index])
    if shown.size <= MOST_LABELS:
        canvas.write_cells(axes, image, np.char.mod("%.2f", shown))
    i, j = np.unravel_index(int(np.nanargmax(shown)), shown.shape)
    axes.add_patch(Rectangle((j - 0.48, i - 0.48), 0.96, 0.96, fill=False, edgecolor=canvas.VERMILLION, linewidth=2))


def _draw_state(axes: "Axes", column: int, row: int, state: State) -> None:
    from matplotlib.patches import Rectangle

    face, ink = STATE_COLOURS[state]
    axes.add_patch(Rectangle((column - 0.48, row - 0.45), 0.96, 0.9, facecolor=face, edgecolor="none"))
    axes.text(column, row, state.value, ha="center", va="center", fontsize=8, color=ink, fontweight="bold")

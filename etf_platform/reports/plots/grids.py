"""Boards: parameter sweeps and the state of all fuses.

Here: one coloured cell per combination. Not here: running sweeps, evaluating fuses.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.core.states import State, worst
from etf_platform.core.tables import POOL_SUMMARY
from etf_platform.reports.plots import canvas
from etf_platform.reports.plots.board import Cell, draw_board

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
    found: dict[tuple[str, str], list[State]] = {}
    for fuse, pool, state in zip(verdicts["fuse"], verdicts["universe"], verdicts["state"], strict=True):
        found.setdefault((fuse, pool), []).append(State(state))
    rows = [(fuse, [_state_cell(found.get((fuse, pool))) for pool in pools]) for fuse in fuses]
    return draw_board(subject, pools, rows, 0.3, simulated, gap=0.03, width=2.6 + 1.1 * max(3, len(pools)))


def _state_cell(states: list[State] | None) -> Cell | None:
    if not states:
        return None
    state = worst(states)
    return Cell(state.value, *STATE_COLOURS[state], bold=True)


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

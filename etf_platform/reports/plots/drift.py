"""Plot of drift: the stability index of every feature over time, with its limits and its null.

Here: a drawing of the table DRIFT. Not here: whether a feature has drifted; levels are drawn, never decided.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.reports.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALARMS = {"alert": "#f0c542", "major": "#b8430a"}
LOWEST, HIGHEST = 0.03, 20.0


def drift_plot(rows: pd.DataFrame, subject: str = "", limits: tuple[float, float] = (0.10, 0.25)) -> bytes:
    """PSI of each feature on a logarithmic scale, its null dashed, alarms marked; one panel per known feature.

    Parameters
    ----------
    rows : DataFrame
        `drift/<pool>/features`; features that were never known are counted in the title.
    limits : (alert, major)
        Drawn as thin lines.

    Returns
    -------
    bytes
        PNG; says that nothing is known yet for a table without a figure.
    """
    known = rows.dropna(subset=["psi"]) if len(rows) else rows
    silent = sorted(set(rows["feature"]) - set(known["feature"])) if len(rows) else []
    title = f"{subject + ': ' if subject else ''}PSI of features, null dashed, alarms marked"
    simulated = canvas.is_simulated(rows)
    if known.empty:
        return canvas.no_data(title, "no feature has a baseline yet", simulated)
    names = sorted(known["feature"].unique())
    note = f"; {len(silent)} features unknown" if silent else ""
    margins = canvas.Margins(left=0.62, right=0.12, top=0.62, bottom=0.34)
    figure = canvas.new_figure(7.4, 0.96 + 0.95 * len(names), title + note, margins)
    panels = np.atleast_1d(figure.subplots(len(names), 1, sharex=True, sharey=True, gridspec_kw={"hspace": 0.42}))
    for axes, name in zip(panels, names, strict=True):
        _draw(canvas.plain(axes), known[known["feature"] == name].sort_values("date"), name, limits)
    canvas.date_axis(panels[-1], known["date"].sort_values())
    return canvas.to_png(figure, simulated)


def _draw(axes: "Axes", rows: pd.DataFrame, name: str, limits: tuple[float, float]) -> None:
    for limit in limits:
        axes.axhline(limit, color=canvas.RULE, linewidth=1.0)
    axes.plot(rows["date"], rows["psi_null"].clip(LOWEST, HIGHEST), color=canvas.FAINT, linewidth=0.9, linestyle="--")
    axes.plot(rows["date"], rows["psi"].clip(LOWEST, HIGHEST), color=canvas.INK, linewidth=1.1)
    for level, colour in ALARMS.items():
        marked = rows[rows["level"] == level]
        axes.plot(marked["date"], marked["psi"].clip(LOWEST, HIGHEST), "o", color=colour, markersize=3.0)
    axes.set_yscale("log")
    axes.set_ylim(LOWEST, HIGHEST)
    axes.set_yticks([*limits, 1.0, 7.0], [f"{limit:g}" for limit in (*limits, 1.0, 7.0)])
    axes.minorticks_off()
    axes.set_title(name, loc="left", fontsize=8.5, color=canvas.FAINT, pad=2)

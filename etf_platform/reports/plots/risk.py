"""Plots of VaR forecasts against what happened.

Here: drawings of the tables EXCEPTIONS and COVERAGE. Not here: whether there were too many breaches; lights are drawn,
never decided.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.reports.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PANELS = 4
SESSIONS_DRAWN = 250
LIGHTS = {"green": "#bfe3d5", "yellow": "#f0c542", "red": "#b8430a"}
METHODS = ("historical", "filtered_historical", "evt_pot", "parametric")


def exceptions_plot(
    exceptions: pd.DataFrame, subject: str = "", level: float = 0.99, methods: tuple[str, ...] = METHODS
) -> bytes:
    """Return of every session against -VaR, one panel per method, exceptions marked.

    Parameters
    ----------
    exceptions : DataFrame
        Rows of EXCEPTIONS of one series; the last 250 sessions are drawn. Gains that would flatten the losses leave
        the panel at its top.
    subject : str
        Series, put before the title.
    level : float
        Confidence level; rows of others are left out.
    methods : tuple of str
        Panels from above; at most four, those without rows are left out.

    Returns
    -------
    bytes
        PNG; says what is missing when there is nothing to draw.
    """
    title = f"{subject + ': ' if subject else ''}return against -VaR at {100 * level:g} %, exceptions marked"
    simulated = canvas.is_simulated(exceptions)
    if exceptions.empty:
        return canvas.no_data(title, "no forecast has met a return yet", simulated)
    rows = exceptions[np.isclose(exceptions["level"], level)]
    drawn = [name for name in methods if (rows["method"] == name).any()][:MOST_PANELS]
    if not drawn:
        return canvas.no_data(title, f"no forecast at {100 * level:g} % by {', '.join(methods)}", simulated)
    margins = canvas.Margins(left=0.62, right=0.12, top=0.62, bottom=0.34)
    figure = canvas.new_figure(7.4, 0.96 + 1.3 * len(drawn), title, margins)
    panels = np.atleast_1d(figure.subplots(len(drawn), 1, sharex=True, sharey=True, gridspec_kw={"hspace": 0.3}))
    for axes, name in zip(panels, drawn, strict=True):
        _draw_method(canvas.plain(axes), rows[rows["method"] == name].sort_values("date").tail(SESSIONS_DRAWN), name)
    _set_reach(panels[0], rows)
    canvas.date_axis(panels[-1], rows["date"].sort_values().tail(SESSIONS_DRAWN * rows["method"].nunique()))
    return canvas.to_png(figure, simulated)


def lights_board(coverage: pd.DataFrame, subject: str = "") -> bytes:
    """Breaches over expected of every series and level (rows) by every method (columns), coloured by the light.

    `coverage` is COVERAGE; a cell without a light (too few forecasts) stays white and says so. Returns PNG bytes.
    """
    title = f"{subject + ': ' if subject else ''}breaches / expected, coloured by traffic light"
    simulated = canvas.is_simulated(coverage)
    if coverage.empty:
        return canvas.no_data(title, "no forecast has been tested yet", simulated)
    methods = sorted(coverage["method"].unique())
    keys = list(
        coverage[["series", "level"]].drop_duplicates().sort_values(["series", "level"]).itertuples(index=False)
    )
    labels = [f"{series}  {100 * level:g} %" for series, level in keys]
    margins = canvas.Margins(left=canvas.label_width(labels) + 0.15, right=0.1, top=0.86, bottom=0.08)
    figure = canvas.new_figure(margins.left + 1.02 * len(methods), 0.94 + 0.27 * len(keys), title, margins)
    axes = canvas.plain(figure.add_subplot(), grid=None)
    axes.set_xlim(0, len(methods))
    axes.set_ylim(len(keys), 0)
    cells = coverage.set_index(["series", "level", "method"])
    for i, key in enumerate(keys):
        for j, method in enumerate(methods):
            if (*key, method) in cells.index:
                _draw_cell(axes, i, j, cells.loc[(*key, method)])
    axes.set_xticks(np.arange(len(methods)) + 0.5, [method.replace("_", "\n") for method in methods])
    axes.xaxis.tick_top()
    axes.set_yticks(np.arange(len(keys)) + 0.5, labels)
    return canvas.to_png(figure, simulated)


def _set_reach(axes: "Axes", rows: pd.DataFrame) -> None:
    recent = rows[rows["date"] >= rows["date"].drop_duplicates().nlargest(SESSIONS_DRAWN).min()]
    low = 1.1 * min(float(recent["return"].min()), -float(recent["var"].max()), -1e-4)
    axes.set_ylim(low, min(-0.6 * low, 1.1 * max(float(recent["return"].max()), 1e-4)))


def _draw_method(axes: "Axes", rows: pd.DataFrame, name: str) -> None:
    breach = rows["is_breach"].to_numpy(bool)
    axes.vlines(rows["date"], 0.0, rows["return"], color=canvas.GREY, linewidth=0.7)
    axes.plot(rows["date"], -rows["var"], color=canvas.BLUE, linewidth=1.2, drawstyle="steps-mid")
    axes.plot(rows["date"][breach], rows["return"][breach], "o", markersize=4.5, color=canvas.VERMILLION)
    axes.axhline(0.0, color=canvas.RULE, linewidth=0.7)
    canvas.percent_axis(axes)
    expected = (1.0 - float(rows["level"].iloc[0])) * len(rows)
    axes.set_title(
        f"{name.replace('_', ' ')}: {int(breach.sum())} of {len(rows)} sessions below -VaR, {expected:.1f} expected",
        loc="left",
        fontsize=8.5,
        color=canvas.FAINT,
    )


def _draw_cell(axes: "Axes", i: int, j: int, cell: pd.Series) -> None:
    from matplotlib.patches import Rectangle

    light = str(cell["light"])
    axes.add_patch(Rectangle((j + 0.03, i + 0.06), 0.94, 0.88, facecolor=LIGHTS.get(light, "white"), edgecolor="none"))
    counts = f"{int(cell['n_breaches'])} / {float(cell['expected']):.1f}"
    text = f"{counts}  {light}" if light else "too few"
    ink = "white" if light == "red" else canvas.INK
    axes.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=8, color=ink)

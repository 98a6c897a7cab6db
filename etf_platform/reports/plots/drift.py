"""Plot of drift: the stability index of every feature over time, with its limits and its null.

Here: a drawing of the table DRIFT. Not here: whether a feature has drifted; levels are drawn, never decided.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.reports.plots import canvas, chart
from etf_platform.reports.plots.board import pixels

if TYPE_CHECKING:
    from PIL.Image import Image

ALARMS = {"alert": "#f0c542", "major": "#b8430a"}
NULL = "#9aa3ad"
LOWEST, HIGHEST = 0.03, 20.0
EACH, TOP, BOTTOM = 1.0, 0.75, 0.35  # inches: a panel with its name, what stands above the first and below the last


def drift_plot(rows: pd.DataFrame, subject: str = "", limits: tuple[float, float] = (0.10, 0.25)) -> bytes:
    """PSI of each feature on a logarithmic scale, its null in grey, alarms marked; one panel per known feature.

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
    silent = len(set(rows["feature"]) - set(known["feature"])) if len(rows) else 0
    title = f"{subject + ': ' if subject else ''}PSI of features, null in grey, alarms marked"
    simulated = canvas.is_simulated(rows)
    if known.empty:
        return canvas.no_data(title, "no feature has a baseline yet", simulated)
    names = sorted(known["feature"].unique())
    note = f"; {silent} features unknown" if silent else ""
    image = chart.blank(7.4, TOP + EACH * len(names) + BOTTOM, title + note, simulated)
    span = chart.span_of(chart.days_of(known["date"].sort_values()))
    for place, name in enumerate(names):
        top = pixels(TOP + EACH * place)
        sides = pixels(0.62), top, image.width - pixels(0.12), top + pixels(EACH - 0.28)
        panel = chart.Panel(*sides, span, (np.log10(LOWEST), np.log10(HIGHEST)))
        _draw(image, panel, known[known["feature"] == name].sort_values("date"), limits)
        chart.name_axis(image, panel, name)
    chart.name_dates(image, panel, known["date"])
    return canvas.encode(image)


def _draw(image: "Image", panel: chart.Panel, rows: pd.DataFrame, limits: tuple[float, float]) -> None:
    ticks = np.array([*limits, 1.0, 7.0])
    chart.rule_values(image, panel, np.log10(ticks), [f"{tick:g}" for tick in ticks])
    days, psi = chart.days_of(rows["date"]), _scaled(rows["psi"])
    if days.size > 1:
        chart.stroke(image, panel, days, _scaled(rows["psi_null"]), NULL, 0.9)
        chart.stroke(image, panel, days, psi, canvas.INK, 1.1)
    for day, value, level in zip(days, psi, rows["level"], strict=True):
        if level in ALARMS or days.size == 1:
            chart.dot(image, panel, float(day), float(value), ALARMS.get(level, canvas.INK), 3.0)


def _scaled(psi: pd.Series) -> np.ndarray:
    return np.log10(psi.clip(LOWEST, HIGHEST).to_numpy(dtype=np.float64))

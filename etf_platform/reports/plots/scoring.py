"""Plots of scores: a heat map of assets against factors, and whether probabilities came true.

Here: drawings of `scoring/<universe>/{factor_scores,scores,evaluation}`. Not here: the scores.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.reports.plots import canvas
from etf_platform.reports.plots.board import Cell, draw_board

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FACTORS = ("hist", "tech", "valuation", "volume", "capital", "sentiment")
UNKNOWN = Cell("n/a", "#c3c8cc", canvas.INK)
HIGH, LOW, MIDDLE = (213, 94, 0), (0, 114, 178), (242, 243, 242)
ROW = 0.25


def factor_heat_map(factors: pd.DataFrame, scores: pd.DataFrame | None = None, subject: str = "") -> bytes:
    """Raw factor scores of one session, one row per asset, as colour and as number.

    Parameters
    ----------
    factors : DataFrame
        Rows of `factor_scores` of one session: `asset`, `factor`, `applicable`, `available`, `score`, `source`. An
        unavailable score is grey, whatever number stands there; a factor that cannot exist for the asset is blank.
    scores : DataFrame, optional
        Rows of `scores` of the same session (`asset`, `total_score`): a last column with the total, and the order of
        the assets, highest first. Without it the assets stand in the order of their rows.

    Returns
    -------
    bytes
        PNG.
    """
    title = f"{subject}: factor scores" if subject else "Factor scores, points"
    simulated = canvas.is_simulated(factors)
    if factors.empty:
        return canvas.no_data(title, "no asset has been scored yet", simulated)
    totals = {} if scores is None else dict(zip(scores["asset"], scores["total_score"], strict=True))
    names = ("asset", "factor", "score", "applicable", "available")
    rows_of = zip(*(factors[name].tolist() for name in names), strict=True)
    cells = {(asset, name): _cell(*state) for asset, name, *state in rows_of}
    columns = [*FACTORS, *(["total"] if totals else [])]
    rows = []
    for asset in _ordered(factors["asset"], totals):
        rows.append(
            (asset, [cells.get((asset, name)) if name != "total" else _total(totals, asset) for name in columns])
        )
    return draw_board(title, columns, rows, ROW, simulated, gap=0.02, width=8.2)


def reliability_diagram(evaluation: pd.DataFrame, name: str = "up_prob_20", subject: str = "") -> bytes:
    """Share of rises against the probability that was told, by deciles of the probability, with 80 % intervals.

    Parameters
    ----------
    evaluation : DataFrame
        Rows of `evaluation` of one session: `name`, `measure` (`calibration` for what came, `predicted` for what was
        told, `skill`), `bin`, `value`, `low`, `high`, `n`, `source`. Deciles without both figures are left out.
    name : str
        Which probability.

    Returns
    -------
    bytes
        PNG: dots on the dashed diagonal told the truth, the dotted line is the share of rises in the whole sample.
    """
    title = f"{subject}: reliability of {name}" if subject else f"Reliability of {name}"
    simulated = canvas.is_simulated(evaluation)
    deciles = _deciles(evaluation, name)
    if deciles.empty:
        return canvas.no_data(title, "no outcome is known yet", simulated)
    margins = canvas.Margins(left=0.75, right=2.2, top=0.5, bottom=0.6)
    figure = canvas.new_figure(6.8, 4.4, title + _skill(evaluation, name), margins)
    axes = canvas.plain(figure.add_subplot(), grid="y")
    _draw_deciles(axes, deciles)
    return canvas.to_png(figure, simulated)


def _cell(score: float | None, applicable: bool, available: bool) -> Cell | None:
    if not applicable:
        return None
    if not available or score is None or np.isnan(score):
        return UNKNOWN
    return _paint(float(score))


def _total(totals: dict[str, float], asset: str) -> Cell:
    value = totals.get(asset)
    known = _paint(float(value)) if value is not None and not np.isnan(value) else UNKNOWN
    return Cell(known.text, known.fill, known.ink, bold=True)


def _paint(score: float) -> Cell:
    share = min(1.0, abs(score - 50.0) / 50.0)
    end = HIGH if score >= 50.0 else LOW
    colour = [round(a + share * (b - a)) for a, b in zip(MIDDLE, end, strict=True)]
    ink = "white" if canvas.is_dark(np.array(colour) / 255.0) else canvas.INK
    return Cell(f"{score:.0f}", "#{:02x}{:02x}{:02x}".format(*colour), ink)


def _ordered(assets: pd.Series, totals: dict[str, float]) -> Sequence[str]:
    names = list(dict.fromkeys(assets))
    known = {name: value for name, value in totals.items() if value is not None and not np.isnan(value)}
    return sorted(names, key=lambda name: -known.get(name, -1.0)) if known else names


def _deciles(evaluation: pd.DataFrame, name: str) -> pd.DataFrame:
    if evaluation.empty:
        return pd.DataFrame()
    mine = evaluation[(evaluation["name"] == name) & (evaluation["bin"] != "")]
    came = mine[mine["measure"] == "calibration"].set_index("bin")[["value", "low", "high", "n"]]
    told = mine[mine["measure"] == "predicted"].set_index("bin")["value"].rename("told")
    return came.join(told, how="inner").dropna(subset=["value", "told"]).sort_values("told").astype("float64")


def _skill(evaluation: pd.DataFrame, name: str) -> str:
    rows = evaluation[(evaluation["name"] == name) & (evaluation["measure"] == "skill")]["value"].dropna()
    return f" (skill over the base rate {rows.iloc[0]:+.3f})" if len(rows) else ""


def _draw_deciles(axes: "Axes", deciles: pd.DataFrame) -> None:
    told, came = deciles["told"].to_numpy(), deciles["value"].to_numpy()
    base = float(np.average(came, weights=deciles["n"]))
    axes.plot([0, 1], [0, 1], color=canvas.GREY, linewidth=1.1, linestyle=(0, (5, 3)), label="told = came")
    axes.axhline(base, color=canvas.ORANGE, linewidth=1.2, linestyle=(0, (1, 1.5)), label=f"share of rises, {base:.1%}")
    ends = deciles[["low", "high"]].to_numpy()
    known = np.isfinite(ends).all(axis=1)
    reach = np.abs(ends[known] - came[known, None]).T
    axes.errorbar(told[known], came[known], yerr=reach, fmt="none", ecolor=canvas.BLUE, elinewidth=1.3, capsize=2.5)
    area = 10.0 + 45.0 * deciles["n"].to_numpy() / deciles["n"].max()
    axes.scatter(told, came, s=area, color=canvas.BLUE, zorder=3, label="decile, 80 % interval")
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)
    axes.set_aspect("equal")
    axes.set_xlabel("probability that was told", fontsize=9)
    axes.set_ylabel("share that rose", fontsize=9)
    canvas.percent_axis(axes)
    canvas.percent_axis(axes, "x")
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), frameon=False, fontsize=8.5, labelcolor=canvas.INK)

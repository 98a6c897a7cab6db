"""Plots of factor diagnostics: coverage, correlation, predictive quality.

Here: drawings of `factors/<pool>/summary`, `correlation` and `quality`. Not here: choosing factors.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.reports.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_FACTORS = 16
LOWEST = 15


def factor_correlation(correlation: pd.DataFrame, subject: str = "") -> bytes:
    """Correlation matrix of factor columns.

    `correlation` is `factors/<pool>/correlation` (`column_a`, `column_b`, `correlation`); one triangle is enough, a
    pair without a value stays blank. Returns PNG bytes.
    """
    title, simulated = _titled(subject, "correlation of the production factors"), canvas.is_simulated(correlation)
    if correlation.empty:
        return canvas.no_data(title, simulated=simulated)
    pairs = correlation.set_index(["column_a", "column_b"])["correlation"]
    names = list(dict.fromkeys([*correlation["column_a"], *correlation["column_b"]]))
    matrix = pairs.unstack().reindex(index=names, columns=names)
    matrix = matrix.fillna(matrix.T)
    cells = matrix.to_numpy(float).copy()
    np.fill_diagonal(cells, 1.0)
    side = 2.4 + min(7.0, 0.4 * len(names))
    figure = canvas.new_figure(side + 1.4, side, title)
    axes = canvas.plain(figure.add_subplot(), grid=None)
    image = axes.imshow(cells, cmap="PuOr", vmin=-1.0, vmax=1.0)
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    if len(names) <= MOST_FACTORS:
        canvas.write_cells(axes, image, np.char.mod("%.2f", cells), 7.0)
    bar = figure.colorbar(image, ax=axes, shrink=0.7, pad=0.015, fraction=0.045)
    bar.set_label("correlation", color=canvas.FAINT, fontsize=9)
    canvas.plain(bar.ax, grid=None)
    return canvas.to_png(figure, simulated)


def ic_by_horizon(quality: pd.DataFrame, subject: str = "") -> bytes:
    """Mean rank IC of every factor against the forward horizon, with 95 % intervals.

    `quality` is `factors/<pool>/quality`. The interval is 1.96 standard errors, the error being mean / t (Newey-West);
    a filled dot lies more than two errors from zero. At most 16 factors, those with the largest |IC|. Returns PNG.
    """
    what = "mean rank IC by horizon (bars: 95 % interval)"
    title, simulated = _titled(subject, what), canvas.is_simulated(quality)
    rows = quality.dropna(subset=["mean_rank_ic"]) if len(quality) else quality
    if rows.empty:
        return canvas.no_data(title, simulated=simulated)
    strength = rows.groupby("column", sort=False)["mean_rank_ic"].agg(lambda ic: ic.abs().max())
    names = list(strength.index)
    if len(names) > MOST_FACTORS:
        names = list(strength.nlargest(MOST_FACTORS).index)
        title += f", {MOST_FACTORS} strongest of {len(strength)}"
    wide = min(4, len(names))
    tall = -(-len(names) // wide)
    figure = canvas.new_figure(max(5.5, 1.9 * wide), 0.9 + 1.45 * tall, title)
    grid = figure.subplots(tall, wide, sharex=True, sharey=True, squeeze=False)
    for axes, name in zip(grid.flat, names, strict=False):
        _draw_decay(canvas.plain(axes), rows[rows["column"] == name].sort_values("horizon"), name)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    figure.supxlabel("forward horizon, sessions", fontsize=9, color=canvas.FAINT)
    figure.supylabel("mean rank IC", fontsize=9, color=canvas.FAINT)
    return canvas.to_png(figure, simulated)


def coverage_by_factor(summary: pd.DataFrame, subject: str = "", floor: float = 0.80) -> bytes:
    """Coverage of all factors in falling order, and the names of the lowest.

    `summary` is `factors/<pool>/summary`; `floor` is the mean coverage that the fuse asks for, a fraction. Returns PNG
    bytes.
    """
    title, simulated = _titled(subject, "coverage of the factors"), canvas.is_simulated(summary)
    if summary.empty:
        return canvas.no_data(title, simulated=simulated)
    rows = summary.sort_values(["coverage", "factor_id"], ascending=[False, True])
    figure = canvas.new_figure(7.6, 4.0, title)
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    _draw_coverage_curve(canvas.plain(left), rows["coverage"].to_numpy(float), floor)
    _draw_lowest(canvas.plain(right, grid="x"), rows.tail(LOWEST))
    return canvas.to_png(figure, simulated)


def _titled(subject: str, what: str) -> str:
    return f"{subject}: {what}" if subject else what[0].upper() + what[1:]


def _draw_decay(axes: "Axes", rows: pd.DataFrame, name: str) -> None:
    ic, t = rows["mean_rank_ic"].to_numpy(float), rows["t_stat"].to_numpy(float)
    error = np.abs(np.divide(ic, t, out=np.full(ic.size, np.nan), where=t != 0))
    place = np.arange(ic.size)
    axes.axhline(0.0, color=canvas.GREY, linewidth=0.9)
    axes.plot(place, ic, color=canvas.SKY, linewidth=1.0)
    axes.errorbar(place, ic, yerr=1.96 * error, fmt="none", ecolor=canvas.BLUE, elinewidth=1.2, capsize=2)
    fill = np.where(np.abs(t) > 2.0, canvas.BLUE, canvas.PAPER)
    axes.scatter(place, ic, s=22, zorder=3, edgecolors=canvas.BLUE, c=list(fill))
    axes.set_xticks(place, [str(h) for h in rows["horizon"]])
    axes.set_xlim(-0.5, ic.size - 0.5)
    axes.locator_params(axis="y", nbins=6)
    axes.set_title(name, fontsize=8, color=canvas.INK, loc="left")


def _draw_coverage_curve(axes: "Axes", coverage: np.ndarray, floor: float) -> None:
    mean = float(np.nanmean(coverage))
    steps = np.append(coverage, coverage[-1])
    axes.fill_between(np.arange(steps.size), steps, step="post", color=canvas.SKY, alpha=0.55)
    axes.axhline(floor, color=canvas.VERMILLION, linewidth=1.1, linestyle=(0, (4, 3)))
    axes.text(0.01 * coverage.size, floor - 0.015, f"asked of the mean: {floor:.0%}", fontsize=8.5, va="top",
              color=canvas.VERMILLION)  # fmt: skip
    axes.set_ylim(0.0, 1.05)
    axes.set_xlim(0, coverage.size)
    axes.set_xlabel("factors, best covered first", fontsize=9)
    axes.set_ylabel("coverage, % of rows", fontsize=9)
    axes.set_title(f"{coverage.size} factor(s), mean {mean:.1%}", loc="left", fontsize=9, color=canvas.FAINT)
    canvas.percent_axis(axes)


def _draw_lowest(axes: "Axes", rows: pd.DataFrame) -> None:
    coverage = rows["coverage"].to_numpy(float)
    colours = [canvas.BLUE if used else canvas.GREY for used in rows["is_production"]]
    axes.barh(np.arange(coverage.size), coverage, color=colours, height=0.65)
    for i, value in enumerate(coverage):
        axes.text(value + 0.015, i, f"{value:.1%}", va="center", fontsize=7.5, color=canvas.INK)
    axes.set_yticks(np.arange(coverage.size), list(rows["factor_id"]), fontsize=7.5)
    axes.set_xlim(0.0, 1.15)
    axes.set_ylim(min(-0.6, coverage.size - 8.0), coverage.size - 0.4)
    axes.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0])
    axes.set_title("lowest (blue: in production)", loc="left", fontsize=9, color=canvas.FAINT)
    canvas.percent_axis(axes, "x")

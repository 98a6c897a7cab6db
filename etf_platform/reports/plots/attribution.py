"""Plots of attribution: where a result comes from, at once and by week, by group and by factor.

Here: drawings of the sums that `risk.attribution.summary` makes. Not here: the sums.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.measures.attribution import FILL_PARTS
from etf_platform.reports.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PART_LABELS = dict(
    zip((*FILL_PARTS, "residual"), ("spread", "adverse", "inventory", "hedging", "fees", "residual"), strict=True)
)
# Okabe and Ito again; the residual is what nobody wants to see, so it is black.
PART_COLOURS = dict(
    zip(PART_LABELS, (canvas.BLUE, canvas.ORANGE, canvas.GREEN, canvas.SKY, canvas.GREY, canvas.INK), strict=True)
)
EFFECT_COLOURS = {"allocation": canvas.BLUE, "selection": canvas.ORANGE, "interaction": canvas.GREEN}
MOST_WEEKS = 52
MOST_BARS = 16
MOST_PANELS = 4


def attribution_waterfall(totals: pd.DataFrame, subject: str = "", currency: str = "CNY") -> bytes:
    """From nothing to the net result, part by part; one panel per row (up to four: horizons, say, or strategies).

    Parameters
    ----------
    totals : DataFrame
        As of `summary.by_period` with the period `all`: `strategy`, `horizon`, the parts, `residual`, `net_pnl`,
        `n_fills`, `source`.
    subject : str
        Put before the title.
    currency : str

    Returns
    -------
    bytes
        PNG; says "no data yet" for an empty table and names what is not defined. Parts that are 0 in every panel are
        left out and named below.
    """
    title, simulated = _titled(subject, "from fills to the net result"), canvas.is_simulated(totals)
    if totals.empty:
        return canvas.no_data(title, simulated=simulated)
    if totals[list(PART_LABELS)].isna().any(axis=None):
        return canvas.no_data(title, "a part is not defined", simulated)
    rows = totals.head(MOST_PANELS)
    scale, unit = _scale(rows[[*PART_LABELS, "net_pnl"]].to_numpy(float), currency)
    negligible = rows[list(PART_LABELS)].abs().max() <= 5e-4 * scale
    shown = [part for part in PART_LABELS if not negligible[part]]
    left_out = [PART_LABELS[part] for part in PART_LABELS if negligible[part]]
    margins = canvas.Margins(left=0.72, right=0.15, top=0.74, bottom=0.66 + 0.2 * bool(left_out))
    figure = canvas.new_figure(0.9 + len(rows) * (0.35 + 0.5 * (len(shown) + 1)), 3.6, title, margins)
    panels = figure.subplots(1, len(rows), sharey=True, squeeze=False, gridspec_kw={"wspace": 0.08})[0]
    for axes, (_, row) in zip(panels, rows.iterrows(), strict=True):
        _draw_steps(canvas.plain(axes), row, shown, scale)
        axes.set_title(_panel_title(row, rows), loc="left", fontsize=9, color=canvas.INK)
    panels[0].set_ylabel(unit, fontsize=9)
    if left_out:
        words = f"Nothing in {', '.join(left_out)}."
        figure.text(0.012, 0.1 / figure.get_figheight(), words, va="bottom", fontsize=8.5, color=canvas.FAINT)
    return canvas.to_png(figure, simulated)


def attribution_by_week(weeks: pd.DataFrame, subject: str = "", currency: str = "CNY") -> bytes:
    """Parts of every week as stacked bars, gains upwards and losses downwards, with the net result as a dot.

    `weeks` is that of `summary.by_period` with the period `W`, of one strategy and one horizon (several strategies are
    added up). The last 52 weeks are drawn. Returns PNG bytes.
    """
    title, simulated = _titled(subject, "parts of the net result by ISO week"), canvas.is_simulated(weeks)
    if weeks.empty:
        return canvas.no_data(title, simulated=simulated)
    first = weeks["horizon"].iloc[0]
    summed = weeks[weeks["horizon"] == first].groupby("period")[[*PART_LABELS, "net_pnl"]].sum(min_count=1)
    drawn = summed.dropna().tail(MOST_WEEKS)
    if drawn.empty:
        return canvas.no_data(title, "a part is not defined", simulated)
    scale, unit = _scale(drawn.to_numpy(float), currency)
    title += f" (last {MOST_WEEKS})" if len(summed) > MOST_WEEKS else ""
    figure = canvas.new_figure(7.6, 3.7, title, canvas.Margins(left=0.72, right=0.15, top=0.55, bottom=0.66))
    axes = canvas.plain(figure.add_subplot())
    _draw_stacks(axes, drawn[list(PART_LABELS)] / scale, PART_COLOURS, PART_LABELS)
    places = np.arange(len(drawn))
    axes.plot(
        places, drawn["net_pnl"] / scale, "D", markersize=4, color="white", markeredgecolor=canvas.INK, label="net"
    )
    axes.axhline(0.0, color=canvas.INK, linewidth=0.8)
    step = max(1, -(-len(drawn) // 9))
    axes.set_xticks(places[::step], list(drawn.index[::step]))
    axes.set_xlim(-0.7, max(len(drawn) - 0.3, 3.7))
    axes.set_ylabel(unit, fontsize=9)
    _legend(axes)
    return canvas.to_png(figure, simulated)


def brinson_effects(groups: pd.DataFrame, subject: str = "") -> bytes:
    """Linked allocation, selection and interaction of every group, in percentage points of the active return.

    `groups` is that of `summary.brinson_totals`; the sixteen largest are drawn. Returns PNG bytes.
    """
    title, simulated = _titled(subject, "active return by group (Brinson-Fachler, linked)"), canvas.is_simulated(groups)
    if groups.empty:
        return canvas.no_data(title, simulated=simulated)
    rows = groups.head(MOST_BARS).iloc[::-1]
    figure = canvas.new_figure(7.4, 1.5 + 0.3 * len(rows), title, _beside(rows["group"], 0.9))
    axes = canvas.plain(figure.add_subplot(), grid="x")
    effects = rows[list(EFFECT_COLOURS)].set_index(rows["group"]) * 100.0
    _draw_stacks(axes, effects, EFFECT_COLOURS, {name: name for name in EFFECT_COLOURS}, flat=True)
    _mark_totals(axes, rows["total"].to_numpy(float) * 100.0, effects)
    axes.set_yticks(np.arange(len(rows)), list(rows["group"]))
    axes.set_xlabel(f"percentage points; all groups together {100 * groups['total'].sum():+.2f}", fontsize=9)
    _legend(axes)
    return canvas.to_png(figure, simulated)


def factor_contributions(factors: pd.DataFrame, subject: str = "") -> bytes:
    """Contribution of every factor to the active return, added up over the sessions, in percentage points.

    `factors` is that of `summary.factor_totals`. The largest are drawn, the residual and the total always. PNG bytes.
    """
    title, simulated = _titled(subject, "active return by factor (sum of sessions)"), canvas.is_simulated(factors)
    if factors.empty:
        return canvas.no_data(title, simulated=simulated)
    last = factors["factor"].isin(["residual", "total"])
    rows = pd.concat([factors[~last].head(MOST_BARS), factors[last]]).iloc[::-1]
    value = rows["contribution"].to_numpy(float) * 100.0
    figure = canvas.new_figure(7.4, 1.2 + 0.28 * len(rows), title, _beside(rows["factor"], 0.6))
    axes = canvas.plain(figure.add_subplot(), grid="x")
    named = rows["factor"].map({"residual": canvas.GREY, "total": canvas.INK})
    colours = [own if isinstance(own, str) else _sign_colour(v) for own, v in zip(named, value, strict=True)]
    axes.barh(np.arange(len(rows)), value, height=0.66, color=colours)
    _write_beside(axes, value, value)
    axes.axvline(0.0, color=canvas.INK, linewidth=0.8)
    axes.set_yticks(np.arange(len(rows)), list(rows["factor"]))
    axes.set_xlabel("percentage points, not compounded", fontsize=9)
    return canvas.to_png(figure, simulated)


def _titled(subject: str, what: str) -> str:
    return f"{subject}: {what}" if subject else what[0].upper() + what[1:]


def _beside(labels: pd.Series, bottom: float) -> canvas.Margins:
    return canvas.Margins(left=0.25 + canvas.label_width(labels), right=0.2, top=0.55, bottom=bottom)


def _scale(values: np.ndarray, currency: str) -> tuple[float, str]:
    """Divisor and label so that the largest number has one to three digits before the point."""
    largest = np.nanmax(np.abs(values))
    for size, word in ((1e6, "million "), (1e3, "thousand ")):
        if largest >= size:
            return size, word + currency
    return 1.0, currency


def _panel_title(row: pd.Series, rows: pd.DataFrame) -> str:
    who = f"{row['strategy']}, " if rows["strategy"].nunique() > 1 or rows["horizon"].nunique() == 1 else ""
    return f"{who}horizon {row['horizon']}, {int(row['n_fills']):,} fills"


def _sign_colour(value: float) -> str:
    return canvas.BLUE if value >= 0 else canvas.ORANGE


def _draw_steps(axes: "Axes", row: pd.Series, shown: list[str], scale: float) -> None:
    steps = row[shown].to_numpy(dtype=float) / scale
    ends = np.cumsum(steps)
    starts = np.append(0.0, ends[:-1])
    net = float(row["net_pnl"]) / scale
    axes.bar(np.arange(len(shown)), steps, bottom=starts, width=0.72, color=[_sign_colour(v) for v in steps])
    axes.bar(len(shown), net, width=0.72, color=canvas.INK)
    for i, end in enumerate(ends):
        axes.plot([i - 0.36, i + 1.36], [end, end], color=canvas.GREY, linewidth=0.8)
    lows, highs = np.append(np.minimum(starts, ends), min(net, 0.0)), np.append(np.maximum(starts, ends), max(net, 0.0))
    for i, value in enumerate([*steps, net]):
        place, gap, side = (highs[i], 2, "bottom") if value >= 0 else (lows[i], -2, "top")
        axes.annotate(f"{value:+.1f}", (i, place), xytext=(0, gap), textcoords="offset points", ha="center", va=side,
                      fontsize=8.5, color=canvas.INK,
                      bbox={"facecolor": canvas.PAPER, "edgecolor": "none", "pad": 0.4})  # fmt: skip
    axes.axhline(0.0, color=canvas.INK, linewidth=0.8)
    axes.use_sticky_edges = False
    axes.margins(y=0.14)
    axes.set_xticks(range(len(shown) + 1), [*[PART_LABELS[part] for part in shown], "net"], rotation=30, ha="right")


def _draw_stacks(
    axes: "Axes", parts: pd.DataFrame, colours: dict[str, str], labels: dict[str, str], flat: bool = False
) -> None:
    """Stacked bars (flat: horizontal), gains on one side of 0 and losses on the other; nothing for parts that are 0."""
    places, up, down = np.arange(len(parts)), np.zeros(len(parts)), np.zeros(len(parts))
    for name in parts.columns:
        value = parts[name].to_numpy(dtype=float)
        if np.abs(value).max(initial=0.0) <= 5e-4:
            continue
        base = np.where(value >= 0, up, down)
        kwargs = {"color": colours[name], "label": labels[name]}
        if flat:
            axes.barh(places, value, left=base, height=0.66, **kwargs)  # type: ignore[arg-type]
        else:
            axes.bar(places, value, bottom=base, width=0.74, **kwargs)  # type: ignore[arg-type]
        up, down = up + np.maximum(value, 0.0), down + np.minimum(value, 0.0)


def _mark_totals(axes: "Axes", totals: np.ndarray, effects: pd.DataFrame) -> None:
    axes.axvline(0.0, color=canvas.INK, linewidth=0.8)
    axes.plot(
        totals, np.arange(len(totals)), "D", markersize=4.5, color="white", markeredgecolor=canvas.INK, label="total"
    )
    edges = np.where(totals >= 0, effects.clip(lower=0).sum(axis=1), effects.clip(upper=0).sum(axis=1))
    _write_beside(axes, totals, edges)


def _write_beside(axes: "Axes", values: np.ndarray, edges: np.ndarray) -> None:
    for i, (value, edge) in enumerate(zip(values, edges, strict=True)):
        right = value >= 0
        axes.annotate(f"{value:+.2f}", (edge, i), xytext=(7 if right else -7, 0), textcoords="offset points",
                      ha="left" if right else "right", va="center", fontsize=8.5, color=canvas.INK)  # fmt: skip
    axes.use_sticky_edges = False
    axes.margins(x=0.14)


def _legend(axes: "Axes") -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.figure.legend(handles, labels, loc="lower center", ncol=len(labels), frameon=False, fontsize=8.5,
                           labelcolor=canvas.INK, handlelength=1.1, columnspacing=1.4, borderaxespad=0.2)  # fmt: skip

"""Plots of attribution: where a result comes from, at once and by week, by group and by factor.

Here: drawings of the sums that `risk.attribution.summary` makes. Not here: the sums.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.measures.attribution import FILL_PARTS
from etf_platform.reports.plots import canvas, chart
from etf_platform.reports.plots.board import font, pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL.Image import Image

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
BAR = 0.62  # inches per bar of a waterfall, so that its name stands below it


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
    wide = 0.35 + BAR * (len(shown) + 1)
    image = chart.blank(0.9 + len(rows) * wide, 3.6, title, simulated)
    steps = [_Steps.of(row, shown, scale) for _, row in rows.iterrows()]
    y = _with_room(min(s.low for s in steps), max(s.high for s in steps), 0.14)
    left, right = pixels(0.72), image.width - pixels(0.15)
    edges = np.rint(np.linspace(left, right + pixels(0.12), len(rows) + 1)).astype(int).tolist()
    for number, (_, row) in enumerate(rows.iterrows()):
        box = edges[number], pixels(0.74), edges[number + 1] - pixels(0.12), image.height - pixels(0.5)
        panel = chart.Panel(*box, (-0.6, len(shown) + 0.6), y)
        ticks = chart.value_ticks(*y)
        labels = [f"{tick:g}" if number == 0 else "" for tick in ticks]
        chart.rule_values(image, panel, ticks, labels)
        _draw_steps(image, panel, steps[number], [*[PART_LABELS[part] for part in shown], "net"])
        words = f"{unit}; {_panel_title(row, rows)}" if number == 0 else _panel_title(row, rows)
        chart.write(image, (panel.left, panel.top - pixels(0.08)), words, "lb", canvas.INK, 9)
    if left_out:
        chart.write(image, (pixels(0.1), image.height - pixels(0.1)), f"Nothing in {', '.join(left_out)}.", "lb")
    return canvas.encode(image)


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


@dataclass(frozen=True)
class _Steps:
    """Bars of one waterfall: where each starts and ends; the last one is the net result, from 0."""

    starts: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, row: pd.Series, shown: list[str], scale: float) -> "_Steps":
        ends = np.cumsum(row[shown].to_numpy(dtype=float) / scale)
        net = float(row["net_pnl"]) / scale
        return cls(np.concatenate([[0.0], ends[:-1], [0.0]])[-len(ends) - 1 :], np.append(ends, net))

    @property
    def low(self) -> float:
        return float(min(self.starts.min(), self.ends.min(), 0.0))

    @property
    def high(self) -> float:
        return float(max(self.starts.max(), self.ends.max(), 0.0))


def _with_room(low: float, high: float, share: float) -> tuple[float, float]:
    room = share * (high - low) or 1.0
    return low - room, high + room


def _draw_steps(image: "Image", panel: chart.Panel, steps: _Steps, labels: list[str]) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(image)
    middle, half = panel.across(np.arange(len(labels))), float(panel.across(0.36) - panel.across(0.0))
    tops = panel.up(np.maximum(steps.starts, steps.ends))
    bottoms = panel.up(np.minimum(steps.starts, steps.ends))
    values = steps.ends - steps.starts
    for i, (x, value) in enumerate(zip(middle.tolist(), values.tolist(), strict=True)):
        colour = canvas.INK if i == len(labels) - 1 else _sign_colour(value)
        draw.rectangle((round(x - half), round(tops[i]), round(x + half), round(bottoms[i])), colour)
        if i < len(labels) - 1:
            level = round(float(panel.up(steps.ends[i])))
            draw.line((x - half, level, float(middle[i + 1]) + half, level), canvas.GREY)
    zero = round(float(panel.up(0.0)))
    draw.line((panel.left, zero, panel.right, zero), canvas.INK)
    for i, (x, value) in enumerate(zip(middle.tolist(), values.tolist(), strict=True)):
        y, anchor = (tops[i] - 4, "mb") if value >= 0 else (bottoms[i] + 4, "mt")
        draw.rectangle(draw.textbbox((x, y), f"{value:+.1f}", font(8.5), anchor), canvas.PAPER)
        chart.write(image, (x, float(y)), f"{value:+.1f}", anchor, canvas.INK)
        chart.write(image, (x, panel.bottom + pixels(0.06)), labels[i], "mt")


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

"""Plots of a single-asset trend strategy: price and position, trend strength, account against buy and hold.

Here: drawings of INDICATORS, SIGNALS and TREND_EQUITY rows. Not here: the figures. Labels are English (no Chinese font
can be assumed). The colours of the accounts are those of the original.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from etf_platform.reports.plots import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STRATEGY, HOLD = "#2196F3", "#888888"
FURTHER = ("#FF9800", "#4CAF50", "#9C27B0")
WIDE, HIGH, FINE = 14.0, 7.0, 150  # inches, inches, dots per inch
MARGINS = canvas.Margins(left=0.62, right=0.38, top=0.5, bottom=0.34)


def price_and_position(history: pd.DataFrame, averages: tuple[str, ...], subject: str = "") -> bytes:
    """Close with moving averages; the background is shaded while a position is held (blue long, orange short).

    Parameters
    ----------
    history : DataFrame
        Ascending: `date`, `close`, `weight` (fraction held after the close), `source` and the columns in `averages`;
        a column that is absent is left out.
    subject : str
        Symbol and strategy, put before the title.
    """
    title, simulated = _titled(subject, "close, averages and position"), canvas.is_simulated(history)
    if history.empty:
        return canvas.no_data(title, simulated=simulated)
    figure = canvas.new_figure(8.0, 3.6, title, MARGINS)
    axes = canvas.plain(figure.add_subplot())
    days = history["date"]
    axes.plot(days, history["close"], color=canvas.INK, linewidth=1.1, label="close")
    for name, colour in zip(averages, (STRATEGY, canvas.VERMILLION, canvas.GREEN), strict=False):
        if name in history:
            axes.plot(days, history[name], color=colour, linewidth=1.2, label=name.replace("_", " ").upper())
    _shade(axes, days, history["weight"].to_numpy(float))
    axes.legend(loc="upper left", fontsize=8, frameon=False, labelcolor=canvas.INK, ncols=4)
    canvas.date_axis(axes, days)
    return canvas.to_png(figure, simulated)


def trend_strength(
    history: pd.DataFrame, adx: str = "adx_14", macd: str = "macd_line", threshold: float = 25.0, subject: str = ""
) -> bytes:
    """ADX with its threshold above, MACD line with its zero below; a column that is absent stays empty."""
    title, simulated = _titled(subject, "ADX and MACD line"), canvas.is_simulated(history)
    if history.empty or not {adx, macd} <= set(history.columns):
        return canvas.no_data(title, simulated=simulated)
    figure = canvas.new_figure(8.0, 3.4, title, MARGINS)
    upper, lower = (canvas.plain(axes) for axes in figure.subplots(2, 1, sharex=True))
    days = history["date"]
    upper.plot(days, history[adx], color=STRATEGY, linewidth=1.1)
    upper.axhline(threshold, color=canvas.VERMILLION, linewidth=1.0, linestyle="--")
    upper.annotate(f"{threshold:g}", (1.005, threshold), xycoords=("axes fraction", "data"), fontsize=8, va="center")
    upper.set_ylabel("ADX", fontsize=8.5)
    line = history[macd].to_numpy(float)
    lower.fill_between(days, np.where(line > 0.0, line, 0.0), 0.0, color=STRATEGY, alpha=0.7, linewidth=0)
    lower.fill_between(days, np.where(line < 0.0, line, 0.0), 0.0, color=canvas.ORANGE, alpha=0.8, linewidth=0)
    lower.axhline(0.0, color=canvas.INK, linewidth=0.8)
    lower.set_ylabel("MACD line", fontsize=8.5)
    canvas.date_axis(lower, days)
    return canvas.to_png(figure, simulated)


def equity_against_hold(equity: pd.DataFrame, subject: str = "", wide: bool = False) -> bytes:
    """Account of the strategy and of buy and hold, each from 1.

    The axis is logarithmic where they span more than a factor of three.

    Parameters
    ----------
    equity : DataFrame
        TREND_EQUITY of one symbol, strategy and variant: `date`, `equity`, `buy_and_hold`, `source`.
    wide : bool
        14 x 7 inches at 150 dots per inch (the file of `--save-plot`) instead of the size for a report.
    """
    curves = pd.DataFrame(index=equity.index) if equity.empty else equity.set_index("date")
    named = {} if equity.empty else {"strategy": curves["equity"], "buy and hold": curves["buy_and_hold"]}
    return _accounts(pd.DataFrame(named), _titled(subject, "growth of 1"), canvas.is_simulated(equity), wide)


def comparison(curves: pd.DataFrame, subject: str = "", simulated: bool = False) -> bytes:
    """Several accounts from 1 in one chart, 14 x 7 inches at 150 dots per inch.

    `curves` has one row per date (the index) and one column per account; the first is the strategy, the second buy and
    hold, up to three more follow. NaN leaves a gap.
    """
    return _accounts(curves, _titled(subject, "growth of 1"), simulated, wide=True)


def _accounts(curves: pd.DataFrame, title: str, simulated: bool, wide: bool) -> bytes:
    if curves.empty:
        return canvas.no_data(title, simulated=simulated)
    figure = canvas.new_figure(*((WIDE, HIGH) if wide else (8.0, 3.6)), title, MARGINS)
    if wide:
        figure.set_dpi(FINE)
    axes = canvas.plain(figure.add_subplot())
    for name, colour in zip(curves.columns, (STRATEGY, HOLD, *FURTHER), strict=False):
        axes.plot(curves.index, curves[name], color=colour, linewidth=1.5 if wide else 1.2, label=name)
    _scale(axes, curves.to_numpy(float))
    axes.legend(loc="upper left", fontsize=9, frameon=False, labelcolor=canvas.INK)
    canvas.date_axis(axes, pd.DatetimeIndex(curves.index))
    return canvas.to_png(figure, simulated)


def _scale(axes: "Axes", values: np.ndarray) -> None:
    """Logarithmic with ticks at 1, 2 and 5 where the accounts span more than a factor of three, else linear."""
    from matplotlib.ticker import LogLocator, NullFormatter

    if np.nanmin(values) <= 0.0 or np.nanmax(values) < 3.0 * np.nanmin(values):
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", which="minor", length=0)


def _shade(axes: "Axes", days: pd.Series, weight: np.ndarray) -> None:
    for held, colour in ((weight > 0.0, STRATEGY), (weight < 0.0, canvas.ORANGE)):
        axes.fill_between(
            days, 0.0, 1.0, where=held, step="post", color=colour, alpha=0.13, linewidth=0,
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip


def _titled(subject: str, what: str) -> str:
    return f"{subject}: {what}" if subject else what[0].upper() + what[1:]

"""Questions about single-asset strategies that a person asks now, answered from stored bars; nothing is stored.

The preparation, the rules and the accounts are those of the assets (`steps.trend`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from math import isfinite, prod
from typing import Any

import pandas as pd

from etf_platform.backtest.trend.grid import Grid, combinations
from etf_platform.backtest.trend.metrics import trend_metric_rows
from etf_platform.backtest.trend.run import TrendAccount
from etf_platform.backtest.trend.sweep import sweep_trend
from etf_platform.backtest.trend.walk_forward import WalkForward, Windows, walk_forward
from etf_platform.core import tables as t
from etf_platform.core.config.trend import TrendBacktest
from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.core.grids import values_of
from etf_platform.core.schema import Table
from etf_platform.core.states import State
from etf_platform.indicators.prepare import adjusted
from etf_platform.indicators.verify import verify_against_talib
from etf_platform.market.freshness import quality_state
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.steps.trend import TrendTask, backtest, freshly_prepared, task_of, tasks
from etf_platform.orchestration.steps.trend_report import SignalReport, report_of
from etf_platform.reports.signal import backtest_document

GRID_FORM = "write name=40:120:20 or name=40,80,120"


@dataclass(frozen=True)
class Backtested:
    """One strategy on one symbol: variant -> account, and TREND_METRICS of all of them."""

    task: TrendTask
    accounts: dict[str, TrendAccount]
    metrics: pd.DataFrame

    @property
    def own(self) -> TrendAccount:
        """The account of the configured variant."""
        return self.accounts[self.task.variant]

    @property
    def document(self) -> dict[str, Any]:
        """Everything as values that JSON can hold; `original_compatible` fills give the original's figures."""
        is_original = self.own.execution == "original_compatible"
        return backtest_document(
            self.metrics, self.own.trades, self.task.variant, self.own.start_effective, is_original
        )


def symbol_named(text: str) -> str:
    """The suffixed symbol: a bare `QQQ` means `QQQ.US`."""
    return text if "." in text or text.startswith("^") else f"{text}.US"


def universe_of(platform: Platform, symbol: str) -> str:
    """The universe that a symbol belongs to.

    Raises
    ------
    BadInputError
        None does.
    """
    universes = platform.config.universes.universes
    for name, universe in universes.items():
        if symbol in universe.symbols:
            return name
    known = ", ".join(s for universe in universes.values() for s in universe.symbols)
    raise BadInputError(
        f"looking up {symbol}", "it is in no universe", f"use one of {known}, or add it to universes.yaml"
    )


def bars_of(platform: Platform, universe: str, until: date | None = None) -> pd.DataFrame:
    """Stored bars of a universe, up to a day."""
    return platform.lake.read(t.BARS, universe, end=until)


def symbol_bars(platform: Platform, symbol: str, start: date | None, end: date | None) -> tuple[pd.DataFrame, str]:
    """Adjusted bars of one symbol between two days, and the state of its closes on the last of them."""
    universe = universe_of(platform, symbol)
    bars = bars_of(platform, universe, end)
    mine = adjusted(bars[bars["symbol"] == symbol])
    fresh = quality_state(mine, platform.sessions(universe), end or mine["date"].max()) if len(mine) else None
    kept = mine if start is None else mine[mine["date"] >= str(start)]
    if kept.empty:
        raise InsufficientDataError(
            f"reading bars of {symbol}",
            f"there are none{f' from {start}' if start else ''}{f' to {end}' if end else ''}",
            "ask for other days, or load more history",
        )
    state = f"{fresh.state}{': ' + fresh.reason if fresh.reason else ''}" if fresh else str(State.BLOCKED)
    return kept.reset_index(drop=True), state


def backtested(
    platform: Platform, strategy: str, symbol: str, start: date | None, end: date | None, terms: TrendBacktest
) -> Backtested:
    """Back-test one strategy on one symbol; the account starts at `start`, or after the warm-up if that is later."""
    task, rows, universe = _prepared(platform, strategy, symbol, start, end)
    accounts = backtest(platform, universe, rows, task, terms)
    metrics = pd.concat([trend_metric_rows(account, terms) for account in accounts.values()], ignore_index=True)
    return Backtested(task, accounts, metrics)


def reported(platform: Platform, strategy: str, symbol: str, day: date, vix: float | None = None) -> SignalReport:
    """The signal report for the close of `day`, from what was known then."""
    universe, task = universe_of(platform, symbol), task_of(platform.config, strategy, symbol)
    if vix is not None and "use_vix_filter" not in type(task.settings).model_fields:
        raise BadInputError(f"reporting {strategy}", "it has no VIX filter", "leave --vix out, or use EMA_trend_v3")
    if vix is not None and not (isfinite(vix) and vix > 0.0):
        raise BadInputError(f"reporting {strategy}", f"a VIX of {vix:g} cannot be", "give points above 0, such as 18.5")
    return report_of(platform, universe, bars_of(platform, universe, day), task, day, vix)


def swept(
    platform: Platform,
    strategy: str,
    symbol: str,
    params: Sequence[str],
    start: date | None,
    end: date | None,
    advance: Callable[[int, int], None],
) -> pd.DataFrame:
    """Figures of every combination of a grid, with the deflated Sharpe ratio."""
    task, rows, grid, sessions = _gridded(platform, strategy, symbol, params, start, end)
    terms = platform.config.strategies.trend.backtest
    return sweep_trend(rows, rows, task.unit, task.settings, grid, terms, sessions, task.warmup_bars, advance)


def walked_forward(
    platform: Platform,
    strategy: str,
    symbol: str,
    params: Sequence[str],
    windows: Windows,
    start: date | None = None,
    end: date | None = None,
) -> WalkForward:
    """Choose on each training window, apply on the next: the stitched account, and what was chosen when."""
    task, rows, grid, sessions = _gridded(platform, strategy, symbol, params, start, end)
    terms = platform.config.strategies.trend.backtest
    return walk_forward(rows, rows, task.unit, task.settings, grid, terms, sessions, task.warmup_bars, windows)


def verified(platform: Platform, symbol: str, start: date | None, end: date | None) -> pd.DataFrame:
    """Indicators against a plain implementation and, where it is installed, TA-Lib."""
    bars, _ = symbol_bars(platform, symbol, start, end)
    return verify_against_talib(bars)


def trend_overview(platform: Platform, universe: str) -> pd.DataFrame:
    """One row per configured strategy: its last stored signal, and its account against holding the symbol."""
    signals, metrics = (_stored(platform, table, universe) for table in (t.SIGNALS, t.TREND_METRICS))
    return pd.DataFrame([_overview_row(task, signals, metrics) for task in tasks(platform, universe)])


def grid_of(params: Sequence[str]) -> Grid:
    """Setting -> values from texts such as `ema_fast=40:120:20`.

    Raises
    ------
    BadInputError
        A text is no such grid.
    """
    grid: dict[str, list[Any]] = {}
    for param in params:
        name, _, text = param.partition("=")
        if name in grid:
            raise BadInputError(f"reading the grid {param!r}", f"{name} is given twice", GRID_FORM)
        try:
            grid[name] = [_plain(value) for value in values_of(text)]
        except ValueError as error:
            raise BadInputError(f"reading the grid {param!r}", str(error), GRID_FORM) from None
    return grid


def combinations_in(params: Sequence[str]) -> int:
    """How many combinations a grid has; for progress."""
    return prod(len(values) for values in grid_of(params).values())


def windows_of(text: str, anchored: bool) -> Windows:
    """Window lengths from `1260:252`.

    Raises
    ------
    BadInputError
        The text is no such pair.
    """
    train, _, test = text.partition(":")
    if not (train.isdigit() and test.isdigit()):
        raise BadInputError(f"reading the windows {text!r}", "they are no two numbers of sessions", "write 1260:252")
    return Windows(int(train), int(test), anchored)


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _prepared(
    platform: Platform, strategy: str, symbol: str, start: date | None, end: date | None
) -> tuple[TrendTask, pd.DataFrame, str]:
    universe = universe_of(platform, symbol)
    task = task_of(platform.config, strategy, symbol)
    rows = freshly_prepared(platform, universe, bars_of(platform, universe, end), task)
    before = 0 if start is None else int((rows["date"] < str(start)).sum())
    return replace(task, warmup_bars=max(task.warmup_bars, before)), rows, universe


def _gridded(
    platform: Platform, strategy: str, symbol: str, params: Sequence[str], start: date | None, end: date | None
) -> tuple[TrendTask, pd.DataFrame, Grid, pd.DatetimeIndex]:
    """A task, rows with the indicator columns of every combination, the grid, and the exchange's sessions."""
    universe = universe_of(platform, symbol)
    task, grid = task_of(platform.config, strategy, symbol), grid_of(params)
    sets = [settings for _, settings in combinations(task.unit, task.settings, grid) if settings is not None]
    names = dict.fromkeys(name for settings in sets for name in task.unit.indicators(settings))
    rows = freshly_prepared(platform, universe, bars_of(platform, universe, end), task, tuple(names))
    before = 0 if start is None else int((rows["date"] < str(start)).sum())
    return replace(task, warmup_bars=max(task.warmup_bars, before)), rows, grid, platform.sessions(universe).index


def _overview_row(task: TrendTask, signals: pd.DataFrame, metrics: pd.DataFrame) -> dict[str, object]:
    mine = signals[(signals["strategy"] == task.unit.name) & (signals["symbol"] == task.symbol)]
    last = mine.sort_values("date").tail(1).to_dict("records")
    said = last[0] if last else {"signal": "", "position": float("nan"), "reason": "no bars"}
    is_current = bool(last) and said["date"] == signals["date"].max()
    full = metrics[
        (metrics["strategy"] == task.unit.name)
        & (metrics["symbol"] == task.symbol)
        & (metrics["variant"] == task.variant)
        & (metrics["sample"] == "full")
    ].set_index(["account", "metric"])["value"]
    return {
        "strategy": task.unit.name,
        "symbol": task.symbol,
        "session": f"{said['date']:%Y-%m-%d}" if last else "",
        **{key: said[key] for key in ("signal", "position", "reason")},
        **{name: full.get(("strategy", name), float("nan")) for name in ("annual_return", "max_drawdown", "sharpe")},
        "hold_sharpe": full.get(("buy_and_hold", "sharpe"), float("nan")),
        "state": said["state"] if is_current else str(State.BLOCKED),  # an older signal is none for today
    }


def _stored(platform: Platform, table: Table, universe: str) -> pd.DataFrame:
    if platform.lake.exists(table, universe):
        return platform.lake.read(table, universe)
    return pd.DataFrame(columns=[column.name for column in table.columns])

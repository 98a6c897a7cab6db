"""Bars of a universe to indicator columns, signals and single-asset back-tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from etf_platform.backtest.trend.metrics import trend_metric_rows
from etf_platform.backtest.trend.run import TrendAccount, run_variants, settings_of_variants
from etf_platform.backtest.trend.timing import marked
from etf_platform.core import tables as t
from etf_platform.core.config import Config
from etf_platform.core.config.trend import TrendBacktest
from etf_platform.core.errors import BadInputError, InsufficientDataError, PlatformError
from etf_platform.core.units.signal import FLAT, Held, SignalStrategy
from etf_platform.indicators.names import STANDARD
from etf_platform.indicators.prepare import adjusted, indicator_rows, prepare
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.plots.trend import comparison
from etf_platform.strategies.signals.catalog import find, settings_from, warmup_bars_of
from etf_platform.strategies.signals.replay import held_after, signals

FIGURES = ("total_return", "annual_return", "annual_vol", "sharpe", "max_drawdown", "exposure", "win_rate")


@dataclass(frozen=True)
class TrendTask:
    """One configured run: a strategy with its settings on a symbol."""

    unit: SignalStrategy
    settings: Any
    symbol: str
    warmup_bars: int

    @property
    def series(self) -> str:
        """Name of its account in the risk tables."""
        return f"{self.unit.name}:{self.symbol}"

    @property
    def variant(self) -> str:
        """The rule variant that the configured settings are."""
        made = settings_of_variants(self.unit, self.settings)
        return next(name for name, settings in made.items() if settings == self.settings)


def tasks(platform: Platform, universe: str) -> Iterator[TrendTask]:
    """The configured runs on members of a universe.

    Raises
    ------
    UnknownUnitError, ConfigError
        A strategy or its settings are wrong.
    """
    members = set(platform.config.universes.universes[universe].symbols)
    for run in platform.config.strategies.trend.runs:
        if run.symbol in members:
            yield task_of(platform.config, run.strategy, run.symbol)


def task_of(config: Config, strategy: str, symbol: str) -> TrendTask:
    """A strategy as configured, on any symbol."""
    unit = find(strategy)
    settings = settings_from(config.strategies.trend, unit)
    return TrendTask(unit, settings, symbol, warmup_bars_of(unit, settings, config.strategies.trend.backtest))


def write_indicators(platform: Platform, universe: str, window: Window) -> Outcome:
    """Every column that is standard or that a configured strategy reads, for every member."""
    tables = StepTables(platform, window)
    bars = tables.read(t.BARS, universe, end=window.end)
    rows = indicator_rows(bars, column_names(platform, universe), volatility(platform, universe, bars))
    tables.write_days(t.INDICATORS, universe, rows, window)
    last = rows[rows["date"] == rows["date"].max()]
    return tables.outcome(
        facts={"columns": len(rows.columns), "members": rows["symbol"].nunique(), "last session": _day(rows)},
        frames={"last row": last.set_index("symbol").T.reset_index(names="column")},
    )


def column_names(platform: Platform, universe: str) -> tuple[str, ...]:
    """Indicator columns that are stored for a universe."""
    needed = (name for task in tasks(platform, universe) for name in task.unit.indicators(task.settings))
    return tuple(dict.fromkeys((*STANDARD, *(name for name in needed if not name.startswith("vix")))))


def volatility(platform: Platform, universe: str, bars: pd.DataFrame) -> pd.DataFrame | None:
    """Date and close of the universe's volatility index; None without one."""
    index = platform.config.universes.universes[universe].volatility_index
    return None if index is None else bars.loc[bars["symbol"] == index, ["date", "close"]]


def write_signals(platform: Platform, universe: str, window: Window) -> Outcome:
    """What every configured strategy says on the window's days, continued from what is stored."""
    tables = StepTables(platform, window)
    bars = tables.read(t.BARS, universe, end=window.end)
    columns = tables.read(t.INDICATORS, universe, end=window.end)
    stored = tables.read_if_there(t.SIGNALS, universe)
    start = tables.first_day(t.SIGNALS, universe, window)
    sessions = platform.sessions(universe).index
    parts = []
    for task in tasks(platform, universe):
        rows = prepared_rows(platform, universe, bars, columns, task)
        held, known = _state_before(stored, task, start)
        first = pd.Timestamp(start) if start is not None and known else None
        if len(rows):
            parts.append(signals(rows, task.unit, task.settings, sessions, task.warmup_bars, held=held, start=first))
    said = [part for part in parts if len(part)]
    made = pd.concat(said, ignore_index=True) if said else pd.DataFrame(columns=[c.name for c in t.SIGNALS.columns])
    tables.write_days(t.SIGNALS, universe, made, window)
    last = made[made["date"] == made["date"].max()]
    shown = last[["strategy", "symbol", "signal", "position", "reason", "state", "weight"]]
    return tables.outcome(
        facts={"last session": _day(made), "blocked": int((last["state"] == "BLOCKED").sum())},
        frames={"signals of the last session": shown},
    )


def prepared_rows(
    platform: Platform, universe: str, bars: pd.DataFrame, columns: pd.DataFrame, task: TrendTask
) -> pd.DataFrame:
    """What a task decides on: the stored columns; for `original_compatible` settings the original's, made now."""
    if task.settings.original_compatible and (bars["symbol"] == task.symbol).any():
        return freshly_prepared(platform, universe, bars, task)
    return joined(bars, columns, task.symbol)


def joined(bars: pd.DataFrame, columns: pd.DataFrame, symbol: str) -> pd.DataFrame:
    """Adjusted bars of one symbol with its stored indicator columns, row by row."""
    mine = adjusted(bars[bars["symbol"] == symbol])[["date", "symbol", "open", "high", "low", "close", "volume"]]
    own = columns[columns["symbol"] == symbol].drop(columns=["symbol", "close"])
    return mine.merge(own, on="date", how="inner", validate="one_to_one").reset_index(drop=True)


def freshly_prepared(
    platform: Platform, universe: str, bars: pd.DataFrame, task: TrendTask, further: tuple[str, ...] = ()
) -> pd.DataFrame:
    """The same rows for any symbol and settings, computed now by the same preparation; `further` columns on request.

    Raises
    ------
    InsufficientDataError
        The symbol has no bars.
    """
    mine = adjusted(bars[bars["symbol"] == task.symbol]).reset_index(drop=True)
    if mine.empty:
        raise InsufficientDataError(
            f"preparing {task.symbol}",
            "there are no bars of it up to this day",
            "ask for a later day, or load its bars",
        )
    names = dict.fromkeys((*STANDARD, *task.unit.indicators(task.settings), *further))
    is_original = task.settings.original_compatible
    columns = prepare(mine, tuple(names), volatility(platform, universe, bars), is_original)
    return columns.assign(symbol=task.symbol, source=mine["source"].to_numpy())


def write_backtest(platform: Platform, universe: str, window: Window) -> Outcome:
    """Every configured strategy, all its rule variants, over everything stored."""
    tables = StepTables(platform, window)
    bars, columns = tables.read(t.BARS, universe), tables.read(t.INDICATORS, universe)
    terms = platform.config.strategies.trend.backtest
    accounts: list[TrendAccount] = []
    refused: dict[str, str] = {}
    for task in tasks(platform, universe):
        try:
            rows = prepared_rows(platform, universe, bars, columns, task)
            accounts += backtest(platform, universe, rows, task, terms).values()
        except PlatformError as error:
            if error.retryable:
                raise
            refused[f"not run: {task.series}"] = str(error)
    if not accounts:
        raise BadInputError(
            "back-testing", "; ".join(refused.values()) or "no runs are configured", "see strategies.yaml"
        )
    metrics = pd.concat([trend_metric_rows(account, terms) for account in accounts], ignore_index=True)
    tables.write(t.TREND_EQUITY, universe, pd.concat([a.equity for a in accounts], ignore_index=True))
    tables.write(t.TREND_TRADES, universe, pd.concat([a.trades for a in accounts], ignore_index=True))
    tables.write(t.TREND_METRICS, universe, metrics)
    return tables.outcome(
        facts={"accounts": len(accounts), **refused, **_notes(accounts)},
        plots=_charts(accounts),
        frames={"figures": figure_table(metrics)},
    )


def backtest(
    platform: Platform, universe: str, rows: pd.DataFrame, task: TrendTask, terms: TrendBacktest
) -> dict[str, TrendAccount]:
    """Variant -> account of one task on prepared rows."""
    sessions = platform.sessions(universe).index
    return run_variants(rows, rows, task.unit, task.settings, terms, sessions, task.warmup_bars)


def figure_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """One row per account and sample, the main figures as columns; the source names fills that knew their price."""
    keys = ["symbol", "strategy", "variant", "sample", "account", "source"]
    wide = metrics[metrics["metric"].isin(FIGURES)].pivot(index=keys, columns="metric", values="value")
    table = wide[[name for name in FIGURES if name in wide]].reset_index().rename_axis(columns=None)
    return table[[*keys[:-1], *(name for name in FIGURES if name in table), "source"]]


def _state_before(stored: pd.DataFrame | None, task: TrendTask, start: object) -> tuple[Held, bool]:
    """What was held at the last stored close before `start`, and whether there is one."""
    if stored is None or start is None:
        return FLAT, False
    mine = stored[(stored["symbol"] == task.symbol) & (stored["strategy"] == task.unit.name)]
    before = mine[mine["date"] < str(start)]
    if before.empty:
        return FLAT, False
    return held_after({str(k): v for k, v in before.to_dict("records")[-1].items()}), True


def _charts(accounts: list[TrendAccount]) -> dict[str, bytes]:
    pairs = dict.fromkeys((account.strategy, account.symbol) for account in accounts)
    return {
        f"{strategy} {symbol}": comparison_plot([a for a in accounts if (a.strategy, a.symbol) == (strategy, symbol)])
        for strategy, symbol in pairs
    }


def comparison_plot(accounts: list[TrendAccount]) -> bytes:
    """The variants of one strategy on one symbol against buy and hold, as PNG."""
    first = accounts[0]
    curves = {first.variant: _curve(first, "equity"), "buy and hold": _curve(first, "buy_and_hold")}
    curves |= {a.variant: _curve(a, "equity") for a in accounts[1:]}
    simulated = "simulated" in str(first.equity["source"].iloc[0])
    return comparison(pd.DataFrame(curves), marked(f"{first.strategy} {first.symbol}", first.execution), simulated)


def _curve(account: TrendAccount, column: str) -> pd.Series:
    return account.equity.set_index("date")[column]


def _notes(accounts: list[TrendAccount]) -> dict[str, str]:
    return {f"{a.strategy} {a.symbol} {a.variant}": "; ".join(a.notes) for a in accounts if a.notes}


def _day(rows: pd.DataFrame) -> str:
    return str(rows["date"].max().date()) if len(rows) else "none"

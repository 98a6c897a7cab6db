"""Daily returns of accounts and symbols to VaR and ES forecasts, exceptions and their tests."""

from datetime import timedelta

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.config.risk import RiskConfig
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.orchestration.steps.trend import tasks
from etf_platform.risk.coverage import coverage_rows
from etf_platform.risk.exceptions import exception_rows
from etf_platform.risk.forecasts import forecast_rows

LONGEST_CLOSURE = 15  # days; the exchanges were never closed for longer
SHOWN = ["series", "method", "level", "n_forecasts", "n_breaches", "expected", "light", "status", "action"]


def write_forecasts(platform: Platform, universe: str, window: Window) -> Outcome:
    """Forecast the session after each of the window's days; everything up to it when nothing is stored."""
    tables = StepTables(platform, window)
    returns = daily_returns(platform, tables, universe)
    known = returns if window.end is None else returns[returns["date"] <= str(window.end)]
    start = tables.first_day(t.FORECASTS, universe, window)
    due = known["date"] if start is None else known.loc[known["date"] >= str(start), "date"]
    rows = forecast_rows(known, platform.config.risk, platform.sessions(universe).index, due.unique())
    tables.write_days(t.FORECASTS, universe, rows, window)
    last = rows[rows["date"] == rows["date"].max()]
    return tables.outcome(
        facts={"series": ", ".join(sorted(known["series"].unique())), "for": _for(rows)},
        frames={"forecasts": last[["series", "method", "level", "var", "es", "for_date"]]},
    )


def write_coverage(platform: Platform, universe: str, window: Window) -> Outcome:
    """Set the forecasts for the window's days against what happened, and test the last year of all of them."""
    tables = StepTables(platform, window)
    returns = daily_returns(platform, tables, universe)
    start = tables.first_day(t.EXCEPTIONS, universe, window)
    since = None if start is None else start - timedelta(days=LONGEST_CLOSURE)
    forecasts = tables.read(t.FORECASTS, universe, end=window.end, start=since)
    tables.write_days(t.EXCEPTIONS, universe, exception_rows(forecasts, returns), window)
    config = platform.config.risk
    tested = _tested(platform, universe, 2 * config.test_window)
    coverage = coverage_rows(tested, config, expected_groups(returns, config))
    tables.write(t.COVERAGE, universe, coverage)
    return tables.outcome(
        facts={"exceptions tested": int(tested["is_breach"].sum()), **coverage["status"].value_counts().to_dict()},
        frames={"coverage": coverage[SHOWN]},
    )


def expected_groups(returns: pd.DataFrame, config: RiskConfig) -> pd.DataFrame:
    """Series, method, level of every row that COVERAGE must have; what has no exceptions is BLOCKED, not left out."""
    last = returns.groupby("series", as_index=False)["source"].last()
    grid = pd.MultiIndex.from_product([config.methods, config.levels], names=["method", "level"]).to_frame(index=False)
    return last.merge(grid, how="cross")


def no_exceptions() -> pd.DataFrame:
    """The table EXCEPTIONS without rows."""
    frame = pd.DataFrame(columns=[column.name for column in t.EXCEPTIONS.columns])
    return frame.astype({"date": "datetime64[ns]", "is_breach": bool})


def _tested(platform: Platform, universe: str, days: int) -> pd.DataFrame:
    """Stored exceptions of the last days, also later ones than the window's: a rerun of a past day changes nothing."""
    if not platform.lake.exists(t.EXCEPTIONS, universe):
        return no_exceptions()
    end = platform.lake.last_day(t.EXCEPTIONS, universe)
    if end is None:
        return no_exceptions()
    return platform.lake.read(t.EXCEPTIONS, universe, start=end - timedelta(days=days), end=end)


def daily_returns(platform: Platform, tables: StepTables, universe: str) -> pd.DataFrame:
    """Daily simple returns of everything whose risk is forecast: date, series, return, source.

    A pool and the portfolio have one account, `rotation`; a universe its strategies, and its members held.
    """
    if universe not in platform.config.universes.universes:
        equity = tables.read(t.EQUITY, universe)
        return _returns(equity["date"], equity["portfolio_value"], "rotation", equity["source"])
    return pd.concat([_strategies(platform, tables, universe), _members(platform, tables, universe)], ignore_index=True)


def _strategies(platform: Platform, tables: StepTables, universe: str) -> pd.DataFrame:
    equity = tables.read(t.TREND_EQUITY, universe)
    parts = []
    for task in tasks(platform, universe):
        is_mine = (equity["strategy"] == task.unit.name) & (equity["symbol"] == task.symbol)
        mine = equity[is_mine & (equity["variant"] == task.variant)]
        parts.append(_returns(mine["date"], mine["equity"], task.series, mine["source"]))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _members(platform: Platform, tables: StepTables, universe: str) -> pd.DataFrame:
    bars = tables.read(t.BARS, universe)
    traded = platform.config.universes.universes[universe].traded
    held = bars[bars["symbol"].isin(traded)]
    parts = [
        _returns(rows["date"], rows["close"] * rows["adj_factor"], str(symbol), rows["source"])
        for symbol, rows in held.groupby("symbol")
    ]
    return pd.concat(parts, ignore_index=True)


def _returns(dates: pd.Series, values: pd.Series, series: str, source: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "date": dates.to_numpy(),
            "series": series,
            "return": values.pct_change().to_numpy(),
            "source": source.to_numpy(),
        }
    )
    return frame.iloc[1:].reset_index(drop=True)


def _for(rows: pd.DataFrame) -> str:
    return str(rows["for_date"].max().date()) if len(rows) else "none"

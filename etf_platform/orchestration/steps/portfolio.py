"""The pools' accounts to the combined portfolio: account, months, figures, summary, KPI."""

import pandas as pd

from etf_platform.backtest.aggregate import Blend, missing_pools, pool_summary, portfolio_equity
from etf_platform.backtest.metrics import figures_of, metric_rows
from etf_platform.backtest.months import pool_months
from etf_platform.core import tables as t
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.backtest import next_session
from etf_platform.orchestration.steps.pictures import keep
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.plots import equity_and_drawdown, monthly_heat_map


def write_rotation(platform: Platform, universe: str, window: Window) -> Outcome:
    """The combined account from the pools' daily values.

    Nothing is written while a pool with a weight has no account up to the window's end: the fuses, the summary and the
    report then say BLOCKED.
    """
    tables = StepTables(platform, window)
    equities = pool_equities(platform, tables, window)
    blend = blend_of(platform, equities)
    if missing := missing_pools(equities, blend.weights):
        return tables.outcome(facts={"state": "BLOCKED", "reason": f"no current account of {', '.join(missing)}"})
    equity = portfolio_equity(equities, blend)
    stored = {pool: tables.read(t.MONTHS, pool) for pool, frame in equities.items() if frame is not None}
    months = pool_months(stored, dict(blend.weights))
    figures = figures_of(equity, blend.risk_free, blend.next_session)
    for table, frame in (
        (t.EQUITY, equity),
        (t.MONTHS, months),
        (t.METRICS, metric_rows(figures, str(equity["source"].iloc[0]))),
    ):
        tables.write(table, universe, frame)
    return tables.outcome(
        facts={name: round(value, 6) for name, value in figures.items()},
        plots=keep(
            platform,
            t.EQUITY,
            universe,
            {
                "equity and drawdown": equity_and_drawdown(equity, universe),
                "monthly returns": monthly_heat_map(months, universe),
            },
        ),
    )


def write_summary(platform: Platform, universe: str, window: Window) -> Outcome:
    """One row of figures per pool and for the portfolio."""
    tables = StepTables(platform, window)
    equities = pool_equities(platform, tables, window)
    thresholds = platform.config.etf_pools.ci_thresholds
    rows = pool_summary(equities, blend_of(platform, equities), thresholds, platform.source_label)
    tables.write(t.POOL_SUMMARY, universe, rows)
    return tables.outcome(frames={"pools": rows.drop(columns=["source", "method"])})


def pool_equities(platform: Platform, tables: StepTables, window: Window) -> dict[str, pd.DataFrame | None]:
    """Every pool's account; None where there is none, or where it ends before the window does."""
    read = {pool: tables.read_if_there(t.EQUITY, pool) for pool in platform.config.pools}
    return {pool: frame if is_current(frame, window) else None for pool, frame in read.items()}


def is_current(frame: pd.DataFrame | None, window: Window) -> bool:
    """Whether a dated table reaches the window's end."""
    return frame is not None and (window.end is None or frame["date"].max() >= pd.Timestamp(window.end))


def blend_of(platform: Platform, equities: dict[str, pd.DataFrame | None]) -> Blend:
    """How the pools become the portfolio."""
    settings = platform.config.etf_pools
    lasts = [frame for frame in equities.values() if frame is not None]
    return Blend(
        weights=dict(settings.strategy.portfolio.weights),
        capital=settings.costs.initial_capital,
        risk_free=settings.costs.risk_free,
        exec_mode=settings.strategy.backtest.exec_mode,
        next_session=min((next_session(platform, "", frame) for frame in lasts), default=None),
    )

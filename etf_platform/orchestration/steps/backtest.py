"""Targets and bars to the rotation account, its figures and its capacity."""

from datetime import UTC, datetime

import pandas as pd

from etf_platform.backtest.capacity import Facts, Limits, capacity_report, capacity_rows, capacity_state, limits_of
from etf_platform.backtest.metrics import figures_of, metric_rows
from etf_platform.backtest.months import month_rows
from etf_platform.backtest.rotation import Account, run_rotation
from etf_platform.backtest.terms import Terms, terms_of
from etf_platform.core import tables as t
from etf_platform.core.config import Config
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.pictures import keep
from etf_platform.orchestration.steps.strategies import with_limit_rates
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.plots import equity_and_drawdown, monthly_heat_map, weights_over_time

ATTEMPTS = 5


def write_rotation(platform: Platform, pool: str, window: Window) -> Outcome:
    """Run the account over everything stored.

    Another run may write targets meanwhile; then the account is made again, so that the last one stored saw them all.
    """
    for _ in range(ATTEMPTS):
        tables = StepTables(platform, window)
        outcome = _write_rotation(platform, pool, tables)
        if tables.unchanged_since_read():
            break
    return outcome


def _write_rotation(platform: Platform, pool: str, tables: StepTables) -> Outcome:
    account, months, figures = rotation_of(
        platform, pool, platform.config, tables.read(t.BARS, pool), tables.read(t.TARGETS, pool)
    )
    metrics = metric_rows(figures, str(account.equity["source"].iloc[0]))
    for table, frame in (
        (t.EQUITY, account.equity),
        (t.REBALANCES, account.rebalances),
        (t.FILLS, account.fills),
        (t.POSITIONS, account.positions),
        (t.MONTHS, months),
        (t.METRICS, metrics),
    ):
        tables.write(table, pool, frame)
    return tables.outcome(
        facts={name: round(value, 6) for name, value in figures.items()} | _facts(account),
        plots=keep(
            platform,
            t.EQUITY,
            pool,
            {
                "equity and drawdown": equity_and_drawdown(account.equity, pool),
                "monthly returns": monthly_heat_map(months, pool),
                "weights": weights_over_time(account.positions, pool),
            },
        ),
        frames={"metrics": metrics[["metric", "value", "unit"]]},
    )


def rotation_of(
    platform: Platform, pool: str, config: Config, bars: pd.DataFrame, targets: pd.DataFrame
) -> tuple[Account, pd.DataFrame, dict[str, float]]:
    """The account of targets on bars under the terms of a configuration, its MONTHS, and its figures."""
    span = platform.sessions(pool).between(bars["date"].min(), bars["date"].max())
    account = run_rotation(targets, with_limit_rates(config, bars), terms(config), span)
    following = next_session(platform, pool, account.equity)
    figures = figures_of(account.equity, config.etf_pools.costs.risk_free, following)
    return account, month_rows(account, bars, following), figures


def terms(config: Config) -> Terms:
    """Terms of trade as configured."""
    return terms_of(config.etf_pools, config.instruments.instruments, config.strategies.rotation.cost_tier)


def next_session(platform: Platform, pool: str, equity: pd.DataFrame) -> str:
    """ISO date of the session after the last row: tells whether the last month is complete."""
    return str(platform.sessions(pool).next(equity["date"].max()).date())


def write_capacity(platform: Platform, pool: str, window: Window) -> Outcome:
    """Judge the latest holdings against the pool's limits."""
    tables = StepTables(platform, window)
    rebalances = tables.read(t.REBALANCES, pool)
    bars = tables.read(t.BARS, pool, columns=["date", "symbol", "close", "amount", "source"])
    limits = limits_of(platform.config.etf_pools, pool)
    rows = capacity_rows(rebalances, bars, limits, facts_of(platform.config))
    tables.write(t.CAPACITY, pool, rows)
    return tables.outcome(
        facts=_capacity_facts(rows, limits), frames={"limits": rows[["type", "item", "value", "limit", "status"]]}
    )


def facts_of(config: Config) -> Facts:
    """Sector and category of every fund."""
    sectors = {symbol: fund.sector for symbol, fund in config.instruments.instruments.items()}
    return Facts(sectors, config.etf_pools.etf_categories)


def report_of(rows: pd.DataFrame, pool: str, limits: Limits, original_compatible: bool = False) -> object:
    """`capacity_constraints_report.json`."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return capacity_report(rows, pool, limits, stamp, original_compatible)


def _facts(account: Account) -> dict[str, object]:
    fills = account.fills
    return {
        "rebalances": len(account.rebalances),
        "fills": int((fills["status"] == "filled").sum()),
        "not filled": fills.loc[fills["status"] != "filled", "status"].value_counts().to_dict(),
        "from": str(account.equity["date"].iloc[0].date()),
        "to": str(account.equity["date"].iloc[-1].date()),
    }


def _capacity_facts(rows: pd.DataFrame, limits: Limits) -> dict[str, object]:
    broken = rows.loc[rows["status"] != "PASS", "message"]
    return {
        "state": str(capacity_state(rows)),
        "violations": "; ".join(broken) or "none",
        "capital": limits.target_capital,
        "outside the portfolio": limits.outside_portfolio,
    }

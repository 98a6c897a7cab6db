"""The rotation account to what its fills, its bets by sector and its factors earned."""

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.config import Config
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.factors import scored_factors
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.plots.attribution import attribution_waterfall
from etf_platform.risk.attribution.brinson import brinson_rows
from etf_platform.risk.attribution.factors import factor_attribution_rows
from etf_platform.risk.attribution.rotation import Booking, attribute_rotation
from etf_platform.risk.attribution.summary import brinson_totals, by_period, factor_totals
from etf_platform.risk.attribution.weights import account_returns, active_weights, fund_returns

STRATEGY = "rotation"


def write_attribution(platform: Platform, pool: str, window: Window) -> Outcome:
    """By fill, against the equal-weight pool by sector, and by the scored factors, over the whole account."""
    tables = StepTables(platform, window)
    bars, equity = tables.read(t.BARS, pool), tables.read(t.EQUITY, pool)
    fills, positions = tables.read(t.FILLS, pool), tables.read(t.POSITIONS, pool)
    by_fill = attribute_rotation(fills, positions, equity, bars, booking_of(platform.config))
    returns, account = fund_returns(bars), account_returns(equity)
    weights = active_weights(positions, equity, returns)
    source = str(equity["source"].iloc[-1])
    by_sector = brinson_rows(weights, sectors_of(platform.config), source, account)
    factors = list(dict.fromkeys(factor.column for factor in scored_factors(platform, pool, tables)))
    panel = tables.read(t.PANEL, pool, columns=["date", "symbol", "source", *factors])
    by_factor = factor_attribution_rows(panel, weights, returns, factors, account)
    for table, rows in ((t.FILL_ATTRIBUTION, by_fill), (t.BRINSON, by_sector), (t.FACTOR_ATTRIBUTION, by_factor)):
        tables.write(table, pool, rows)
    return _outcome(tables, pool, by_fill, by_sector, by_factor)


def booking_of(config: Config) -> Booking:
    """How the rotation account books slippage, and the sectors of its funds."""
    costs = config.etf_pools.costs
    whole = costs.commission + costs.slippage
    return Booking(STRATEGY, "close", costs.slippage / whole if whole else 0.0, sectors_of(config))


def sectors_of(config: Config) -> dict[str, str]:
    """Symbol to sector."""
    return {symbol: fund.sector for symbol, fund in config.instruments.instruments.items()}


def _outcome(
    tables: StepTables, pool: str, by_fill: pd.DataFrame, by_sector: pd.DataFrame, by_factor: pd.DataFrame
) -> Outcome:
    totals = by_period(by_fill, "all")
    groups, factors = brinson_totals(by_sector), factor_totals(by_factor)
    return tables.outcome(
        facts={
            "coverage": float(totals["coverage"].iloc[-1]),
            "net result": float(totals["net_pnl"].sum()),
            "residual": float(totals["residual"].sum()),
            "active return by sector": float(groups["total"].sum()),
        },
        plots={"by fill": attribution_waterfall(totals, pool)},  # the others are drawn once a week, for the report
        frames={"by sector": groups, "by factor": factors},
    )

"""The rotation account to what its fills, its bets by sector and its factors earned."""

from etf_platform.core import tables as t
from etf_platform.core.config import Config
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.factors import scored_factors
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.plots.attribution import attribution_waterfall, brinson_effects, factor_contributions
from etf_platform.risk.attribution.brinson import brinson_rows
from etf_platform.risk.attribution.factors import factor_attribution_rows
from etf_platform.risk.attribution.rotation import Booking, attribute_rotation
from etf_platform.risk.attribution.summary import brinson_totals, by_period, factor_totals
from etf_platform.risk.attribution.weights import account_returns, active_weights, fund_returns

STRATEGY = "rotation"


def write_attribution(platform: Platform, pool: str, window: Window) -> Outcome:
    """By fill, over the whole account."""
    tables = StepTables(platform, window)
    fills, positions = tables.read(t.FILLS, pool), tables.read(t.POSITIONS, pool)
    equity, bars = tables.read(t.EQUITY, pool), tables.read(t.BARS, pool)
    rows = attribute_rotation(fills, positions, equity, bars, booking_of(platform.config))
    tables.write(t.FILL_ATTRIBUTION, pool, rows)
    totals = by_period(rows, "all")
    return tables.outcome(
        facts={
            "coverage": float(totals["coverage"].iloc[-1]),
            "net result": float(totals["net_pnl"].sum()),
            "residual": float(totals["residual"].sum()),
        },
        plots={"by fill": attribution_waterfall(totals, pool)},
    )


def write_effects(platform: Platform, pool: str, window: Window) -> Outcome:
    """Against the equal-weight pool by sector, and by the scored factors, over the whole account."""
    tables = StepTables(platform, window)
    equity, bars = tables.read(t.EQUITY, pool), tables.read(t.BARS, pool)
    returns, account = fund_returns(bars), account_returns(equity)
    weights = active_weights(tables.read(t.POSITIONS, pool), equity, returns)
    by_sector = brinson_rows(weights, sectors_of(platform.config), str(equity["source"].iloc[-1]), account)
    factors = list(dict.fromkeys(factor.column for factor in scored_factors(platform, pool, tables)))
    panel = tables.read(t.PANEL, pool, columns=["date", "symbol", "source", *factors])
    by_factor = factor_attribution_rows(panel, weights, returns, factors, account)
    tables.write(t.BRINSON, pool, by_sector)
    tables.write(t.FACTOR_ATTRIBUTION, pool, by_factor)
    groups, sums = brinson_totals(by_sector), factor_totals(by_factor)
    return tables.outcome(
        facts={"active return, linked": float(groups["total"].sum())},
        plots={"by sector": brinson_effects(groups, pool), "by factor": factor_contributions(sums, pool)},
        frames={"by sector": groups, "by factor": sums},
    )


def booking_of(config: Config) -> Booking:
    """How the rotation account books slippage, and the sectors of its funds."""
    costs = config.etf_pools.costs
    whole = costs.commission + costs.slippage
    return Booking(STRATEGY, "close", costs.slippage / whole if whole else 0.0, sectors_of(config))


def sectors_of(config: Config) -> dict[str, str]:
    """Symbol to sector."""
    return {symbol: fund.sector for symbol, fund in config.instruments.instruments.items()}

"""The rotation account to what its fills, its bets by sector and its factors earned."""

import inspect
from typing import TypeAlias

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.config import Config
from etf_platform.measures import attribution as measured
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.factors import scored_factors
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.reports.plots.attribution import attribution_waterfall, brinson_effects, factor_contributions
from etf_platform.risk.attribution import fills as attributed_fills
from etf_platform.risk.attribution import prices, rotation
from etf_platform.risk.attribution.brinson import brinson_rows
from etf_platform.risk.attribution.factors import factor_attribution_rows
from etf_platform.risk.attribution.rotation import Booking, attribute_rotation
from etf_platform.risk.attribution.summary import brinson_totals, by_period, factor_totals
from etf_platform.risk.attribution.weights import account_returns, active_weights, fund_returns
from etf_platform.storage.scan import to_pandas
from etf_platform.storage.settled import is_noted, note, rows_digest

STRATEGY = "rotation"
Account: TypeAlias = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]
"""Fills, positions, equity, and the pool's bars."""


def write_attribution(platform: Platform, pool: str, window: Window) -> Outcome:
    """By fill, over the whole account."""
    tables = StepTables(platform, window)
    fills, positions = tables.read(t.FILLS, pool), tables.read(t.POSITIONS, pool)
    equity, bars = tables.read(t.EQUITY, pool), tables.read(t.BARS, pool)
    rows = _rows(platform, pool, (fills, positions, equity, bars))
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


def _rows(platform: Platform, pool: str, account: Account) -> pd.DataFrame:
    """All rows; those of the years that are over as stored, where what they were made of is the same bit for bit."""
    booking, last = booking_of(platform.config), account[2]["date"].max()
    since = pd.Timestamp(last.year, 1, 1)
    made_of = _made_of(account, since, booking)
    path = platform.workspace.home / "cache" / "settled" / t.FILL_ATTRIBUTION.address(pool) / "years_over.txt"
    stored = _stored(platform, pool, since)
    if booking.horizon == "close" and len(stored) and is_noted(path, f"{made_of} {rows_digest(stored)}"):
        late = attribute_rotation(*account, booking, since)
        if len(late):
            return pd.concat([stored, late], ignore_index=True)
    rows = attribute_rotation(*account, booking)
    conformed = t.FILL_ATTRIBUTION.conform(rows[rows["date"] < since])
    note(path, f"{made_of} {rows_digest(to_pandas(conformed))}")
    return rows


def _made_of(account: Account, since: pd.Timestamp, booking: Booking) -> str:
    """Digest of what rows before a day follow from: earlier rows of the account and its bars, settings and code."""
    earlier = [_before(frame, since) for frame in account[:3]]
    bars = _before(account[3][["date", "symbol", "open", "close", "adj_factor"]], since)
    code = "".join(inspect.getsource(module) for module in (rotation, prices, attributed_fills, measured))
    text = f"{booking} {pd.__version__} {code}"
    return rows_digest(*earlier, bars, pd.DataFrame({"text": [text], "source": [str(account[2]["source"].iloc[0])]}))


def _before(frame: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Rows before a day; a slice where rows stand by date."""
    if frame["date"].is_monotonic_increasing:
        return frame.iloc[: int(frame["date"].searchsorted(day))]
    return frame[frame["date"] < day]


def _stored(platform: Platform, pool: str, since: pd.Timestamp) -> pd.DataFrame:
    if not platform.lake.exists(t.FILL_ATTRIBUTION, pool):
        return t.FILL_ATTRIBUTION.no_rows()
    stored = platform.lake.read(t.FILL_ATTRIBUTION, pool)
    return _before(stored, since).reset_index(drop=True)


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

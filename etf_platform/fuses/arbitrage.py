"""Fuses on the limit-up tracker's tables: all stocks there, their limits known, holdings not too old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etf_platform.core.states import State
from etf_platform.core.units.fuse import FuseContext, Reading, fuse

if TYPE_CHECKING:
    import pandas as pd


@fuse(guards="arbitrage/board_counts", on_fail="halt", limit=0.95, scope="stocks")
def stocks_are_all_there(board_counts: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """About as many stocks traded as on the session before. Observed is the share.

    A reply cut short loses hundreds of stocks, suspensions of one day a few in a thousand: between two sessions of 2020
    to 2024 the least share was 0.9967 (2022-05-05, after the season of annual reports). The first session passes.
    """
    as_of = context.need("as_of")
    daily = board_counts[board_counts["board"] == "all"].set_index("date")["stocks"]
    last = daily.index.max()
    if last != as_of:
        return Reading(None, state=State.BLOCKED, reason=f"the last session counted is {last:%Y-%m-%d}")
    before = daily[daily.index < as_of]
    if before.empty:
        return Reading(1.0, passed=True)
    share = float(daily[as_of]) / float(before.iloc[-1])
    reason = f"{daily[as_of]} stocks on {as_of:%Y-%m-%d}, {before.iloc[-1]} on {before.index[-1]:%Y-%m-%d}"
    return Reading(share, passed=share >= limit, reason="" if share >= limit else reason)


@fuse(guards="arbitrage/board_counts", on_fail="halt", limit=0.02, scope="stocks")
def limits_are_known(board_counts: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """The price limit of nearly every stock is known. Observed is the share of stocks without one that should have one.

    Reference prices that do not come, or a board without a rule, make many unknown at once; the worst recorded day of
    2020 to 2024 has one stock of 3,600 (0.03 %, a listing that was resumed and has a rule of its own).
    """
    as_of = context.need("as_of")
    today = board_counts[(board_counts["board"] == "all") & (board_counts["date"] == as_of)]
    if today.empty:
        return Reading(None, state=State.BLOCKED, reason=f"nothing was counted on {as_of:%Y-%m-%d}")
    unknown, stocks = int(today["unknown"].iloc[0]), int(today["stocks"].iloc[0])
    share = unknown / stocks
    reason = f"{unknown} of {stocks} stocks have no known limit on {as_of:%Y-%m-%d}"
    return Reading(share, passed=share <= limit, reason="" if share <= limit else reason)


@fuse(guards="market/fund_holdings", on_fail="warn", limit=180, scope="funds")
def holdings_are_fresh(fund_holdings: pd.DataFrame, limit: float, context: FuseContext) -> Reading:
    """No fund's newest published holdings are older than half a year. Observed is the greatest age in days.

    A fund publishes every quarter, at the latest 60 days after its half year: what is older was not fetched. Signals on
    such holdings lose their quality points; a back-test only uses what had been published and is not touched.
    """
    as_of = context.need("as_of")
    known = fund_holdings[fund_holdings["published_at"] <= as_of]
    if known.empty:
        return Reading(None, state=State.BLOCKED, reason=f"no holdings had been published by {as_of:%Y-%m-%d}")
    ages = (as_of - known.groupby("symbol")["as_of"].max()).dt.days
    old = ages[ages > limit].sort_values(ascending=False)
    named = [f"{fund} {age} days" for fund, age in old.items()]
    return Reading(float(ages.max()), passed=not named, reason=", ".join(named), details={"old": named})

"""Candidates: each watched stock with a standing episode, paired with every fund that holds enough of it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from etf_platform.arbitrage import clock, funds, holdings
from etf_platform.arbitrage.funds import FundView
from etf_platform.arbitrage.inputs import Market
from etf_platform.core.units.arbitrage import Candidate


def sealed_stocks(market: Market) -> dict[str, dict[Any, Any]]:
    """State rows of the watched stocks that stand in an episode and are known to be at their limit, by symbol."""
    states = market.states
    at_limit = states["at_limit"].astype("boolean").fillna(False).to_numpy(dtype=bool)
    rows = states[at_limit & states["symbol"].isin(market.watch & set(market.episodes)).to_numpy()]
    return dict(sorted(funds.by_symbol(rows).items()))


def holders(market: Market, stocks: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Funds with at least `min_weight` of each stock, largest weight first: rows of the known holdings."""
    enough = market.known[
        market.known["stock"].isin(stocks) & (market.known["weight"] >= market.settings.strategy.min_weight)
    ]
    return holdings.stock_map(enough)


def candidates(
    market: Market, state: Mapping[Any, Any], rows: pd.DataFrame, views: Mapping[str, FundView]
) -> list[Candidate]:
    """One candidate per fund that holds the stock, as `holders` orders them."""
    return [_candidate(market, state, row, views[str(row["symbol"])]) for row in rows.to_dict("records")]


def _candidate(market: Market, state: Mapping[Any, Any], row: Mapping[Any, Any], view: FundView) -> Candidate:
    rank = funds.number(row, "rank")
    until = market.continuous_until.get(view.etf)
    return Candidate(
        stock=str(state["symbol"]),
        etf=view.etf,
        weight=float(row["weight"]),
        rank=int(rank) if rank is not None and rank >= 1 else None,
        top10_ratio=view.top10_ratio,
        seconds_to_close=clock.seconds_to_close(market.now, market.settings.trading_hours, until),
        hour=clock.local(market.now).hour,
        amount=view.amount,
        projected_amount=view.projected_amount,
        premium=view.premium,
        seal_amount=funds.number(state, "seal_amount"),
    )

"""What one fund looks like at one moment: price, premium, projected turnover, expected edge, trust in its holdings.

Here: everything that depends on the fund and not on which of its stocks raised the question. Not here: words, choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from etf_platform.arbitrage import economics, holdings, iopv, pace
from etf_platform.arbitrage.expectation import gains
from etf_platform.arbitrage.inputs import Market


@dataclass(frozen=True)
class FundView:
    """A fund at one moment; None is unknown.

    Attributes
    ----------
    price, amount, projected_amount : float or None
        Yuan per share (None while nothing has traded today), turnover so far and projected for the day.
    is_pace_estimated : bool
        The projection rests on the default curve, not on the fund's own sessions.
    worth : Worth
        Value of a share, the feed's or ours.
    premium : float or None
        Fraction.
    edge : Edge
        Over all its sealed holdings.
    quality, top10_ratio : float or None
        Trust in the holdings, 0 to 1; sum of the ten largest weights.
    sum_weight : float
        Sum of the weights of its sealed holdings; `stocks_at_limit` of them.
    """

    etf: str
    name: str
    price: float | None
    amount: float | None
    projected_amount: float | None
    is_pace_estimated: bool
    worth: iopv.Worth
    premium: float | None
    edge: economics.Edge
    quality: float | None
    top10_ratio: float | None
    sum_weight: float
    stocks_at_limit: int
    source: str


@dataclass(frozen=True)
class _Shared:
    """What is the same for all funds of a look."""

    market: Market
    returns: Mapping[str, float]
    gains: Mapping[str, float | None]
    quality: pd.Series
    top10: pd.Series


def views(market: Market, etfs: frozenset[str]) -> dict[str, FundView]:
    """A view of each of the funds; without a quote everything that the quote would say is None."""
    shared = _Shared(
        market,
        iopv.returns_of(market.states),
        expected_gains(market),
        holdings.quality(market.known, market.trade_date, market.settings.economics),
        holdings.top10_ratio(market.known),
    )
    quotes = by_symbol(market.funds)
    held = holdings.weights(market.known, etfs)
    return {etf: _view(shared, etf, weights, quotes.get(etf, {})) for etf, weights in held.items()}


def expected_gains(market: Market) -> dict[str, float | None]:
    """Expected extra return to the next open of every sealed stock; None where the history says nothing.

    Of several sessions in `expectations` the last one up to `trade_date` counts.
    """
    sealed = market.states[market.states["sealed"].astype("boolean").fillna(False).to_numpy(dtype=bool)]
    known = market.expectations
    known = known if known.empty else known[known["date"] <= pd.Timestamp(market.trade_date)]
    if known.empty:
        return dict.fromkeys(sealed["symbol"].astype(str), None)
    day = known["date"].max()
    values = gains(sealed.assign(date=day), known[known["date"] == day])
    pairs = zip(sealed["symbol"].astype(str), values.tolist(), strict=True)
    return {symbol: value if iopv.is_known(value) else None for symbol, value in pairs}


def seal_ratio(row: Mapping[Any, Any]) -> float | None:
    """Seal amount / value of the tradable shares; None where one of them is unknown."""
    amount, cap = number(row, "seal_amount"), number(row, "float_cap")
    return None if amount is None or cap is None or cap <= 0.0 else amount / cap


def number(row: Mapping[Any, Any], name: str) -> float | None:
    """A number of a row, or None where it is absent or null."""
    value = row.get(name)
    return float(value) if value is not None and iopv.is_known(value) else None


def text(row: Mapping[Any, Any], name: str) -> str:
    """A text of a row, empty where it is absent or null."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def is_true(row: Mapping[Any, Any], name: str) -> bool:
    """Whether a flag of a row is known to be set."""
    return number(row, name) == 1.0


def by_symbol(frame: pd.DataFrame) -> dict[str, dict[Any, Any]]:
    """Rows by symbol; of several of one symbol the last counts."""
    return {str(row["symbol"]): row for row in frame.to_dict("records")}


def _view(shared: _Shared, etf: str, weights: Mapping[str, float], quote: Mapping[Any, Any]) -> FundView:
    market = shared.market
    price = number(quote, "last") if is_true(quote, "is_traded") else None
    amount = number(quote, "amount")
    nav = market.nav.get(etf, number(quote, "nav"))
    own = iopv.estimate(nav, weights, shared.returns, market.benchmark.get(etf))
    worth = iopv.worth(number(quote, "iopv"), own)
    premium = iopv.premium(price, worth.price)
    sealed = {stock: weight for stock, weight in weights.items() if stock in shared.gains}
    curve = market.curves.get(etf, pace.DEFAULT)
    share = pace.share(curve, market.now, market.settings.trading_hours)
    return FundView(
        etf=etf,
        name=market.names.get(etf) or text(quote, "name") or etf,
        price=price,
        amount=amount,
        projected_amount=pace.projected(amount, share),
        is_pace_estimated=curve.is_estimated,
        worth=worth,
        premium=premium,
        edge=economics.edge([(w, shared.gains[s]) for s, w in sealed.items()], premium, _costs(market, etf, quote)),
        quality=float(shared.quality[etf]),
        top10_ratio=float(shared.top10[etf]),
        sum_weight=sum(sealed.values()),
        stocks_at_limit=len(sealed),
        source=text(quote, "source"),
    )


def _costs(market: Market, etf: str, quote: Mapping[Any, Any]) -> economics.Costs:
    order = market.settings.risk_control.max_buy
    impact = economics.impact(market.sigma.get(etf), order, market.adv.get(etf))
    spread = economics.half_spread(number(quote, "bid1"), number(quote, "ask1"))
    return economics.Costs(market.settings.economics.fees_bps, spread, impact)

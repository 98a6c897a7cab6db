"""Orders of one session as the market would have taken them: sells first, then what the cash buys.

Sales that fail are tried every session until they succeed or another decision takes their place; purchases that fail
are dropped. A rule of T+1 needs no line: a session fills once and sells before it buys. Written apart from the
back-test's kernel on purpose: that the two agree is a test of both.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from etf_platform.core.ticks import limit_price, to_ticks
from etf_platform.paper.terms import (
    BELOW_LOT,
    BUY,
    FILLED,
    LIMIT_DOWN,
    LIMIT_UP,
    NO_CASH,
    NO_TRADE,
    SELL,
    Holding,
    Order,
    Quote,
    State,
    Terms,
)

ROUNDING = 1e-9  # lots: 9.9999999999 lots by rounding are ten


def quotes(bars: pd.DataFrame, terms: Terms) -> dict[str, Quote]:
    """The session's bars by symbol, with whether the price of fills stands at a daily limit.

    Parameters
    ----------
    bars : DataFrame
        One row per symbol: `symbol, open, close, prev_close, volume, adj_factor` and `limit_rate` (fraction, NaN for
        none); prices as traded.
    """
    fill = bars[terms.fills_at].to_numpy(dtype=np.float64)
    previous, rate = (bars[name].to_numpy(dtype=np.float64) for name in ("prev_close", "limit_rate"))
    ticks = to_ticks(fill)
    up = ticks >= to_ticks(limit_price(previous, rate, side="up"))
    down = ticks <= to_ticks(limit_price(previous, rate, side="down"))
    traded = np.isfinite(fill) & (bars["volume"].to_numpy(dtype=np.float64) > 0.0)
    columns = (fill, bars["close"], bars["adj_factor"], traded, up, down)
    rows = zip(*(np.asarray(column).tolist() for column in columns), strict=True)
    return {symbol: Quote(*row) for symbol, row in zip(bars["symbol"].tolist(), rows, strict=True)}


def modelled(state: State, due: pd.DataFrame | None, market: Mapping[str, Quote], terms: Terms) -> list[Order]:
    """Orders of a session and their fills.

    Parameters
    ----------
    state : State
        At the open: shares in units of the session's adjustment factor.
    due : DataFrame or None
        Decision that fills in this session: `date, symbol, weight, close`; None tries failed sales again.
    market : mapping of symbol to Quote

    Returns
    -------
    list of Order
        In the order of execution.
    """
    if due is None:
        return [_sale(s, p.shares, p.decided, market, terms) for s, p in sorted(state.pending.items())]
    value = state.cash + sum(h.shares * mark(s, h, market) for s, h in state.holdings.items())
    decided, weights = due["date"].iloc[0], dict(zip(due["symbol"], due["weight"], strict=True))
    sales = [
        order
        for symbol, held in sorted(state.holdings.items())
        if (order := _reduction(symbol, held, weights.get(symbol, 0.0), (value, decided), market, terms)) is not None
    ]
    closes = dict(zip(due["symbol"], due["close"], strict=True))
    lacks = _lacks(State(state.cash, _after(state.holdings, sales)), weights, value, market, terms)
    return [*sales, *_purchases(cash_after(state.cash, sales), lacks, closes, decided, market, terms)]


def mark(symbol: str, held: Holding, market: Mapping[str, Quote]) -> float:
    """Price at which a holding counts before trading: the session's fill price, else its last close."""
    quote = market.get(symbol)
    return quote.fill if quote is not None and math.isfinite(quote.fill) else held.close


def cash_after(cash: float, orders: Iterable[Order]) -> float:
    """Cash once these orders are paid, never below 0."""
    for order in orders:
        if order.shares > 0.0:
            value = order.shares * order.price
            cash = max(0.0, cash + (value if order.side == SELL else -value) - order.cost)
    return cash


def _after(holdings: Mapping[str, Holding], sales: Iterable[Order]) -> dict[str, Holding]:
    sold = {order.symbol: order.shares for order in sales}
    return {s: h._replace(shares=max(0.0, h.shares - sold.get(s, 0.0))) for s, h in holdings.items()}


def _reduction(
    symbol: str,
    held: Holding,
    weight: float,
    turn: tuple[float, pd.Timestamp],
    market: Mapping[str, Quote],
    terms: Terms,
) -> Order | None:
    value, decided = turn
    if weight == 0.0:
        return _sale(symbol, held.shares, decided, market, terms)
    price = mark(symbol, held, market)
    excess = held.shares * price - weight * value
    if excess <= 0.0 or excess < terms.min_weight_change * value:
        return None
    wanted = min(_lots(excess / price, terms.lot), held.shares)
    if wanted <= 0.0:
        return Order(symbol, decided, SELL, excess / price, 0.0, math.nan, 0.0, BELOW_LOT)
    return _sale(symbol, wanted, decided, market, terms)


def _sale(symbol: str, shares: float, decided: pd.Timestamp, market: Mapping[str, Quote], terms: Terms) -> Order:
    quote = market.get(symbol)
    if quote is None or not quote.is_traded:
        return Order(symbol, decided, SELL, shares, 0.0, math.nan, 0.0, NO_TRADE)
    if quote.is_at_down:
        return Order(symbol, decided, SELL, shares, 0.0, math.nan, 0.0, LIMIT_DOWN)
    cost = shares * quote.fill * terms.rate(symbol)
    return Order(symbol, decided, SELL, shares, shares, quote.fill, cost, FILLED)


def _lacks(
    state: State, weights: Mapping[str, float], value: float, market: Mapping[str, Quote], terms: Terms
) -> dict[str, float]:
    """What has to be bought, in CNY before costs, by symbol."""
    lacks = {}
    for symbol, weight in sorted(weights.items()):
        held = state.holdings.get(symbol)
        has = held.shares * mark(symbol, held, market) if held is not None else 0.0
        lack = weight * value - has
        if weight > 0.0 and lack > 0.0 and lack >= terms.min_weight_change * value:
            lacks[symbol] = lack
    return lacks


def _purchases(
    cash: float,
    lacks: Mapping[str, float],
    closes: Mapping[str, float],
    decided: pd.Timestamp,
    market: Mapping[str, Quote],
    terms: Terms,
) -> list[Order]:
    """When cash does not reach, every purchase shrinks by the same share."""
    orders = []
    for symbol, lack in lacks.items():
        quote = market.get(symbol)
        if quote is None or not quote.is_traded or quote.is_at_up:
            status = LIMIT_UP if quote is not None and quote.is_traded else NO_TRADE
            asked = _lots(lack / closes[symbol], terms.lot)
            orders.append(Order(symbol, decided, BUY, asked, 0.0, math.nan, 0.0, status))
    open_to = {symbol: lack for symbol, lack in lacks.items() if symbol not in {order.symbol for order in orders}}
    need = sum(lack * (1.0 + terms.rate(symbol)) for symbol, lack in open_to.items())
    share = 1.0 if need <= cash else cash / need
    for symbol, lack in open_to.items():
        orders.append(_purchase(symbol, lack, share, cash, decided, market[symbol].fill, terms))
        cash = cash_after(cash, orders[-1:])
    return orders


def _purchase(
    symbol: str, lack: float, share: float, cash: float, decided: pd.Timestamp, price: float, terms: Terms
) -> Order:
    rate, asked = 1.0 + terms.rate(symbol), _lots(lack / price, terms.lot)
    shares = _lots(share * lack / price, terms.lot)
    if shares * price * rate > cash:
        shares = shares - terms.lot if terms.lot > 0.0 else cash / (price * rate)
    if shares <= 0.0:
        status, ordered = (NO_CASH, asked) if asked > 0.0 else (BELOW_LOT, lack / price)
        return Order(symbol, decided, BUY, ordered, 0.0, math.nan, 0.0, status)
    return Order(symbol, decided, BUY, asked, shares, price, shares * price * terms.rate(symbol), FILLED)


def _lots(shares: float, lot: float) -> float:
    return math.floor(shares / lot + ROUNDING) * lot if lot > 0.0 else shares

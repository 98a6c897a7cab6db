"""The running account, one session at a time: a state and a session in; fills, the next state and its row out.

What was decided at the close of t fills in the session after it, on the terms of the rotation back-test. A session's
fills, once recorded or imported, are booked as they are and never modelled again. Not here: how orders fill (`orders`),
what is decided (`decisions`), reading and storing (`orchestration.steps.paper`).
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import PAPER_ACCOUNT, PAPER_FILLS
from etf_platform.paper.orders import cash_after, modelled, quotes
from etf_platform.paper.terms import (
    LIMIT_DOWN,
    MODELLED,
    NO_TRADE,
    SELL,
    SIDES,
    Holding,
    Order,
    PendingSale,
    Quote,
    State,
    Terms,
)


@dataclass(frozen=True)
class Session:
    """One session as the account meets it.

    Attributes
    ----------
    date : Timestamp
    bars : DataFrame
        The session's rows of `BARS` with `limit_rate`; none where nothing trades.
    exposure : float
        Multiplier decided at the session's close.
    source : str
        Where the prices are from.
    given : DataFrame or None
        Fills on record for the session, imported or left by a run that was cut; they are booked as they are.
    """

    date: pd.Timestamp
    bars: pd.DataFrame
    exposure: float
    source: str
    given: pd.DataFrame | None = None


@dataclass(frozen=True)
class Stepped:
    """Rows of `PAPER_FILLS`, the state after the close, and the one row of `PAPER_ACCOUNT`."""

    fills: pd.DataFrame
    state: State
    row: pd.DataFrame


def step(state: State, due: pd.DataFrame | None, session: Session, terms: Terms) -> Stepped:
    """Carry the account over one session.

    Parameters
    ----------
    state : State
        After the close before.
    due : DataFrame or None
        Rows of `PAPER_DECISIONS` that fill in this session; None when nothing was decided.
    session : Session
    terms : Terms

    Returns
    -------
    Stepped
        A function of its arguments alone.

    Raises
    ------
    BadInputError
        A weight is NaN or negative, or they exceed 1; a given fill sells what is not held or costs more than there is.
    """
    if due is not None:
        _check(due, session.date)
    market = quotes(session.bars, terms)
    opened = at_open(state, market)
    if session.given is None:
        orders = modelled(opened, due, market, terms)
        fills = _fill_rows(orders, session, terms)
    else:
        orders, fills = orders_of(session.given), session.given
        _check_bookable(opened, orders, session.date)
    closed = book(opened, orders, market)
    return Stepped(fills, closed, _account_row(closed, orders, market, session))


def at_open(state: State, market: Mapping[str, Quote]) -> State:
    """Dividends are reinvested and splits are neutral: shares grow by the ratio of the adjustment factor."""
    ratio = {s: _ratio(h, market.get(s)) for s, h in state.holdings.items()}
    return State(
        state.cash,
        {
            s: h if ratio[s] == 1.0 else Holding(h.shares * ratio[s], h.close, market[s].adj_factor)
            for s, h in state.holdings.items()
        },
        {s: p._replace(shares=p.shares * ratio.get(s, 1.0)) for s, p in state.pending.items()},
    )


def book(state: State, orders: Iterable[Order], market: Mapping[str, Quote]) -> State:
    """The state at the close: orders paid, holdings valued, failed sales kept for the next session."""
    ordered = sorted(orders, key=lambda order: (SIDES.index(order.side) == 0, order.symbol))
    shares = {s: h.shares for s, h in state.holdings.items()}
    for order in ordered:
        change = -order.shares if order.side == SELL else order.shares
        shares[order.symbol] = max(0.0, shares.get(order.symbol, 0.0) + change)
    bought = {order.symbol for order in ordered if order.side != SELL and order.shares > 0.0}
    held = {s: _valued(s, n, state, market, s in bought) for s, n in sorted(shares.items()) if n > 0.0}
    failed = {
        o.symbol: PendingSale(o.ordered - o.shares, o.decided)
        for o in ordered
        if o.side == SELL and o.status in (LIMIT_DOWN, NO_TRADE)
    }
    return State(cash_after(state.cash, ordered), held, failed)


def state_of(row: pd.Series, fills: pd.DataFrame) -> State:
    """The state after a recorded session, from its row of `PAPER_ACCOUNT` and its rows of `PAPER_FILLS`."""
    shares, marks = json.loads(row["positions"]), json.loads(row["marks"])
    held = {symbol: Holding(n, *marks[symbol]) for symbol, n in shares.items()}
    kept = fills[(fills["side"] == SELL) & fills["status"].isin((LIMIT_DOWN, NO_TRADE))]
    pending = {o.symbol: PendingSale(o.ordered - o.shares, o.decided) for o in orders_of(kept)}
    return State(float(row["cash"]), held, pending)


def orders_of(fills: pd.DataFrame) -> list[Order]:
    """Orders of rows of `PAPER_FILLS`."""
    names = ["symbol", "decision_date", "side", "ordered", "shares", "price", "cost", "status"]
    return [Order(*row) for row in fills[names].itertuples(index=False, name=None)]


def _check(due: pd.DataFrame, day: pd.Timestamp) -> None:
    weights = due["weight"]
    if not weights.map(math.isfinite).all() or (weights < 0.0).any() or weights.sum() > 1.0 + 1e-9:
        raise BadInputError(
            f"filling the decision of {due['date'].iloc[0]:%Y-%m-%d}",
            f"its weights sum to {weights.sum():g} or one is NaN or negative",
            "weights are fractions from 0 to 1 and sum to at most 1",
        )
    if (due["date"] >= day).any():
        raise BadInputError(f"filling the session {day:%Y-%m-%d}", "the decision is not older", "decide first")


def _check_bookable(state: State, orders: Iterable[Order], day: pd.Timestamp) -> None:
    doing, cash = f"booking the fills of {day:%Y-%m-%d}", state.cash
    for order in sorted(orders, key=lambda o: o.side, reverse=True):
        held = state.holdings.get(order.symbol)
        if order.side == SELL and order.shares > (held.shares if held else 0.0) + 1e-6:
            raise BadInputError(
                doing,
                f"{order.symbol}: {order.shares:g} sold, {held.shares if held else 0.0:g} held at the open",
                "correct the imported fills: what was bought on the day cannot be sold on it",
            )
        sign = 1.0 if order.side == SELL else -1.0
        cash += sign * order.shares * (order.price if order.shares > 0.0 else 0.0) - order.cost
    if cash < -0.005:
        raise BadInputError(doing, f"cash would be {cash:.2f}", "correct the imported fills or the account's capital")


def _ratio(held: Holding, quote: Quote | None) -> float:
    if quote is None or not math.isfinite(quote.adj_factor) or quote.adj_factor == held.adj_factor:
        return 1.0
    return quote.adj_factor / held.adj_factor


def _valued(symbol: str, shares: float, state: State, market: Mapping[str, Quote], is_bought: bool) -> Holding:
    quote, held = market.get(symbol), state.holdings.get(symbol)
    has_close = quote is not None and math.isfinite(quote.close)
    if held is None or (is_bought and quote is not None):
        if quote is None or not has_close:
            raise BadInputError(f"valuing {symbol}", "it was bought in a session without a bar", "correct the fills")
        return Holding(shares, quote.close, quote.adj_factor)
    return Holding(shares, quote.close if quote is not None and has_close else held.close, held.adj_factor)


def _fill_rows(orders: Iterable[Order], session: Session, terms: Terms) -> pd.DataFrame:
    rows = [
        {
            "date": session.date,
            "symbol": o.symbol,
            "order_id": f"{terms.account}-{o.decided:%Y%m%d}-{session.date:%Y%m%d}-{o.symbol}-{o.side}",
            "decision_date": o.decided,
            "side": o.side,
            "ordered": o.ordered,
            "shares": o.shares,
            "price": o.price,
            "value": o.shares * o.price if o.shares > 0.0 else 0.0,
            "cost": o.cost,
            "status": o.status,
            "origin": MODELLED,
            "source": session.source,
        }
        for o in orders
    ]
    if not rows:
        return PAPER_FILLS.no_rows()
    return pd.DataFrame(rows).sort_values("order_id", ignore_index=True)


def _account_row(state: State, orders: Iterable[Order], market: Mapping[str, Quote], session: Session) -> pd.DataFrame:
    value = sum(h.shares * h.close for h in state.holdings.values())
    stale = [s for s in state.holdings if s not in market or not math.isfinite(market[s].close)]
    row = {
        "date": session.date,
        "nav": state.cash + value,
        "cash": state.cash,
        "holdings": float(value),
        "cost": float(sum(o.cost for o in orders)),
        "exposure": session.exposure,
        "n_positions": len(state.holdings),
        "n_stale": len(stale),
        "positions": json.dumps({s: h.shares for s, h in state.holdings.items()}),
        "marks": json.dumps({s: [h.close, h.adj_factor] for s, h in state.holdings.items()}),
        "source": session.source,
    }
    return pd.DataFrame([row])[[c.name for c in PAPER_ACCOUNT.columns]]

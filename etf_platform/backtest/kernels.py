"""The account, session by session, on dense session x symbol matrices. Plain loops compiled by numba.

Only arithmetic stands here: `rotation` turns rows into matrices and logs into rows. The research loop stands in
`sweep_kernels`, apart on purpose: this one knows lots, limits, suspensions and retries, that one knows none of them and
is many times faster. Where their conventions meet they agree (tested).
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from etf_platform.backtest.matrices import Market, Rules

# Positions in `rotation.SIDE` and `rotation.STATUS`. NumPy integers: numba compiles a function once per Python literal.
BUY, SELL = np.arange(2)
FILLED, LIMIT_UP, LIMIT_DOWN, NO_TRADE, NO_CASH, BELOW_LOT = np.arange(6)
LOT_SLACK = 1e-9  # lots: 999.9999999999 lots by rounding are 1,000


class Book(NamedTuple):
    """State per symbol. `pending` are shares that a failed sale still has to sell, for decision `pending_of`."""

    shares: np.ndarray
    pending: np.ndarray
    pending_of: np.ndarray
    last_close: np.ndarray
    last_adj: np.ndarray


class Desk(NamedTuple):
    """All that a trade reads and changes. `purse` is cash, and the cost and the traded value of the session, in CNY."""

    market: Market
    rules: Rules
    book: Book
    purse: np.ndarray
    fills: np.ndarray


class Turn(NamedTuple):
    """One rebalance: its session, its decision, and the account value before trading."""

    t: int
    decision: int
    value: float


@njit(cache=True)
def run(market, plan, rules, capital):
    """Carry the account through every session.

    Returns
    -------
    days : ndarray of shape (n_sessions, 7)
        Value, holdings, cash (CNY, at the close), cost (CNY), one-way turnover (fraction), funds held, funds stale.
    fills : ndarray of shape (n_orders, 8)
        Decision, session, symbol, side, shares, price, cost, status; price NaN when not filled.
    held : ndarray of shape (n_holdings, 5)
        Session, symbol, shares, price of valuation, 1 when stale.
    """
    n_sessions, n = market.close.shape
    book = Book(np.zeros(n), np.zeros(n), np.full(n, -1, np.int64), np.full(n, np.nan), np.full(n, np.nan))
    purse = np.array([capital, 0.0, 0.0])
    days = np.zeros((n_sessions, 7))
    fills, held = np.empty((4 * n, 8)), np.empty((4 * n, 5))
    n_fills, n_held = np.int64(0), np.int64(0)
    for t in range(n_sessions):
        fills, held = _with_room(fills, n_fills + 2 * n), _with_room(held, n_held + n)
        desk = Desk(market, rules, book, purse, fills)
        purse[1], purse[2] = 0.0, 0.0
        _adjust(market, book, t)
        value = purse[0] + _holdings(market.fill, book, t)
        if plan.decision[t] >= 0:
            n_fills = _rebalance(desk, Turn(t, plan.decision[t], value), plan.weights[plan.decision[t]], n_fills)
        else:
            n_fills = _retry_sales(desk, t, n_fills)
        days[t, 4] = 0.5 * purse[2] / value
        n_held = _close(desk, t, days, held, n_held)
    return days, fills[:n_fills].copy(), held[:n_held].copy()


@njit(cache=True)
def _with_room(log, rows):
    if rows <= log.shape[0]:
        return log
    longer = np.empty((2 * rows, log.shape[1]))
    for i in range(log.shape[0]):  # a slice assignment compiles numba's error texts too: 5 s instead of 0.3
        for c in range(log.shape[1]):
            longer[i, c] = log[i, c]
    return longer


@njit(cache=True)
def _adjust(market, book, t):
    """Dividends are reinvested and splits are neutral: shares grow by the ratio of the adjustment factor."""
    for j in range(book.shares.size):
        now = market.adj[t, j]
        if book.shares[j] > 0.0 and np.isfinite(now) and now != book.last_adj[j]:
            ratio = now / book.last_adj[j]
            book.shares[j] *= ratio
            book.pending[j] *= ratio
            book.last_adj[j] = now


@njit(cache=True)
def _mark(prices, book, t, j):
    return prices[t, j] if np.isfinite(prices[t, j]) else book.last_close[j]


@njit(cache=True)
def _holdings(prices, book, t):
    total = 0.0
    for j in range(book.shares.size):
        if book.shares[j] > 0.0:
            total += book.shares[j] * _mark(prices, book, t, j)
    return total


@njit(cache=True)
def _rebalance(desk, turn, weights, k):
    book = desk.book
    book.pending[:] = 0.0
    for j in range(weights.size):
        if book.shares[j] > 0.0:
            k = _reduce(desk, turn, j, weights[j], k)
    return _increase(desk, turn, weights, k)


@njit(cache=True)
def _reduce(desk, turn, j, weight, k):
    book, rules = desk.book, desk.rules
    price = _mark(desk.market.fill, book, turn.t, j)
    excess = book.shares[j] * price - weight * turn.value
    if weight == 0.0 or rules.liquidates:
        want = book.shares[j]
    elif excess <= 0.0 or excess < rules.min_change * turn.value:
        return k
    else:
        want = min(_whole_lots(excess / price, rules.lot), book.shares[j])
    if want <= 0.0:
        return _record(desk.fills, k, (turn.decision, turn.t, j, SELL, BELOW_LOT))
    k = _sell(desk, turn.t, j, want, turn.decision, k)
    if rules.liquidates and weight > 0.0:
        book.pending[j] = 0.0
    return k


@njit(cache=True)
def _increase(desk, turn, weights, k):
    """Buy what lacks; when cash does not reach, every purchase shrinks by the same share."""
    market, book, rules, t = desk.market, desk.book, desk.rules, turn.t
    wanted, need = np.zeros(weights.size), 0.0
    for j in range(weights.size):
        if weights[j] <= 0.0:
            continue
        lack = weights[j] * turn.value
        if book.shares[j] > 0.0:
            lack -= book.shares[j] * _mark(market.fill, book, t, j)
        if lack <= 0.0 or lack < rules.min_change * turn.value:
            continue
        if not market.is_traded[t, j]:
            k = _record(desk.fills, k, (turn.decision, t, j, BUY, NO_TRADE))
        elif market.at_up[t, j]:
            k = _record(desk.fills, k, (turn.decision, t, j, BUY, LIMIT_UP))
        else:
            wanted[j] = lack
            need += lack * (1.0 + rules.buy_cost[j])
    scale = 1.0 if need <= desk.purse[0] else desk.purse[0] / need
    for j in range(weights.size):
        if wanted[j] > 0.0:
            k = _buy(desk, turn, j, wanted[j], scale, k)
    return k


@njit(cache=True)
def _retry_sales(desk, t, k):
    book = desk.book
    for j in range(book.pending.size):
        if book.pending[j] > 0.0:
            want = book.pending[j]
            book.pending[j] = 0.0
            k = _sell(desk, t, j, want, book.pending_of[j], k)
    return k


@njit(cache=True)
def _sell(desk, t, j, want, decision, k):
    market, book = desk.market, desk.book
    if not market.is_traded[t, j] or market.at_down[t, j]:
        book.pending[j], book.pending_of[j] = want, decision
        return _record(desk.fills, k, (decision, t, j, SELL, LIMIT_DOWN if market.is_traded[t, j] else NO_TRADE))
    book.shares[j] = 0.0 if want >= book.shares[j] else book.shares[j] - want
    cost = _pay(desk, want * market.fill[t, j], desk.rules.sell_cost[j], 1.0)
    desk.fills[k, 4], desk.fills[k, 5], desk.fills[k, 6] = want, market.fill[t, j], cost
    return _record(desk.fills, k, (decision, t, j, SELL, FILLED))


@njit(cache=True)
def _buy(desk, turn, j, wanted, scale, k):
    market, book, rules, t = desk.market, desk.book, desk.rules, turn.t
    price, rate = market.fill[t, j], 1.0 + rules.buy_cost[j]
    shares = _whole_lots(scale * wanted / price, rules.lot)
    if shares * price * rate > desk.purse[0]:
        shares = shares - rules.lot if rules.lot > 0.0 else desk.purse[0] / (price * rate)
    if shares <= 0.0:
        short = _whole_lots(wanted / price, rules.lot) > 0.0
        return _record(desk.fills, k, (turn.decision, t, j, BUY, NO_CASH if short else BELOW_LOT))
    book.shares[j] += shares
    book.last_adj[j] = market.adj[t, j]
    cost = _pay(desk, shares * price, rules.buy_cost[j], -1.0)
    desk.fills[k, 4], desk.fills[k, 5], desk.fills[k, 6] = shares, price, cost
    return _record(desk.fills, k, (turn.decision, t, j, BUY, FILLED))


@njit(cache=True)
def _pay(desk, value, rate, sign):
    """Book the money of one fill: `sign` +1 for a sale, -1 for a purchase; the cost is returned."""
    cost = value * rate
    desk.purse[0] = max(0.0, desk.purse[0] + sign * value - cost)
    desk.purse[1] += cost
    desk.purse[2] += value
    return cost


@njit(cache=True)
def _whole_lots(shares, lot):
    return np.floor(shares / lot + LOT_SLACK) * lot if lot > 0.0 else shares


@njit(cache=True)
def _record(fills, k, order):
    """Log an order: decision, session, symbol, side, status."""
    fills[k, 0], fills[k, 1], fills[k, 2], fills[k, 3], fills[k, 7] = order
    if order[4] != FILLED:
        fills[k, 4], fills[k, 5], fills[k, 6] = 0.0, np.nan, 0.0
    return k + 1


@njit(cache=True)
def _close(desk, t, days, held, k):
    market, book, cash = desk.market, desk.book, desk.purse[0]
    total, count, stale = 0.0, 0, 0
    for j in range(book.shares.size):
        if book.shares[j] > 0.0:
            is_stale = not np.isfinite(market.close[t, j])
            if not is_stale:
                book.last_close[j] = market.close[t, j]
            total += book.shares[j] * book.last_close[j]
            count, stale = count + 1, stale + is_stale
            held[k, 0], held[k, 1], held[k, 2] = t, j, book.shares[j]
            held[k, 3], held[k, 4] = book.last_close[j], is_stale
            k += 1
    days[t, 0], days[t, 1], days[t, 2], days[t, 3] = cash + total, total, cash, desk.purse[1]
    days[t, 5], days[t, 6] = count, stale
    return k

"""The account, session by session, on dense session x symbol matrices. Plain loops compiled by numba.

Only arithmetic stands here: `rotation` turns rows into matrices and logs into rows. The research loop stands in
`sweep_kernels`, apart on purpose: this one knows lots, limits, suspensions and retries, that one knows none of them and
is many times faster. Where their conventions meet they agree (tested).
"""

from typing import NamedTuple

import numpy as np
from numba import njit

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
    purse = np.array([capital, 0.0, 0.0])  # cash; cost and traded value of the session
    days = np.zeros((n_sessions, 7))
    fills, held = np.empty((4 * n, 8)), np.empty((4 * n, 5))
    n_fills, n_held = np.int64(0), np.int64(0)
    for t in range(n_sessions):
        fills, held = _with_room(fills, n_fills + 2 * n), _with_room(held, n_held + n)
        purse[1], purse[2] = 0.0, 0.0
        _adjust(market, book, t)
        value = purse[0] + _holdings(market.fill, book, t)
        if plan.decision[t] >= 0:
            n_fills = _rebalance(market, plan, rules, book, purse, t, value, fills, n_fills)
        else:
            n_fills = _retry_sales(market, rules, book, purse, t, fills, n_fills)
        days[t, 4] = 0.5 * purse[2] / value
        n_held = _close(market, book, purse, t, days, held, n_held)
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
def _rebalance(market, plan, rules, book, purse, t, value, fills, k):
    decision = plan.decision[t]
    weights = plan.weights[decision]
    book.pending[:] = 0.0
    for j in range(weights.size):
        if book.shares[j] > 0.0:
            k = _reduce(market, rules, book, purse, t, j, weights[j], value, decision, fills, k)
    return _increase(market, rules, book, purse, t, weights, value, decision, fills, k)


@njit(cache=True)
def _reduce(market, rules, book, purse, t, j, weight, value, decision, fills, k):
    price = _mark(market.fill, book, t, j)
    excess = book.shares[j] * price - weight * value
    if weight == 0.0 or rules.liquidates:
        want = book.shares[j]
    elif excess <= 0.0 or excess < rules.min_change * value:
        return k
    else:
        want = min(_whole_lots(excess / price, rules.lot), book.shares[j])
    if want <= 0.0:
        return _record(fills, k, decision, t, j, SELL, BELOW_LOT)
    k = _sell(market, rules, book, purse, t, j, want, decision, fills, k)
    if rules.liquidates and weight > 0.0:
        book.pending[j] = 0.0
    return k


@njit(cache=True)
def _increase(market, rules, book, purse, t, weights, value, decision, fills, k):
    """Buy what lacks; when cash does not reach, every purchase shrinks by the same share."""
    wanted, need = np.zeros(weights.size), 0.0
    for j in range(weights.size):
        if weights[j] <= 0.0:
            continue
        lack = weights[j] * value
        if book.shares[j] > 0.0:
            lack -= book.shares[j] * _mark(market.fill, book, t, j)
        if lack <= 0.0 or lack < rules.min_change * value:
            continue
        if not market.is_traded[t, j]:
            k = _record(fills, k, decision, t, j, BUY, NO_TRADE)
        elif market.at_up[t, j]:
            k = _record(fills, k, decision, t, j, BUY, LIMIT_UP)
        else:
            wanted[j] = lack
            need += lack * (1.0 + rules.buy_cost[j])
    scale = 1.0 if need <= purse[0] else purse[0] / need
    for j in range(weights.size):
        if wanted[j] > 0.0:
            k = _buy(market, rules, book, purse, t, j, wanted[j], scale, decision, fills, k)
    return k


@njit(cache=True)
def _retry_sales(market, rules, book, purse, t, fills, k):
    for j in range(book.pending.size):
        if book.pending[j] > 0.0:
            want, decision = book.pending[j], book.pending_of[j]
            book.pending[j] = 0.0
            k = _sell(market, rules, book, purse, t, j, want, decision, fills, k)
    return k


@njit(cache=True)
def _sell(market, rules, book, purse, t, j, want, decision, fills, k):
    if not market.is_traded[t, j] or market.at_down[t, j]:
        book.pending[j], book.pending_of[j] = want, decision
        return _record(fills, k, decision, t, j, SELL, LIMIT_DOWN if market.is_traded[t, j] else NO_TRADE)
    value = want * market.fill[t, j]
    cost = value * rules.sell_cost[j]
    book.shares[j] = 0.0 if want >= book.shares[j] else book.shares[j] - want
    purse[0] += value - cost
    purse[1] += cost
    purse[2] += value
    fills[k, 4], fills[k, 5], fills[k, 6] = want, market.fill[t, j], cost
    return _record(fills, k, decision, t, j, SELL, FILLED)


@njit(cache=True)
def _buy(market, rules, book, purse, t, j, wanted, scale, decision, fills, k):
    price, rate = market.fill[t, j], 1.0 + rules.buy_cost[j]
    shares = _whole_lots(scale * wanted / price, rules.lot)
    if shares * price * rate > purse[0]:
        shares = shares - rules.lot if rules.lot > 0.0 else purse[0] / (price * rate)
    if shares <= 0.0:
        short = _whole_lots(wanted / price, rules.lot) > 0.0
        return _record(fills, k, decision, t, j, BUY, NO_CASH if short else BELOW_LOT)
    value = shares * price
    cost = value * rules.buy_cost[j]
    book.shares[j] += shares
    book.last_adj[j] = market.adj[t, j]
    purse[0] = max(0.0, purse[0] - value - cost)
    purse[1] += cost
    purse[2] += value
    fills[k, 4], fills[k, 5], fills[k, 6] = shares, price, cost
    return _record(fills, k, decision, t, j, BUY, FILLED)


@njit(cache=True)
def _whole_lots(shares, lot):
    return np.floor(shares / lot + LOT_SLACK) * lot if lot > 0.0 else shares


@njit(cache=True)
def _record(fills, k, decision, t, j, side, status):
    fills[k, 0], fills[k, 1], fills[k, 2], fills[k, 3], fills[k, 7] = decision, t, j, side, status
    if status != FILLED:
        fills[k, 4], fills[k, 5], fills[k, 6] = 0.0, np.nan, 0.0
    return k + 1


@njit(cache=True)
def _close(market, book, purse, t, days, held, k):
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
    days[t, 0], days[t, 1], days[t, 2], days[t, 3] = purse[0] + total, total, purse[0], purse[1]
    days[t, 5], days[t, 6] = count, stale
    return k

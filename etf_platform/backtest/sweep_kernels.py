"""The research account: fractional shares that drift between rebalances. Plain loops compiled by numba.

No lots, limits, suspensions or retries: a fund without a bar trades at its last price. What an account would really
have done stands in `kernels`. Prices are total-return prices, carried forward; NaN before the first bar.
"""

import numpy as np
from numba import njit


@njit(cache=True)
def best_by_momentum(
    price: np.ndarray, has_bar: np.ndarray, decisions: np.ndarray, lookback: int, most: int
) -> np.ndarray:
    """The `most` strongest funds at every decision.

    Parameters
    ----------
    price : ndarray of shape (n_sessions, n_symbols)
    has_bar : ndarray of bool, same shape
        A fund without a bar on the decision day is not chosen.
    decisions : ndarray of int, shape (n_decisions,)
        Sessions; all at or after `lookback`.
    lookback : int
        Sessions.
    most : int

    Returns
    -------
    ndarray of int64, shape (n_decisions, most)
        Columns of `price`, strongest first, ties by column; -1 where there are fewer.
    """
    chosen = np.full((decisions.size, most), -1, np.int64)
    momentum, strength = np.empty(price.shape[1]), np.empty(most)
    for d in range(decisions.size):
        now, then, traded = price[decisions[d]], price[decisions[d] - lookback], has_bar[decisions[d]]
        for j in range(momentum.size):
            momentum[j] = now[j] / then[j]
        held, weakest = 0, -np.inf
        for j in range(momentum.size):
            if not (momentum[j] > weakest and traded[j]):  # NaN is never greater
                continue
            at = min(held, most - 1)
            while at > 0 and strength[at - 1] < momentum[j]:
                strength[at], chosen[d, at] = strength[at - 1], chosen[d, at - 1]
                at -= 1
            strength[at], chosen[d, at] = momentum[j], j
            held = min(held + 1, most)
            weakest = strength[most - 1] if held == most else -np.inf
    return chosen


@njit(cache=True)
def drift(
    fill: np.ndarray, close: np.ndarray, fills_at: np.ndarray, chosen: np.ndarray, top_n: int, cost: float
) -> tuple[np.ndarray, np.ndarray]:
    """Value of the account at every close from the session before the first fill, and turnover of every rebalance.

    Parameters
    ----------
    fill, close : ndarray of shape (n_symbols, n_sessions)
        Prices of the fills and of valuation, symbol by symbol.
    fills_at : ndarray of int, shape (n_decisions,)
        Sessions of the fills, ascending.
    chosen : ndarray of int, shape (n_decisions, >= top_n)
        From `best_by_momentum`; each of the first `top_n` gets 1 / top_n, the rest is cash.
    top_n : int
    cost : float
        One way, as a fraction of the traded value. Purchases shrink in proportion where cash does not reach.

    Returns
    -------
    values : ndarray of shape (n_sessions - fills_at[0] + 1,)
        Starts at 1.
    turnover : ndarray of shape (n_decisions,)
        One way.
    """
    n_sessions, first = close.shape[1], fills_at[0] - 1
    values, turnover = np.ones(n_sessions - first), np.empty(fills_at.size)
    funds, shares, lack = np.empty(2 * top_n, np.int64), np.empty(2 * top_n), np.empty(2 * top_n)
    held, cash = 0, 1.0
    for d in range(fills_at.size):
        t = fills_at[d]
        held, cash, turnover[d] = _trade(fill, t, chosen[d], top_n, cost, funds, shares, lack, held, cash)
        end = fills_at[d + 1] if d + 1 < fills_at.size else n_sessions
        span = values[t - first : end - first]
        span[:] = cash
        for k in range(held):
            prices, amount = close[funds[k], t:end], shares[k]
            for i in range(span.size):
                span[i] += amount * prices[i]
    return values, turnover


@njit(cache=True)
def _trade(
    fill: np.ndarray,
    t: int,
    chosen: np.ndarray,
    top_n: int,
    cost: float,
    funds: np.ndarray,
    shares: np.ndarray,
    lack: np.ndarray,
    held: int,
    cash: float,
) -> tuple[int, float, float]:
    """Trade the difference to equal weights in place; returns funds held, cash, and one-way turnover."""
    value = cash
    for k in range(held):
        value += shares[k] * fill[funds[k], t]
    target = value / top_n
    count, traded, need = held, 0.0, 0.0
    lack[:held] = 0.0
    for k in range(held):
        lack[k] = -shares[k] * fill[funds[k], t]
    for n in range(top_n):
        if chosen[n] < 0:
            break
        k = 0
        while k < held and funds[k] != chosen[n]:
            k += 1
        if k == held:
            k = count
            funds[k], shares[k], lack[k] = chosen[n], 0.0, 0.0
            count += 1
        lack[k] += target
    for k in range(count):
        if lack[k] < 0.0:
            shares[k] += lack[k] / fill[funds[k], t]
            cash -= lack[k] * (1.0 - cost)
            traded -= lack[k]
        else:
            need += lack[k] * (1.0 + cost)
    scale = 1.0 if need <= cash else cash / need
    kept = 0
    for k in range(count):
        if lack[k] > 0.0:
            shares[k] += scale * lack[k] / fill[funds[k], t]
            cash -= scale * lack[k] * (1.0 + cost)
            traded += scale * lack[k]
        if shares[k] * fill[funds[k], t] > 1e-12 * value:
            funds[kept], shares[kept] = funds[k], shares[k]
            kept += 1
    return kept, max(cash, 0.0), 0.5 * traded / value


@njit(cache=True)
def summarise(values: np.ndarray, turnover: np.ndarray, daily_rate: float, out: np.ndarray) -> None:
    """Into `out`: total return, drawdown; mean, deviation (ddof 1), skewness, kurtosis of daily excess; turnover."""
    n, peak, worst = values.size - 1, values[0], 0.0
    excess, mean = np.empty(n), 0.0
    for t in range(n):
        peak = max(peak, values[t + 1])
        worst = min(worst, values[t + 1] / peak - 1.0)
        excess[t] = values[t + 1] / values[t] - 1.0 - daily_rate
        mean += excess[t]
    mean /= n
    second, third, fourth = 0.0, 0.0, 0.0
    for t in range(n):
        square = (excess[t] - mean) ** 2
        second += square
        third += square * (excess[t] - mean)
        fourth += square * square
    spread = np.sqrt(second / n)
    skew, kurtosis = third / n / spread**3, fourth / n / spread**4
    out[0], out[1], out[2], out[3] = values[n] / values[0] - 1.0, worst, mean, np.sqrt(second / (n - 1))
    out[4], out[5], out[6] = skew, kurtosis, turnover.sum()


@njit(cache=True)
def sweep_cells(
    fill: np.ndarray,
    close: np.ndarray,
    fills_at: np.ndarray,
    chosen: np.ndarray,
    top_ns: np.ndarray,
    costs: np.ndarray,
    daily_rate: float,
) -> np.ndarray:
    """`summarise` for every pair of `top_ns` and `costs`, shape (n_pairs, 7)."""
    cells = np.empty((top_ns.size * costs.size, 7))
    for a in range(top_ns.size):
        for b in range(costs.size):
            values, turnover = drift(fill, close, fills_at, chosen, top_ns[a], costs[b])
            summarise(values, turnover, daily_rate, cells[a * costs.size + b])
    return cells

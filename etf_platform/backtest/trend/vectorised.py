"""An account from weights that are known for every row: arrays, no loop. For constant weights, sweeps, and strategies
whose advice does not depend on what is held. Not here: stops and the circuit breaker, which need `stepwise`.
"""

import numpy as np

from etf_platform.backtest.trend.ledger import Ledger
from etf_platform.backtest.trend.market import Market
from etf_platform.backtest.trend.timing import Fills, cash_rate, fills_of, rate_of
from etf_platform.core.config.trend import TrendBacktest


def weights_of(advice: np.ndarray, market: Market, fills: Fills) -> np.ndarray:
    """Position in every row, from what was advised at every close.

    Parameters
    ----------
    advice : ndarray of shape (n_sessions,)
        Weight; NaN keeps. Advice before the first decision is not followed.
    market : Market
    fills : str

    Returns
    -------
    ndarray of shape (n_sessions,)
        0 up to and including `market.base`.
    """
    start = market.first if fills == "same_close" else market.base
    given = np.concatenate(([0.0], advice[start:]))
    known = np.where(np.isnan(given), 0, np.arange(given.size))
    kept = given[np.maximum.accumulate(known)][1:]
    weights = np.zeros(market.size)
    weights[market.first :] = kept if fills == "same_close" else kept[:-1]
    return weights


def account_of(weights: np.ndarray, market: Market, terms: TrendBacktest) -> Ledger:
    """Equity and cost of holding these weights; fills are left empty.

    Parameters
    ----------
    weights : ndarray of shape (n_sessions,)
        Position in every row as `timing` defines it; 0 up to `market.base`.
    """
    cost = rate_of(terms) * np.abs(np.diff(weights, prepend=0.0))
    factors = _factors(weights, cost, market, terms)
    equity = np.full(market.size, np.nan)
    equity[market.base] = 1.0
    equity[market.first :] = np.cumprod(factors)
    return Ledger(equity, weights, cost)


def equity_at_fills(
    ledger: Ledger, rows: np.ndarray, market: Market, terms: TrendBacktest
) -> tuple[np.ndarray, np.ndarray]:
    """(price, equity before the charge) of the fills in `rows`."""
    fills, equity, old = fills_of(terms), ledger.equity[rows - 1], ledger.position[rows - 1]
    if fills == "original_compatible":
        return market.close[rows - 1], equity
    price = (market.open if fills == "next_open" else market.close)[rows]
    earned = equity * (1.0 + old * (price / market.close[rows - 1] - 1.0))
    paid_cash = (old == 0.0) & (fills != "next_open")
    return price, np.where(paid_cash, earned * (1.0 + cash_rate(terms)), earned)


def _factors(weights: np.ndarray, cost: np.ndarray, market: Market, terms: TrendBacktest) -> np.ndarray:
    """What every tradable session multiplies the account by."""
    fills, first = fills_of(terms), market.first
    old, new, charge = weights[first - 1 : -1], weights[first:], 1.0 - cost[first:]
    opens, close, before = market.open[first:], market.close[first:], market.close[first - 1 : -1]
    if fills == "next_open":
        flat = (old == 0.0) & (new == 0.0)
        factors = (1.0 + old * (opens / before - 1.0)) * charge * (1.0 + new * (close / opens - 1.0))
    elif fills == "original_compatible":
        flat = new == 0.0
        factors = charge * (1.0 + new * (close / before - 1.0))
    else:
        flat = old == 0.0
        factors = (1.0 + old * (close / before - 1.0)) * charge
    return np.where(flat, factors * (1.0 + cash_rate(terms)), factors)

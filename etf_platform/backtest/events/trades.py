"""One purchase of one fund on the signal of one day: prices, exit, costs. Daily bars, read against the trader.

A fund at its upper limit cannot be bought, at its lower limit not sold. Where a bar touches both the profit and the
stop, the stop came first; where it opens beyond either, the open is the price. Not here: averages over trades.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.backtest.events.terms import EventTerms, Variant
from etf_platform.core.ticks import ETF_TICK
from etf_platform.measures.trading_costs import square_root_impact, trailing_mean, trailing_volatility

DATA_END = "data_end"
_HALF_TICK = ETF_TICK / 2.0


@dataclass(frozen=True)
class FundPrices:
    """Traded bars of one fund, oldest first; arrays of shape (n,).

    Attributes
    ----------
    session : ndarray of int
        Position of each bar among the exchange's sessions.
    up, down : ndarray
        Price limits; NaN where there is none.
    volatility, adv : ndarray
        Of the last 20 bars up to the row; NaN before.
    """

    etf: str
    days: np.ndarray
    session: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    factor: np.ndarray
    up: np.ndarray
    down: np.ndarray
    volatility: np.ndarray
    adv: np.ndarray


@dataclass(frozen=True)
class Trade:
    """One closed purchase; `bought`, `sold` are positions among the fund's bars, returns are fractions."""

    bought: int
    entry: float
    sold: int
    exit: float
    reason: str
    gross: float
    costs: float

    @property
    def net(self) -> float:
        """Return after costs."""
        return self.gross - self.costs


def fund_prices(etf: str, bars: pd.DataFrame, sessions: pd.DatetimeIndex) -> FundPrices:
    """Bars of one fund (BARS with `limit_up`, `limit_down`); rows without volume are no bars."""
    rows = bars[(bars["symbol"] == etf) & (bars["volume"] > 0)].sort_values("date", kind="stable")
    column = {
        name: rows[name].to_numpy(np.float64) for name in ("open", "high", "low", "close", "limit_up", "limit_down")
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = column["close"] / rows["prev_close"].to_numpy(np.float64) - 1.0
    return FundPrices(
        etf=etf,
        days=rows["date"].to_numpy(),
        session=sessions.get_indexer(pd.DatetimeIndex(rows["date"])),
        open=column["open"],
        high=column["high"],
        low=column["low"],
        close=column["close"],
        factor=rows["adj_factor"].to_numpy(np.float64),
        up=column["limit_up"],
        down=column["limit_down"],
        volatility=trailing_volatility(changes),
        adv=trailing_mean(rows["amount"].to_numpy(np.float64)),
    )


def trade_on(prices: FundPrices, session: int, variant: Variant, terms: EventTerms) -> Trade | None:
    """The trade on a signal given at the close of a session; None where it could not be made or not be costed.

    Not made: the fund has no bar in the session of the entry, or stands at its upper limit at that price. Not costed:
    fewer than 20 bars up to the signal.
    """
    is_open = variant.entry == "next_open"
    at = int(np.searchsorted(prices.session, session + 1 if is_open else session))
    if at >= prices.session.size or prices.session[at] != (session + 1 if is_open else session):
        return None
    entry = float(prices.open[at] if is_open else prices.close[at])
    known = at - 1 if is_open else at
    if known < 0 or entry >= prices.up[at] - _HALF_TICK:
        return None
    sold, price, reason = _sale(prices, at, entry, variant, terms)
    gross = price * prices.factor[sold] / (entry * prices.factor[at]) - 1.0
    impact = float(square_root_impact(prices.volatility[known], terms.order, prices.adv[known]))
    costs = terms.fees + terms.half_spread * (1.0 / entry + 1.0 / price) + 2.0 * impact
    return None if np.isnan(costs) else Trade(at, entry, sold, price, reason, float(gross), float(costs))


def _sale(prices: FundPrices, at: int, entry: float, variant: Variant, terms: EventTerms) -> tuple[int, float, str]:
    """Where, at what price and why a purchase made at bar `at` ends."""
    first = at + terms.settlement_days.get(prices.etf, 1) if variant.entry == "next_open" else at + 1
    if variant.exit == "next_open":
        return _sold(prices, at + 1, "open", "next_open")
    if variant.exit == "next_close":
        return _sold(prices, first, "close", "next_close")
    return _profit_or_loss(prices, at, entry, first, terms)


def _profit_or_loss(prices: FundPrices, at: int, entry: float, first: int, terms: EventTerms) -> tuple[int, float, str]:
    last = at + terms.max_hold
    for i in range(first, min(last + 1, prices.session.size)):
        scale = prices.factor[at] / prices.factor[i]  # the entry in prices of bar i
        stop, profit = entry * scale * (1.0 + terms.stop_loss), entry * scale * (1.0 + terms.take_profit)
        if i > at and (prices.open[i] <= stop or prices.open[i] >= profit):
            return _sold(prices, i, "open", "stop_loss" if prices.open[i] <= stop else "take_profit")
        if prices.low[i] <= stop:
            return _sold(prices, i, stop, "stop_loss")
        if prices.high[i] >= profit:
            return i, profit, "take_profit"
    return _sold(prices, last, "close", "max_hold")


def _sold(prices: FundPrices, i: int, price: str | float, reason: str) -> tuple[int, float, str]:
    """The sale at bar `i`; at the lower limit nobody buys, and it moves to the next open that is above it."""
    if i < prices.session.size:
        asked = float(getattr(prices, price)[i]) if isinstance(price, str) else float(price)
        if not asked <= prices.down[i] + _HALF_TICK:
            return i, asked, reason
    for later in range(i + 1, prices.session.size):
        if not prices.open[later] <= prices.down[later] + _HALF_TICK:
            return later, float(prices.open[later]), reason
    end = prices.session.size - 1
    return end, float(prices.close[end]), DATA_END

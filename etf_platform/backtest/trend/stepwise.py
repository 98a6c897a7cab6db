"""An account session by session: what is really held decides, also after a stop-out. Rules in the order of a session.

Stops (when on) guard a position from the session after its entry, at the levels of the signal that opened it: an open
beyond a level fills at the open, else a touched level fills at the level, and the stop comes first when both are
touched. After a stop-out nothing is opened before the next session. An order that ends or turns the position at the
same open goes before the stop. Not here: strategies and what they want.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

import numpy as np

from etf_platform.backtest.trend.ledger import Fill, Ledger
from etf_platform.backtest.trend.market import Market
from etf_platform.backtest.trend.orders import Breaker, Order, on_its_side, order_of
from etf_platform.backtest.trend.timing import Fills, cash_rate, fills_of, rate_of
from etf_platform.core.config.trend import TrendBacktest
from etf_platform.core.errors import BadInputError
from etf_platform.core.states import State
from etf_platform.core.units.signal import FLAT, Held, Signal

Decide = Callable[[int, Held], Signal]
STOP, TARGET = "stop_loss", "take_profit"


def run_stepwise(market: Market, decide: Decide, terms: TrendBacktest, ma50: np.ndarray | None = None) -> Ledger:
    """The account of a strategy over all tradable sessions.

    Parameters
    ----------
    market : Market
    decide : callable (row, held) -> Signal
        Called once per close from `market.base` on (`same_close`: from `market.first` on), in order.
    terms : TrendBacktest
    ma50 : ndarray of shape (n_sessions,), optional
        Needed with `use_ma50_exit`.

    Raises
    ------
    BadInputError
        `use_ma50_exit` without a defined average in every tradable row.
    """
    if terms.use_ma50_exit and (ma50 is None or not np.isfinite(ma50[market.base :]).all()):
        saw = "sma_50 is absent or not defined after the warm-up"
        raise BadInputError("back-testing with use_ma50_exit", saw, "compute the indicator sma_50 on enough bars")
    account = _Account(market, decide, terms, ma50 if terms.use_ma50_exit else None)
    session = _SESSIONS[account.fills]
    if account.fills != "same_close":
        account.decide(market.base)
    for row in range(market.first, market.size):
        session(account, row)
        account.record(row)
    return account.ledger


@dataclass
class _Position:
    """What is held, and the levels that guard it."""

    weight: float = 0.0
    entry_price: float = nan
    entry_reason: str = ""
    entry_row: int = -1
    stop: float | None = None
    target: float | None = None


class _Account:
    """Equity, position and pending order of one run; its methods are the events of a session."""

    def __init__(self, market: Market, decide: Decide, terms: TrendBacktest, ma50: np.ndarray | None) -> None:
        self.fills: Fills = fills_of(terms)
        self.rate, self.cash, self.guarded = rate_of(terms), cash_rate(terms), terms.use_stop_loss_take_profit
        self.opens, self.highs = market.open.tolist(), market.high.tolist()
        self.lows, self.closes = market.low.tolist(), market.close.tolist()
        self.averages = None if ma50 is None else ma50.tolist()
        self.strategy, self.breaker = decide, Breaker(terms.circuit_breaker)
        self.equity, self.held, self.pending, self.cost = 1.0, _Position(), Order(0.0, ""), 0.0
        self.ledger = Ledger(np.full(market.size, nan), np.zeros(market.size), np.zeros(market.size))
        self.ledger.equity[market.base] = 1.0

    def decide(self, row: int) -> None:
        """Ask the strategy at the close of the row; the answer is pending until it fills."""
        held, weight = self._held(row), self.held.weight
        signal = self.strategy(row, held)
        self.ledger.n_decisions += 1
        self.ledger.n_blocked += signal.state is State.BLOCKED
        order = order_of(signal, weight)
        if self.averages is not None:
            order = on_its_side(order, self.closes[row], self.averages[row])
        self.pending = self.breaker.limit(order, weight, self.equity)

    def earn(self, start: float, end: float) -> None:
        """The position earns the way from one price to the other."""
        if self.held.weight != 0.0:
            self.equity *= 1.0 + self.held.weight * (end / start - 1.0)

    def earn_cash(self, was_flat: bool) -> None:
        """A session without any position earns the cash rate."""
        if was_flat:
            self.equity *= 1.0 + self.cash

    def fill(self, row: int, price: float) -> None:
        """Bring the weight to the pending order at this price."""
        order, before = self.pending, self.held.weight
        if order.weight == before:
            return
        self._charge(row, order.weight, price, order.reason)
        if order.weight == 0.0:
            self.held = _Position()
        elif order.weight * before <= 0.0:
            levels = (order.stop_loss, order.take_profit) if self.guarded else (None, None)
            self.held = _Position(order.weight, price, order.reason, row, *levels)
        else:
            self.held.weight = order.weight

    def stop_at_open(self, row: int) -> bool:
        """Close the position at the open when that lies beyond a level."""
        reason = self.beyond(row, self.opens[row], self.opens[row])
        return reason != "" and self._close_out(row, self.opens[row], reason)

    def level_touched(self, row: int) -> tuple[float, str] | None:
        """(price, reason) of the level that the session touches; the stop when it touches both."""
        reason = self.beyond(row, self.lows[row], self.highs[row])
        level = self.held.stop if reason == STOP else self.held.target
        return (level, reason) if reason and level is not None else None

    def close_at(self, row: int, start: float, price: float, reason: str) -> None:
        """Earn up to a level and close the position there."""
        self.earn(start, price)
        self._close_out(row, price, reason)

    def drop_entry(self) -> None:
        """After a stop-out nothing is opened in the same session."""
        self.pending = Order(0.0, self.pending.reason)

    def record(self, row: int) -> None:
        """Write the row of this close."""
        self.ledger.equity[row], self.ledger.position[row] = self.equity, self.held.weight
        self.ledger.cost[row], self.cost = self.cost, 0.0

    def _held(self, row: int) -> Held:
        held = self.held
        if held.weight == 0.0:
            return FLAT
        return Held(held.weight, held.entry_price, held.entry_reason, row - held.entry_row)

    def beyond(self, row: int, low: float, high: float) -> str:
        """Which level these prices reach; empty without one, and in the session of the entry."""
        held = self.held
        if held.weight == 0.0 or held.entry_row >= row:
            return ""
        adverse, kind = (low, high), 1.0
        if held.weight < 0.0:
            adverse, kind = (high, low), -1.0
        if held.stop is not None and kind * adverse[0] <= kind * held.stop:
            return STOP
        return TARGET if held.target is not None and kind * adverse[1] >= kind * held.target else ""

    def _close_out(self, row: int, price: float, reason: str) -> bool:
        self._charge(row, 0.0, price, reason)
        self.held = _Position()
        return True

    def _charge(self, row: int, after: float, price: float, reason: str) -> None:
        before = self.held.weight
        self.ledger.fills.append(Fill(row, before, after, price, reason, self.equity, self.rate))
        charge = self.rate * abs(after - before)
        self.equity *= 1.0 - charge
        self.cost += charge


def _open_session(account: _Account, row: int) -> None:
    """`next_open`: the old weight up to the open, the fill, the new weight to the close."""
    opening, was_flat = account.opens[row], account.held.weight == 0.0
    account.earn(account.closes[row - 1], opening)
    ends_anyway = account.pending.weight * account.held.weight <= 0.0
    if ends_anyway or not account.stop_at_open(row):
        account.fill(row, opening)
    touched = account.level_touched(row)
    if touched is not None:
        account.close_at(row, opening, *touched)
    account.earn_cash(was_flat and account.held.weight == 0.0)
    account.earn(opening, account.closes[row])
    account.decide(row)


def _earn_to_close(account: _Account, row: int) -> bool:
    """The position earns from close to close, or up to where it is stopped; True when it was."""
    before = account.closes[row - 1]
    gap, touched = account.opens[row], account.level_touched(row)
    reason = account.beyond(row, gap, gap)
    if reason:
        account.close_at(row, before, gap, reason)
    elif touched is not None:
        account.close_at(row, before, *touched)
    else:
        account.earn(before, account.closes[row])
    return bool(reason) or touched is not None


def _close_session(account: _Account, row: int) -> None:
    """`next_close`: the old weight to the close, then the fill of yesterday's order."""
    was_flat = account.held.weight == 0.0
    if _earn_to_close(account, row):
        account.drop_entry()
    account.earn_cash(was_flat)
    account.fill(row, account.closes[row])
    account.decide(row)


def _same_close_session(account: _Account, row: int) -> None:
    """`same_close`: the old weight to the close, the decision there, and its fill at that very close."""
    was_flat = account.held.weight == 0.0
    stopped = _earn_to_close(account, row)
    account.earn_cash(was_flat)
    account.decide(row)
    if stopped:
        account.drop_entry()
    account.fill(row, account.closes[row])


def _compatible_session(account: _Account, row: int) -> None:
    """`original_compatible`: yesterday's signal holds from yesterday's close on."""
    account.fill(row, account.closes[row - 1])
    was_flat = account.held.weight == 0.0
    _earn_to_close(account, row)
    account.earn_cash(was_flat)
    account.decide(row)


_SESSIONS: dict[Fills, Callable[[_Account, int], None]] = {
    "next_open": _open_session,
    "next_close": _close_session,
    "same_close": _same_close_session,
    "original_compatible": _compatible_session,
}

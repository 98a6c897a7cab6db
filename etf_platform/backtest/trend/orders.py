"""From what a strategy says at a close to the order of the account: MA50 exit and circuit breaker stand between.

Conventions. MA50 exit: while the close lies below `sma_50` (short: above), no long (short) weight is held or opened.
Circuit breaker: a close whose drawdown from the peak reaches the threshold cuts the weight to `position_after`, and the
decisions of the next `cooldown_bars` closes may not increase it; the peak then starts again at that close, so that the
account can come back. Not here: prices at which orders fill.
"""

from dataclasses import dataclass

from etf_platform.core.config.trend import CircuitBreaker
from etf_platform.core.units.signal import Signal

MA50_EXIT, BREAKER = "ma50_exit", "circuit_breaker"


@dataclass(frozen=True)
class Order:
    """The weight to hold from the next fill on, why, and the levels that guard it (None: no level)."""

    weight: float
    reason: str
    stop_loss: float | None = None
    take_profit: float | None = None


def order_of(signal: Signal, held: float) -> Order:
    """The advice as an order; a position of None keeps `held`."""
    wanted = held if signal.position is None else float(signal.position)
    return Order(wanted, signal.reason, signal.stop_loss, signal.take_profit)


def on_its_side(order: Order, close: float, average: float) -> Order:
    """The order, or flat with `ma50_exit` when the close lies on the wrong side of the average."""
    return Order(0.0, MA50_EXIT) if order.weight * (close - average) < 0.0 else order


@dataclass
class Breaker:
    """State of the circuit breaker of one account."""

    settings: CircuitBreaker
    peak: float = 1.0
    cooldown: int = 0

    def limit(self, order: Order, held: float, equity: float) -> Order:
        """The order within what the breaker allows at this close; call once per close, in order."""
        if not self.settings.enabled:
            return order
        self.peak = max(self.peak, equity)
        if 1.0 - equity / self.peak >= self.settings.drawdown_threshold:
            self.peak, self.cooldown = equity, self.settings.cooldown_bars
            return _at_most(order, min(abs(held), self.settings.position_after), held)
        if self.cooldown > 0:
            self.cooldown -= 1
            return _at_most(order, abs(held), held)
        return order


def _at_most(order: Order, size: float, held: float) -> Order:
    """The order with at most this absolute weight; it may not turn to the other side."""
    if order.weight * held < 0.0:
        return Order(0.0, order.reason)
    if abs(order.weight) <= size:
        return order
    return Order(size if order.weight > 0.0 else -size, BREAKER, order.stop_loss, order.take_profit)

"""What the running account trades under, and what it holds: values only. Not here: filling (`orders`), the day
(`account`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import pandas as pd

FILLED, LIMIT_UP, LIMIT_DOWN, NO_TRADE, NO_CASH, BELOW_LOT = STATUS = (
    "filled",
    "limit_up",
    "limit_down",
    "no_trade",
    "no_cash",
    "below_lot",
)
BUY, SELL = SIDES = ("buy", "sell")
MODELLED = "modelled"


@dataclass(frozen=True)
class Terms:
    """How decisions become fills.

    Attributes
    ----------
    account : str
        Name in every order id: the pool.
    cost : float
        Commission and slippage, one way, as a fraction of the traded value; both sides pay it.
    cost_of : mapping of symbol to float
        Overrides `cost`.
    lot : float
        Shares per lot; purchases and partial sales are floored to it, a full sale takes the odd rest. 0 is fractional.
    min_weight_change : float
        Smaller changes of weight are skipped, unless the weight is 0.
    fills_at : str
        Price of the session after the decision: `open` or `close`.
    """

    account: str
    cost: float = 0.00125
    cost_of: Mapping[str, float] = field(default_factory=dict)
    lot: float = 100.0
    min_weight_change: float = 0.01
    fills_at: Literal["open", "close"] = "open"

    def rate(self, symbol: str) -> float:
        """One-way cost of a fund, as a fraction."""
        return self.cost_of.get(symbol, self.cost)


class Holding(NamedTuple):
    """Shares of one fund, and the close and adjustment factor at which they were last valued."""

    shares: float
    close: float
    adj_factor: float


class PendingSale(NamedTuple):
    """Shares that a failed sale still has to sell, and the session of its decision."""

    shares: float
    decided: pd.Timestamp


@dataclass(frozen=True)
class State:
    """The account after a close: cash in CNY, holdings, sales that are tried again."""

    cash: float
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    pending: Mapping[str, PendingSale] = field(default_factory=dict)


class Quote(NamedTuple):
    """One fund in one session; NaN where there is no price. `fill` is the price of fills."""

    fill: float
    close: float
    adj_factor: float
    is_traded: bool
    is_at_up: bool
    is_at_down: bool


class Order(NamedTuple):
    """One order and what became of it; `price` is NaN and `shares` 0 when nothing was filled."""

    symbol: str
    decided: pd.Timestamp
    side: str
    ordered: float
    shares: float
    price: float
    cost: float
    status: str

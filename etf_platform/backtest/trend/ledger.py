"""What happened to an account: daily arrays, its fills, and the round trips that the fills make. Not here: deciding."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from etf_platform.backtest.trend.market import Market


@dataclass(frozen=True)
class Fill:
    """One change of weight.

    `equity` is the account at the fill before its charge; `rate` the one-way cost per unit of weight.
    """

    row: int
    before: float
    after: float
    price: float
    reason: str
    equity: float
    rate: float

    @property
    def is_entry(self) -> bool:
        """Opens a position, from flat or from the other side."""
        return self.after != 0.0 and self.before * self.after <= 0.0

    @property
    def is_exit(self) -> bool:
        """Ends a position, to flat or to the other side."""
        return self.before != 0.0 and self.before * self.after <= 0.0


@dataclass
class Ledger:
    """Arrays over all rows of the market, defined from `base` on (equity 1, flat); fills in order."""

    equity: np.ndarray
    position: np.ndarray
    cost: np.ndarray
    fills: list[Fill] = field(default_factory=list)
    n_decisions: int = 0
    n_blocked: int = 0


@dataclass(frozen=True)
class Trade:
    """A round trip; `exit_row` is -1 while it is open. `start` is the account before the entry's charge."""

    entry_row: int
    exit_row: int
    weight: float
    start: float
    entry_price: float
    exit_price: float
    max_weight: float
    entry_reason: str
    exit_reason: str = ""
    net_return: float = 0.0


def trades_of(ledger: Ledger, market: Market) -> list[Trade]:
    """Round trips, from flat to flat or to the other side, in order.

    A charge that turns a position round is split: the part of the old weight belongs to the trade that ends.
    """
    trades: list[Trade] = []
    for fill in ledger.fills:
        after_exit = fill.equity * (1.0 - fill.rate * abs(fill.before)) if fill.is_exit else fill.equity
        if fill.is_exit:
            gain = after_exit / trades[-1].start - 1.0
            trades[-1] = replace(
                trades[-1], exit_row=fill.row, exit_price=fill.price, net_return=gain, exit_reason=fill.reason
            )
        if fill.is_entry:
            size, price = fill.after, fill.price
            trades.append(Trade(fill.row, -1, size, after_exit, price, price, abs(size), fill.reason))
        elif not fill.is_exit:
            trades[-1] = replace(trades[-1], max_weight=max(trades[-1].max_weight, abs(fill.after)))
    if trades and trades[-1].exit_row < 0:
        gain = float(ledger.equity[-1]) / trades[-1].start - 1.0
        trades[-1] = replace(trades[-1], exit_price=float(market.close[-1]), net_return=gain)
    return trades


def trade_rows(trades: list[Trade], market: Market, labels: dict[str, str]) -> pd.DataFrame:
    """Rows of `TREND_TRADES`; `labels` holds symbol, strategy, variant and source."""
    ends = [t.exit_row if t.exit_row >= 0 else market.size - 1 for t in trades]
    starts = [t.entry_row for t in trades]
    closed = np.array([t.exit_row >= 0 for t in trades], dtype=bool)
    last = market.dates.to_numpy()[ends] if ends else np.array([], dtype="datetime64[ns]")
    return pd.DataFrame(
        {
            "symbol": labels["symbol"],
            "strategy": labels["strategy"],
            "variant": labels["variant"],
            "entry_date": market.dates.to_numpy()[starts] if starts else np.array([], dtype="datetime64[ns]"),
            "exit_date": np.where(closed, last, np.datetime64("NaT", "ns")),
            "side": ["long" if t.weight > 0.0 else "short" for t in trades],
            "entry_price": np.array([t.entry_price for t in trades], dtype=np.float64),
            "exit_price": np.array([t.exit_price for t in trades], dtype=np.float64),
            "max_weight": np.array([t.max_weight for t in trades], dtype=np.float64),
            "net_return": np.array([t.net_return for t in trades], dtype=np.float64),
            "sessions": np.array(ends, dtype=np.int64) - np.array(starts, dtype=np.int64),
            "entry_reason": [t.entry_reason for t in trades],
            "exit_reason": [t.exit_reason for t in trades],
            "source": labels["source"],
        }
    )

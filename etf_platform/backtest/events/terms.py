"""The terms of the event back-test: when it buys and sells, and what that costs. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

from etf_platform.core.config.arbitrage import ArbitrageConfig, Exit

Entry = Literal["next_open", "close"]
ENTRIES: tuple[Entry, ...] = ("next_open", "close")
EXITS: tuple[Exit, ...] = ("next_open", "next_close", "profit_or_loss")


@dataclass(frozen=True)
class Variant:
    """One way of trading a signal.

    Attributes
    ----------
    entry : {"next_open", "close"}
        The first price after the board is known from a daily bar, or the close of the board's own day. The latter is
        the original's assumption: it needs the board to be seen, and the order filled, before the close.
    exit : {"next_open", "next_close", "profit_or_loss"}
    assumption : str
        What else the signals assume, e.g. `weights_assumed`; part of the name, so that nobody takes it for the result.
    """

    entry: Entry
    exit: Exit
    assumption: str = ""

    @property
    def name(self) -> str:
        """`next_open/next_close`, with the assumption after a plus sign."""
        return f"{self.entry}/{self.exit}" + (f"+{self.assumption}" if self.assumption else "")


def every_variant(assumption: str = "") -> tuple[Variant, ...]:
    """All entries with all exits."""
    return tuple(Variant(entry, exit_, assumption) for entry, exit_ in product(ENTRIES, EXITS))


@dataclass(frozen=True)
class EventTerms:
    """Size, costs, exits, and the draws of the comparison.

    Attributes
    ----------
    order : float
        Yuan per trade; enters the impact only.
    fees : float
        Fraction, for both sides together.
    half_spread : float
        Yuan per share and side; one tick is a spread of two.
    take_profit, stop_loss : float
        Fractions of the entry, the stop negative.
    max_hold : int
        Sessions after the entry's own at whose close a position ends.
    settlement_days : mapping of str to int
        Fund -> sessions before it may be sold: 0 is T+0; a fund that is missing has T+1.
    """

    order: float = 500_000.0
    fees: float = 0.0005
    half_spread: float = 0.001
    take_profit: float = 0.03
    stop_loss: float = -0.02
    max_hold: int = 3
    settlement_days: Mapping[str, int] = field(default_factory=dict)
    benchmark_draws: int = 1000
    bootstrap_draws: int = 2000
    seed: int = 20240102


def terms_of(config: ArbitrageConfig, settlement_days: Mapping[str, int]) -> EventTerms:
    """Terms as configured in `arbitrage.yaml`."""
    risk, draws = config.risk_control, config.backtest
    return EventTerms(
        order=risk.max_buy,
        fees=config.economics.fees_bps / 1e4,
        take_profit=risk.take_profit,
        stop_loss=risk.stop_loss,
        max_hold=risk.max_hold,
        settlement_days=settlement_days,
        benchmark_draws=draws.benchmark_draws,
        bootstrap_draws=draws.bootstrap_draws,
        seed=draws.seed,
    )

"""The terms of trade of a back-test: when it fills, what it costs, what the exchange allows. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from etf_platform.core.config.models import Instrument, PoolsConfig

ExecMode = Literal["next_open_close", "next_close_close"]
Tier = Literal["low", "med", "high"]

COST_TIERS: dict[Tier, tuple[float, float]] = {  # one way, fractions: domestic, cross-border (specification 2.6)
    "low": (0.0010, 0.0030),
    "med": (0.0020, 0.0050),
    "high": (0.0030, 0.0080),
}


@dataclass(frozen=True)
class Terms:
    """How targets become trades.

    Attributes
    ----------
    exec_mode : str
        `next_open_close` fills at the open of the next session, `next_close_close` at its close.
    cost : float
        Commission plus slippage, one way, as a fraction of the traded value; both sides pay it.
    cost_of : mapping of symbol to float
        Overrides `cost` for single symbols.
    limit_of : mapping of symbol to float
        Daily price limit as a fraction of the previous close; a symbol that is not listed has none. Not used when the
        bars have `limit_rate`.
    lot : float
        Shares per lot; purchases and partial sales are floored to it, a full sale takes the odd rest. 0 is fractional.
    initial_capital : float
        CNY.
    min_weight_change : float
        Smaller changes of weight are skipped, unless the target is 0.
    original_compatible : bool
        Sell everything at every rebalance; sales cost nothing.
    start : str or None
        First session of the account, ISO date; earlier decisions are not traded. None takes the first decision that
        selects a fund.
    """

    exec_mode: ExecMode = "next_open_close"
    cost: float = 0.00125
    cost_of: Mapping[str, float] = field(default_factory=dict)
    limit_of: Mapping[str, float] = field(default_factory=dict)
    lot: float = 100.0
    initial_capital: float = 1_000_000.0
    min_weight_change: float = 0.01
    original_compatible: bool = False
    start: str | None = None


def terms_of(
    config: PoolsConfig,
    instruments: Mapping[str, Instrument],
    tier: Tier | None = None,
    original_compatible: bool = False,
) -> Terms:
    """Terms as configured; a cost tier replaces commission and slippage by asset class.

    Settlement needs no rule of its own: an account fills once per session and sells before it buys, so no share is ever
    sold on the day of its purchase, which satisfies T+1 and T+0 alike.
    """
    trade = config.strategy.backtest
    return Terms(
        exec_mode=trade.exec_mode,
        cost=config.costs.commission + config.costs.slippage,
        cost_of={} if tier is None else {s: tier_cost(i, tier) for s, i in instruments.items()},
        limit_of={s: i.price_limit for s, i in instruments.items() if i.price_limit is not None},
        lot=float(config.costs.lot),
        initial_capital=config.costs.initial_capital,
        min_weight_change=trade.min_weight_change,
        original_compatible=original_compatible,
        start=trade.start_date,
    )


def tier_cost(instrument: Instrument, tier: Tier) -> float:
    """One-way cost of a fund in a tier, as a fraction; cross-border funds pay the dearer rate."""
    domestic, cross_border = COST_TIERS[tier]
    return cross_border if instrument.asset_class == "equity_cross_border" else domestic

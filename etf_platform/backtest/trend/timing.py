"""When an order of this back-test fills, and what each leg of a session earns: the conventions, with their arithmetic.

The weight is held constant over a leg and brought back to its value at the start of the next one without charge
(constant-weight accounting): equity is multiplied by `1 + weight * (price ratio - 1)` per leg, and by
`1 - rate * |dw|` per fill. A weight of 1 or 0 never drifts, so only fractional and short weights depend on this.

=================== ==================== ========================================= =================================
fill                row of the decision  what session i earns                      position in row i
=================== ==================== ========================================= =================================
next_open           i - 1, open of i     old weight open/prev_close, new close/open after the open
next_close          i - 1, close of i    old weight close/prev_close               after the close
same_close          i, close of i        old weight close/prev_close               after the close
original_compatible i - 1, close of i-1  new weight close/prev_close               the one that earned
=================== ==================== ========================================= =================================

`same_close` and `original_compatible` fill at a close that the decision already knows: they are marked in every output.
"""

from typing import Literal

from etf_platform.core.config.trend import TrendBacktest

Fills = Literal["next_open", "next_close", "same_close", "original_compatible"]
KNOWS_ITS_PRICE = ("same_close", "original_compatible")


def fills_of(terms: TrendBacktest) -> Fills:
    """How orders fill; `next_day_execution: false` is `same_close` whatever `execution` says."""
    return terms.execution if terms.next_day_execution else "same_close"


def rate_of(terms: TrendBacktest) -> float:
    """One-way cost per unit of traded weight, as a fraction of equity."""
    return terms.commission + terms.slippage


def cash_rate(terms: TrendBacktest) -> float:
    """What a session without any position earns: (1 + rf) ** (1 / annualisation) - 1; 0 when accrual is off."""
    if not terms.metrics.accrue_risk_free_when_flat:
        return 0.0
    return float((1.0 + terms.metrics.risk_free_rate) ** (1.0 / terms.annualisation) - 1.0)


def marked(source: str, fills: Fills) -> str:
    """The source, with the word that marks an account whose fills knew their price."""
    return f"{source} [{fills}]" if fills in KNOWS_ITS_PRICE else source

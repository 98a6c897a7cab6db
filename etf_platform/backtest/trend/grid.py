"""Parameter sets of a strategy and their daily accounts. Not here: which of them is best, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from pydantic import ValidationError

from etf_platform.backtest.trend.ledger import Ledger
from etf_platform.backtest.trend.market import Market, Reader, prepared
from etf_platform.backtest.trend.run import fast_ledger, is_vectorised, ledger_of
from etf_platform.core.config.trend import TrendBacktest
from etf_platform.core.errors import BadInputError
from etf_platform.core.units.signal import SignalStrategy

Grid = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Question:
    """What is asked of one market: a strategy, its indicator columns for any settings, and the terms of trade."""

    market: Market
    read: Reader
    strategy: SignalStrategy
    terms: TrendBacktest

    def ledger(self, settings: Any) -> Ledger:
        """The account of one parameter set; without fills where the fast way is taken."""
        frame = prepared(self.market, self.read, self.strategy, settings)
        make = fast_ledger if is_vectorised(self.strategy, self.terms) else ledger_of
        return make(self.market, frame, self.strategy, settings, self.terms)


def combinations(strategy: SignalStrategy, settings: Any, grid: Grid) -> list[tuple[dict[str, Any], Any]]:
    """(changes, validated settings) of every combination of the grid, the last name running fastest.

    Settings are None where the strategy refuses the combination as such (a fast average slower than the slow one).

    Raises
    ------
    BadInputError
        Nothing to vary, an unknown name, a value that is refused in itself, or no combination left.
    """
    known = settings.model_dump()
    unknown = sorted(set(grid) - set(known))
    if unknown or not grid or not all(len(values) for values in grid.values()):
        saw = f"{', '.join(unknown)} is no setting" if unknown else "there is nothing to vary"
        raise BadInputError(_doing(strategy), saw, f"vary {', '.join(known)}")
    changes = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    sets = [(change, _validated(strategy, {**known, **change})) for change in changes]
    if all(chosen is None for _, chosen in sets):
        raise BadInputError(_doing(strategy), "the strategy refuses every combination", "look at its settings")
    return sets


def _validated(strategy: SignalStrategy, values: dict[str, Any]) -> Any:
    try:
        return strategy.settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            return None
        saw = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise BadInputError(_doing(strategy), saw, "leave such values out of the grid") from None


def _doing(strategy: SignalStrategy) -> str:
    return f"reading the parameter grid of {strategy.name}"


def daily_returns(equity: np.ndarray, market: Market) -> np.ndarray:
    """Returns of the tradable sessions, shape (n_sessions - first,)."""
    held = equity[market.base :]
    return held[1:] / held[:-1] - 1.0

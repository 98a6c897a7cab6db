"""What a signal report is made from, filled by orchestration.

Here: the input as values. Not here: reading the lake, any sentence.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

NO_ROWS = "no_rows"
TOO_FEW = "insufficient_data"


@dataclass(frozen=True)
class SignalFacts:
    """One signal with the numbers that it was made from.

    Attributes
    ----------
    strategy, title : str
        Name, and the tail of the report's first line, e.g. `纳指机构级(v3) 信号`.
    signal : mapping
        One row of SIGNALS.
    indicators : mapping
        The row of INDICATORS of the same date; a number that is absent reads N/A.
    settings : mapping
        The strategy's settings, `model_dump()`.
    warmup_bars : int
        Bars that the strategy needs.
    """

    strategy: str
    title: str
    signal: Mapping[str, Any]
    indicators: Mapping[str, Any]
    settings: Mapping[str, Any]
    warmup_bars: int

    @property
    def symbol(self) -> str:
        """As people write it: `QQQ` for `QQQ.US`."""
        return str(self.signal["symbol"]).removesuffix(".US")

    @property
    def date(self) -> str:
        """ISO date of the close that the signal knows."""
        return f"{pd.Timestamp(self.signal['date']):%Y-%m-%d}"

    @property
    def reason(self) -> str:
        """Reason code."""
        return str(self.signal["reason"])

    @property
    def position(self) -> float | None:
        """Advised weight; None keeps what is held."""
        return defined(self.signal["position"])

    @property
    def conditions(self) -> tuple[bool | None, ...]:
        """The shown conditions; None is not defined."""
        return tuple({"1": True, "0": False}.get(mark) for mark in str(self.signal["conditions"]))

    @property
    def is_simulated(self) -> bool:
        """Whether the data behind it are simulated."""
        return "simulated" in str(self.signal["source"]).lower()

    @property
    def is_too_short(self) -> bool:
        """Whether there were fewer bars than the strategy needs."""
        return self.reason == TOO_FEW

    def number(self, column: str) -> float | None:
        """A column of the signal's bar or indicators; None where it is not defined."""
        return defined(self.signal["close"] if column == "close" else self.indicators.get(column))


@dataclass(frozen=True)
class Evidence:
    """What stands beside a signal in the forms for reading; an empty frame is reported as missing.

    Attributes
    ----------
    history : DataFrame
        Last sessions up to the signal: `date`, `close`, `weight` (of SIGNALS) and the indicator columns.
    equity : DataFrame
        `backtest/<universe>/trend`, rows of the strategy and symbol, one variant.
    metrics : DataFrame
        `backtest/<universe>/trend_metrics`, rows of the strategy and symbol, all variants.
    trades : DataFrame
        `backtest/<universe>/trend_trades`, rows of the strategy and symbol, one variant.
    hit_rates : DataFrame
        As `condition_hit_rates` returns it.
    missing_sessions : int, optional
        Exchange sessions without a bar since the last bar or within the last week; None is not known.
    """

    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    equity: pd.DataFrame = field(default_factory=pd.DataFrame)
    metrics: pd.DataFrame = field(default_factory=pd.DataFrame)
    trades: pd.DataFrame = field(default_factory=pd.DataFrame)
    hit_rates: pd.DataFrame = field(default_factory=pd.DataFrame)
    missing_sessions: int | None = None


def defined(value: Any) -> float | None:
    """A finite number, or None."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    number = float(value)
    return number if math.isfinite(number) else None

"""What a single-asset strategy is: one rule from a row of indicator columns and what is held, to a signal.

The same `step` decides live, in the back-test and in the report, so that these cannot disagree. Here stand the values;
the strategies themselves are one file each in `etf_platform/strategies/signals`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from etf_platform.core.config.strict import Strict
from etf_platform.core.states import State

if TYPE_CHECKING:
    import pandas as pd

Action = Literal["buy", "sell", "hold", "close", "buy_light", "sell_light"]
Row = Mapping[str, Any]
NAN = float("nan")


@dataclass(frozen=True)
class Held:
    """What is held at the close at which a strategy decides.

    Attributes
    ----------
    weight : float
        Fraction of the account; negative is short.
    entry_price : float
        Adjusted price at which it was opened; NaN when flat.
    entry_reason : str
        Reason code that opened it; empty when flat.
    sessions : int
        Sessions since the opening fill; 0 where the caller does not count them. No strategy decides on it, because it
        is not stored with the signal.
    """

    weight: float = 0.0
    entry_price: float = NAN
    entry_reason: str = ""
    sessions: int = 0


FLAT = Held()


@dataclass(frozen=True)
class Signal:
    """What a strategy says at one close.

    Attributes
    ----------
    signal : Action
    position : float or None
        Weight for the next session; None keeps what is held.
    reason : str
        Reason code.
    state : State
        BLOCKED when the inputs allow no signal.
    conditions : tuple of (bool or None)
        Conditions that are shown beside it; None is not defined.
    stop_loss, take_profit : float or None
        Levels in adjusted price; None when nothing is open or advised. Advised (`position` is a number that is not 0):
        around this close; kept (`position` None): around `held.entry_price`. A back-test guards a position by the
        levels of the signal that opened it.
    """

    signal: Action
    position: float | None
    reason: str
    state: State = State.PASS
    conditions: tuple[bool | None, ...] = ()
    stop_loss: float | None = None
    take_profit: float | None = None


@dataclass(frozen=True)
class SignalStrategy:
    """A single-asset strategy as a unit; its folder is the registry.

    Attributes
    ----------
    name : str
        As users know it, e.g. `EMA_trend_v3`.
    title : str
        Tail of the report's first line, e.g. `纳指机构级(v3) 信号`.
    meaning : str
        One sentence for people.
    settings : type of Strict
        Its keys in `strategies.yaml`, with defaults.
    warmup : {"ema", "rsi"}
        Which of the configured `warmup_bars` it needs.
    indicators : callable settings -> tuple of str
        Names of the indicator columns that it reads.
    prepare : callable (columns, settings, sessions) -> DataFrame
        Adds columns that only this strategy reads (values of earlier rows, month ends); causal, one symbol, ordered by
        date. `sessions` are all sessions of the exchange calendar (DatetimeIndex).
    step : callable (row, settings, held) -> Signal
        The rule. `row` holds the bar (open, high, low, close: adjusted; volume), the columns, and `n_bars` (rows up to
        and including this one). The caller answers `insufficient_data` before it calls `step` on too few rows. A column
        that is absent or NaN gives a BLOCKED signal, never an error.
    positions : callable (columns, settings) -> ndarray, or None
        The same advice for all rows at once, NaN keeps; only where it does not depend on what is held. For sweeps; a
        contract test holds it to `step`.
    variants : mapping of str to changed settings
        Rule variants that the back-test reports beside the configured one.
    """

    name: str
    title: str
    meaning: str
    settings: type[Strict]
    warmup: Literal["ema", "rsi"]
    indicators: "Callable[[Any], tuple[str, ...]]"
    prepare: "Callable[[pd.DataFrame, Any, pd.DatetimeIndex], pd.DataFrame]"
    step: Callable[[Row, Any, Held], Signal]
    positions: "Callable[[pd.DataFrame, Any], Any] | None" = None
    variants: Mapping[str, Mapping[str, Any]] | None = None

"""What the trend strategies share: their settings' strictness, stop levels, the blocked answer, the age of the VIX.

Not here: any rule that decides a position; that stands in the strategy's own file.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field

from etf_platform.core.config.strict import Fraction, Strict
from etf_platform.core.states import State
from etf_platform.core.units.signal import NAN, Held, Row, Signal

VIX_MAX_AGE = 5  # sessions; an older close counts as missing
NOT_YET = "insufficient_data"
MISSING = "missing_indicators"


class Settings(Strict):
    """Keys that every strategy has; a value of the wrong YAML type is refused, never converted.

    `index_code` names what the strategy was made for (the runs name what it is applied to). `original_compatible`
    reproduces the original, its defects included.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    index_code: str = "QQQ"
    original_compatible: bool = False


class RiskControl(Strict):
    """Distances of stop and target from the price at which a position is opened, as fractions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    stop_loss_ratio: Fraction = 0.05
    take_profit_ratio: float = Field(0.20, ge=0.0)


def value(row: Row, name: str) -> float:
    """A number of the row; NaN where the column is absent or null."""
    found = row.get(name)
    return NAN if found is None else float(found)


def is_defined(row: Row, names: Sequence[str]) -> bool:
    """Whether every named number is there and finite."""
    return all(math.isfinite(value(row, name)) for name in names)


def levels(price: float, weight: float, stop: float, target: float) -> tuple[float | None, float | None]:
    """Stop and target around `price` for a position of the sign of `weight`; (None, None) when it is 0 or NaN.

    `stop` and `target` are fractions of the price. A short position has its stop above.
    """
    if not weight or not math.isfinite(price):
        return None, None
    side = math.copysign(1.0, weight)
    return price * (1.0 - side * stop), price * (1.0 + side * target)


def levels_of(
    row: Row, position: float | None, held: Held, control: RiskControl, always: bool = False
) -> tuple[float | None, float | None]:
    """Levels of an advised position from the close, of a kept one from its entry price, else none.

    `always` (the original) gives the levels of a long position from the close, advised or not.
    """
    stop, target = control.stop_loss_ratio, control.take_profit_ratio
    if always:
        return levels(value(row, "close"), 1.0, stop, target)
    if position is None:
        return levels(held.entry_price, held.weight, stop, target)
    return levels(value(row, "close"), position, stop, target)


def blocked(held: Held, settings: Any, reason: str = MISSING, conditions: tuple[bool | None, ...] = ()) -> Signal:
    """No signal: hold what is held (the original: position 0), state BLOCKED; a kept position keeps its levels."""
    position = 0.0 if settings.original_compatible else None
    control = getattr(settings, "risk_control", RiskControl())
    stop, target = (
        levels(held.entry_price, held.weight, control.stop_loss_ratio, control.take_profit_ratio)
        if position is None
        else (None, None)
    )
    return Signal("hold", position, reason, State.BLOCKED, conditions, stop, target)


def with_vix_age(columns: pd.DataFrame, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Adds `vix_age`: sessions of the exchange between the VIX close and the row; NaN without a VIX.

    `vix_date` lies strictly before `date`, so the age is at least 1. A column that is absent counts as no VIX.
    """
    if "vix" not in columns or "vix_date" not in columns:
        return columns.assign(vix_age=np.nan)
    of_vix = pd.to_datetime(columns["vix_date"])
    age = sessions.searchsorted(columns["date"].to_numpy()) - sessions.searchsorted(of_vix.to_numpy())
    known = of_vix.notna().to_numpy() & columns["vix"].notna().to_numpy()
    return columns.assign(vix_age=np.where(known, age.astype(float), np.nan))


def with_given_vix(columns: pd.DataFrame, value: float, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """The last row's VIX replaced by a number that a person gave, as the close of the session before it."""
    before = sessions[sessions.searchsorted(columns["date"].iloc[-1]) - 1]
    given = columns.reindex(columns=columns.columns.union(["vix", "vix_date"], sort=False))
    given["vix"], given["vix_date"] = given["vix"].astype(float), pd.to_datetime(given["vix_date"])
    given.loc[given.index[-1], ["vix", "vix_date"]] = [value, before]
    return given


def vix_of(row: Row) -> float:
    """The VIX that the row may use: NaN when missing or older than five sessions."""
    age = value(row, "vix_age")
    return value(row, "vix") if 0.0 < age <= VIX_MAX_AGE else NAN

"""EMA_trend_v3: long while the fast EMA is above the slow one; four more conditions are shown beside it."""

import math
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from etf_platform.core.config.strict import Positive
from etf_platform.core.units.signal import NAN, Held, Row, Signal, SignalStrategy
from etf_platform.strategies.signals import terms

TREND_AVERAGE = "sma_200"


class Settings(terms.Settings):
    """Keys of `trend.strategies.EMA_trend_v3`.

    `require` names the rule: `condition_1` (the only entry rule) or `all_conditions` (all five, else flat).
    `original_compatible`: a missing VIX passes, and a blocked signal has position 0.
    """

    ema_fast: int = Field(80, ge=1)
    ema_slow: int = Field(200, ge=1)
    vol_window: int = Field(20, ge=2)
    vol_threshold: Positive = 0.02
    adx_period: int = Field(14, ge=2)
    adx_threshold: float = Field(25, ge=0.0, le=100.0)
    macd_fast: int = Field(12, ge=1)
    macd_slow: int = Field(26, ge=1)
    macd_signal: int = Field(9, ge=1)
    use_vol_filter: bool = False
    vix_threshold: Positive = 25
    use_vix_filter: bool = False
    require: Literal["condition_1", "all_conditions"] = "condition_1"
    risk_control: terms.RiskControl = terms.RiskControl()

    @model_validator(mode="after")
    def _ordered(self) -> "Settings":
        if self.ema_fast >= self.ema_slow:
            raise ValueError(f"ema_fast {self.ema_fast} must be shorter than ema_slow {self.ema_slow}")
        return self


def macd_line(settings: Settings) -> str:
    """Name of the MACD line's column: plain for 12, 26, 9, else with its parameters."""
    spans = (settings.macd_fast, settings.macd_slow, settings.macd_signal)
    return "macd_line" if spans == (12, 26, 9) else "macd_line_{}_{}_{}".format(*spans)


def indicators(settings: Settings) -> tuple[str, ...]:
    """Columns that the five conditions, the filters and the report read."""
    return (*_needed(settings), f"vol_{settings.vol_window}", "vix")


def _needed(settings: Settings) -> tuple[str, ...]:
    fast, slow = f"ema_{settings.ema_fast}", f"ema_{settings.ema_slow}"
    return fast, slow, TREND_AVERAGE, f"adx_{settings.adx_period}", macd_line(settings)


def prepare(columns: pd.DataFrame, settings: Settings, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Adds the age of the VIX in sessions."""
    return terms.with_vix_age(columns, sessions)


def conditions(row: Row, settings: Settings) -> tuple[bool | None, ...]:
    """The five conditions, all strict; None where a number is not defined."""
    fast, slow, average, adx, line = (terms.value(row, name) for name in _needed(settings))
    close = terms.value(row, "close")
    pairs = ((fast, slow), (close, fast), (adx, float(settings.adx_threshold)), (line, 0.0), (close, average))
    return tuple(None if math.isnan(a) or math.isnan(b) else a > b for a, b in pairs)


def step(row: Row, settings: Settings, held: Held) -> Signal:
    """Blocked, filtered out, or long: the first rule that applies decides."""
    met = conditions(row, settings)
    if met[0] is None or any(name not in row for name in _needed(settings)):
        return terms.blocked(held, settings, conditions=met)
    if not met[0]:
        return _advise(row, settings, held, 0.0, "ema_not_uptrend", met)
    filtered = _filter(row, settings)
    if filtered == terms.MISSING:
        return terms.blocked(held, settings, conditions=met)
    if filtered:
        return _advise(row, settings, held, 0.0, filtered, met)
    if all(met):
        return _advise(row, settings, held, 1.0, "all_conditions_met", met)
    if settings.require == "all_conditions":
        return _advise(row, settings, held, 0.0, "conditions_not_met", met)
    return _advise(row, settings, held, 1.0, "uptrend", met)


def _filter(row: Row, settings: Settings) -> str:
    vix = terms.vix_of(row) if settings.use_vix_filter else NAN
    if settings.use_vix_filter and math.isnan(vix) and not settings.original_compatible:
        return terms.MISSING
    if vix >= settings.vix_threshold:
        return f"vix_above_{settings.vix_threshold:g}"
    volatility = terms.value(row, f"vol_{settings.vol_window}") if settings.use_vol_filter else 0.0
    if math.isnan(volatility):
        return terms.MISSING
    return "vol_above_threshold" if settings.use_vol_filter and volatility >= settings.vol_threshold else ""


def _advise(
    row: Row, settings: Settings, held: Held, position: float, reason: str, met: tuple[bool | None, ...]
) -> Signal:
    stop, target = terms.levels_of(row, position, held, settings.risk_control, settings.original_compatible)
    return Signal("buy" if position else "sell", position, reason, conditions=met, stop_loss=stop, take_profit=target)


def positions(columns: pd.DataFrame, settings: Settings) -> np.ndarray:
    """`step` for all rows of prepared columns at once: 1, 0, or NaN (keep) where it is blocked."""
    fast, slow, average, adx, line = (columns[name].to_numpy(float) for name in _needed(settings))
    close = columns["close"].to_numpy(float)
    up = fast > slow
    others = (close > fast) & (adx > settings.adx_threshold) & (line > 0.0) & (close > average)
    advised = np.where(up & (others | (settings.require == "condition_1")), 1.0, 0.0)
    closed, unknown = _filters(columns, settings)
    advised[up & closed] = 0.0
    kept = 0.0 if settings.original_compatible else NAN
    advised[(up & unknown) | np.isnan(fast) | np.isnan(slow)] = kept
    return advised


def _filters(columns: pd.DataFrame, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    closed, unknown = np.zeros(len(columns), dtype=bool), np.zeros(len(columns), dtype=bool)
    if settings.use_vix_filter and "vix" in columns:
        age = columns["vix_age"].to_numpy(float)
        vix = np.where((age > 0.0) & (age <= terms.VIX_MAX_AGE), columns["vix"].to_numpy(float), np.nan)
        closed |= vix >= settings.vix_threshold
    else:
        vix = np.full(len(columns), np.nan)
    if settings.use_vix_filter and not settings.original_compatible:
        unknown |= np.isnan(vix)
    if settings.use_vol_filter:
        volatility = columns[f"vol_{settings.vol_window}"].to_numpy(float)
        unknown |= np.isnan(volatility) & ~closed
        closed |= volatility >= settings.vol_threshold
    return closed & ~unknown, unknown


EMA_TREND_V3 = SignalStrategy(
    name="EMA_trend_v3",
    title="纳指机构级(v3) 信号",
    meaning="Long while the fast EMA is above the slow one; price, ADX, MACD and SMA200 are shown as confirmation.",
    settings=Settings,
    warmup="ema",
    indicators=indicators,
    prepare=prepare,
    step=step,
    positions=positions,
    variants={"condition_1": {"require": "condition_1"}, "all_conditions": {"require": "all_conditions"}},
)

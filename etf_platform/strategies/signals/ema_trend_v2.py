"""EMA_trend_v2: long while the fast EMA is above the slow one and the volatility is low."""

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from etf_platform.core.config.strict import Positive
from etf_platform.core.units.signal import NAN, Held, Row, Signal, SignalStrategy
from etf_platform.strategies.signals import terms


class Settings(terms.Settings):
    """Keys of `trend.strategies.EMA_trend_v2`; `vol_threshold` is a daily standard deviation, not annualised."""

    ema_fast: int = Field(80, ge=1)
    ema_slow: int = Field(200, ge=1)
    vol_window: int = Field(20, ge=2)
    vol_threshold: Positive = 0.02
    risk_control: terms.RiskControl = terms.RiskControl()

    @model_validator(mode="after")
    def _ordered(self) -> "Settings":
        if self.ema_fast >= self.ema_slow:
            raise ValueError(f"ema_fast {self.ema_fast} must be shorter than ema_slow {self.ema_slow}")
        return self


def indicators(settings: Settings) -> tuple[str, ...]:
    """The two averages and the volatility."""
    return f"ema_{settings.ema_fast}", f"ema_{settings.ema_slow}", f"vol_{settings.vol_window}"


def prepare(columns: pd.DataFrame, settings: Settings, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Needs nothing beside the indicators."""
    return columns


def step(row: Row, settings: Settings, held: Held) -> Signal:
    """1 in a rising trend of low volatility, else 0."""
    names = indicators(settings)
    if not terms.is_defined(row, names):
        return terms.blocked(held, settings)
    fast, slow, volatility = (terms.value(row, name) for name in names)
    is_long = fast > slow and volatility < settings.vol_threshold
    position = 1.0 if is_long else 0.0
    stop, target = terms.levels_of(row, position, held, settings.risk_control, settings.original_compatible)
    reason = "uptrend_low_vol" if is_long else "no_uptrend_or_high_vol"
    return Signal("buy" if is_long else "sell", position, reason, stop_loss=stop, take_profit=target)


def positions(columns: pd.DataFrame, settings: Settings) -> np.ndarray:
    """`step` for all rows at once: 1, 0, or NaN (keep) where a column is not defined."""
    fast, slow, volatility = (columns[name].to_numpy(float) for name in indicators(settings))
    advised = np.where((fast > slow) & (volatility < settings.vol_threshold), 1.0, 0.0)
    advised[~np.isfinite(fast + slow + volatility)] = 0.0 if settings.original_compatible else NAN
    return advised


EMA_TREND_V2 = SignalStrategy(
    name="EMA_trend_v2",
    title="EMA趋势增强(v2) 信号",
    meaning="Long while the fast EMA is above the slow one and 20-day volatility is below its threshold.",
    settings=Settings,
    warmup="ema",
    indicators=indicators,
    prepare=prepare,
    step=step,
    positions=positions,
)

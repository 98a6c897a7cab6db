"""EMA_cross_v1: buys the golden cross of two EMAs and sells the death cross, daily or at month ends only."""

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from etf_platform.core.errors import CalendarEndError
from etf_platform.core.units.signal import NAN, Held, Row, Signal, SignalStrategy
from etf_platform.strategies.signals import terms


class Settings(terms.Settings):
    """Keys of `trend.strategies.EMA_cross_v1`.

    `monthly` decides on the last exchange session of a month only. `original_compatible`: every day is a month end.
    """

    short_ema: int = Field(50, ge=1)
    long_ema: int = Field(200, ge=1)
    rebalance_freq: Literal["daily", "monthly"] = "daily"
    risk_control: terms.RiskControl = terms.RiskControl()

    @model_validator(mode="after")
    def _ordered(self) -> "Settings":
        if self.short_ema >= self.long_ema:
            raise ValueError(f"short_ema {self.short_ema} must be shorter than long_ema {self.long_ema}")
        return self


def indicators(settings: Settings) -> tuple[str, ...]:
    """The two averages."""
    return f"ema_{settings.short_ema}", f"ema_{settings.long_ema}"


def prepare(columns: pd.DataFrame, settings: Settings, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Adds `<ema>_before` (values of the row before) and, for `monthly`, `is_month_end` from the exchange calendar.

    Raises
    ------
    CalendarEndError
        `monthly`, and the calendar does not reach beyond the last row, so that nobody can know whether the month ends.
    """
    before = {f"{n}_before": columns[n].shift(1) for n in indicators(settings) if n in columns}
    added = columns.assign(**before)
    if settings.rebalance_freq == "monthly" and len(columns):
        return added.assign(is_month_end=_month_ends(columns["date"], sessions) | settings.original_compatible)
    return added


def _month_ends(dates: pd.Series, sessions: pd.DatetimeIndex) -> np.ndarray:
    following = sessions.searchsorted(dates.to_numpy(), side="right")
    if following[-1] >= len(sessions):
        raise CalendarEndError(
            "finding the last session of the month",
            f"the exchange calendar knows no session after {dates.iloc[-1]:%Y-%m-%d}",
            "pass sessions that reach beyond the last row",
        )
    this, next_one = pd.DatetimeIndex(dates), sessions[following]
    return np.asarray((this.year != next_one.year) | (this.month != next_one.month))


def step(row: Row, settings: Settings, held: Held) -> Signal:
    """A cross between the last two rows decides; without one what is held is kept."""
    short, long = indicators(settings)
    if not terms.is_defined(row, (short, long)):
        return terms.blocked(held, settings)
    now_above = terms.value(row, short) > terms.value(row, long)
    if settings.rebalance_freq == "monthly":
        if not row["is_month_end"]:
            return _keep(row, settings, held, "hold_until_month_end")
        return _move(
            row, settings, held, now_above, "monthly_rebalance_bull" if now_above else "monthly_rebalance_bear"
        )
    gap, gap_before = _gap(row, short, long, ""), _gap(row, short, long, "_before")
    if gap > 0.0 and gap_before <= 0.0:
        return _move(row, settings, held, True, "golden_cross")
    if gap < 0.0 and gap_before >= 0.0:
        return _move(row, settings, held, False, "death_cross")
    return _keep(row, settings, held, "hold")


def _gap(row: Row, short: str, long: str, suffix: str) -> float:
    return terms.value(row, short + suffix) - terms.value(row, long + suffix)


def _keep(row: Row, settings: Settings, held: Held, reason: str) -> Signal:
    stop, target = terms.levels_of(row, None, held, settings.risk_control, settings.original_compatible)
    return Signal("hold", None, reason, stop_loss=stop, take_profit=target)


def _move(row: Row, settings: Settings, held: Held, is_long: bool, reason: str) -> Signal:
    position = 1.0 if is_long else 0.0
    stop, target = terms.levels_of(row, position, held, settings.risk_control, settings.original_compatible)
    return Signal("buy" if is_long else "sell", position, reason, stop_loss=stop, take_profit=target)


def positions(columns: pd.DataFrame, settings: Settings) -> np.ndarray:
    """`step` for all rows of prepared columns at once: 1, 0, or NaN where what is held is kept."""
    short, long = indicators(settings)
    now = columns[short].to_numpy(float) - columns[long].to_numpy(float)
    before = columns[f"{short}_before"].to_numpy(float) - columns[f"{long}_before"].to_numpy(float)
    advised = np.full(len(columns), NAN)
    if settings.rebalance_freq == "monthly":
        decides = columns["is_month_end"].to_numpy(bool)
        advised[decides] = np.where(now > 0.0, 1.0, 0.0)[decides]
    else:
        advised[(now > 0.0) & (before <= 0.0)] = 1.0
        advised[(now < 0.0) & (before >= 0.0)] = 0.0
    advised[np.isnan(now)] = 0.0 if settings.original_compatible else NAN
    return advised


EMA_CROSS_V1 = SignalStrategy(
    name="EMA_cross_v1",
    title="EMA均线交叉(v1) 信号",
    meaning="Buys the golden cross of EMA50 and EMA200 and sells the death cross, daily or at month ends.",
    settings=Settings,
    warmup="ema",
    indicators=indicators,
    prepare=prepare,
    step=step,
    positions=positions,
)

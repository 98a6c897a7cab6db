"""NDX_MA50_Volume_RSI: the trend of MA50 picks a table, RSI and volume pick the row, the row moves the weight."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd
from pydantic import Field

from etf_platform.core.config.strict import Fraction, Positive
from etf_platform.core.units.signal import Action, Held, Row, Signal, SignalStrategy
from etf_platform.strategies.signals import terms

FLAT_DAYS = 5
RISING_DAYS = 3


class Settings(terms.Settings):
    """Keys of `trend.strategies.NDX_MA50_Volume_RSI`.

    `slope_flat_threshold` is a fraction a day (the original wrote 0.1, in per cent). `min_bars` is the least that the
    rule itself needs; the configured warm-up is longer. `original_compatible`: the original's positions, which lower
    the exposure on a buy and raise it on a sale.
    """

    rsi_period: int = Field(14, ge=2)
    vol_ratio_heavy: Positive = 1.2
    vol_ratio_light: Positive = 0.8
    slope_flat_threshold: Positive = 0.001
    oscillate_range: Fraction = 0.03
    stop_below_ma50: Fraction = 0.02
    stop_below_ma20: Fraction = 0.03
    risk_control: terms.RiskControl = terms.RiskControl()
    min_bars: int = Field(60, ge=1)


@dataclass(frozen=True)
class Rule:
    """RSI from `low` to `high` (both included), with `volume` heavy, light or any: reason and new weight from w."""

    low: float
    high: float
    volume: str
    reason: str
    original: float
    weight: Callable[[float], float]


ABOVE_80, BELOW_20 = np.nextafter(80.0, inf), np.nextafter(20.0, -inf)

RULES: dict[str, tuple[Rule, ...]] = {
    "up": (
        Rule(40, 50, "light", "bull_pullback_volume_ok", 0.35, lambda w: min(1.0, w + 0.35)),
        Rule(70, 80, "light", "bull_overbought_volume_weak", 0.25, lambda w: max(0.0, w - 0.25)),
        Rule(ABOVE_80, inf, "heavy", "bull_overbought_volume_ok", 1.0, lambda w: w),
        Rule(-inf, inf, "any", "bull_hold", 1.0, lambda w: w if w > 0.0 else 1.0),
    ),
    "down": (
        Rule(50, 60, "heavy", "bear_rally_volume_heavy", 0.5, lambda w: max(0.0, w - 0.5)),
        Rule(20, 30, "light", "bear_oversold_volume_light", 0.3, lambda w: 0.3),
        Rule(-inf, BELOW_20, "heavy", "bear_oversold_no_bottom", 0.0, lambda w: 0.0),
        Rule(-inf, inf, "any", "bear_hold", 0.0, lambda w: 0.0),
    ),
    "oscillate": (
        Rule(65, 70, "heavy", "osc_sell", 0.6, lambda w: max(0.0, w - 0.35)),
        Rule(30, 35, "light", "osc_buy", 0.35, lambda w: min(0.5, w + 0.35)),
        Rule(-inf, inf, "any", "osc_hold", 0.0, lambda w: min(w, 0.5)),
    ),
    "transition": (Rule(-inf, inf, "any", "transition", 0.0, lambda w: 0.0),),
}


def indicators(settings: Settings) -> tuple[str, ...]:
    """Averages, RSI and volume ratio."""
    return "sma_50", "sma_20", f"rsi_{settings.rsi_period}", "volume_ratio"


def prepare(columns: pd.DataFrame, settings: Settings, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Adds `trend_type`: up, down, oscillate or transition (also where MA50 is not defined long enough).

    Up: close above MA50, MA50 rising three days running. (The source adds "not two closes below", which a close above
    already implies.) Down is the mirror. Oscillate: five daily slopes of MA50 flatter than the threshold, and the close
    within the range around it.
    """
    if "sma_50" not in columns:
        return columns.assign(trend_type="transition")
    close, average = columns["close"], columns["sma_50"]
    change = average.diff()
    rising = (change > 0.0).rolling(RISING_DAYS).sum() == RISING_DAYS
    falling = (change < 0.0).rolling(RISING_DAYS).sum() == RISING_DAYS
    slope = average / average.shift(1) - 1.0
    flat = (slope.abs() < settings.slope_flat_threshold).rolling(FLAT_DAYS).sum() == FLAT_DAYS
    near = (close >= average * (1.0 - settings.oscillate_range)) & (close <= average * (1.0 + settings.oscillate_range))
    kinds = np.select(
        [(close > average) & rising, (close < average) & falling, flat & near],
        ["up", "down", "oscillate"],
        "transition",
    )
    return columns.assign(trend_type=kinds)


def step(row: Row, settings: Settings, held: Held) -> Signal:
    """The first rule of the trend's table that matches RSI and volume moves the weight."""
    if row.get("n_bars", settings.min_bars) < settings.min_bars:
        return terms.blocked(held, settings, terms.NOT_YET)
    if not terms.is_defined(row, indicators(settings)):
        return terms.blocked(held, settings)
    rsi, ratio = terms.value(row, f"rsi_{settings.rsi_period}"), terms.value(row, "volume_ratio")
    volume = {"any"}
    volume |= {"heavy"} if ratio >= settings.vol_ratio_heavy else set()
    volume |= {"light"} if ratio <= settings.vol_ratio_light else set()
    rule = next(r for r in RULES[row["trend_type"]] if r.low <= rsi <= r.high and r.volume in volume)
    position = rule.original if settings.original_compatible else rule.weight(held.weight)
    stop, target = _levels(row, settings, held, position, rule.reason)
    return Signal(_word(held.weight, position), position, rule.reason, stop_loss=stop, take_profit=target)


def _word(before: float, after: float) -> Action:
    if after == before:
        return "hold"
    if after > before:
        return "buy" if after >= 0.99 else "buy_light"
    return "sell" if after == 0.0 else "sell_light"


def _levels(
    row: Row, settings: Settings, held: Held, position: float, reason: str
) -> tuple[float | None, float | None]:
    kept = position == held.weight
    always = settings.original_compatible
    stop, target = terms.levels_of(row, None if kept else position, held, settings.risk_control, always)
    if stop is None:
        return None, None
    opened_by = held.entry_reason if kept and held.entry_reason else reason
    if opened_by == "bull_pullback_volume_ok":
        stop = terms.value(row, "sma_50") * (1.0 - settings.stop_below_ma50)
    if opened_by == "bear_oversold_volume_light":
        stop = terms.value(row, "sma_20") * (1.0 - settings.stop_below_ma20)
    return stop, target


NDX_MA50_VOLUME_RSI = SignalStrategy(
    name="NDX_MA50_Volume_RSI",
    title="NDX_MA50_Volume_RSI 信号",
    meaning="Adds on quiet pullbacks and reduces on tired rallies, by the trend of MA50, RSI(14) and volume.",
    settings=Settings,
    warmup="rsi",
    indicators=indicators,
    prepare=prepare,
    step=step,
)

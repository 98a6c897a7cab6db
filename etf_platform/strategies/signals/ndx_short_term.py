"""NDX_short_term: three to ten days on crosses and extremes of RSI(9) and RSI(24), confirmed by trend and volume."""

import math
from typing import Annotated

import pandas as pd
from pydantic import ConfigDict, Field

from etf_platform.core.config.strict import Fraction, Strict
from etf_platform.core.units.signal import Action, Held, Row, Signal, SignalStrategy
from etf_platform.strategies.signals import terms

HEAVY, SHRINK = 1.2, 0.8
EXTREME_LOW, EXTREME_HIGH, EXTREME_VIX = 10.0, 90.0, 30.0
BACK_FROM_OVERBOUGHT, BACK_FROM_OVERSOLD = 65.0, 35.0
CAPS = {"bull": 0.8, "bear": 0.3}
OTHER_CAP = 0.5
# overbought, strongly overbought, oversold, strongly oversold; both ends included
LIMITS = {
    "bull": (80.0, 85.0, 40.0, 35.0),
    "bear": (60.0, 65.0, 20.0, 15.0),
    "oscillate": (65.0, 70.0, 35.0, 30.0),
    "transition": (70.0, 75.0, 30.0, 25.0),
}
LEVERAGED_STOP = 0.05

Advice = tuple[Action, float | None, str]


class RsiParams(Strict):
    """Periods of the two RSI, in bars."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    short_period: int = Field(9, ge=2)
    long_period: int = Field(24, ge=2)


class ShortRiskControl(terms.RiskControl):
    """As `RiskControl`, with the largest absolute weight; a leveraged ETF has its stop at 5 %."""

    max_position: Fraction = 0.8
    stop_loss_ratio: Fraction = 0.03
    take_profit_ratio: float = Field(0.07, ge=0.0)
    is_leverage_etf: bool = False


class DynamicCap(Strict):
    """Caps on the absolute weight while RSI(9) is beyond its strong limit."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    bull_overbought: Fraction = 0.5
    bear_oversell: Fraction = 0.5


def _risk(stop: float, target: float) -> terms.RiskControl:
    return terms.RiskControl(stop_loss_ratio=stop, take_profit_ratio=target)


SIGNAL_RISK = {
    **dict.fromkeys(("overbought", "strong_overbought", "oversell", "strong_oversell"), _risk(0.02, 0.05)),
    **dict.fromkeys(("bullish_divergence", "bearish_divergence"), _risk(0.04, 0.08)),
}


class Settings(terms.Settings):
    """Keys of `trend.strategies.NDX_short_term`.

    `hold_days` is advice for people. `signal_risk` replaces single reasons (`default` for all that are not named).
    `original_compatible`: a hold means position 0.
    """

    rsi_params: RsiParams = RsiParams()
    use_divergence: bool = False
    divergence_lookback: int = Field(20, ge=10)
    long_only: bool = True
    no_short_in_bull: bool = False
    hold_days: Annotated[tuple[int, int], Field(strict=False)] = (3, 10)
    risk_control: ShortRiskControl = ShortRiskControl()
    signal_risk: dict[str, terms.RiskControl] = Field(default_factory=dict)
    dynamic_cap: DynamicCap = DynamicCap()


def _names(settings: Settings) -> tuple[str, str]:
    return f"rsi_{settings.rsi_params.short_period}", f"rsi_{settings.rsi_params.long_period}"


def indicators(settings: Settings) -> tuple[str, ...]:
    """The two RSI, averages, volume ratio, both trend columns and the VIX."""
    return (*_names(settings), "sma_5", "sma_50", "volume_ratio", "market_env", "trend_dir", "vix")


def prepare(columns: pd.DataFrame, settings: Settings, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    """Adds `rsi_gap_before` (RSI short minus long of the row before), `divergence` and the age of the VIX.

    Divergence compares the extremes of the last n closes with those of the n before (n = 5; less for a
    `divergence_lookback` below 15): a new high of the price without one of the RSI is `bearish_divergence`, mirrored
    `bullish_divergence`, else "".
    """
    short, long = _names(settings)
    added = terms.with_vix_age(columns, sessions)
    if short not in columns or long not in columns:
        return added.assign(rsi_gap_before=math.nan, divergence="")
    gap = (columns[short] - columns[long]).shift(1)
    n = min(5, settings.divergence_lookback // 3)
    price, rsi = columns["close"].rolling(n), columns[short].rolling(n)
    bearish = (price.max() > price.max().shift(n)) & (rsi.max() < rsi.max().shift(n))
    bullish = (price.min() < price.min().shift(n)) & (rsi.min() > rsi.min().shift(n))
    kind = pd.Series("", index=columns.index, dtype=object)
    kind = kind.mask(bullish, "bullish_divergence").mask(bearish, "bearish_divergence")
    return added.assign(rsi_gap_before=gap, divergence=kind if settings.use_divergence else "")


def step(row: Row, settings: Settings, held: Held) -> Signal:
    """The first rule that matches decides; caps and `long_only` bound its weight."""
    names = (*_names(settings), "sma_5", "volume_ratio")
    if (
        not terms.is_defined(row, names)
        or row.get("market_env") not in LIMITS
        or not isinstance(row.get("trend_dir"), str)
    ):
        return terms.blocked(held, settings)
    word, position, reason = _advice(row, settings, held)
    if position is not None:
        position = _bounded(position, row, settings)
    elif settings.original_compatible:
        position = 0.0
    stop, target = _levels(row, settings, held, position, reason)
    return Signal(word, position, reason, stop_loss=stop, take_profit=target)


def _advice(row: Row, settings: Settings, held: Held) -> Advice:
    short, long = (terms.value(row, name) for name in _names(settings))
    vix = terms.vix_of(row)
    if (short < EXTREME_LOW or short > EXTREME_HIGH) and not vix <= EXTREME_VIX:
        return "hold", None, "extreme_market"
    return _exit(short, held) or _cross(row, short, long) or _by_trend(row, short) or ("hold", None, "no_signal")


def _exit(short: float, held: Held) -> Advice | None:
    entered = held.entry_reason.removeprefix("strong_")
    if held.weight < 0.0 and entered == "overbought" and short < BACK_FROM_OVERBOUGHT:
        return "close", 0.0, "close_overbought_exit"
    if held.weight > 0.0 and entered == "oversell" and short > BACK_FROM_OVERSOLD:
        return "close", 0.0, "close_oversell_exit"
    return None


def _cross(row: Row, short: float, long: float) -> Advice | None:
    mid, gap, before = (short + long) / 2.0, short - long, terms.value(row, "rsi_gap_before")
    close, average, ratio = (terms.value(row, name) for name in ("close", "sma_5", "volume_ratio"))
    trending = row["trend_dir"] in ("up", "down")
    if gap > 0.0 and before <= 0.0 and 30.0 <= mid <= 60.0 and close > average:
        if trending and ratio >= HEAVY:
            return "buy", 0.4, "golden_cross"
        if not trending and ratio <= SHRINK and mid <= 50.0:
            return "buy", 0.3, "golden_cross"
    if gap < 0.0 and before >= 0.0 and 40.0 <= mid <= 70.0 and close < average:
        if trending and ratio >= HEAVY:
            return "sell", -0.4, "death_cross"
        if not trending and ratio >= HEAVY and mid >= 50.0:
            return "sell", -0.3, "death_cross"
    return None


def _extreme(short: float, env: str) -> str:
    over, strong_over, under, strong_under = LIMITS[env]
    if short >= over:
        return "strong_overbought" if short >= strong_over else "overbought"
    if short <= under:
        return "strong_oversell" if short <= strong_under else "oversell"
    return ""


def _by_trend(row: Row, short: float) -> Advice | None:
    ratio, extreme = terms.value(row, "volume_ratio"), _extreme(short, row["market_env"])
    heavy, shrink, divergence = ratio >= HEAVY, ratio <= SHRINK, row.get("divergence", "")
    rules = {"up": _in_uptrend, "down": _in_downtrend}.get(row["trend_dir"], _sideways)
    return rules(short, extreme, divergence, heavy, shrink)


def _in_uptrend(short: float, extreme: str, divergence: str, heavy: bool, shrink: bool) -> Advice | None:
    strong = extreme.startswith("strong_")
    if divergence == "bullish_divergence" and heavy:
        return "buy", 0.5, divergence
    if extreme.endswith("oversell") and heavy:
        return "hold", None, "pullback_volume_reject"
    if extreme.endswith("oversell") and shrink:
        return "buy", 0.4 if strong else 0.3, extreme
    if 45.0 <= short <= 55.0 and heavy:
        return "hold", None, "pullback_volume_reject"
    if 45.0 <= short <= 55.0 and shrink:
        return "buy", 0.2, "trend_pullback"
    if extreme.endswith("overbought") and heavy:
        return "hold", None, "overbought_with_volume_ignore"
    if extreme.endswith("overbought") and shrink:
        return "sell_light", -0.3 if strong else -0.2, extreme
    return None


def _in_downtrend(short: float, extreme: str, divergence: str, heavy: bool, shrink: bool) -> Advice | None:
    strong = extreme.startswith("strong_")
    if divergence == "bearish_divergence" and shrink:
        return "sell", -1.0, divergence
    if extreme.endswith("overbought") and heavy:
        return "sell", -0.4 if strong else -0.3, extreme
    if 50.0 <= short <= 60.0 and shrink:
        return "sell_light", -0.2, "trend_bounce_sell_light"
    if 50.0 <= short <= 60.0 and heavy:
        return "sell", -0.4, "trend_bounce_sell"
    if extreme.endswith("oversell") and shrink:
        return "buy_light", 0.4 if strong else 0.3, extreme
    return None


def _sideways(short: float, extreme: str, divergence: str, heavy: bool, shrink: bool) -> Advice | None:
    strong = extreme.startswith("strong_")
    if divergence == "bullish_divergence" and shrink:
        return "buy", 0.3, divergence
    if divergence == "bearish_divergence" and heavy:
        return "sell", -0.3, divergence
    if extreme.endswith("overbought") and heavy:
        return "sell", -0.4 if strong else -0.3, extreme
    if extreme.endswith("oversell") and shrink:
        return "buy", 0.4 if strong else 0.3, extreme
    return None


def _bounded(position: float, row: Row, settings: Settings) -> float:
    env, short = row["market_env"], terms.value(row, _names(settings)[0])
    _, strong_over, _, strong_under = LIMITS[env]
    cap = CAPS.get(env, OTHER_CAP)
    if env == "bull" and short > strong_over:
        cap = settings.dynamic_cap.bull_overbought
    if env == "bear" and short < strong_under:
        cap = settings.dynamic_cap.bear_oversell
    cap = min(cap, settings.risk_control.max_position)
    if position < 0.0 and (settings.long_only or (settings.no_short_in_bull and env == "bull")):
        return 0.0
    return max(-cap, min(cap, position))


def _levels(
    row: Row, settings: Settings, held: Held, position: float | None, reason: str
) -> tuple[float | None, float | None]:
    opened_by = held.entry_reason if position is None else reason
    risks = {**SIGNAL_RISK, **settings.signal_risk}
    control = risks.get(opened_by) or risks.get("default") or settings.risk_control
    if settings.risk_control.is_leverage_etf:
        control = _risk(LEVERAGED_STOP, control.take_profit_ratio)
    return terms.levels_of(row, position, held, control, settings.original_compatible)


NDX_SHORT_TERM = SignalStrategy(
    name="NDX_short_term",
    title="NDX短线 信号",
    meaning="Trades crosses and extremes of RSI(9) and RSI(24) for days, confirmed by the trend of MA50 and volume.",
    settings=Settings,
    warmup="rsi",
    indicators=indicators,
    prepare=prepare,
    step=step,
)

"""What is known of one asset on one day, as plain values: None is unknown, never zero and never neutral.

A block is a row of the frame of days of the same name (`probability`, `technical`, `volume`, `valuation`, `capital`,
`panic`), whose columns are the fields here. Not here: how a value is made, and what points it is worth.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, TypeVar

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Probability:
    """Probability of a positive return over `horizon` sessions, from past days in the same state; fractions.

    Attributes
    ----------
    horizon : int
        Sessions ahead.
    up_prob, down_prob : float or None
        Posterior mean, and one minus it; None when unavailable (`reason` says why).
    low, high : float or None
        80 % interval of `up_prob`.
    p_raw, base_rate : float or None
        Share of positive returns after the matches, and after every labelled day of the window.
    matches, effective : int
        Past days in the same state; the most of them that are `horizon` sessions apart.
    confidence : float or None
        effective / (effective + prior).
    mean, median : float or None
        Of the returns after the matches.
    var_5, cvar_5 : float or None
        Loss that 5 % of the returns after the matches exceed, and the mean of these; positive is a loss.
    sharpe, skew : float or None
        Mean over sample deviation of these returns, annualised by 252 / horizon; their skewness.
    max_drawdown : float or None
        Deepest fall (zero or negative) of the returns after the independent matches, compounded in order; by the
        original's rules of all matches, which overlap.
    environment : str
        Market environment, e.g. 牛市顶部; empty when unknown.
    position_hint : float or None
        Share of capital, 0.1 to 0.9.
    reason : str
        Why there is no probability; empty otherwise.
    """

    horizon: int
    up_prob: float | None = None
    down_prob: float | None = None
    low: float | None = None
    high: float | None = None
    p_raw: float | None = None
    base_rate: float | None = None
    matches: int = 0
    effective: int = 0
    confidence: float | None = None
    mean: float | None = None
    median: float | None = None
    var_5: float | None = None
    cvar_5: float | None = None
    sharpe: float | None = None
    skew: float | None = None
    max_drawdown: float | None = None
    environment: str = ""
    position_hint: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Technical:
    """Indicators of the newest bar; prices in the currency of the bars, distances and volatilities as fractions.

    Attributes
    ----------
    rsi : float or None
        RSI 14, 0 to 100.
    macd, macd_signal, macd_hist : float or None
        MACD line 12/26, its EMA 9, and their difference.
    k, d, j : float or None
        KDJ 9.
    boll_upper, boll_mid, boll_lower, boll_position : float or None
        Bollinger bands 20, +-2; position is 0 on the lower and 1 on the upper band.
    atr, plus_di, minus_di, adx : float or None
        Wilder, 14 bars.
    ma5, ma20, ma60, ma250 : float or None
        Means of the close.
    dist5, dist20, dist60 : float or None
        close / mean - 1.
    volume_divergence, macd_divergence, rsi_divergence : str
        `top`, `bottom`, or empty: none that still counts.
    divergence, divergence_by : str
        The newest of the three and its series (`macd`, `rsi`, `volume`); empty when none.
    divergence_age : int or None
        Bars since its pivot.
    pivot, r1, r2, s1, s2 : float or None
        Pivot points of the bar.
    high_250, low_250, drawdown_250 : float or None
        Highest and lowest price of 250 bars; close / highest close of 250 bars - 1 (zero or negative).
    volatility_20, volatility_60 : float or None
        Sample deviation of log returns, a year of 252 sessions.
    volatility_20_limit : float or None
        90th percentile of `volatility_20` over five years of bars.
    var_20 : float or None
        Loss that 5 % of the 20-session returns of five years exceed; positive is a loss.
    """

    close: float | None = None
    rsi: float | None = None
    macd: float | None = None
    macd_signal: float | None = None
    macd_hist: float | None = None
    k: float | None = None
    d: float | None = None
    j: float | None = None
    boll_upper: float | None = None
    boll_mid: float | None = None
    boll_lower: float | None = None
    boll_position: float | None = None
    atr: float | None = None
    plus_di: float | None = None
    minus_di: float | None = None
    adx: float | None = None
    ma5: float | None = None
    ma20: float | None = None
    ma60: float | None = None
    ma250: float | None = None
    dist5: float | None = None
    dist20: float | None = None
    dist60: float | None = None
    volume_divergence: str = ""
    macd_divergence: str = ""
    rsi_divergence: str = ""
    divergence: str = ""
    divergence_by: str = ""
    divergence_age: int | None = None
    pivot: float | None = None
    r1: float | None = None
    r2: float | None = None
    s1: float | None = None
    s2: float | None = None
    high_250: float | None = None
    low_250: float | None = None
    drawdown_250: float | None = None
    volatility_20: float | None = None
    volatility_60: float | None = None
    volatility_20_limit: float | None = None
    var_20: float | None = None


@dataclass(frozen=True)
class VolumeBlock:
    """Volume against price; shares and ratios as fractions, degree and vp_score in points 0 to 100.

    Attributes
    ----------
    up_up, up_down, down_up, down_down : float or None
        Share of the last 20 days by direction of price, then of volume.
    degree : float or None
        Cooperation degree.
    status, quality : str
        e.g. 量价齐升, 优秀.
    today : str
        Class of the day itself: `up_up`, `up_down`, `down_up`, `down_down`, or empty.
    obv, obv_slope : float or None
        On-balance volume; (OBV - mean of 20) / volume of 20.
    obv_trend : str
        上升, 下降 or 平稳.
    obv_divergence : str
        `top`, `bottom`, or empty.
    volume_ratio, ratio_level : float or None, str
        Volume / mean of the five days before, and its name.
    turnover_rate, turnover_level : float or None, str
        Share of the free shares that changed hands, and its name.
    breakout, breakout_signal, resistance : str, str, float or None
        e.g. 有效突破, 买入信号; high of the 20 days before.
    vp_score, signal : float or None, str
        e.g. 85, 强烈买入.
    """

    up_up: float | None = None
    up_down: float | None = None
    down_up: float | None = None
    down_down: float | None = None
    degree: float | None = None
    status: str = ""
    quality: str = ""
    today: str = ""
    obv: float | None = None
    obv_slope: float | None = None
    obv_trend: str = ""
    obv_divergence: str = ""
    volume_ratio: float | None = None
    ratio_level: str = ""
    turnover_rate: float | None = None
    turnover_level: str = ""
    breakout: str = ""
    breakout_signal: str = ""
    resistance: float | None = None
    vp_score: float | None = None
    signal: str = ""


@dataclass(frozen=True)
class Valuation:
    """PE and PB and where they stand in their own past; a percentile is a fraction, low is cheap."""

    pe: float | None = None
    pb: float | None = None
    pe_percentile: float | None = None
    pb_percentile: float | None = None
    as_of: date | None = None
    age: int | None = None


@dataclass(frozen=True)
class Flow:
    """Money that came or went.

    Attributes
    ----------
    kind : str
        `northbound`, `southbound` or `margin`.
    sentiment : float or None
        Points 0 to 100.
    last, five_day : float or None
        Net flow of the last session and of five, yuan; for `margin` the changes of the balance.
    five_day_change : float or None
        For `margin` the relative change of the balance over five sessions, a fraction.
    streak : int or None
        Sessions in a row with inflow (positive) or outflow (negative).
    as_of, age : date, int, or None
        Date of the newest value, and sessions since.
    text : str
        Name of the band, e.g. 乐观.
    """

    kind: str
    sentiment: float | None = None
    last: float | None = None
    five_day: float | None = None
    five_day_change: float | None = None
    streak: int | None = None
    as_of: date | None = None
    age: int | None = None
    text: str = ""


@dataclass(frozen=True)
class Panic:
    """A fear index: its name (VIX, VHSI, HKVI, CNVI), value in points, and what its band says."""

    name: str
    value: float | None = None
    status: str = ""
    action: str = ""
    as_of: date | None = None
    age: int | None = None


Block = TypeVar("Block", Probability, Technical, VolumeBlock, Valuation, Flow, Panic)


def block_at(kind: type[Block], days: pd.DataFrame, position: int, /, **rest: Any) -> Block:
    """Row `position` of a frame of days as a block; NaN becomes None, columns that are no field are left out.

    `rest` sets fields that the frame has not (e.g. as_of, age, or the name of a panic index).
    """
    return block_of(kind, {name: days[name].iat[position] for name in days.columns}, **rest)


def block_of(kind: type[Block], row: Mapping[str, Any], /, **rest: Any) -> Block:
    """As `block_at`, from one row as a mapping (e.g. of `frame.to_dict("records")`)."""
    integers, texts = TYPED[kind]
    known: dict[str, Any] = {}
    for item in fields(kind):
        if item.name in rest or item.name not in row:
            continue
        value = row[item.name]
        if value is None or value is pd.NaT or (isinstance(value, float | np.floating) and not np.isfinite(value)):
            continue
        known[item.name] = str(value) if item.name in texts else int(value) if item.name in integers else _plain(value)
    return kind(**(known | rest))


def _typed(kind: type[Any]) -> tuple[set[str], set[str]]:
    names = {item.name: str(item.type).replace("<class '", "").replace("'>", "") for item in fields(kind)}
    integers = {name for name, text in names.items() if text.startswith("int")}
    return integers, {name for name, text in names.items() if text == "str"}


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.date()
    return value if isinstance(value, date) else float(value)


TYPED: dict[Any, tuple[set[str], set[str]]] = {
    kind: _typed(kind) for kind in (Probability, Technical, VolumeBlock, Valuation, Flow, Panic)
}

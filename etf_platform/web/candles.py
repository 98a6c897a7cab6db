"""Bars of one instrument into candles: periods, adjustment, moving averages. Frames in, values out; no reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Period = Literal["day", "week", "month"]
Adjust = Literal["none", "qfq"]
WINDOWS = (5, 10, 20, 60)
PRICES = ("open", "high", "low", "close")
FREQUENCIES = {"week": "W-SUN", "month": "M"}


@dataclass(frozen=True)
class Candles:
    """Candles of one instrument, oldest first; lists of one length.

    Attributes
    ----------
    dates : list of str
        Last session of each candle, ISO.
    values : list of [open, close, low, high]
        Prices, rounded.
    volumes, amounts : list of float
        Shares and yuan, summed.
    averages : dict of int to list
        Window -> mean of that many closes, None before the window is full.
    partial : list of bool
        Whether the period goes on after its last bar.
    """

    dates: list[str]
    values: list[list[float]]
    volumes: list[float]
    amounts: list[float]
    averages: dict[int, list[float | None]]
    partial: list[bool]


def candles(
    bars: pd.DataFrame,
    sessions: pd.DatetimeIndex,
    period: Period = "day",
    adjust: Adjust = "none",
    count: int = 60,
    decimals: tuple[int, int] = (2, 2),
    is_running: bool = False,
) -> Candles:
    """The last `count` candles of an instrument.

    Parameters
    ----------
    bars : DataFrame
        `date, open, high, low, close, volume, amount, adj_factor` of one instrument, oldest first.
    sessions : DatetimeIndex
        Known sessions of the exchange: tell whether a week or month goes on after the last bar.
    adjust : {"none", "qfq"}
        As traded, or times adj_factor / last adj_factor, so that the last price is as traded. Volumes are as traded.
    is_running : bool
        The last bar's session is not over.
    decimals : (int, int)
        Of prices and of averages. Averages are of unrounded closes, over candles before the cut to `count` too.
    """
    grouped = grouped_bars(adjusted(bars) if adjust == "qfq" else bars, period)
    closes = grouped["close"]
    averages = {w: _listed(closes.rolling(w).mean().round(decimals[1])[-count:]) for w in WINDOWS}
    shown = grouped[-count:]
    partial = [False] * len(shown)
    if len(shown):
        partial[-1] = is_running or _goes_on(pd.Timestamp(shown["date"].iloc[-1]), sessions, period)
    return Candles(
        dates=list(shown["date"].dt.strftime("%Y-%m-%d")),
        values=shown[["open", "close", "low", "high"]].round(decimals[0]).to_numpy().tolist(),
        volumes=shown["volume"].tolist(),
        amounts=shown["amount"].tolist(),
        averages=averages,
        partial=partial,
    )


def adjusted(bars: pd.DataFrame) -> pd.DataFrame:
    """Prices times adj_factor / last adj_factor (forward-adjusted: the last price is as traded)."""
    if bars.empty:
        return bars
    factor = bars["adj_factor"] / bars["adj_factor"].iloc[-1]
    return bars.assign(**{name: bars[name] * factor for name in PRICES})


def grouped_bars(bars: pd.DataFrame, period: Period) -> pd.DataFrame:
    """One row per period with a bar: first open, last close, highest, lowest, sums; keyed by the last bar."""
    if period == "day":
        return bars.reset_index(drop=True)
    key = bars["date"].dt.to_period(FREQUENCIES[period])
    rules = {"date": "last", "open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    return bars.groupby(key.to_numpy()).agg({**rules, "amount": "sum"}).reset_index(drop=True)


def first_day_needed(sessions: pd.DatetimeIndex, last: pd.Timestamp, period: Period, count: int) -> pd.Timestamp:
    """A day from which bars give `count` candles and the longest average before them, if none is missing."""
    per_candle = {"day": 1, "week": 5, "month": 23}[period]
    place = int(sessions.searchsorted(last, side="right"))
    wanted = (count + max(WINDOWS)) * per_candle + per_candle
    return pd.Timestamp(sessions[max(place - wanted, 0)])


def _goes_on(last: pd.Timestamp, sessions: pd.DatetimeIndex, period: Period) -> bool:
    place = int(sessions.searchsorted(last, side="right"))
    if period == "day" or place >= len(sessions):
        return False
    frequency = FREQUENCIES[period]
    return bool(sessions[place].to_period(frequency) == last.to_period(frequency))


def _listed(values: "pd.Series[float]") -> list[float | None]:
    array: Sequence[float] = values.to_numpy().tolist()
    return [None if np.isnan(value) else value for value in array]

"""How much of a day's turnover has usually been traded by now, and the whole day's from what has been traded."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.arbitrage.clock import SHANGHAI, seconds_to_close, seconds_traded
from etf_platform.core.config.arbitrage import TradingHours

SESSIONS = 20
MORNING = (0.01, 0.13, 0.20, 0.26, 0.305, 0.345, 0.38, 0.41, 0.44, 0.47, 0.50, 0.525, 0.55)
AFTERNOON = (0.595, 0.63, 0.66, 0.69, 0.72, 0.75, 0.78, 0.81, 0.84, 0.88, 0.925, 1.0)


@dataclass(frozen=True)
class Curve:
    """Share of the day's turnover that has been traded, at equal distances of trading time.

    Attributes
    ----------
    shares : tuple of float
        Fractions from the open to the close, both included; never falls, the last is 1.
    sessions : int
        Sessions behind it; 0 for the default.
    """

    shares: tuple[float, ...]
    sessions: int

    @property
    def is_estimated(self) -> bool:
        """Whether there is no history behind it."""
        return self.sessions == 0


DEFAULT = Curve((*MORNING, *AFTERNOON), 0)
"""Round numbers of ours every ten minutes, for funds without history. The first half hour of A shares is said to be 25
to 32 % of the day (Sohu Finance, 2025-10-08); whoever uses it says that it is estimated."""


def share(curve: Curve, now_local: dt.datetime, hours: TradingHours) -> float:
    """Expected share of the day's turnover at a moment: linear between the points of the curve; 1 after the close."""
    gone = seconds_traded(now_local, hours)
    length = gone + seconds_to_close(now_local, hours)
    return float(np.interp(gone / length, np.linspace(0.0, 1.0, len(curve.shares)), curve.shares))


def projected(amount: float | None, share: float | None) -> float | None:
    """Turnover of the whole day in yuan, from what has been traded and its expected share; None where one is unknown.

    A share of 0 (before the open) says nothing about the day either.
    """
    if amount is None or share is None or not np.isfinite(amount) or not share > 0.0:
        return None
    return float(amount) / share


def curve(minutes: pd.DataFrame, hours: TradingHours, sessions: int = SESSIONS) -> Curve:
    """Mean share of the day's turnover by trading minute over the last complete sessions of one fund.

    Parameters
    ----------
    minutes : DataFrame
        MINUTES rows of one symbol: `date`, `time` (UTC; the end of the minute), `amount` (yuan since the row before).
    hours : TradingHours
        The two halves of the session.
    sessions : int
        At most so many sessions count. A session without a row at the close, or without turnover, is not complete.

    Returns
    -------
    Curve
        One point per trading minute; `DEFAULT` without a complete session.
    """
    days = [group for _, group in minutes.groupby("date", sort=True)] if len(minutes) else []
    found = [day for group in days if (day := _day(group, hours)) is not None][-sessions:]
    return Curve(tuple(np.mean(found, axis=0).tolist()), len(found)) if found else DEFAULT


def curves(minutes: pd.DataFrame, hours: TradingHours, sessions: int = SESSIONS) -> Mapping[str, Curve]:
    """`curve` of every fund in MINUTES rows of several."""
    return {str(symbol): curve(group, hours, sessions) for symbol, group in minutes.groupby("symbol")}


def _day(group: pd.DataFrame, hours: TradingHours) -> np.ndarray | None:
    """Cumulated share at every trading minute of one session; None unless it is complete."""
    times = pd.to_datetime(group["time"], utc=True).dt.tz_convert(SHANGHAI)
    gone = np.array([seconds_traded(time.to_pydatetime(), hours) for time in times])
    length = seconds_traded(dt.datetime.max, hours)
    total = group["amount"].sum(skipna=False)
    if gone.max() < length or not total > 0.0:
        return None
    order = np.argsort(gone, kind="stable")
    reached = np.searchsorted(gone[order], np.arange(0, length + 1, 60), side="right")
    return np.concatenate([[0.0], np.cumsum(group["amount"].to_numpy()[order])])[reached] / total

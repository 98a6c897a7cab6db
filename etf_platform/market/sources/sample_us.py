"""The simulated US market: one market return with clustering volatility, funds and indices on it, gold, and a VIX.

As in `market.sources.sample`, every stream has its own generator and every price comes from scalar arithmetic in
session order, so that neither a later end nor another symbol changes a row. The streams are named `us/...`: they touch
none of the Chinese ones. All prices are total-return prices (adj_factor 1). The VIX is what the simulated volatility
of the 21 sessions ahead is expected to be, so it rises when the simulated market falls.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.core.config.models import Instrument
from etf_platform.market.sources.streams import normals, stream

CLOSE = pd.Timedelta(hours=16)  # America/New_York
YEAR = 252
CENT = 100
# GJR-GARCH(1,1): 1 % a day in the long run; falls count twice as much as rises and more.
DAILY, SHOCK, FALL, MEMORY = 0.0095, 0.02, 0.13, 0.88
PERSISTENCE = SHOCK + FALL / 2 + MEMORY
# Daily drift of the market in good and bad times, and the chance to leave them.
TIMES = {"good": (0.0010, 0.004), "bad": (-0.0012, 0.014)}
HORIZON, PREMIUM, VIX_NOISE = 21, 1.12, 0.025
LOWEST_VIX, HIGHEST_VIX = 9.0, 85.0
TRACKING = 0.0002
# Width of a session's range: a share of the move since the close before, and a floor.
RANGE, VIX_RANGE = (0.2, 0.003), (0.25, 0.02)


@dataclass(frozen=True)
class Level:
    """First price (USD or points) and usual volume of a symbol."""

    price: float
    volume: float


LEVELS = {
    "QQQ.US": Level(108.0, 3.0e7),
    "SPY.US": Level(190.0, 8.0e7),
    "GLD.US": Level(118.0, 8.0e6),
    "^NDX": Level(4400.0, 2.0e9),
}
ANY = Level(50.0, 2.0e6)


@dataclass(frozen=True, eq=False)
class Market:
    """Daily log return of the market, and the variance that is expected after each close; shape (n_sessions,)."""

    returns: np.ndarray
    variance: np.ndarray


def simulate_us(
    seed: int, symbols: Sequence[str], instruments: Mapping[str, Instrument], dates: pd.DatetimeIndex
) -> list[pd.DataFrame]:
    """Raw rows of US symbols on these sessions: `market.sources.ROW_COLUMNS` without `source`, one frame per symbol.

    `fetched_at` is 16:00 in New York. Turnover is given for funds and null for indices; a VIX has volume 0.
    """
    market = simulate_market(seed, dates.size)
    stamp = (dates + CLOSE).tz_localize("America/New_York").tz_convert("UTC").as_unit("us")
    frames = []
    for symbol in symbols:
        rows = _rows(seed, symbol, instruments[symbol], market)
        frames.append(rows.assign(date=dates, symbol=symbol, adj_factor=1.0, fetched_at=stamp))
    return frames


def simulate_market(seed: int, n_sessions: int) -> Market:
    """The market's daily log returns (fractions) and, after each close, the variance expected for the next session."""
    draws = normals(seed, "us/market", n_sessions, 1)[:, 0]
    chances = stream(seed, "us/times").random(n_sessions)
    long_run = (1.0 - PERSISTENCE) * DAILY**2
    variance, times = DAILY**2, "good"
    returns, ahead = np.empty(n_sessions), np.empty(n_sessions)
    for t in range(n_sessions):
        drift, leaving = TIMES[times]
        shock = math.sqrt(variance) * float(draws[t])
        returns[t] = drift + shock
        variance = long_run + (SHOCK + FALL * (shock < 0.0)) * shock * shock + MEMORY * variance
        ahead[t] = variance
        times = {"good": "bad", "bad": "good"}[times] if chances[t] < leaving else times
    return Market(returns, ahead)


def _rows(seed: int, symbol: str, instrument: Instrument, market: Market) -> pd.DataFrame:
    draws = normals(seed, f"us/intraday/{symbol}", market.returns.size, 4)
    if not instrument.has_volume:
        closes = _vix(market, draws[:, 0])
        return _bars(float(closes[0]), closes, VIX_RANGE, draws)
    returns = _returns(seed, symbol, instrument, market)
    level = LEVELS.get(symbol, ANY)
    closes, price = np.empty(returns.size), level.price
    for t, change in enumerate(returns):
        price = max(0.01, round(price * math.exp(float(change)) * CENT) / CENT)
        closes[t] = price
    rows = _bars(level.price, closes, RANGE, draws)
    return _with_volume(rows, level, returns, draws[:, 3], is_fund=instrument.kind == "fund")


def _returns(seed: int, symbol: str, instrument: Instrument, market: Market) -> np.ndarray:
    n = market.returns.size
    own = normals(seed, f"us/own/{symbol}", n, 1)[:, 0]
    tracked = normals(seed, f"us/underlying/{instrument.underlying}", n, 1)[:, 0]
    if instrument.asset_class == "commodity":
        return 0.0003 - 0.05 * market.returns + 0.009 * tracked + TRACKING * own
    is_broad = instrument.pillar == "EQUITY_BROAD"
    beta, width = (1.0, 0.0005) if is_broad else (1.15, 0.005)
    return beta * market.returns + width * tracked + TRACKING * own


def _vix(market: Market, draws: np.ndarray) -> np.ndarray:
    decay = (1.0 - PERSISTENCE**HORIZON) / (HORIZON * (1.0 - PERSISTENCE))
    levels = np.empty(draws.size)
    for t, draw in enumerate(draws):
        expected = DAILY**2 + (float(market.variance[t]) - DAILY**2) * decay
        level = 100.0 * PREMIUM * math.sqrt(YEAR * expected) * math.exp(VIX_NOISE * float(draw))
        levels[t] = round(min(HIGHEST_VIX, max(LOWEST_VIX, level)) * CENT) / CENT
    return levels


def _bars(first: float, closes: np.ndarray, spread: tuple[float, float], draws: np.ndarray) -> pd.DataFrame:
    rows, before = [], first
    for close, (_, z_gap, z_up, _last) in zip(closes.tolist(), draws.tolist(), strict=True):
        change = math.log(close / before)
        width = spread[0] * abs(change) + spread[1]
        opened = _cents(before * math.exp(0.3 * change + 0.5 * width * z_gap))
        high = _cents(max(opened, close) * (1.0 + width * abs(z_up)))
        low = _cents(min(opened, close) * (1.0 - 0.5 * width * abs(z_gap - z_up)))
        rows.append((opened, max(high, opened, close), min(low, opened, close), close, before))
        before = close
    frame = pd.DataFrame(rows, columns=["open", "high", "low", "close", "prev_close"])
    return frame.assign(volume=0.0, amount=np.nan)


def _with_volume(
    rows: pd.DataFrame, level: Level, returns: np.ndarray, draws: np.ndarray, is_fund: bool
) -> pd.DataFrame:
    volumes, activity = np.empty(len(rows)), 0.0
    for t, change in enumerate(returns):
        activity = 0.85 * activity + 0.12 * float(draws[t]) + 4.0 * abs(float(change))
        volumes[t] = float(max(1, round(level.volume * math.exp(activity - 0.25))))
    typical = (rows["high"] + rows["low"] + rows["close"]) / 3.0
    return rows.assign(volume=volumes, amount=(typical * volumes).round(2) if is_fund else np.nan)


def _cents(price: float) -> float:
    return max(1, round(price * CENT)) / CENT

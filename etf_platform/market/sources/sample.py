"""A seeded market simulator: correlated funds, regimes, crashes, late listings, suspensions, splits and dividends.

A pure function of seed, symbol, date. Every stream of random numbers has its own generator, named by what it drives
and drawn in session order from the configured start, so that a later end changes no earlier row and no symbol changes
another one. Prices come from scalar arithmetic in session order and stand on whole ticks. Everything is labelled
`simulated`; nothing here resembles a forecast.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.core.config.models import Instrument, SampleSource
from etf_platform.core.errors import BadInputError
from etf_platform.market.calendar import DateLike, Sessions
from etf_platform.market.instruments import limit_rates, tick_size
from etf_platform.market.sources import ROW_COLUMNS
from etf_platform.market.sources.factors import factor_returns
from etf_platform.market.sources.sample_us import simulate_us
from etf_platform.market.sources.streams import normals, stream

CLOSE_UTC = pd.Timedelta(hours=7)  # 15:00 in Shanghai
LOT = 100


@dataclass(frozen=True)
class Profile:
    """Fixed traits of one simulated fund.

    Attributes
    ----------
    price : float
        First reference price, CNY.
    turnover : float
        Typical amount per session, CNY.
    listed_at : int
        Session number of the first bar.
    noise : float
        Standard deviation of the fund's own daily return.
    dividend : float
        Yearly dividend as a fraction of the price; 0 for most funds.
    """

    price: float
    turnover: float
    listed_at: int
    noise: float
    dividend: float


def simulate(
    source: SampleSource,
    name: str,
    symbols: Sequence[str],
    instruments: Mapping[str, Instrument],
    sessions: Sessions,
    end: DateLike,
) -> pd.DataFrame:
    """Simulated raw rows of some funds from the configured start to `end`.

    Parameters
    ----------
    source : SampleSource
        Seed and first day.
    name : str
        Name of the source; rows carry `<name> (simulated)`.
    symbols : sequence of str
        Must stand in `instruments`: their facts choose the factors a fund follows.
    sessions : Sessions
    end : date-like
        Last day.

    US symbols (currency USD) come from `market.sources.sample_us`, from `source.lead_sessions` sessions earlier on.

    Returns
    -------
    DataFrame
        `market.sources.ROW_COLUMNS`, sorted by symbol and date; every row passes `market.validate`. `fetched_at` is
        15:00 Asia/Shanghai of the row's day (of US symbols 16:00 New York). price * adj_factor runs on over splits and
        dividends.

    Raises
    ------
    BadInputError
        A symbol without facts.
    CalendarEndError
        `end` lies beyond the calendar.
    """
    if unknown := [s for s in symbols if s not in instruments]:
        raise BadInputError("simulating bars", f"no facts of {', '.join(unknown)}", "add them to instruments.yaml")
    wanted = sorted(set(symbols))
    abroad = [s for s in wanted if instruments[s].currency == "USD"]
    frames = _funds(source, [s for s in wanted if s not in abroad], instruments, sessions.between(source.start, end))
    if abroad:
        frames += simulate_us(source.seed, abroad, instruments, _with_lead(source, sessions, end))
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(ROW_COLUMNS))
    rows["source"] = f"{name} (simulated)"
    return rows[list(ROW_COLUMNS)]


def _with_lead(source: SampleSource, sessions: Sessions, end: DateLike) -> pd.DatetimeIndex:
    known = sessions.between(sessions.index[0], end)
    return known[max(0, int(known.searchsorted(pd.Timestamp(source.start))) - source.lead_sessions) :]


def _funds(
    source: SampleSource, symbols: Sequence[str], instruments: Mapping[str, Instrument], dates: pd.DatetimeIndex
) -> list[pd.DataFrame]:
    if not symbols:
        return []
    factors = factor_returns(source.seed, dates.size)
    funds = [_fund(source.seed, s, instruments[s], dates, factors) for s in symbols]
    return [f.assign(fetched_at=(f["date"] + CLOSE_UTC).dt.tz_localize("UTC").dt.as_unit("us")) for f in funds]


def profile(seed: int, symbol: str, instrument: Instrument) -> Profile:
    """Traits of a fund, from its own stream: four of five are listed from the start, the rest within two years."""
    draw = stream(seed, f"profile/{symbol}").random(6)
    is_bond = instrument.asset_class == "bond"
    pays = is_bond or draw[4] < 0.3
    return Profile(
        price=round((100.0 if is_bond else 0.8) * math.exp((0.1 if is_bond else 1.5) * draw[0]), 3),
        turnover=3e7 * math.exp(4.0 * draw[1]),
        listed_at=0 if draw[2] < 0.8 else int(480 * draw[3]),
        noise=0.0003 if is_bond else 0.0015 + 0.002 * draw[5],
        dividend=0.015 + 0.02 * draw[5] if pays else 0.0,
    )


def _fund(
    seed: int, symbol: str, instrument: Instrument, dates: pd.DatetimeIndex, factors: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    traits = profile(seed, symbol, instrument)
    returns = _returns(seed, symbol, instrument, traits, factors, dates.size)
    is_open = _trades(seed, symbol, dates.size, traits.listed_at)
    rates = limit_rates(symbol, dates, instrument)
    path = _Path(traits, tick_size(symbol))
    draws = normals(seed, f"intraday/{symbol}", dates.size, 4)
    chances = stream(seed, f"actions/{symbol}").random(dates.size)
    months = dates.month.to_numpy()
    rows = []
    for t in np.flatnonzero(is_open):
        path.take_action(bool(t > 0 and months[t] != months[t - 1]), int(months[t]), float(chances[t]))
        rows.append((t, *path.trade(float(returns[t]), float(rates[t]), draws[t])))
    names = ["t", "open", "high", "low", "close", "prev_close", "volume", "amount", "adj_factor"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(date=dates[frame["t"].to_numpy(dtype=np.int64)], symbol=symbol).drop(columns="t")


def _returns(
    seed: int, symbol: str, instrument: Instrument, traits: Profile, factors: Mapping[str, np.ndarray], n: int
) -> np.ndarray:
    own = normals(seed, f"noise/{symbol}", n, 1)[:, 0] * traits.noise
    tracked = normals(seed, f"underlying/{instrument.underlying}", n, 1)[:, 0]
    beta = 0.9 + 0.3 * float(stream(seed, f"beta/{instrument.underlying}").random())
    if instrument.asset_class == "bond":
        return factors["bond"] + own
    if instrument.asset_class == "commodity":
        return factors["gold"] + own
    if instrument.asset_class == "equity_cross_border":
        abroad = [factors["us" if c == "XNYS" else "hk"] for c in instrument.underlying_calendars if c != "XSHG"]
        return beta * sum(abroad, np.zeros(n)) / max(len(abroad), 1) + 0.004 * tracked + own
    width = 0.001 if instrument.sector == "broad" else 0.006
    sector = normals(seed, f"sector/{instrument.sector}", n, 1)[:, 0]
    share = 0.0 if instrument.sector == "broad" else 0.008
    return beta * factors["cn"] + share * sector + width * tracked + own


def _trades(seed: int, symbol: str, n: int, listed_at: int) -> np.ndarray:
    draw = stream(seed, f"suspension/{symbol}").random((n, 2))
    is_open = np.ones(n, dtype=bool)
    for t in np.flatnonzero(draw[:, 0] < 0.0008):
        is_open[t : t + 1 + int(3 * draw[t, 1])] = False
    is_open[:listed_at] = False
    return is_open


class _Path:
    """Running state of one fund: last close in ticks, adjustment factor, level of turnover."""

    def __init__(self, traits: Profile, tick: float) -> None:
        self.traits, self.per_unit = traits, round(1 / tick)
        self.reference = round(traits.price * self.per_unit)
        self.adj_factor, self.activity = 1.0, 0.0

    def take_action(self, is_new_month: bool, month: int, chance: float) -> None:
        """Once a month at most: a split when the price is high, a merger when low, a dividend in June and December."""
        if not is_new_month:
            return
        before, price = self.reference, self.reference / self.per_unit
        is_bond = self.traits.price > 50
        if not is_bond and ((price > 4.0 and chance < 0.10) or (price > 1.5 and chance < 0.004)):
            self.reference = max(1, round(self.reference / (2 + 2 * (chance < 0.05))))
        elif price < 0.35 and chance < 0.10:
            self.reference *= 2
        elif month in (6, 12) and self.traits.dividend > 0:
            self.reference -= round(self.reference * self.traits.dividend / 2)
        self.adj_factor *= before / self.reference

    def trade(self, change: float, rate: float, draw: np.ndarray) -> tuple[float, ...]:
        """One session: open, high, low, close, prev_close in CNY, volume in shares, amount in CNY, adj_factor."""
        previous = self.reference / self.per_unit
        # core.ticks.limit_price on one whole number; calling numpy here would take most of the simulation's time.
        points = 9_000 if math.isnan(rate) else round(rate * 10_000)
        up, down = ((2 * self.reference * (10_000 + p) + 10_000) // 20_000 for p in (points, -points))
        z_gap, z_up, z_down, z_volume = (float(z) for z in draw)
        width = 0.2 * abs(change) + 0.3 * self.traits.noise
        opened = self._at(0.35 * change + width * z_gap, down, up)
        close = self._at(change, down, up)
        high = min(up, max(opened, close) + int(self.reference * width * abs(z_up)))
        low = max(down, min(opened, close) - int(self.reference * width * abs(z_down)))
        self.reference = close
        volume, amount = self._turnover(change, z_volume, (opened + high + low + 2 * close) / 5 / self.per_unit)
        prices = (opened / self.per_unit, high / self.per_unit, low / self.per_unit, close / self.per_unit)
        return (*prices, previous, volume, amount, self.adj_factor)

    def _at(self, change: float, down: int, up: int) -> int:
        return min(up, max(down, max(1, round(self.reference * math.exp(change)))))

    def _turnover(self, change: float, draw: float, average: float) -> tuple[float, float]:
        self.activity = 0.85 * self.activity + 0.25 * draw + 6.0 * abs(change)
        wanted = self.traits.turnover * math.exp(self.activity - 0.3)
        volume = float(LOT * max(1, round(wanted / average / LOT)))
        return volume, round(volume * average, 2)

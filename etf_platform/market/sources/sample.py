"""A seeded market simulator: correlated funds, regimes, crashes, late listings, suspensions, splits and dividends.

A pure function of seed, symbol, date. Every stream of random numbers has its own generator, named by what it drives
and drawn in session order from the configured start, so that a later end changes no earlier row and no symbol changes
another one. Prices come from scalar arithmetic in session order and stand on whole ticks. Everything is labelled
`simulated`; nothing here resembles a forecast.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
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
    first = max(0, int(sessions.index.searchsorted(pd.Timestamp(source.start))) - source.lead_sessions)
    return sessions.between(sessions.index[first], end)


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
    draws = normals(seed, f"intraday/{symbol}", dates.size, 4)
    chances = stream(seed, f"actions/{symbol}").random(dates.size)
    months = dates.month.to_numpy()
    is_new_month = np.append(False, months[1:] != months[:-1])
    path = _Path(traits, tick_size(symbol))
    at = np.flatnonzero(is_open)
    rows = path.walk(
        months[at], is_new_month[at], chances[at], _Moves.of(returns[at], rates[at], draws[at], traits.noise)
    )
    frame = path.in_units(np.array(rows), returns[at], draws[at, 3])
    return frame.assign(date=dates[at], symbol=symbol)


@dataclass(frozen=True)
class _Moves:
    """One session per entry, as plain numbers: numpy on one of them would take most of the simulation's time."""

    points: list[int]
    opened: list[float]
    close: list[float]
    width: list[float]
    up: list[float]
    down: list[float]

    @classmethod
    def of(cls, changes: np.ndarray, rates: np.ndarray, draws: np.ndarray, noise: float) -> "_Moves":
        """Limits in basis points, factors of the reference price, and the spread of high and low around them."""
        width = 0.2 * np.abs(changes) + 0.3 * noise
        points = np.where(np.isnan(rates), 9_000, np.rint(np.nan_to_num(rates) * 10_000)).astype(np.int64)
        gaps = 0.35 * changes + width * draws[:, 0]
        return cls(
            points.tolist(),
            [math.exp(gap) for gap in gaps.tolist()],
            [math.exp(change) for change in changes.tolist()],
            width.tolist(),
            np.abs(draws[:, 1]).tolist(),
            np.abs(draws[:, 2]).tolist(),
        )


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

    def walk(self, months: np.ndarray, is_new_month: np.ndarray, chances: np.ndarray, moves: _Moves) -> list[tuple]:
        """Every session in order: open, high, low, close, reference in ticks, and the adjustment factor."""
        rows: list[tuple] = []
        sessions = zip(months.tolist(), is_new_month.tolist(), chances.tolist(), strict=True)
        numbers = zip(moves.points, moves.opened, moves.close, moves.width, moves.up, moves.down, strict=True)
        for (month, is_new, chance), (points, gap, move, width, above, below) in zip(sessions, numbers, strict=True):
            self.take_action(is_new, month, chance)
            before = self.reference
            # core.ticks.limit_price on one whole number
            up, down = (
                (2 * before * (10_000 + points) + 10_000) // 20_000,
                (2 * before * (10_000 - points) + 10_000) // 20_000,
            )
            opened = min(up, max(down, 1, round(before * gap)))
            close = min(up, max(down, 1, round(before * move)))
            spread = before * width
            high = min(up, max(opened, close) + int(spread * above))
            low = max(down, min(opened, close) - int(spread * below))
            rows.append((opened, high, low, close, before, self.adj_factor))
            self.reference = close
        return rows

    def in_units(self, rows: np.ndarray, changes: np.ndarray, draws: np.ndarray) -> pd.DataFrame:
        """Rows of `walk` in CNY, with volume in shares and amount in CNY."""
        ticks = rows.reshape(-1, 6)
        opened, high, low, close = ticks[:, :4].T
        average = (opened + high + low + 2 * close) / 5 / self.per_unit
        wanted = self.traits.turnover * np.array([math.exp(a - 0.3) for a in self._activities(changes, draws)])
        volume = LOT * np.maximum(1, np.rint(wanted / average / LOT))
        prices = {
            name: ticks[:, k] / self.per_unit for k, name in enumerate(("open", "high", "low", "close", "prev_close"))
        }
        amount = [round(cny, 2) for cny in (volume * average).tolist()]
        return pd.DataFrame(prices | {"volume": volume, "amount": amount, "adj_factor": ticks[:, 5]})

    def _activities(self, changes: np.ndarray, draws: np.ndarray) -> Iterator[float]:
        for draw, move in zip((0.25 * draws).tolist(), (6.0 * np.abs(changes)).tolist(), strict=True):
            self.activity = 0.85 * self.activity + draw + move
            yield self.activity

"""Inputs that are about a market and not about one asset: money flows, fear indices and sentiment of CN, HK and US.

Each is made once for all days and assets. Not here: bars and valuation of an asset (`assembly`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from etf_platform.scoring.as_of import known_on, newest_published
from etf_platform.scoring.blocks import Flow, Panic
from etf_platform.scoring.capital import flow_days, margin_days
from etf_platform.scoring.histories import FearHistory, FlowHistory
from etf_platform.scoring.inputs import WORDS, Stored, Told
from etf_platform.scoring.panic import read_panic, sentiment_days

INDEX = {"CN": "HS300", "HK": "HKTECH", "US": "NASDAQ", "GLOBAL": "NASDAQ"}
"""The asset whose bars stand for a market."""
FEAR = {"CN": ("CNVI",), "HK": ("VHSI", "HKVI"), "US": ("VIX",), "GLOBAL": ("VIX",)}
LABELS = {"CN": "A股", "HK": "港股", "US": "美股", "GLOBAL": "全球"}
PUBLISHED = {"VIX": "vix", "VHSI": "vhsi"}
COMPUTED = {"CNVI": "CN", "HKVI": "HK"}
FLOWS = {"northbound_net": "northbound", "southbound_net": "southbound", "margin_balance": "margin"}


@dataclass(frozen=True)
class Money:
    """Flows on a day: what speaks, margin sentiment beside it, what is said of the inputs, and why one is missing."""

    flow: Flow | None = None
    margin_sentiment: float | None = None
    told: tuple[Told, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mood:
    """Fear and sentiment on a day, what is said of the inputs, and why one is missing."""

    panic: Panic | None = None
    sentiment: float | None = None
    told: tuple[Told, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Markets:
    """Markets on the days of `stored`; answers are kept."""

    stored: Stored
    _money: dict[tuple[str, int], Money] = field(default_factory=dict)
    _mood: dict[tuple[str, tuple[str, ...], int], Mood] = field(default_factory=dict)
    _fear: dict[tuple[str, int], tuple[Panic | None, Told]] = field(default_factory=dict)

    def money(self, market: str, i: int) -> Money:
        """Flows into the assets of a market on day i; nothing for markets that have none."""
        if (market, i) not in self._money:
            made = {"CN": self._china, "HK": self._hong_kong}.get(market)
            self._money[market, i] = Money() if made is None else made(i)
        return self._money[market, i]

    def mood(self, market: str, order: Sequence[str], i: int) -> Mood:
        """Fear (the first of `order` that is there) and sentiment of a market on day i."""
        known = (market, tuple(order), i)
        if known not in self._mood:
            self._mood[known] = self._mood_on(*known)
        return self._mood[known]

    def fear(self, name: str, i: int) -> tuple[Panic | None, Told]:
        """A fear index on day i, and what is said of it."""
        if (name, i) not in self._fear:
            self._fear[name, i] = self._fear_on(name, i)
        return self._fear[name, i]

    def _china(self, i: int) -> Money:
        """Northbound flow while it was published; margin balances from then on."""
        north, of_north = self._flow("northbound_net", i)
        margin, of_margin = self._flow("margin_balance", i)
        reasons = {} if margin else {"margin": of_margin.reason}
        if self.stored.has_ended("northbound_net", i):
            flow, missing = margin, f"{of_north.reason}; {of_margin.reason}"
            of_north = of_north.replaced(f"以{WORDS['margin_balance']}代替") if margin else of_north
        else:
            flow, missing = north, of_north.reason
        if flow is None:
            reasons["capital"] = missing
        return Money(flow, margin.sentiment if margin else None, (of_north, of_margin), reasons)

    def _hong_kong(self, i: int) -> Money:
        flow, told = self._flow("southbound_net", i)
        return Money(flow, None, (told,), {} if flow else {"capital": told.reason})

    def _flow(self, name: str, i: int) -> tuple[Flow | None, Told]:
        told = self.stored.published(name, i)
        if not told.is_there:
            return None, told
        flow = self._flows[name].at(i)
        if flow is None or flow.sentiment is None:
            return None, told.blocked(f"截至{self.stored.day(i)}{WORDS[name]}数据太少，无法计算情绪")
        return flow, told

    @cached_property
    def _flows(self) -> dict[str, FlowHistory]:
        return {
            name: FlowHistory(
                kind,  # type: ignore[arg-type]
                self.stored.series[name],
                margin_days if kind == "margin" else flow_days,
            )
            for name, kind in FLOWS.items()
            if name in self.stored.series
        }

    def _fear_on(self, name: str, i: int) -> tuple[Panic | None, Told]:
        if name in PUBLISHED:
            told = self.stored.published(PUBLISHED[name], i)
        else:
            key = INDEX[COMPUTED[name]]
            told = self._index(key, i)
            told = told if told.is_there else told.blocked(f"{name}需要{self._name(key)}: {told.reason}")
        told = Told(name, told.as_of, told.age, told.state, told.reason, told.source)
        if not told.is_there:
            return None, told
        value, as_of, age = self._fears[name].at(i)
        if value is None:
            return None, told.blocked(f"{name}在{as_of}无法计算: K线不足60根，或没有成交量")
        return read_panic(name, value, as_of=as_of, age=age), told

    @cached_property
    def _fears(self) -> dict[str, FearHistory]:
        published = {n: FearHistory.published(n, self.stored.series[s]) for n, s in PUBLISHED.items() if self._has(s)}
        computed = {
            name: FearHistory.computed(name, self.stored.assets[INDEX[market]])
            for name, market in COMPUTED.items()
            if INDEX[market] in self.stored.assets
        }
        return published | computed

    def _has(self, series: str) -> bool:
        return series in self.stored.series

    def _index(self, key: str, i: int) -> Told:
        if key not in self.stored.settings.assets:
            return Told("bars").blocked(f"没有资产{key}")
        return self.stored.bars(key, i)

    def _name(self, key: str) -> str:
        asset = self.stored.settings.assets.get(key)
        return key if asset is None else asset.name

    def _mood_on(self, market: str, order: tuple[str, ...], i: int) -> Mood:
        panic, told = self._first(order, i)
        sentiment, of_index = self._sentiment_on(market, i)
        reasons = {} if panic else {"panic": "; ".join(t.reason for t in told)}
        if sentiment is None:
            reasons["sentiment"] = of_index.reason
        return Mood(panic, sentiment, (*told, of_index), reasons)

    def _first(self, order: tuple[str, ...], i: int) -> tuple[Panic | None, list[Told]]:
        passed_over: list[Told] = []
        for name in order:
            panic, told = self.fear(name, i)
            if panic is not None:
                return panic, [*(t.replaced(f"以{name}代替") for t in passed_over), told]
            passed_over.append(told)
        return None, passed_over

    def _sentiment_on(self, market: str, i: int) -> tuple[float | None, Told]:
        key = INDEX[market]
        told = self._index(key, i)
        told = Told(f"sentiment {market}", told.as_of, told.age, told.state, told.reason, told.source)
        if not told.is_there:
            return None, told.blocked(f"{LABELS[market]}情绪评分需要{self._name(key)}: {told.reason}")
        value = float(self._sentiments[market][self.stored.assets[key].newest.place[i]])
        if np.isfinite(value):
            return value, told
        return None, told.blocked(f"{LABELS[market]}情绪评分在{told.as_of}无法计算: 见{'、'.join(FEAR[market])}")

    @cached_property
    def _sentiments(self) -> dict[str, np.ndarray]:
        """Sentiment on every bar of a market's index."""
        return {
            market: sentiment_days(self.stored.assets[key].bars, self._fear_by_date(market)).to_numpy()
            for market, key in INDEX.items()
            if key in self.stored.assets and len(self.stored.assets[key].rows)
        }

    def _fear_by_date(self, market: str) -> pd.Series:
        """The fear index of a market on the dates of its index's bars; a later one fills the gaps of the first."""
        history = self.stored.assets[INDEX[market]]
        dates = pd.DatetimeIndex(history.rows["date"])
        values = pd.Series(np.nan, index=dates)
        for name in FEAR[market]:
            if name in COMPUTED and name in self._fears:
                values = values.fillna(self._fears[name].values)
            elif name in self._fears:
                known = known_on(dates, history.asset.calendar, self.stored.home)
                values = values.fillna(pd.Series(self._published_by(PUBLISHED[name], known), index=dates))
        return values

    def _published_by(self, name: str, known: pd.DatetimeIndex) -> np.ndarray:
        """The newest value of a series that was published by each of these sessions; NaN where it is stale."""
        series, home = self.stored.series[name], self.stored.home
        published = pd.DatetimeIndex(series.rows["published_at"])
        newest = newest_published(pd.DatetimeIndex(series.rows["date"]), published, home, known)
        is_fresh = (newest.place >= 0) & (newest.age <= self.stored.settings.stale_sessions)
        values = np.append(series.values.to_numpy(), np.nan)
        return np.where(is_fresh, values[newest.place], np.nan)

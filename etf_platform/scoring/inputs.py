"""The state of one input on one session: there and fresh, or not, and why, in words that say nothing of later days.

Reasons are read in the market report and are in its language. Not here: what values are made into (`histories`), which
input speaks for which asset (`assembly`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd

from etf_platform.core.config.scoring import ScoringConfig
from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import ASSET_SERIES, BARS
from etf_platform.scoring.histories import AssetHistory, SeriesHistory, split_by

HOME = "XSHG"
WORDS = {
    "northbound_net": "北向资金净流入",
    "southbound_net": "南向资金净流入",
    "margin_balance": "融资余额",
    "margin_buy": "融资买入额",
    "bond_yield": "国债收益率",
    "pe": "PE",
    "pb": "PB",
    "vix": "VIX",
    "vhsi": "VHSI",
}


@dataclass(frozen=True)
class Told:
    """What is said of one input; `reason` is empty when `state` is PASS."""

    input: str
    as_of: date | None = None
    age: int | None = None
    state: str = "PASS"
    reason: str = ""
    source: str = ""

    @property
    def is_there(self) -> bool:
        """Whether the value may be used."""
        return self.state == "PASS"

    def blocked(self, reason: str) -> "Told":
        """The same input, not to be used."""
        return replace(self, state="BLOCKED", reason=reason)

    def replaced(self, by: str) -> "Told":
        """An input that is not to be used, but that another one stands in for."""
        return replace(self, state="WARN", reason=f"{self.reason}; {by}")


@dataclass(frozen=True, eq=False)
class Stored:
    """Histories of assets (by key) and series (by name) on the `days` that are scored; `home` are all sessions."""

    settings: ScoringConfig
    home: pd.DatetimeIndex
    days: pd.DatetimeIndex
    assets: Mapping[str, AssetHistory]
    series: Mapping[str, SeriesHistory]

    @classmethod
    def of(
        cls,
        bars: pd.DataFrame,
        series: pd.DataFrame,
        settings: ScoringConfig,
        days: pd.DatetimeIndex,
        calendars: Mapping[str, pd.DatetimeIndex],
    ) -> "Stored":
        """From BARS and ASSET_SERIES.

        Raises
        ------
        BadInputError
            A column or a calendar is missing, or days are no rising sessions of Shanghai.
        """
        _check(bars, series, settings, days, calendars)
        by_symbol, by_name = split_by(bars, "symbol"), split_by(series, "name")
        assets = {
            key: AssetHistory.of(key, settings, by_symbol[asset.symbol], calendars[asset.calendar], days)
            for key, asset in settings.assets.items()
            if asset.symbol in by_symbol
        }
        home = calendars[HOME]
        return cls(
            settings,
            home,
            days,
            assets,
            {name: SeriesHistory.of(name, rows, home, days) for name, rows in by_name.items()},
        )

    def day(self, i: int) -> date:
        """Day i."""
        return self.days[i].date()

    def bars(self, key: str, i: int) -> Told:
        """The bars of an asset on day i."""
        told, symbol = Told("bars"), self.settings.assets[key].symbol
        history = self.assets.get(key)
        if history is None or history.newest.place[i] < 0:
            is_listed = key in self.settings.recorded.bars  # not by later rows: a day alone has none
            words = f"截至{self.day(i)}没有{symbol}的行情" if is_listed else f"没有收录{symbol}的行情"
            return told.blocked(words)
        newest = history.newest
        told = Told("bars", newest.date_at(i), newest.age_at(i), source=history.sources[newest.place[i]])
        if newest.is_fresh(i, self.settings.stale_sessions):
            return told
        return told.blocked(f"行情止于{told.as_of}，已过{told.age}个交易日")

    def published(self, name: str, i: int, limit: int | None = None) -> Told:
        """A series on day i; older than `limit` sessions is stale (default: `stale_sessions`)."""
        told, words = Told(name), WORDS.get(name, name)
        history = self.series.get(name)
        if history is None or history.newest.place[i] < 0:
            is_listed = name in {str(key) for key in self.settings.recorded.series}
            return told.blocked(f"截至{self.day(i)}没有{words}数据" if is_listed else f"没有收录{words}数据")
        newest = history.newest
        told = Told(name, newest.date_at(i), newest.age_at(i), source=history.sources[newest.place[i]])
        if self.has_ended(name, i):
            return told.blocked(f"{words}已停止发布，最后日期{self._ended(name)}")
        if newest.is_fresh(i, self.settings.stale_sessions if limit is None else limit):
            return told
        return told.blocked(f"{words}最新日期{told.as_of}，已过{told.age}个交易日")

    def has_ended(self, name: str, i: int) -> bool:
        """Whether the provider had stopped publishing the series before day i."""
        ended = self._ended(name)
        return ended is not None and self.day(i) > ended

    def _ended(self, name: str) -> date | None:
        recorded = {str(key): settings for key, settings in self.settings.recorded.series.items()}
        ended = recorded[name].ended if name in recorded else None
        return None if ended is None else date.fromisoformat(ended)


def _check(
    bars: pd.DataFrame,
    series: pd.DataFrame,
    settings: ScoringConfig,
    days: pd.DatetimeIndex,
    calendars: Mapping[str, pd.DatetimeIndex],
) -> None:
    doing = "reading the inputs of scores"
    for frame, table in ((bars, BARS), (series, ASSET_SERIES)):
        if missing := [column.name for column in table.columns if column.name not in frame.columns]:
            raise BadInputError(doing, f"{table.name} without {', '.join(missing)}", f"pass rows of {table.name}")
    if absent := sorted({HOME, *(asset.calendar for asset in settings.assets.values())} - set(calendars)):
        raise BadInputError(doing, f"no sessions of {', '.join(absent)}", "pass the calendar of every asset")
    if not (days.is_monotonic_increasing and days.is_unique and days.isin(calendars[HOME]).all()):
        raise BadInputError(doing, "days that are no rising sessions of Shanghai", "score sessions only")

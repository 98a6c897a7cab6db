"""Stored tables as the histories that views are cut from: the bars of one asset, or one series, with their blocks of
all days and the newest known row of each session.

Blocks are made once per history, for all days, from rows known by the last day; each row knows only rows before it.
Here is also where prices are adjusted, and blocks are brought back to the prices of their own day.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from etf_platform.core.config.scoring import Asset, ScoringConfig
from etf_platform.scoring.as_of import Newest, newest_bars, newest_published
from etf_platform.scoring.blocks import Flow, Probability, Technical, VolumeBlock, block_of
from etf_platform.scoring.panic import panic_days
from etf_platform.scoring.probability import Kind, probability_days
from etf_platform.scoring.technical import technical_days
from etf_platform.scoring.volume import volume_days

LEVELS = (
    *("close", "macd", "macd_signal", "macd_hist", "boll_upper", "boll_mid", "boll_lower", "atr"),
    *("ma5", "ma20", "ma60", "ma250", "pivot", "r1", "r2", "s1", "s2", "high_250", "low_250"),
)
PRICES = ("open", "high", "low", "close")
Records = list[dict[str, Any]]


def adjusted(rows: pd.DataFrame) -> pd.DataFrame:
    """BARS rows of one symbol by date, prices and volume on one basis that no later row changes.

    price * adj_factor; volume / adj_factor, so that a split is no jump in volume. Amount stays.
    """
    factor = rows["adj_factor"].to_numpy(dtype=np.float64)
    columns = {name: rows[name].to_numpy(dtype=np.float64) * factor for name in PRICES}
    columns |= {"volume": rows["volume"].to_numpy(dtype=np.float64) / factor, "amount": rows["amount"].to_numpy()}
    return pd.DataFrame(columns, index=pd.DatetimeIndex(rows["date"], name="date"))


@dataclass(frozen=True, eq=False)
class AssetHistory:
    """One asset's bars by the last day, and what they were on each of n days.

    Attributes
    ----------
    key, asset : str, Asset
    rows : DataFrame
        BARS rows, rising dates.
    newest : Newest
    settings : ScoringConfig
    """

    key: str
    asset: Asset
    rows: pd.DataFrame
    newest: Newest
    settings: ScoringConfig

    @classmethod
    def of(
        cls, key: str, settings: ScoringConfig, rows: pd.DataFrame, sessions: pd.DatetimeIndex, days: pd.DatetimeIndex
    ) -> "AssetHistory":
        """From the asset's BARS rows and the sessions of its own calendar."""
        asset = settings.assets[key]
        newest = newest_bars(pd.DatetimeIndex(rows["date"]), asset.calendar, sessions, days)
        return cls(key, asset, rows.iloc[: max(0, int(newest.place.max(initial=-1)) + 1)], newest, settings)

    @cached_property
    def bars(self) -> pd.DataFrame:
        """Adjusted bars."""
        return adjusted(self.rows)

    @cached_property
    def closes(self) -> np.ndarray:
        """Closes as traded."""
        return self.rows["close"].to_numpy(dtype=np.float64)

    @cached_property
    def changes(self) -> np.ndarray:
        """Adjusted close / the one before - 1; NaN in the first row."""
        close = self.bars["close"].to_numpy()
        return np.append(np.full(min(1, close.size), np.nan), close[1:] / close[:-1] - 1.0)

    @cached_property
    def sources(self) -> list[str]:
        """Source of every row."""
        return [str(source) for source in self.rows["source"]]

    @property
    def first(self) -> int:
        """First row that any day sees."""
        seen = self.newest.place[self.newest.place >= 0]
        return int(seen[0]) if seen.size else 0

    def technical(self, place: int) -> Technical:
        """Indicators of a row, prices as traded on its own day."""
        return block_of(Technical, self._technical[place - self.first])

    def volume(self, place: int) -> VolumeBlock:
        """Volume block of a row, prices and shares as traded on its own day."""
        return block_of(VolumeBlock, self._volume[place - self.first])

    def probabilities(self, place: int) -> dict[int, Probability]:
        """Probability of a row by horizon."""
        return {h: block_of(Probability, rows[place - self.first]) for h, rows in self._probability.items()}

    @cached_property
    def _days(self) -> pd.DataFrame:
        return technical_days(self.bars, self.settings.original_compatible, self.settings.history_bars)

    @cached_property
    def _technical(self) -> Records:
        return self._own_prices(self._days, LEVELS)

    @cached_property
    def _volume(self) -> Records:
        days = volume_days(self.bars, self.settings.original_compatible)
        return self._own_prices(days.assign(obv=days["obv"] * self._factor), ("resistance",))

    @cached_property
    def _probability(self) -> dict[int, Records]:
        since = self.bars.index[self.first]
        matching, history = self.settings.matching, self.settings.history_bars
        return {
            h: _records(probability_days(self.bars, matching, h, kind_of(self.asset), since, history, self._days))
            for h in matching.horizons
        }

    @property
    def _factor(self) -> np.ndarray:
        return self.rows["adj_factor"].to_numpy(dtype=np.float64)

    def _own_prices(self, days: pd.DataFrame, levels: tuple[str, ...]) -> Records:
        factor = self._factor
        return _records(days.assign(**{name: days[name] / factor for name in levels}).iloc[self.first :])


def kind_of(asset: Asset) -> Kind:
    """Which of the original's rules holds for the asset's probability."""
    if asset.group == "sector":
        return "sector"
    return "unspaced" if asset.type in ("commodity", "crypto") else "index"


@dataclass(frozen=True, eq=False)
class SeriesHistory:
    """One series by the last day, and what it was on each of n days; `rows` are ASSET_SERIES rows, rising dates."""

    name: str
    rows: pd.DataFrame
    newest: Newest

    @classmethod
    def of(cls, name: str, rows: pd.DataFrame, home: pd.DatetimeIndex, days: pd.DatetimeIndex) -> "SeriesHistory":
        """From the series' ASSET_SERIES rows and the sessions of Shanghai."""
        published = pd.DatetimeIndex(rows["published_at"])
        newest = newest_published(pd.DatetimeIndex(rows["date"]), published, home, days)
        return cls(name, rows.iloc[: max(0, int(newest.place.max(initial=-1)) + 1)], newest)

    @cached_property
    def values(self) -> pd.Series:
        """Values by date."""
        return pd.Series(
            self.rows["value"].to_numpy(dtype=np.float64), index=pd.DatetimeIndex(self.rows["date"]), name=self.name
        )

    @cached_property
    def sources(self) -> list[str]:
        """Source of every row."""
        return [str(source) for source in self.rows["source"]]


@dataclass(frozen=True, eq=False)
class FlowHistory:
    """A flow series with its sentiment on every published day."""

    kind: Literal["northbound", "southbound", "margin"]
    series: SeriesHistory
    make: Callable[[pd.Series], pd.DataFrame]
    _made: dict[str, Records] = field(default_factory=dict)

    def at(self, i: int) -> Flow | None:
        """The flow as of day i, fresh or not; None when nothing is published yet."""
        newest = self.series.newest
        if newest.place[i] < 0:
            return None
        if "rows" not in self._made:
            self._made["rows"] = _records(self.make(self.series.values))
        row = self._made["rows"][newest.place[i]]
        return block_of(Flow, row, kind=self.kind, as_of=newest.date_at(i), age=newest.age_at(i))


@dataclass(frozen=True, eq=False)
class FearHistory:
    """A fear index on each of n days: a series, or made of the bars of an asset; `values` by date."""

    name: str
    values: pd.Series
    newest: Newest
    sources: list[str]

    @classmethod
    def published(cls, name: str, series: SeriesHistory) -> "FearHistory":
        """An index that is published."""
        return cls(name, series.values, series.newest, series.sources)

    @classmethod
    def computed(cls, name: str, history: AssetHistory) -> "FearHistory":
        """CNVI or HKVI out of the bars of their market's index."""
        values = panic_days(history.bars, cast(Literal["CNVI", "HKVI"], name))
        return cls(name, values, history.newest, history.sources)

    def at(self, i: int) -> tuple[float | None, date | None, int | None]:
        """Value, date and age on day i; the value is None where it is not defined."""
        place = int(self.newest.place[i])
        if place < 0:
            return None, None, None
        value = float(self.values.to_numpy()[place])
        return value if np.isfinite(value) else None, self.newest.date_at(i), self.newest.age_at(i)


def split_by(rows: pd.DataFrame, column: str) -> Mapping[str, pd.DataFrame]:
    """Rows by the value of a column, each part by rising date."""
    ordered = rows.sort_values("date", kind="stable")
    return {str(name): part for name, part in ordered.groupby(column, sort=False)}


def _records(frame: pd.DataFrame) -> Records:
    return cast(Records, frame.to_dict("records"))

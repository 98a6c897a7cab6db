"""Stored bars and series to the view of every asset on every session, and to the record of what views were made of.

A day alone and the same day among others give the same views: every value is cut from a history as of that day. Not
here: the values (`histories`, `markets`, the blocks), what they are worth (`factors`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from etf_platform.core.config.scoring import ScoringConfig
from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import ASSET_STATES
from etf_platform.scoring.blocks import Valuation
from etf_platform.scoring.inputs import WORDS, Stored, Told
from etf_platform.scoring.markets import Markets
from etf_platform.scoring.valuation import ratio_days, read_valuation
from etf_platform.scoring.views import NOBODY, AssetView

RATIOS = ("pe", "pb")


@dataclass(frozen=True, eq=False)
class Views:
    """Views by day, in the order of `scoring.yaml`, and ASSET_STATES rows of the same days and assets."""

    by_day: Mapping[date, tuple[AssetView, ...]]
    states: pd.DataFrame

    def on(self, day: date) -> tuple[AssetView, ...]:
        """Views of one day."""
        return self.by_day[day]


def views_of(
    bars: pd.DataFrame,
    series: pd.DataFrame,
    settings: ScoringConfig,
    days: pd.DatetimeIndex,
    calendars: Mapping[str, pd.DatetimeIndex],
    keys: Sequence[str] | None = None,
) -> Views:
    """Views of assets on sessions.

    Parameters
    ----------
    bars : DataFrame
        BARS of the universe from the first one on, under the assets' own symbols; later rows than a day's are not seen.
    series : DataFrame
        ASSET_SERIES from the first row on.
    settings : ScoringConfig
    days : DatetimeIndex
        Sessions of Shanghai, rising.
    calendars : mapping of str to DatetimeIndex
        Sessions of `XSHG` and of the calendar of every asset.
    keys : sequence of str, optional
        Assets wanted; default all.

    Returns
    -------
    Views
        One view per day and asset, also for assets without any input. An asset whose bars are missing or stale has no
        probabilities, technical or volume block; `reasons` names every missing input of an applicable factor. In
        `states` an input is PASS, WARN (missing, another one stands in) or BLOCKED.

    Raises
    ------
    BadInputError
        An unknown key, a missing column or calendar, or days that are no rising sessions.
    """
    wanted = tuple(settings.assets) if keys is None else tuple(keys)
    if unknown := [key for key in wanted if key not in settings.assets]:
        raise BadInputError("scoring assets", f"no asset {', '.join(unknown)}", f"use {', '.join(settings.assets)}")
    stored = Stored.of(bars, series, settings, days, calendars)
    cutter = _Cutter(stored, Markets(stored), _ratios(stored))
    by_day: dict[date, tuple[AssetView, ...]] = {}
    rows: list[dict[str, Any]] = []
    for i in range(len(days)):
        pairs = [cutter.cut(key, i) for key in wanted]
        by_day[stored.day(i)] = tuple(view for view, _ in pairs)
        rows += [_row(stored.days[i], view.key, told) for view, every in pairs for told in every]
    return Views(by_day, _states(rows))


def valued_asset(settings: ScoringConfig) -> str:
    """Key of the asset that PE and PB are about."""
    return next((s.asset for n, s in settings.recorded.series.items() if n in RATIOS and s.asset), "HS300")


@dataclass(frozen=True, eq=False)
class _Cutter:
    stored: Stored
    markets: Markets
    ratios: Mapping[str, pd.DataFrame]

    def cut(self, key: str, i: int) -> tuple[AssetView, list[Told]]:
        """The view of an asset on day i, and what is said of each of its inputs."""
        asset = self.stored.settings.assets[key]
        known: dict[str, Any] = {}
        reasons: dict[str, str] = {}
        told = [self._add_bars(key, i, known, reasons)]
        if "valuation" in asset.applicable_factors:
            told += self._add_valuation(key, i, known, reasons)
        if "capital" in asset.applicable_factors:
            money = self.markets.money(asset.underlying_market, i)
            known |= {"flows": money.flow, "margin_sentiment": money.margin_sentiment}
            reasons |= money.reasons
            told += money.told
        if "sentiment" in asset.applicable_factors:
            mood = self.markets.mood(asset.underlying_market, asset.panic_index, i)
            known |= {"panic": mood.panic, "sentiment_score": mood.sentiment}
            reasons |= mood.reasons
            told += mood.told
        return AssetView(key, asset, self.stored.day(i), **known, reasons=reasons), told

    def _add_bars(self, key: str, i: int, known: dict[str, Any], reasons: dict[str, str]) -> Told:
        told, history = self.stored.bars(key, i), self.stored.assets.get(key)
        if not told.is_there:
            reasons["bars"] = told.reason
        if history is None or told.as_of is None:
            return told
        place = int(history.newest.place[i])
        change = float(history.changes[place])
        known |= {"data_date": told.as_of, "bars_age": told.age, "source": told.source}
        known |= {"close": float(history.closes[place]), "change": None if change != change else change}
        if told.is_there:
            known |= {"technical": history.technical(place), "volume": history.volume(place)}
            known["probabilities"] = history.probabilities(place)
        return told

    def _add_valuation(self, key: str, i: int, known: dict[str, Any], reasons: dict[str, str]) -> list[Told]:
        symbol = self.stored.settings.assets[key].symbol
        if key != valued_asset(self.stored.settings):
            told = [Told(name).blocked(f"没有收录{symbol}的{WORDS[name]}数据") for name in RATIOS]
        else:
            told = [self.stored.published(n, i, self.stored.settings.stale_valuation_sessions) for n in RATIOS]
            known["valuation"] = self._valuation(told, i)
        if missing := [t.reason for t in told if not t.is_there]:
            reasons["valuation"] = "; ".join(missing)
        return told

    def _valuation(self, told: Sequence[Told], i: int) -> Valuation | None:
        """PE and PB that are there and fresh; None when neither is."""
        fresh = {t.input: t for t in told if t.is_there}
        if not fresh:
            return None
        cut = {name: self.ratios[name].iloc[: int(self.stored.series[name].newest.place[i]) + 1] for name in fresh}
        ages = [t.age for t in fresh.values() if t.age is not None]
        return read_valuation(cut.get("pe"), cut.get("pb"), age=max(ages, default=None))


def _ratios(stored: Stored) -> dict[str, pd.DataFrame]:
    return {name: ratio_days(stored.series[name].values) for name in RATIOS if name in stored.series}


def _row(day: pd.Timestamp, key: str, told: Told) -> dict[str, Any]:
    return {
        "date": day,
        "asset": key,
        "input": told.input,
        "as_of": told.as_of,
        "age": told.age,
        "state": told.state,
        "reason": told.reason,
        "source": told.source or NOBODY,
    }


def _states(rows: list[dict[str, Any]]) -> pd.DataFrame:
    if not rows:
        return ASSET_STATES.no_rows()
    frame = pd.DataFrame(rows, columns=[column.name for column in ASSET_STATES.columns])
    frame["as_of"] = pd.to_datetime(frame["as_of"]).astype("datetime64[ns]")
    frame = frame.astype({"age": "Int64"})
    return frame.sort_values(["date", "asset", "input"], ignore_index=True)

"""What the market report of a session is filled from: stored scores, and views made again from the inputs up to it.

Scores and totals are those that are stored; what stands beside them (indicators, probabilities, flows) is made of the
same inputs by the same functions.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from etf_platform.core.config.scoring import ScoringConfig
from etf_platform.reports.scoring import document as d
from etf_platform.reports.scoring.positions import Positions
from etf_platform.scoring.capital import margin_days
from etf_platform.scoring.inputs import Stored
from etf_platform.scoring.markets import Markets
from etf_platform.scoring.views import AssetView

INDEX_TYPES = ("index", "proxy_etf")
Row = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Facts:
    """What a report of a session is made from.

    Attributes
    ----------
    views : tuple of AssetView
        Of the assets that the report is about, in its order.
    indices : tuple of AssetView
        Of the core indices, whatever the report is about.
    scores : mapping of asset to row of ASSET_SCORES
    factors : mapping of asset to {factor: row of FACTOR_SCORES}
    sessions : int
        In the sample of the totals; 0 when there was none.
    stored : Stored
        Histories cut at the session, which is its only day.
    closes : mapping of asset to Series
        Adjusted, up to the newest one that could be known at the run of the session.
    source : str
        Of the scores.
    """

    day: dt.date
    views: tuple[AssetView, ...]
    indices: tuple[AssetView, ...]
    scores: Mapping[str, Row]
    factors: Mapping[str, Mapping[str, Row]]
    sessions: int
    stored: Stored
    closes: Mapping[str, "pd.Series[float]"]
    source: str
    positions: Positions | None = None

    @property
    def settings(self) -> ScoringConfig:
        """The scoring's configuration."""
        return self.stored.settings

    @cached_property
    def markets(self) -> Markets:
        """Flows and fear of the markets."""
        return Markets(self.stored)

    @cached_property
    def margin(self) -> d.Margin | None:
        """Margin balances of the market; None when they are missing or stale."""
        told = self.stored.published("margin_balance", 0)
        if not told.is_there:
            return None
        history = self.stored.series["margin_balance"]
        last = margin_days(history.values).iloc[-1]
        known = {
            name: None if last[name] != last[name] else float(last[name]) for name in ("five_day_change", "sentiment")
        }
        return d.Margin(float(history.values.iloc[-1]), **known, text=str(last["text"]), as_of=told.as_of)


def facts_of(
    day: dt.date,
    wanted: Sequence[str],
    views: Sequence[AssetView],
    scores: pd.DataFrame,
    factors: pd.DataFrame,
    basis: pd.DataFrame,
    stored: Stored,
    source: str,
    positions: Positions | None,
) -> Facts:
    """Facts from views (of the wanted assets and of the indices) and from the stored rows of the session."""
    by_asset: dict[str, dict[str, Row]] = {}
    for row in plain_rows(factors):
        by_asset.setdefault(row["asset"], {})[row["factor"]] = row
    sessions = int(basis["sessions"].max()) if len(basis) else 0
    closes = {key: history.bars["close"] for key, history in stored.assets.items()}
    by_key = {row["asset"]: row for row in plain_rows(scores)}
    by_name = {view.key: view for view in views}
    indices = tuple(by_name[key] for key in index_keys(stored.settings))
    return Facts(
        day,
        tuple(by_name[key] for key in wanted),
        indices,
        by_key,
        by_asset,
        sessions,
        stored,
        closes,
        source,
        positions,
    )


def index_keys(settings: ScoringConfig) -> tuple[str, ...]:
    """The core indices, in the order of `scoring.yaml`."""
    return tuple(k for k, asset in settings.assets.items() if asset.group == "core" and asset.type in INDEX_TYPES)


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values: null is None, a date a date."""
    return [{str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    return value.date() if isinstance(value, pd.Timestamp) else value

"""Bars of the scored assets: which source holds each, under which symbol, and the rows under the asset's own symbol.

The rows come through `market.fetch` like all others. An asset that no source holds, or whose source fails, has no rows
and costs no other asset; the reason stands beside them. Simulated assets are `market.sources.sample_assets`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from etf_platform.core.config.models import LocalSource
from etf_platform.core.config.scoring import Asset, RecordedBars
from etf_platform.core.errors import PlatformError
from etf_platform.core.tables import BARS, QUARANTINE
from etf_platform.market.calendar import DateLike
from etf_platform.market.fetch import Feed, MarketData, load_bars

Exchange = Literal["XSHG", "XNYS"]
KEY = ["date", "symbol"]


@dataclass(frozen=True)
class Wanted:
    """Where the bars of one asset are looked for.

    Attributes
    ----------
    key, symbol : str
        The asset, and its own symbol, which its rows carry.
    source, asked : str
        Source of `sources.yaml`, and the symbol there.
    exchange : str
        Whose sessions the rows must fall on.
    is_proxy : bool
        `asked` is another instrument: the label of the rows says so.
    """

    key: str
    symbol: str
    source: str
    asked: str
    exchange: Exchange
    is_proxy: bool = False


@dataclass(frozen=True, eq=False)
class AssetBars:
    """BARS and QUARANTINE of all assets, under their own symbols, and why assets have no rows.

    Attributes
    ----------
    bars, quarantine : DataFrame
    missing : mapping of asset key to str
        Why it has no rows; assets with rows are not in it.
    failed : tuple of PlatformError
        One per source that could not be read.
    unread : tuple of str
        Own symbols of the assets that were looked for in vain: nothing was learnt about them.
    n_identical : int
        Identical repetitions dropped.
    """

    bars: pd.DataFrame
    quarantine: pd.DataFrame
    missing: Mapping[str, str] = field(default_factory=dict)
    failed: tuple[PlatformError, ...] = ()
    unread: tuple[str, ...] = ()
    n_identical: int = 0


def recorded_assets(assets: Mapping[str, Asset], recorded: Mapping[str, RecordedBars]) -> tuple[Wanted, ...]:
    """Where every asset with recorded bars is looked for; the suffix .US means the sessions of New York."""
    return tuple(
        Wanted(key, assets[key].symbol, r.source, r.symbol, _exchange(r.symbol), r.is_proxy)
        for key, r in recorded.items()
    )


def live_assets(assets: Mapping[str, Asset], recorded: Mapping[str, RecordedBars], source: str) -> tuple[Wanted, ...]:
    """What a live source can be asked for: assets listed in China themselves, others by their .US proxy."""
    own = [
        Wanted(key, asset.symbol, source, asset.symbol, "XSHG")
        for key, asset in assets.items()
        if asset.calendar == "XSHG"
    ]
    proxies = [w for w in recorded_assets(assets, recorded) if w.exchange == "XNYS"]
    return (*own, *(Wanted(w.key, w.symbol, source, w.asked, w.exchange, w.is_proxy) for w in proxies))


def load_assets(
    wanted: Sequence[Wanted],
    assets: Mapping[str, Asset],
    feed_of: Callable[[str, Exchange], Feed],
    start: DateLike,
    end: DateLike,
) -> AssetBars:
    """Judged bars of [start, end], source by source.

    Parameters
    ----------
    wanted : sequence of Wanted
    assets : mapping of key to Asset
        All of them: those that are not wanted are missing.
    feed_of : callable
        Feed of a source (by name) on the sessions of an exchange.
    start, end : date-like

    Returns
    -------
    AssetBars
        Frames sorted by date and own symbol. `source` carries ` (proxy <symbol>)` where that is so.
    """
    parts: list[tuple[Wanted, MarketData]] = []
    failed: list[tuple[list[Wanted], PlatformError]] = []
    for group in _by_feed(wanted):
        feed = feed_of(group[0].source, group[0].exchange)
        for some in _by_file(feed, group):
            try:
                loaded = load_bars(feed, tuple(dict.fromkeys(w.asked for w in some)), start, end)
            except PlatformError as error:
                failed.append((some, error))
                continue
            parts += [(w, loaded) for w in some]
    bars = _together([_own(w, data.bars) for w, data in parts], BARS.no_rows())
    quarantine = _together([_own(w, data.quarantine) for w, data in parts], QUARANTINE.no_rows())
    there = set(bars["symbol"])
    return AssetBars(
        bars,
        quarantine,
        _missing(assets, wanted, failed, there),
        tuple(error for _, error in failed),
        tuple(w.symbol for w in wanted if w.symbol not in there),
        sum(int(_mine(w, data.identical)["n_dropped"].sum()) for w, data in parts),
    )


def _exchange(symbol: str) -> Exchange:
    return "XNYS" if symbol.endswith(".US") or symbol.startswith("^") else "XSHG"


def _by_feed(wanted: Sequence[Wanted]) -> list[list[Wanted]]:
    groups: dict[tuple[str, Exchange], list[Wanted]] = {}
    for w in wanted:
        groups.setdefault((w.source, w.exchange), []).append(w)
    return list(groups.values())


def _by_file(feed: Feed, group: list[Wanted]) -> list[list[Wanted]]:
    """One at a time where every symbol has a file of its own, so that a broken one costs no other."""
    path = feed.source.path if isinstance(feed.source, LocalSource) else ""
    return [[w] for w in group] if "{symbol}" in path or "{ticker}" in path else [group]


def _mine(w: Wanted, rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["symbol"] == w.asked]


def _own(w: Wanted, rows: pd.DataFrame) -> pd.DataFrame:
    mine = _mine(w, rows)
    label = mine["source"] + f" (proxy {w.asked})" if w.is_proxy else mine["source"]
    return mine.assign(symbol=w.symbol, source=label)


def _together(frames: Sequence[pd.DataFrame], nothing: pd.DataFrame) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return nothing
    return pd.concat(filled, ignore_index=True).sort_values(KEY, kind="stable", ignore_index=True)


def _missing(
    assets: Mapping[str, Asset],
    wanted: Sequence[Wanted],
    failed: Sequence[tuple[list[Wanted], PlatformError]],
    there: set[str],
) -> dict[str, str]:
    reasons = {key: f"no recorded bars for {asset.symbol}" for key, asset in assets.items()}
    reasons |= {w.key: f"{w.source} holds no usable row of {w.asked}" for w in wanted}
    reasons |= {w.key: f"{error.doing}: {error.saw}" for group, error in failed for w in group}
    return {key: reason for key, reason in reasons.items() if assets[key].symbol not in there}

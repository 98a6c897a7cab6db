"""Inputs of the scores: bars of the scored assets and dated series, from the source into the lake.

Every run reads what the source holds from the first day on and stores what differs from the lake, from the first
difference to the end: the first run loads everything, later ones append, missed days are caught up, and a day alone
leaves the rows that a backfill leaves. What a source no longer gives because it is broken or shorter stays as stored.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.config.models import LiveSource, SampleSource
from etf_platform.core.schema import Table
from etf_platform.market.calendar import Sessions, sessions
from etf_platform.market.fetch import Feed
from etf_platform.market.freshness import closed_bars, last_closed_session
from etf_platform.market.scored_assets import AssetBars, live_assets, load_assets, recorded_assets
from etf_platform.market.series import SeriesRows, read_all
from etf_platform.market.sources.sample_assets import simulate_assets, simulate_series
from etf_platform.orchestration.live import wire_of
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.market import numbered_revisions
from etf_platform.orchestration.steps.tables import StepTables

if TYPE_CHECKING:
    from etf_platform.core.errors import PlatformError

HOME = "XSHG"
SIMULATED = "simulated"


def load_asset_bars(platform: Platform, universe: str, window: Window) -> Outcome:
    """Bars of every scored asset under its own symbol; refused rows go to `quarantine`.

    Raises
    ------
    PlatformError
        Every source failed and nothing was read: the first error.
    """
    tables, first = StepTables(platform, window), _first_day(platform)
    start, end = _days(platform, universe, window)
    stored = tables.read_if_there(t.BARS, universe)
    last = end if stored is None or stored.empty else max(end, stored["date"].max().date())
    loaded = _load(platform, universe, first, last)
    _raise_if_nothing(loaded.failed, loaded.bars)
    fresh = numbered_revisions(_closed(platform, loaded.bars), stored)
    bars, kept = with_kept(fresh, stored, "symbol", loaded.unread, platform.source.kind == "sample")
    since = min(start, first_difference(bars, stored, t.BARS, ("fetched_at",)) or start)
    tables.write(t.BARS, universe, _from(bars, since), since, last)
    refused, _ = with_kept(
        loaded.quarantine,
        tables.read_if_there(t.QUARANTINE, universe),
        "symbol",
        loaded.unread,
        platform.source.kind == "sample",
    )
    tables.write(t.QUARANTINE, universe, refused)
    facts = _facts(bars, since, kept) | {
        "symbols": int(bars["symbol"].nunique()),
        "restated rows": int((_from(bars, since)["revision"] > 0).sum()),
        "quarantined rows": len(refused),
        "identical repetitions dropped": loaded.n_identical,
        "assets without bars": "; ".join(f"{key}: {why}" for key, why in sorted(loaded.missing.items())) or "none",
        "sources that failed": _told(loaded.failed),
    }
    return tables.outcome(facts=facts, frames={"bars by asset": _by(bars, "symbol")})


def write_series(platform: Platform, universe: str, window: Window) -> Outcome:
    """Valuation, flows, margin and fear indices with the session from which each value may be used.

    Raises
    ------
    PlatformError
        Every series failed: the first error. Not on a live source, which has none.
    """
    tables = StepTables(platform, window)
    start, end = _days(platform, universe, window)
    stored = tables.read_if_there(t.ASSET_SERIES, universe)
    last = end if stored is None or stored.empty else max(end, stored["date"].max().date())
    loaded = _load_series(platform, last)
    if platform.source.kind != "live":
        _raise_if_nothing(tuple(loaded.failures.values()), loaded.rows)
    rows, kept = with_kept(loaded.rows, stored, "name", tuple(loaded.failures), platform.source.kind == "sample")
    since = min(start, first_difference(rows, stored, t.ASSET_SERIES) or start)
    tables.write(t.ASSET_SERIES, universe, _from(rows, since), since, last)
    facts = _facts(rows, since, kept) | {
        "refused rows": len(loaded.refused),
        "gaps": ", ".join(f"{name} {n}" for name, n in loaded.dropped.items() if n) or "none",
        "ended": ", ".join(f"{name} on {at}" for name, at in loaded.ended.items()) or "none",
        "series that failed": "; ".join(f"{name}: {error}" for name, error in loaded.failures.items()) or "none",
    }
    frames = {"series": _by(rows, "name")} | ({"refused rows": loaded.refused} if len(loaded.refused) else {})
    return tables.outcome(facts=facts, frames=frames)


def sessions_of(platform: Platform, calendar: str) -> Sessions:
    """Sessions of a calendar of `scoring.yaml`, with the installation's further closures."""
    further = {str(name): closed for name, closed in platform.config.platform.calendar.extra_holidays.items()}
    return sessions(calendar, further.get(calendar, ()))


def calendars(platform: Platform) -> dict[str, pd.DatetimeIndex]:
    """Sessions of Shanghai and of every asset's calendar: the `calendars` of `scoring.assembly.views_of`."""
    names = {HOME, *(asset.calendar for asset in platform.config.scoring.assets.values())}
    return {name: sessions_of(platform, name).index for name in sorted(names)}


def with_kept(
    fresh: pd.DataFrame, stored: pd.DataFrame | None, column: str, failed: Sequence[str], is_simulated: bool
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Fresh rows and those stored ones that a broken or shortened source no longer gives; how many by name.

    Kept are all rows of what `failed` in `column`, and rows later than the last fresh one of the same name and source.
    Rows of a simulated and of a real installation are never kept beside each other.
    """
    if stored is None or stored.empty:
        return fresh, {}
    ours = stored[stored["source"].str.contains(SIMULATED) == is_simulated]
    known = pd.Series(dtype="datetime64[ns]")
    if len(fresh):
        known = fresh.groupby(fresh[column] + "|" + fresh["source"])["date"].max()
    later = ours["date"] > (ours[column] + "|" + ours["source"]).map(known)
    kept = ours[ours[column].isin(failed) | (later & ours[column].isin(fresh[column]))]
    if kept.empty:
        return fresh, {}
    both = pd.concat([fresh, kept], ignore_index=True) if len(fresh) else kept
    counts = {str(name): int(n) for name, n in kept[column].value_counts().sort_index().items()}
    return both.sort_values(["date", column], kind="stable", ignore_index=True), counts


def first_difference(
    fresh: pd.DataFrame, stored: pd.DataFrame | None, table: Table, besides: Sequence[str] = ()
) -> date | None:
    """First day on which the rows are not those that are stored; None when they are the same. NaN equals NaN."""
    if stored is None or stored.empty:
        return None if fresh.empty else fresh["date"].min().date()
    names = [column.name for column in table.columns if column.name not in besides]
    both = pd.concat([fresh[names], stored[names]], ignore_index=True)
    once = both[~both.duplicated(keep=False)]
    return None if once.empty else once["date"].min().date()


def _load(platform: Platform, universe: str, start: date, end: date) -> AssetBars:
    source, settings = platform.source, platform.config.scoring
    if isinstance(source, SampleSource):
        rows = simulate_assets(
            source, platform.source_name, settings.assets, lambda name: sessions_of(platform, name), end
        )
        return AssetBars(_from(rows, start), t.QUARANTINE.no_rows())
    wanted = recorded_assets(settings.assets, settings.recorded.bars)
    if isinstance(source, LiveSource):
        wanted = live_assets(settings.assets, settings.recorded.bars, platform.source_name)
    return load_assets(wanted, settings.assets, lambda name, exchange: _feed(platform, name, exchange), start, end)


def _feed(platform: Platform, source: str, exchange: str) -> Feed:
    settings = platform.source_named(source)
    return Feed(
        source,
        settings,
        platform.workspace.data,
        sessions_of(platform, exchange),
        platform.config.instruments.instruments,
        platform.config.fuses.max_broken_rows,
        wire_of(platform, settings) if isinstance(settings, LiveSource) else None,
        _first_day(platform),
        _first_day(platform),
    )


def _load_series(platform: Platform, end: date) -> SeriesRows:
    source, settings = platform.source, platform.config.scoring
    if isinstance(source, SampleSource):
        return SeriesRows(simulate_series(source, platform.source_name, lambda name: sessions_of(platform, name), end))
    recorded = {str(name): series for name, series in settings.recorded.series.items()}
    return read_all(recorded, platform.workspace.data, sessions_of(platform, HOME), end)


def _closed(platform: Platform, bars: pd.DataFrame) -> pd.DataFrame:
    """Bars without those of sessions that are still open, each on its asset's own calendar."""
    calendar = {asset.symbol: asset.calendar for asset in platform.config.scoring.assets.values()}
    parts = [
        closed_bars(rows, sessions_of(platform, str(name)), now())
        for name, rows in bars.groupby(bars["symbol"].map(calendar))
    ]
    if not parts:
        return bars
    return pd.concat(parts, ignore_index=True).sort_values(["date", "symbol"], kind="stable", ignore_index=True)


def _raise_if_nothing(failed: "Sequence[PlatformError]", rows: pd.DataFrame) -> None:
    if failed and rows.empty:
        raise failed[0]


def _from(rows: pd.DataFrame, since: date) -> pd.DataFrame:
    return rows[rows["date"] >= pd.Timestamp(since)].reset_index(drop=True)


def _facts(rows: pd.DataFrame, since: date, kept: dict[str, int]) -> dict[str, object]:
    return {
        "rows": len(rows),
        "rows written": len(_from(rows, since)),
        "written from": str(since),
        "kept although the source no longer gives them": ", ".join(f"{name} {n}" for name, n in kept.items()) or "none",
    }


def _by(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    by = rows.groupby(column)
    frame = by["date"].agg(["min", "max", "size"]).set_axis(["first", "last", "rows"], axis=1)
    return frame.assign(source=by["source"].last()).reset_index()


def _told(failed: "Sequence[PlatformError]") -> str:
    return "; ".join(dict.fromkeys(str(error) for error in failed)) or "none"


def _first_day(platform: Platform) -> date:
    return date.fromisoformat(platform.config.scoring.history_start)


def _days(platform: Platform, universe: str, window: Window) -> tuple[date, date]:
    start = window.start or _first_day(platform)
    end = window.end or last_closed_session(sessions_of(platform, HOME), now()).date()
    return start, max(end, start - timedelta(days=1))


def now() -> pd.Timestamp:
    """The moment, in UTC."""
    return pd.Timestamp.now("UTC")

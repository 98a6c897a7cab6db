"""The one seam through which bars come in: ask a source, judge the rows, keep what was asked for.

Rows are always read from the source's first day on and judged in order, then cut to the range: a day alone and the
same day in a backfill are the same rows. A real source that fails is an error, never a reason to simulate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from etf_platform.core.config.models import Instrument, LocalSource, SampleSource
from etf_platform.market.actions import decided, detect_actions
from etf_platform.market.adjust import apply_events
from etf_platform.market.calendar import DateLike, Sessions, day
from etf_platform.market.sources.local import read_local
from etf_platform.market.sources.sample import simulate
from etf_platform.market.validate import EXCHANGE, FORWARD_SUBTRACTED, TOTAL_RETURN, UNADJUSTED, Tolerance, validate

NOT_AS_TRADED = ("forward_subtracted", "total_return")


@dataclass(frozen=True)
class Feed:
    """A source together with what is needed to read a pool from it.

    Attributes
    ----------
    name : str
        Name of the source in `sources.yaml`.
    source : SampleSource or LocalSource
        Its settings.
    data_root : Path or None
        Folder below which local paths stand.
    sessions : Sessions
        Calendar of the pool.
    instruments : mapping
        Facts of the funds.
    max_broken_rows : int
        See `market.validate.Tolerance`.
    """

    name: str
    source: SampleSource | LocalSource
    data_root: Path | None
    sessions: Sessions
    instruments: Mapping[str, Instrument]
    max_broken_rows: int = 3


@dataclass(frozen=True, eq=False)
class MarketData:
    """BARS, QUARANTINE and ADJUSTMENT_EVENTS of [start, end], and the identical repetitions dropped from it.

    `identical` is described at `market.validate.Verdict`: nothing that the source holds is left out unsaid.
    """

    bars: pd.DataFrame
    quarantine: pd.DataFrame
    events: pd.DataFrame
    identical: pd.DataFrame

    @property
    def n_identical(self) -> int:
        """Number of identical repetitions dropped."""
        return int(self.identical["n_dropped"].sum())

    def between(self, start: DateLike, end: DateLike) -> "MarketData":
        """The rows dated in [start, end]."""
        return MarketData(*(_cut(f, start, end) for f in (self.bars, self.quarantine, self.events, self.identical)))


def fetch_bars(feed: Feed, symbols: Sequence[str], end: DateLike) -> pd.DataFrame:
    """Raw rows of some symbols from the source's first day up to `end`.

    Returns
    -------
    DataFrame
        `market.sources.ROW_COLUMNS`, in our units, not judged.

    Raises
    ------
    SourceError, BadInputError
        The source cannot be read.
    CalendarEndError
        `end` lies beyond the calendar.
    """
    if isinstance(feed.source, LocalSource):
        return read_local(feed.source, feed.name, feed.data_root, symbols, end)
    return simulate(feed.source, feed.name, symbols, feed.instruments, feed.sessions, end)


def load_bars(
    feed: Feed, symbols: Sequence[str], start: DateLike, end: DateLike, accepted: pd.DataFrame | None = None
) -> MarketData:
    """Fetch and judge the bars of [start, end].

    Parameters
    ----------
    feed : Feed
    symbols : sequence of str
        Members of the pool, with suffix.
    start, end : date-like
        First and last date wanted, both included.
    accepted : DataFrame, optional
        ADJUSTMENT_EVENTS whose status people have decided; the accepted ones are worked into `adj_factor`.

    Raises
    ------
    SourceError, BadInputError, CalendarEndError
        As `fetch_bars`.
    """
    feed.sessions.between(end, end)
    verdict = validate(
        fetch_bars(feed, symbols, end),
        feed.sessions,
        feed.instruments,
        tolerance=replace(tolerance_of(feed.source), max_broken_rows=feed.max_broken_rows),
        today=end,
    )
    bars, events = verdict.bars, _events(feed, verdict.bars)
    if accepted is not None:
        ours = accepted[accepted["symbol"].isin(symbols)]
        bars, events = apply_events(bars, ours), decided(events, ours)
    return MarketData(bars, verdict.quarantine, events, verdict.identical).between(start, end)


def together(parts: Sequence[MarketData]) -> MarketData:
    """The bars of several sources as those of one universe: disjoint symbols, each frame sorted by date and symbol."""
    return MarketData(
        *(_stacked([getattr(part, name) for part in parts]) for name in ("bars", "quarantine", "events", "identical"))
    )


def _stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    return pd.concat(filled, ignore_index=True).sort_values(["date", "symbol"], kind="stable", ignore_index=True)


def tolerance_of(source: SampleSource | LocalSource) -> Tolerance:
    """How far rows may stray, by whether the source's `prev_close` is the exchange's, derived, or distorted."""
    if isinstance(source, SampleSource):
        return EXCHANGE
    if source.adjustment == "forward_subtracted":
        return FORWARD_SUBTRACTED
    if source.adjustment == "total_return":
        return TOTAL_RETURN
    return EXCHANGE if "prev_close" in source.columns else UNADJUSTED


def _events(feed: Feed, bars: pd.DataFrame) -> pd.DataFrame:
    is_as_traded = isinstance(feed.source, SampleSource) or feed.source.adjustment not in NOT_AS_TRADED
    return detect_actions(bars if is_as_traded else bars.iloc[:0], feed.instruments)


def _cut(frame: pd.DataFrame, start: DateLike, end: DateLike) -> pd.DataFrame:
    return frame[frame["date"].between(day(start), day(end))].reset_index(drop=True)

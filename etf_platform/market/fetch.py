"""The one seam through which bars come in: ask a source, judge the rows, keep what was asked for.

Rows are always read from the source's first day on, and judged as if in order, then cut to the range: a day alone and
the same day in a backfill are the same rows. A real source that fails is an error, never a reason to simulate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pandas as pd

from etf_platform.core.config.models import Instrument, LiveSource, LocalSource, SampleSource
from etf_platform.core.errors import BadInputError
from etf_platform.market.actions import decided, detect_actions
from etf_platform.market.adjust import apply_events
from etf_platform.market.calendar import DateLike, Sessions, day
from etf_platform.market.due import due_rows, reaches_back, tail_start
from etf_platform.market.freshness import last_closed_session
from etf_platform.market.live import Wire, pull_bars
from etf_platform.market.sources.local import read_local
from etf_platform.market.sources.sample import simulate
from etf_platform.market.sources.worlds import kept_world
from etf_platform.market.validate import (
    EXCHANGE,
    FORWARD_SUBTRACTED,
    TOTAL_RETURN,
    UNADJUSTED,
    Tolerance,
    Verdict,
    validate,
)

NOT_AS_TRADED = ("forward_subtracted", "total_return")


@dataclass(frozen=True)
class Feed:
    """A source together with what is needed to read a pool from it.

    Attributes
    ----------
    name : str
        Name of the source in `sources.yaml`.
    source : SampleSource, LocalSource or LiveSource
        Its settings.
    data_root : Path or None
        Folder below which local paths stand.
    sessions : Sessions
        Calendar of the pool.
    instruments : mapping
        Facts of the funds.
    max_broken_rows : int
        See `market.validate.Tolerance`.
    wire : Wire or None
        What a live source is asked through.
    first_day, needed_from : date or None
        Of a live source: the first day it is asked for, and the first day whose rows will be stored.
    cache : Path or None
        Folder in which a simulated source keeps what it has drawn; None draws anew.
    """

    name: str
    source: SampleSource | LocalSource | LiveSource
    data_root: Path | None
    sessions: Sessions
    instruments: Mapping[str, Instrument]
    max_broken_rows: int = 3
    wire: Wire | None = None
    first_day: date | None = None
    needed_from: date | None = None
    cache: Path | None = None


@dataclass(frozen=True, eq=False)
class Fetched:
    """Raw rows (`market.sources.ROW_COLUMNS`), rows that the source's reader refused, and where they came from."""

    rows: pd.DataFrame
    refused: pd.DataFrame = field(default_factory=pd.DataFrame)
    provenance: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class MarketData:
    """BARS, QUARANTINE and ADJUSTMENT_EVENTS of [start, end], and the identical repetitions dropped from it.

    `identical` is described at `market.validate.Verdict`: nothing that the source holds is left out unsaid.
    `provenance` says, for a live source, who was asked and whose answer this is.
    """

    bars: pd.DataFrame
    quarantine: pd.DataFrame
    events: pd.DataFrame
    identical: pd.DataFrame
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_identical(self) -> int:
        """Number of identical repetitions dropped."""
        return int(self.identical["n_dropped"].sum())

    def between(self, start: DateLike, end: DateLike) -> "MarketData":
        """The rows dated in [start, end]."""
        bars, quarantine = _cut(self.bars, start, end), _cut(self.quarantine, start, end)
        events, identical = _cut(self.events, start, end), _cut(self.identical, start, end)
        return MarketData(bars, quarantine, events, identical, self.provenance)


def fetch_bars(feed: Feed, symbols: Sequence[str], end: DateLike) -> pd.DataFrame:
    """The rows of `fetch`."""
    return fetch(feed, symbols, end).rows


def fetch(feed: Feed, symbols: Sequence[str], end: DateLike) -> Fetched:
    """Raw rows of some symbols from the source's first day up to `end`, in our units, not judged.

    Raises
    ------
    SourceError, BadInputError
        The source cannot be read; of a live source AllSourcesFailedError, which names every provider that was tried.
    CalendarEndError
        `end` lies beyond the calendar.
    """
    if isinstance(feed.source, LocalSource):
        return Fetched(read_local(feed.source, feed.name, feed.data_root, symbols, end))
    if isinstance(feed.source, LiveSource):
        return _fetch_live(feed, symbols, end)
    asked = (feed.source, feed.name, symbols, feed.instruments, feed.sessions, end)
    return Fetched(simulate(*asked) if feed.cache is None else kept_world(feed.cache, *asked))


def _fetch_live(feed: Feed, symbols: Sequence[str], end: DateLike) -> Fetched:
    if feed.wire is None or feed.first_day is None:
        raise BadInputError(f"reading {feed.name}", "the feed has no wire", "give it `wire` and `first_day`")
    needed_from = feed.needed_from or feed.first_day
    pulled = pull_bars(feed.wire, symbols, feed.sessions, feed.first_day, needed_from)
    rows, refused = pulled.answer.frame, pulled.answer.refused
    if len(refused):
        known = last_closed_session(feed.sessions, feed.wire.now)
        refused = refused.assign(date=refused["date"].where(refused["date"] <= known, known))
    payloads = pulled.answer.payloads
    provenance = {
        "source used": f"live:{pulled.source}",
        "sources tried before": "; ".join(f"{a.source}: {a.reason}" for a in pulled.attempts if a.reason) or "none",
        "replies": f"{len(payloads)}, SHA-256 of the first {payloads[0][:16]}" if payloads else "0",
    }
    return Fetched(rows[rows["date"] <= day(end)].reset_index(drop=True), refused, provenance)


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
    fetched = fetch(feed, symbols, end)
    verdict, tail = _judged(feed, fetched.rows, start, end)
    bars, events = verdict.bars, _events(feed, tail)
    if accepted is not None:
        ours = accepted[accepted["symbol"].isin(symbols)]
        bars, events = apply_events(bars, ours), decided(events, ours)
    quarantine = _both(verdict.quarantine, fetched.refused)
    return MarketData(bars, quarantine, events, verdict.identical, fetched.provenance).between(start, end)


def _judged(feed: Feed, rows: pd.DataFrame, start: DateLike, end: DateLike) -> tuple[Verdict, pd.DataFrame]:
    """The verdict on the rows of [start, end], and the accepted bars up to `end` in which their events are found."""
    tolerance = replace(tolerance_of(feed.source), max_broken_rows=feed.max_broken_rows)

    def judge(chosen: pd.DataFrame) -> Verdict:
        return validate(chosen, feed.sessions, feed.instruments, tolerance=tolerance, today=end)

    since = tail_start(start, feed.sessions)
    verdict = judge(due_rows(rows, since, feed.instruments, tolerance))
    if reaches_back(verdict.bars, rows, since, start):
        return verdict, verdict.bars[verdict.bars["date"] >= since]
    verdict = judge(rows)
    return verdict, verdict.bars


def together(parts: Sequence[MarketData]) -> MarketData:
    """The bars of several sources as those of one universe: disjoint symbols, each frame sorted by date and symbol."""
    return MarketData(
        bars=_stacked([part.bars for part in parts]),
        quarantine=_stacked([part.quarantine for part in parts]),
        events=_stacked([part.events for part in parts]),
        identical=_stacked([part.identical for part in parts]),
        provenance={key: value for part in parts for key, value in part.provenance.items()},
    )


def _both(quarantine: pd.DataFrame, refused: pd.DataFrame) -> pd.DataFrame:
    if refused.empty:
        return quarantine
    both = pd.concat([quarantine, refused[quarantine.columns]], ignore_index=True)
    both = both.sort_values(["date", "symbol"], kind="stable", ignore_index=True)
    return both.assign(position=both.groupby(["date", "symbol"]).cumcount().astype("int64"))


def _stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    return pd.concat(filled, ignore_index=True).sort_values(["date", "symbol"], kind="stable", ignore_index=True)


def tolerance_of(source: SampleSource | LocalSource | LiveSource) -> Tolerance:
    """How far rows may stray, by whether the source's `prev_close` is the exchange's, derived, or distorted."""
    if isinstance(source, SampleSource):
        return EXCHANGE
    if isinstance(source, LiveSource):
        return UNADJUSTED
    if source.adjustment == "forward_subtracted":
        return FORWARD_SUBTRACTED
    if source.adjustment == "total_return":
        return TOTAL_RETURN
    return EXCHANGE if "prev_close" in source.columns else UNADJUSTED


def _events(feed: Feed, bars: pd.DataFrame) -> pd.DataFrame:
    is_as_traded = not isinstance(feed.source, LocalSource) or feed.source.adjustment not in NOT_AS_TRADED
    return detect_actions(bars if is_as_traded else bars.iloc[:0], feed.instruments)


def _cut(frame: pd.DataFrame, start: DateLike, end: DateLike) -> pd.DataFrame:
    return frame[frame["date"].between(day(start), day(end))].reset_index(drop=True)

"""E[g]: what a board may be expected to earn to the next open, from boards whose outcome was known before.

All sessions at once: the sums of each bucket are cumulated over the days on which outcomes became known, so a session
reads one row of them, and a later session changes no earlier row. Not here: what a single board did
(`board_returns`), what a fund gets of it (`economics`, `history`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from etf_platform.arbitrage.buckets import (
    ALL,
    BOARDS,
    ROWS,
    SEALS,
    TIMES,
    UNKNOWN,
    row_buckets,
    seal_buckets,
    seal_edges,
    time_buckets,
)
from etf_platform.core.tables import EXPECTATIONS

DIMENSIONS = (BOARDS, ROWS, SEALS, TIMES)
KEYS = ["board", "row_bucket", "seal_bucket", "time_bucket"]
SHAPE = tuple(len(names) for names in DIMENSIONS)
EVERYTHING = int(np.ravel_multi_index([n - 1 for n in SHAPE], SHAPE))
# What a look-up gives up first: the time of the seal, then its size, the boards in a row, the board.
FALLBACK = ((), (3,), (3, 2), (3, 2, 1), (3, 2, 1, 0))
COLUMNS = [column.name for column in EXPECTATIONS.columns]


@dataclass(frozen=True)
class _Sums:
    """Cumulated over the days of outcomes, shape (days, buckets): events, outcome days, and sums over them."""

    days: np.ndarray
    events: np.ndarray
    clusters: np.ndarray
    total: np.ndarray
    squares: np.ndarray
    cross: np.ndarray
    count_squares: np.ndarray


def expectations(returns: pd.DataFrame, day: pd.Timestamp, shrinkage: float) -> pd.DataFrame:
    """EXPECTATIONS of one session; bit for bit the rows that `all_expectations` has for it."""
    return all_expectations(returns, pd.DatetimeIndex([day]), shrinkage)


def all_expectations(returns: pd.DataFrame, days: pd.DatetimeIndex, shrinkage: float) -> pd.DataFrame:
    """EXPECTATIONS of many sessions.

    Parameters
    ----------
    returns : DataFrame
        BOARD_RETURNS. Only rows with `known_on` before a session count for it: the open that follows yesterday's
        board is known on the session's own morning, so yesterday's boards do not count yet.
    days : DatetimeIndex
        Sessions, ascending.
    shrinkage : float
        Events' worth of weight on the mean of all events: expected = (n * mean + w * overall) / (n + w).

    Returns
    -------
    DataFrame
        Buckets with at least one event, and the bucket of all events always; sorted by the table's key. `mean`,
        `expected` are null without events; `error` is null with outcomes on fewer than two days.
    """
    sums = _cumulated(returns)
    asked = days.to_numpy().astype("datetime64[ns]")
    at = np.searchsorted(sums.days, asked, side="left") - 1
    low, high = seal_edges(_dates(returns), returns["seal_ratio"].to_numpy(np.float64), asked)
    began = returns.groupby("source")["date"].min()
    parts = [_rows(sums, place, shrinkage) for place in at]
    made = pd.concat(
        [
            part.assign(date=day, seal_low=low[i], seal_high=high[i], source=_sources(began, day))
            for i, (day, part) in enumerate(zip(days, parts, strict=True))
        ]
        or [pd.DataFrame(columns=COLUMNS)],
        ignore_index=True,
    )
    return made[COLUMNS].sort_values(["date", *KEYS], kind="stable", ignore_index=True)


def gains(boards: pd.DataFrame, expected: pd.DataFrame) -> np.ndarray:
    """Expected extra return of each board of the day, from the narrowest bucket that has events.

    Parameters
    ----------
    boards : DataFrame of n rows
        `date`, `board`, `boards_in_row`, `seal_amount`, `float_cap`, `first_seal` as in LIMIT_STATES.
    expected : DataFrame
        EXPECTATIONS that hold these dates.

    Returns
    -------
    ndarray of shape (n,)
        Fractions; NaN where nothing was known.
    """
    table = expected.set_index(["date", *KEYS])["expected"]
    edges = expected.drop_duplicates("date").set_index("date")[["seal_low", "seal_high"]].reindex(boards["date"])
    ratio = boards["seal_amount"].astype("float64") / boards["float_cap"].astype("float64")
    names: list[np.ndarray] = [
        boards["board"].to_numpy(dtype=object),
        row_buckets(boards["boards_in_row"].to_numpy()),
        seal_buckets(ratio.to_numpy(), *(edges[c].to_numpy(np.float64) for c in ("seal_low", "seal_high"))),
        time_buckets(boards["first_seal"]),
    ]
    result = np.full(len(boards), np.nan)
    for dropped in FALLBACK:
        keys = [np.full(len(boards), ALL, dtype=object) if i in dropped else name for i, name in enumerate(names)]
        index = pd.MultiIndex.from_arrays([boards["date"].to_numpy(), *keys])
        found = table.reindex(index).to_numpy(np.float64)
        result = np.where(np.isnan(result), found, result)
    return result


def expected_gain(expected: pd.DataFrame, board: str, row: str, seal: str, time: str) -> float | None:
    """Expected extra return of a board whose buckets are known; None where there is no event at all.

    Parameters
    ----------
    expected : DataFrame
        EXPECTATIONS of one session; may be empty.
    board, row, seal, time : str
        As `buckets.row_bucket`, `tercile_of` and `buckets.time_bucket` give them. A bucket without events gives way to
        `all`, the time first, then the seal, the boards in a row, the board.
    """
    if expected.empty:
        return None
    table = dict(zip(zip(*(expected[key] for key in KEYS), strict=True), expected["expected"], strict=True))
    names = (board, row, seal, time)
    for dropped in FALLBACK:
        value = table.get(tuple(ALL if i in dropped else name for i, name in enumerate(names)))
        if value is not None and value == value:
            return float(value)
    return None


def tercile_of(expected: pd.DataFrame, seal_amount: float | None, float_cap: float | None) -> str:
    """Bucket of a seal between the edges of one session's EXPECTATIONS; unknown where anything is."""
    if expected.empty or not seal_amount or not float_cap:
        return UNKNOWN
    low, high = (float(expected[c].iloc[0]) for c in ("seal_low", "seal_high"))
    return str(seal_buckets(np.array([seal_amount / float_cap]), low, high)[0])


def _cumulated(returns: pd.DataFrame) -> _Sums:
    known = returns[returns["extra_next_open"].notna() & returns["known_on"].notna()]
    ordered = known.sort_values(["date", "symbol"], kind="stable")
    days, place = np.unique(ordered["known_on"].to_numpy().astype("datetime64[ns]"), return_inverse=True)
    value, shape = ordered["extra_next_open"].to_numpy(np.float64), (days.size, int(np.prod(SHAPE)))
    count, total = np.zeros(shape), np.zeros(shape)
    for codes in _codes(returns, ordered):
        cell = place * shape[1] + codes
        count += np.bincount(cell, minlength=count.size).reshape(shape)
        total += np.bincount(cell, weights=value, minlength=count.size).reshape(shape)
    columns = (count, (count > 0).astype(np.float64), total, total**2, total * count, count**2)
    return _Sums(days, *(np.cumsum(column, axis=0) for column in columns))


def _codes(returns: pd.DataFrame, events: pd.DataFrame) -> Iterator[np.ndarray]:
    """The bucket of each event, once for every choice of what is held and what is `all`."""
    dates, ratios = _dates(returns), returns["seal_ratio"].to_numpy(np.float64)
    own = np.unique(_dates(events))
    edges = [edge[np.searchsorted(own, _dates(events))] for edge in seal_edges(dates, ratios, own)]
    names = (
        events["board"].to_numpy(dtype=object),
        row_buckets(events["boards_in_row"].to_numpy()),
        seal_buckets(events["seal_ratio"].to_numpy(np.float64), *edges),
        events["first_seal_bucket"].to_numpy(dtype=object),
    )
    places = [pd.Index(known).get_indexer(pd.Index(name)) for known, name in zip(DIMENSIONS, names, strict=True)]
    for held in product((True, False), repeat=len(SHAPE)):
        chosen = [
            place if keep else np.full_like(place, n - 1) for keep, place, n in zip(held, places, SHAPE, strict=True)
        ]
        yield np.ravel_multi_index(chosen, SHAPE)


def _rows(sums: _Sums, place: int, shrinkage: float) -> pd.DataFrame:
    """Every bucket with events as it stood after the outcomes of one day; -1 is before the first."""
    zero = np.zeros(int(np.prod(SHAPE)))
    n, days, total, squares, cross, counts = (
        zero if place < 0 else column[place]
        for column in (sums.events, sums.clusters, sums.total, sums.squares, sums.cross, sums.count_squares)
    )
    kept = np.flatnonzero((n > 0) | (np.arange(n.size) == EVERYTHING))
    n, days, total, squares, cross, counts = (c[kept] for c in (n, days, total, squares, cross, counts))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(n > 0, total / n, np.nan)
        overall = mean[kept == EVERYTHING][0]
        around = np.maximum(squares - 2.0 * mean * cross + mean**2 * counts, 0.0)
        error = np.where(days > 1, np.sqrt(around * days / (days - 1.0)) / n, np.nan)
        expected = np.where(n > 0, (total + shrinkage * overall) / (n + shrinkage), np.nan)
    names = np.unravel_index(kept, SHAPE)
    labels = {key: np.array(d, dtype=object)[i] for key, d, i in zip(KEYS, DIMENSIONS, names, strict=True)}
    return pd.DataFrame({**labels, "events": n.astype(np.int64), "mean": mean, "expected": expected, "error": error})


def _sources(began: pd.Series, day: pd.Timestamp) -> str:
    """Where the boards before the session are from; boards after it must not show."""
    return ", ".join(sorted(str(name) for name in began.index[began < day])) or "no events"


def _dates(rows: pd.DataFrame) -> np.ndarray:
    return rows["date"].to_numpy().astype("datetime64[ns]")

"""The groups in which past boards are counted: board, boards in a row, seal ratio, time of the first seal.

Every value has a bucket; what the feed does not say is `unknown`, never a guess. Not here: what the groups earn.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

ALL, UNKNOWN = "all", "unknown"
BOARDS = ("main", "chinext", "star", "bse", ALL)
ROWS = ("1", "2", "3+", ALL)
SEALS = ("low", "middle", "high", UNKNOWN, ALL)
TIMES = ("before_10", "to_14", "later", UNKNOWN, ALL)
LEAST_RATIOS = 30  # ratios below which terciles are noise
_SHANGHAI = pd.Timedelta(hours=8)  # no daylight saving since 1991


def row_bucket(boards_in_row: int) -> str:
    """`1`, `2` or `3+`."""
    return ROWS[min(max(int(boards_in_row), 1), 3) - 1]


def row_buckets(boards_in_row: Iterable[int]) -> np.ndarray:
    """`row_bucket` of many."""
    return np.array(ROWS, dtype=object)[np.clip(np.asarray(boards_in_row, dtype=np.int64), 1, 3) - 1]


def time_buckets(first_seal: pd.Series) -> np.ndarray:
    """Bucket of each time of the first seal, UTC; before 10:00 and up to 14:00 are Shanghai's clock."""
    local = pd.to_datetime(first_seal, utc=True) + _SHANGHAI
    hours = (local.dt.hour + local.dt.minute / 60.0 + local.dt.second / 3600.0).to_numpy(dtype=np.float64)
    places = np.where(np.isnan(hours), 3, np.searchsorted([10.0, 14.0], np.nan_to_num(hours), side="right"))
    places[(hours == 14.0)] = 1
    return np.array(TIMES, dtype=object)[places]


def time_bucket(first_seal: pd.Timestamp | None) -> str:
    """`time_buckets` of one moment; None is unknown."""
    return str(time_buckets(pd.Series([first_seal], dtype="datetime64[us, UTC]"))[0])


def seal_buckets(ratios: np.ndarray, low: np.ndarray | float, high: np.ndarray | float) -> np.ndarray:
    """Tercile of each ratio of seal amount to float cap between the two edges; unknown where one of them is NaN."""
    edges = np.broadcast_to(low, ratios.shape), np.broadcast_to(high, ratios.shape)
    is_known = np.isfinite(ratios) & np.isfinite(edges[0]) & np.isfinite(edges[1])
    places = np.where(is_known, (ratios > edges[0]).astype(np.int64) + (ratios > edges[1]), 3)
    return np.array(SEALS, dtype=object)[places]


def seal_edges(dates: np.ndarray, ratios: np.ndarray, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tercile edges for each of `days`, from the ratios of boards dated before that day.

    Parameters
    ----------
    dates, ratios : ndarrays of shape (n,)
        datetime64 dates of boards and their seal ratios; NaN are ignored.
    days : ndarray of shape (m,)
        Ascending datetime64 dates.

    Returns
    -------
    low, high : ndarrays of shape (m,)
        NaN before 30 ratios are known.
    """
    known = np.isfinite(ratios)
    order = np.argsort(dates[known], kind="stable")
    when, values = dates[known][order], ratios[known][order]
    counts = np.searchsorted(when, days, side="left")
    low, high = np.full(days.size, np.nan), np.full(days.size, np.nan)
    pool, done = np.empty(0), 0
    for i, count in enumerate(counts):
        if count > done:
            pool, done = np.sort(np.concatenate([pool, values[done:count]]), kind="stable"), int(count)
        if done >= LEAST_RATIOS:
            low[i], high[i] = _between(pool, 1.0 / 3.0), _between(pool, 2.0 / 3.0)
    return low, high


def _between(ordered: np.ndarray, share: float) -> float:
    """Linear quantile of sorted values."""
    place = share * (ordered.size - 1)
    left = int(place)
    right = min(left + 1, ordered.size - 1)
    return float(ordered[left] + (place - left) * (ordered[right] - ordered[left]))

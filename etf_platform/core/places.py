"""Where rows of long frames stand: names in an index, the order by name and day, a span of days.

Each distinct name is looked at once, and rows that stand by date are sliced: several times as fast as looking at every
row, and text is not copied.

Not here: matrices; what a missing place means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

KEPT = 6  # texts of which the codes are kept
_last: tuple[tuple[pa.ChunkedArray, np.ndarray, pd.Index], ...] = ()


def places_of(names: pd.Series, index: pd.Index) -> np.ndarray:
    """Position of every name in an index without repetitions; -1 where it is not there.

    Parameters
    ----------
    names : Series of str, shape (n,)
        None missing.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    codes, found = codes_of(names)
    return index.get_indexer(found)[codes]


def codes_of(names: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """As `pandas.factorize`: which distinct name stands in each row, in the order of their first rows.

    The same stored text is asked for by step after step of one table, so that the last few answers are kept. Arrow text
    never changes: a column that is written to holds another object.

    Returns
    -------
    codes : ndarray of int64, shape (n,)
        Not to be written to.
    found : Index of the distinct names
    """
    import pandas as pd

    global _last
    text = names.array.__arrow_array__() if hasattr(names.array, "__arrow_array__") else None
    for kept, codes, found in _last:
        if kept is text:
            return codes, found
    codes, distinct = pd.factorize(names)
    codes.flags.writeable = False
    found = pd.Index(distinct)
    if text is not None:
        _last = ((text, codes, found), *_last[: KEPT - 1])
    return codes, found


def ordered_places(names: pd.Series, days: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """The order of rows by name, then day; equal ones stay as they stood.

    Parameters
    ----------
    names, days : Series of shape (n,)
        None missing.

    Returns
    -------
    order : ndarray of int64, shape (n,)
        Position of the first row, the second, and so on.
    codes : ndarray of int, shape (n,)
        Rank of the name of each ordered row among the distinct names.
    """
    import numpy as np

    codes, found = codes_of(names)
    codes = np.argsort(found.argsort())[codes]
    when = days.to_numpy()
    if (when[1:] >= when[:-1]).all():
        order = np.argsort(codes.astype(np.uint16) if codes.max(initial=0) < 1 << 16 else codes, kind="stable")
    else:
        order = np.lexsort((when, codes))
    return order, codes[order]


def rows_between(
    frame: pd.DataFrame, first: pd.Timestamp | None, last: pd.Timestamp | None, column: str = "date"
) -> pd.DataFrame:
    """Rows of the days from `first` to `last`, both included and None open, in the order they have.

    A slice where they stand by date. The index is kept. A bound that nanoseconds cannot hold is that of the calendar.
    """
    import numpy as np

    days = frame[column]
    first, last = _representable(first), _representable(last)
    if days.is_monotonic_increasing:
        start = 0 if first is None else int(days.searchsorted(first))
        stop = len(frame) if last is None else int(days.searchsorted(last, side="right"))
        return frame if start == 0 and stop == len(frame) else frame.iloc[start : max(start, stop)]
    chosen = np.ones(len(frame), dtype=bool)
    if first is not None:
        chosen &= (days >= first).to_numpy()
    if last is not None:
        chosen &= (days <= last).to_numpy()
    return frame if chosen.all() else frame[chosen]


def _representable(day: pd.Timestamp | None) -> pd.Timestamp | None:
    """The day, or the nearest that datetime64[ns] can hold."""
    import pandas as pd

    return None if day is None else min(max(pd.Timestamp(day), pd.Timestamp.min), pd.Timestamp.max)

"""What a factor panel shows of itself by the close of each day: coverage, live factors, constant factors.

Point in time: the figures of day t count rows dated up to t only. Not here: thresholds (`registry`).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError


def seen_arrays(panel: pd.DataFrame) -> dict[str, np.ndarray]:
    """What `observe_panel` has to know of rows that it is not handed: `rows`, `known`, `lowest`, `highest`.

    Parameters
    ----------
    panel : DataFrame of shape (n_rows, n_columns)
        The scored columns of all earlier rows.

    Returns
    -------
    dict of str to ndarray of shape (n_columns,)
        Extremes are NaN where nothing is known.
    """
    matrix = panel.to_numpy(dtype=np.float64, na_value=np.nan)
    none = np.full((1, matrix.shape[1]), np.nan)
    return {
        "rows": np.full(matrix.shape[1], len(matrix)),
        "known": (~np.isnan(matrix)).sum(axis=0),
        "lowest": np.fmin.reduce(np.concatenate([none, matrix])),
        "highest": np.fmax.reduce(np.concatenate([none, matrix])),
    }


def observe_panel(
    panel: pd.DataFrame, columns: Sequence[str], before: Mapping[str, np.ndarray] | None = None
) -> pd.DataFrame:
    """Coverage, effective factors and zero-variance factors on every date of a panel.

    Parameters
    ----------
    panel : DataFrame
        `factors/<pool>/panel` with `date`, `source` and `columns`, from its first row on, or all that follows `before`.
    columns : sequence of str
        The scored columns.
    before : mapping of str to ndarray, optional
        `seen_arrays` of the same columns of all rows before.

    Returns
    -------
    DataFrame
        `date`, `kpi`, `value`, `source`; three rows per date, by date.

    Raises
    ------
    BadInputError
        A column is missing, or none is asked for.
    """
    missing = [name for name in columns if name not in panel.columns]
    if missing or not columns:
        raise BadInputError("observing a panel", f"missing columns: {missing or 'none named'}", "rebuild the panel")
    values = panel.sort_values("date", kind="stable")
    dates, last = _last_rows(values["date"])
    matrix = values[list(columns)].to_numpy(dtype=np.float64, na_value=np.nan)
    seen = seen_arrays(panel[list(columns)].iloc[:0]) if before is None else before
    known = np.cumsum(~np.isnan(matrix), axis=0)[last] + seen["known"]
    highest = np.fmax(np.fmax.accumulate(matrix, axis=0)[last], seen["highest"])
    varies = highest > np.fmin(np.fmin.accumulate(matrix, axis=0)[last], seen["lowest"])
    figures = {
        "coverage": known.sum(axis=1) / ((last + 1 + seen["rows"][0]) * len(columns)),
        "effective_factors": varies.sum(axis=1).astype(np.float64),
        "zero_variance": ((known > 0) & ~varies).sum(axis=1).astype(np.float64),
    }
    return pd.DataFrame(
        {
            "date": np.repeat(dates, len(figures)),
            "kpi": list(figures) * len(dates),
            "value": np.column_stack(list(figures.values())).ravel(),
            "source": np.repeat(values["source"].to_numpy(dtype=object)[last], len(figures)),
        }
    )


def _last_rows(dates: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Distinct dates of a sorted series and the position of the last row of each."""
    days = dates.to_numpy()
    last = np.append(np.flatnonzero(days[1:] != days[:-1]), days.size - 1) if days.size else np.empty(0, dtype=np.int64)
    return days[last], last

"""What a factor panel shows of itself by the close of each day: coverage, live factors, constant factors.

Point in time: the figures of day t count rows dated up to t only. Not here: thresholds (`registry`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError


def observe_panel(panel: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Coverage, effective factors and zero-variance factors on every date of a panel.

    Parameters
    ----------
    panel : DataFrame
        `factors/<pool>/panel` from its first row on, with `date`, `source` and `columns`.
    columns : sequence of str
        The scored columns.

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
    known = np.cumsum(~np.isnan(matrix), axis=0)[last]
    varies = np.fmax.accumulate(matrix, axis=0)[last] > np.fmin.accumulate(matrix, axis=0)[last]
    figures = {
        "coverage": known.sum(axis=1) / ((last + 1) * len(columns)),
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

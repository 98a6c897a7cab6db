"""Sums of attribution rows by period and by strategy, pool, sector or any other column, with their coverage.

Here: adding up rows of `FILL_ATTRIBUTION`. Not here: the rows (`fills`), text and plots (`reports`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.measures.attribution import FILL_PARTS

PERIODS = ("D", "W", "M", "Y", "all")
_DOING = "summing attribution rows"
_SUMMED = ["n_fills", "n_unmatched", *FILL_PARTS, "residual", "net_pnl"]


def by_period(rows: pd.DataFrame, freq: str = "W", by: Sequence[str] = ("strategy",)) -> pd.DataFrame:
    """Parts, residual and net result per period and group.

    Parameters
    ----------
    rows : DataFrame
        Rows of `FILL_ATTRIBUTION`; further columns (a pool, say) may stand beside. Rows of several horizons explain the
        same result again, so `horizon` is always one of the groups.
    freq : str
        D (ISO date), W (ISO week, `2024-W01`), M, Y, or `all`.
    by : sequence of str
        Columns of the rows, e.g. strategy, pool, sector, symbol.

    Returns
    -------
    DataFrame
        `period`, `horizon`, the groups, sums, `delay` (NaN where no row has one), `coverage`, sorted by period and
        groups. Coverage adds up the residuals of the rows without their signs: a gap of Monday is not mended by the
        opposite gap of Tuesday.

    Raises
    ------
    BadInputError
        An unknown period or column.
    """
    groups = ["horizon", *[name for name in by if name != "horizon"]]
    if missing := [name for name in groups if name not in rows.columns]:
        raise BadInputError(_DOING, f"there is no column {', '.join(missing)}", "name columns of the rows")
    keyed = rows.assign(
        period=period_labels(rows["date"], freq),
        left=rows["residual"].abs(),
        gross=rows[list(FILL_PARTS)].abs().sum(axis=1, skipna=False),
    )
    grouped = keyed.groupby(["period", *groups], sort=True)
    table = grouped[[*_SUMMED, "left", "gross"]].sum()
    table["delay"] = grouped["delay"].sum(min_count=1)
    whole = (table["gross"] + table["left"]).replace(0.0, np.nan)
    table["coverage"] = (1.0 - table["left"] / whole).fillna(1.0)
    return table.drop(columns=["left", "gross"]).reset_index()


def period_labels(dates: pd.Series, freq: str) -> pd.Series:
    """Text of the period that each date belongs to; labels sort in the order of time."""
    if freq not in PERIODS:
        raise BadInputError(_DOING, f"the period is {freq!r}", f"use one of {', '.join(PERIODS)}")
    if freq == "W":
        iso = dates.dt.isocalendar()
        return iso["year"].astype(str) + "-W" + iso["week"].astype(str).str.zfill(2)
    if freq == "all":
        return pd.Series("all", index=dates.index)
    return dates.dt.strftime({"D": "%Y-%m-%d", "M": "%Y-%m", "Y": "%Y"}[freq])

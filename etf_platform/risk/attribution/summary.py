"""Sums of attribution rows by period and by strategy, pool, sector or any other column, with their coverage.

Here: adding up rows of `FILL_ATTRIBUTION`, `BRINSON` and `FACTOR_ATTRIBUTION`. Not here: the rows, text and plots
(`reports`).
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
        `period`, `horizon`, the groups, sums, `delay` (NaN where no row has one), `coverage`, `reason` and `source`
        (all that occur), sorted by period, horizon (short ones first) and groups. A part that is NaN in one row is NaN
        in the sum. Coverage adds up the residuals of the rows without their signs: a gap of Monday is not mended by the
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
    table = grouped[[*_SUMMED, "left", "gross"]].sum(skipna=False)
    table["delay"] = grouped["delay"].sum(min_count=1)
    whole = (table["gross"] + table["left"]).replace(0.0, np.nan)
    table["coverage"] = (1.0 - table["left"] / whole).where(table["left"] + table["gross"] != 0.0, 1.0)
    table["reason"], table["source"] = grouped["reason"].agg(_distinct), grouped["source"].agg(_distinct)
    flat = table.drop(columns=["left", "gross"]).reset_index()
    return flat.sort_values(["period", "horizon"], key=_in_time, kind="stable", ignore_index=True)


def brinson_totals(rows: pd.DataFrame) -> pd.DataFrame:
    """Linked effects per group over the whole span of `BRINSON` rows.

    Returns
    -------
    DataFrame
        `group`, `portfolio_weight` and `benchmark_weight` (means over all sessions), `allocation`, `selection`,
        `interaction`, `total`, `source`, largest absolute total first; the totals sum to the active return.
    """
    n_sessions = max(rows["date"].nunique(), 1)
    grouped = rows.groupby("group")
    table = grouped[["portfolio_weight", "benchmark_weight"]].sum() / n_sessions
    for effect in ("allocation", "selection", "interaction"):
        table[effect] = grouped[f"linked_{effect}"].sum()
    table["total"] = table[["allocation", "selection", "interaction"]].sum(axis=1)
    table["source"] = grouped["source"].agg(_distinct)
    return _largest_first(table.reset_index(), "total")


def factor_totals(rows: pd.DataFrame) -> pd.DataFrame:
    """Contributions per factor, added up over the sessions that could be explained.

    Returns
    -------
    DataFrame
        `factor`, `exposure` (mean), `contribution` (sum of daily ones, not compounded), `n_sessions`, `n_insufficient`,
        `source`; factors first, largest absolute contribution first, then `residual` and `total`. `total` counts the
        explained sessions only, so that the rows sum to it.
    """
    told = rows["contribution"].notna().groupby(rows["date"]).transform("min")
    grouped = rows[told].groupby("factor")
    table = pd.DataFrame({"exposure": grouped["exposure"].mean(), "contribution": grouped["contribution"].sum()})
    table["n_sessions"] = grouped.size()
    table["n_insufficient"] = rows["date"].nunique() - table["n_sessions"]
    table["source"] = grouped["source"].agg(_distinct)
    ordered = _largest_first(table.reset_index(), "contribution")
    place = ordered["factor"].map({"residual": 1, "total": 2}).fillna(0)
    return ordered.iloc[np.argsort(place.to_numpy(), kind="stable")].reset_index(drop=True)


def _in_time(labels: pd.Series) -> pd.Series:
    """Periods as they are; horizons by their length, with names such as `close` after all spans."""
    if labels.name == "period":
        return labels
    spans = [pd.Timedelta(label) if label[:1].isdigit() else pd.Timedelta.max for label in labels]
    return pd.Series(spans, index=labels.index)


def _largest_first(table: pd.DataFrame, column: str) -> pd.DataFrame:
    return table.iloc[np.argsort(-table[column].abs().to_numpy(), kind="stable")].reset_index(drop=True)


def _distinct(values: pd.Series) -> str:
    return " + ".join(sorted({str(value) for value in values.unique() if value}))


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

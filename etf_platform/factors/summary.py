"""What can be said about every published id without knowing returns: coverage, constancy, twins, failures."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from etf_platform.core.config.models import FactorsConfig
from etf_platform.factors.aliases import published
from etf_platform.factors.compute import Failure
from etf_platform.factors.correlation import Moments, close_pairs, pearson


def identical_groups(
    close: np.ndarray, coverage: np.ndarray, min_coverage: float, positions: Sequence[int] | None = None
) -> list[str]:
    """Groups of columns that carry the same information: greedy pairs that are close.

    Parameters
    ----------
    close : ndarray of bool, shape (n_columns, n_columns)
        From `correlation.close_pairs`.
    coverage : ndarray of shape (n_columns,)
        Columns below `min_coverage` join no group.
    positions : sequence of int, optional
        Column of every published id; default one id per column. Ids of one column are twins.

    Returns
    -------
    list of str
        `group_1`, `group_2`, ... in the order of their first columns; empty for a column alone.
    """
    eligible = coverage >= min_coverage
    close = close & eligible & eligible[:, None]
    where = np.arange(len(close)) if positions is None else np.asarray(positions)
    close = close[np.ix_(where, where)]
    groups = [""] * len(where)
    count = 0
    for first in range(len(where)):
        twins = [other for other in np.flatnonzero(close[first]).tolist() if other > first and not groups[other]]
        if groups[first] or not twins:
            continue
        count += 1
        for member in (first, *twins):
            groups[member] = f"group_{count}"
    return groups


def summarised_columns() -> list[str]:
    """Panel columns behind the published ids, in their order."""
    return list(dict.fromkeys(entry.column for entry in published()))


def summary_rows(
    facts: pd.DataFrame,
    sums: Moments,
    settings: FactorsConfig,
    failures: Sequence[Failure] = (),
    source: str = "",
) -> pd.DataFrame:
    """The `factors/<pool>/summary` table: one row per published id, in the published order.

    Parameters
    ----------
    facts : DataFrame, index: `summarised_columns()`
        Their `measures.columns.column_facts` over all rows of the pool.
    sums : Moments
        Of the same columns over the same rows.
    settings : FactorsConfig
        `low_coverage`, `identical_correlation`, `identical_min_coverage`.
    failures : sequence of Failure
        Columns that could not be computed.
    source : str
        Where the data came from.

    Returns
    -------
    DataFrame
        `is_production` is False throughout; `selection` decides it.
    """
    entries, columns = published(), summarised_columns()
    coverage = (facts["known"] / facts["rows"].clip(lower=1)).to_numpy(np.float64)
    constant = (facts["lowest"] == facts["highest"]).to_numpy()
    where = [columns.index(entry.column) for entry in entries]
    close = close_pairs(pearson(sums), settings.identical_correlation)
    groups = identical_groups(close, coverage, settings.identical_min_coverage, positions=where)
    errors = {failure.column: failure.error for failure in failures}
    return pd.DataFrame(
        {
            "factor_id": [entry.factor_id for entry in entries],
            "column": [entry.column for entry in entries],
            "coverage": coverage[where],
            "zero_variance": constant[where],
            "min_history": [entry.min_history for entry in entries],
            "warmup_bars": [entry.warmup_bars for entry in entries],
            "required_fields": ["|".join(entry.required_fields) for entry in entries],
            "reason": [
                _reason(columns[k], coverage[k], bool(constant[k]), settings.low_coverage, errors) for k in where
            ],
            "identical_group_id": groups,
            "is_production": False,
            "source": source,
        }
    )


def _reason(column: str, coverage: float, is_constant: bool, low: float, errors: dict[str, str]) -> str:
    if column in errors:
        return f"failed: {errors[column]}"
    if coverage < low:
        return f"coverage {coverage:.3f} is below {low:g}"
    return "constant" if is_constant else ""

"""What can be said about every published id without knowing returns: coverage, constancy, twins, failures."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from etf_platform.core.config.models import FactorsConfig
from etf_platform.factors.aliases import published
from etf_platform.factors.compute import Failure
from etf_platform.factors.correlation import close_pairs

FIRST_ROWS = 8192


def identical_groups(
    values: Sequence[np.ndarray],
    coverage: np.ndarray,
    threshold: float,
    min_coverage: float,
    positions: Sequence[int] | None = None,
) -> list[str]:
    """Groups of columns that carry the same information: greedy pairs with |Pearson| above the threshold.

    Parameters
    ----------
    values : sequence of ndarray of shape (n_rows,), or ndarray of shape (n_columns, n_rows)
    coverage : ndarray of shape (n_columns,)
        Columns below `min_coverage` join no group.
    positions : sequence of int, optional
        Column of every published id; default one id per column. Ids of one column are twins.

    Returns
    -------
    list of str
        `group_1`, `group_2`, ... in the order of their first columns; empty for a column alone.
    """
    eligible = np.flatnonzero(coverage >= min_coverage)
    close = np.zeros((len(values), len(values)), dtype=bool)
    close[np.ix_(eligible, eligible)] = close_pairs([values[k] for k in eligible.tolist()], threshold)
    where = np.arange(len(values)) if positions is None else np.asarray(positions)
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


def summary_rows(
    panel: pd.DataFrame, settings: FactorsConfig, failures: Sequence[Failure] = (), source: str = ""
) -> pd.DataFrame:
    """The `factors/<pool>/summary` table: one row per published id, in the published order.

    Parameters
    ----------
    panel : DataFrame
        All rows of the pool, with the columns behind the 314 ids.
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
    entries = published()
    columns = list(dict.fromkeys(entry.column for entry in entries))
    values = [panel[name].to_numpy() for name in columns]
    coverage = np.array([np.isfinite(column).mean() if column.size else 0.0 for column in values])
    constant = np.array([_is_constant(column) for column in values])
    where = [columns.index(entry.column) for entry in entries]
    limits = (settings.identical_correlation, settings.identical_min_coverage)
    groups = identical_groups(values, coverage, *limits, positions=where)
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


def _is_constant(column: np.ndarray) -> bool:
    """Whether the column has values and all of them are equal; most columns show two in their first rows."""
    for rows in (column[:FIRST_ROWS], column):
        known = rows[np.isfinite(rows)]
        if known.size and (known != known[0]).any():
            return False
    return bool(known.size)


def _reason(column: str, coverage: float, is_constant: bool, low: float, errors: dict[str, str]) -> str:
    if column in errors:
        return f"failed: {errors[column]}"
    if coverage < low:
        return f"coverage {coverage:.3f} is below {low:g}"
    return "constant" if is_constant else ""

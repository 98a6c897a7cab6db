"""What is known of columns of numbers without knowing what they mean: how many values, between which extremes.

Figures of some rows and of the others give those of all rows, so that rows that never change are looked at once.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

FACTS = ("rows", "known", "lowest", "highest")


def column_facts(frame: pd.DataFrame) -> pd.DataFrame:
    """Facts of every column.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Numbers; NaN and infinite count as no value.

    Returns
    -------
    DataFrame, index: names of the columns
        `rows`, `known` (counts), `lowest`, `highest` (NaN without a value).
    """
    of_one_type = frame.dtypes.nunique() == 1  # then a panel is one block, and 343 columns need not be asked for
    columns = frame.to_numpy().T if of_one_type else [frame[name].to_numpy() for name in frame]
    return pd.DataFrame([_facts(column) for column in columns], index=list(frame), columns=list(FACTS))


def fact_arrays(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """`column_facts` as arrays by name, in the order of the columns."""
    return {str(name): fact.to_numpy() for name, fact in column_facts(frame).items()}


def facts_from(arrays: Mapping[str, np.ndarray], columns: Sequence[str]) -> pd.DataFrame:
    """`column_facts` from `fact_arrays`."""
    return pd.DataFrame(dict(arrays), index=list(columns))


def joined_facts(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Facts of all rows from those of disjoint parts with the same columns."""
    index = parts[0].index
    given = [part.reindex(index) for part in parts]
    with np.errstate(invalid="ignore"):
        return pd.DataFrame(
            {
                "rows": np.add.reduce([part["rows"].to_numpy() for part in given]),
                "known": np.add.reduce([part["known"].to_numpy() for part in given]),
                "lowest": np.fmin.reduce([part["lowest"].to_numpy() for part in given]),
                "highest": np.fmax.reduce([part["highest"].to_numpy() for part in given]),
            },
            index=index,
        )


def _facts(column: np.ndarray) -> tuple[int, int, float, float]:
    is_known = np.isfinite(column)
    known = column if is_known.all() else column[is_known]
    if not known.size:
        return column.size, 0, np.nan, np.nan
    return column.size, known.size, float(known.min()), float(known.max())

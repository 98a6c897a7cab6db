"""From computed values to stored ones. Not here: any formula."""

import numpy as np


def as_stored(values, is_price, adjustment, rows, out, lines):
    """Some rows of float64 series as float32: price levels divided by the row's adjustment, infinities as NaN.

    Line `k` of `values` goes to line `lines[k]` of `out`; `adjustment` has one entry per row of `values`.
    """
    for k in range(lines.size):
        line, kept = values[k], out[lines[k]]
        for i in range(rows.size):
            value = line[rows[i]] / adjustment[rows[i]] if is_price[k] else line[rows[i]]
            kept[i] = value if abs(value) < np.inf else np.nan

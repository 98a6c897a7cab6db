"""The one loop of this layer that is compiled: places of a few numbers in a row.

Imported on first use, for numba is slow to load. Not here: anything that whole arrays do as fast.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def counted_places(values, places):
    """Place of every value in its row, 1 is the smallest, ties take the mean; NaN stay NaN and are not counted."""
    for i in range(values.shape[0]):
        for a in range(values.shape[1]):
            if np.isnan(values[i, a]):
                places[i, a] = np.nan
                continue
            below, equal = 0, 0
            for b in range(values.shape[1]):
                below += values[i, b] < values[i, a]
                equal += values[i, b] == values[i, a]
            places[i, a] = below + (equal + 1.0) / 2.0

"""Finite samples of returns, as every measure of this package takes them. Not here: any measure."""

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.core.errors import InsufficientDataError


def finite(values: ArrayLike, least: int, doing: str) -> np.ndarray:
    """The finite values, float64.

    Raises
    ------
    InsufficientDataError
        Fewer than `least` of them.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    need(known.size, least, doing)
    return known


def need(count: int, least: int, doing: str) -> None:
    """Raise `InsufficientDataError` when there are fewer than `least` observations."""
    if count < least:
        raise InsufficientDataError(doing, f"only {count} observations", f"pass at least {least}")

"""Falls below an earlier peak: each one, and the indices over all of them. The first value counts as a peak.

Depths are fractions <= 0; the ulcer and pain indices are positive. The deepest fall alone stands in
`performance.max_drawdown`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.measures.performance import max_drawdown


@dataclass(frozen=True)
class Drawdown:
    """One fall: positions of its peak, trough and recovery (-1 while under water), and its depth <= 0.

    Attributes
    ----------
    length : float
        Periods from the peak to the recovery; to the last value while under water.
    recovery : float
        Periods from the trough to the recovery; NaN while under water.
    """

    peak: int
    trough: int
    end: int
    depth: float
    length: float
    recovery: float


def under_water(values: ArrayLike) -> np.ndarray:
    """Distance below the highest value so far, <= 0, same shape.

    Parameters
    ----------
    values : array-like of shape (n_sessions,)
        Account values, finite, positive at the start.

    Raises
    ------
    InsufficientDataError, BadInputError
        As `performance.total_return`.
    """
    max_drawdown(values)
    account = np.asarray(values, dtype=np.float64)
    return account / np.maximum.accumulate(account) - 1.0


def drawdown_table(values: ArrayLike) -> list[Drawdown]:
    """Every fall, deepest first; the earlier one first among equals.

    Raises
    ------
    InsufficientDataError, BadInputError
        As `performance.total_return`.
    """
    depth = under_water(values)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (depth < 0.0).astype(np.int8), [0]))))
    falls = [_fall(depth, int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
    return sorted(falls, key=lambda fall: fall.depth)


def deepest(values: ArrayLike) -> Drawdown | None:
    """The deepest fall; None for an account that never fell."""
    falls = drawdown_table(values)
    return falls[0] if falls else None


def ulcer_index(values: ArrayLike) -> float:
    """Root mean square of the distances below the peak, positive; the starting value is not counted.

    References
    ----------
    Martin and McCann (1989), The Investor's Guide to Fidelity Funds.
    """
    return float(np.sqrt((under_water(values)[1:] ** 2).mean()))


def pain_index(values: ArrayLike) -> float:
    """Mean distance below the peak, positive; the starting value is not counted.

    References
    ----------
    Becker (2006), The Zephyr Pain Index and Pain Ratio.
    """
    return float(-under_water(values)[1:].mean())


def _fall(depth: np.ndarray, start: int, stop: int) -> Drawdown:
    trough = start + int(np.argmin(depth[start:stop]))
    recovered = stop < depth.size
    end = stop if recovered else -1
    length = float((stop if recovered else depth.size - 1) - (start - 1))
    recovery = float(stop - trough) if recovered else float("nan")
    return Drawdown(start - 1, trough, end, float(depth[trough]), length, recovery)

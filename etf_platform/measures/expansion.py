"""The Cornish-Fisher expansion: a normal quantile corrected for skewness and kurtosis, and where it is a quantile.

Here: the polynomials and their domain. Not here: moments of a sample, VaR and ES (`tails`).
"""

from statistics import NormalDist
from typing import Final

import numpy as np

NORMAL: Final = NormalDist()
MIDDLE: Final = -NORMAL.inv_cdf(0.0005)  # normal quantile that leaves 0.05 % on either side


def corrected_tail(level: float, skew: np.ndarray, excess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quantile at 1 - level of the standardised return, and minus its mean beyond it (Edgeworth).

    Parameters
    ----------
    level : float
        Confidence level, e.g. 0.99.
    skew, excess : ndarray of one shape
        Skewness and excess kurtosis.

    Returns
    -------
    quantile, beyond : ndarray of that shape
        In standard deviations. Where `beyond` falls short of the quantile, the quantile stands for it.

    References
    ----------
    Favre and Galeano (2002), doi:10.3905/jai.2002.319052; Boudt, Peterson and Croux (2008), doi:10.21314/JOR.2008.188
    """
    z = NORMAL.inv_cdf(1.0 - level)
    h = z + (z * z - 1.0) * skew / 6.0 + (z**3 - 3.0 * z) * excess / 24.0 - (2.0 * z**3 - 5.0 * z) * skew * skew / 36.0
    h2 = h * h
    h4 = h2 * h2
    density = np.exp(-0.5 * h2) / np.sqrt(2.0 * np.pi)
    series = 1.0 + h2 * h * skew / 6.0 + (h4 - 2.0 * h2 - 1.0) * excess / 24.0
    series = series + (h4 * h2 - 9.0 * h4 + 9.0 * h2 + 3.0) * skew * skew / 72.0
    return h, np.maximum(density * series / (1.0 - level), -h)


def is_monotone(skew: np.ndarray, excess: np.ndarray, reach: float = MIDDLE) -> np.ndarray:
    """Whether the expanded quantile rises with the probability, as a quantile must.

    Parameters
    ----------
    skew, excess : ndarray of one shape
        The two parameters of the expansion.
    reach : float
        Normal quantiles from -reach to reach are asked; infinity is Maillard's domain of validity. The default leaves
        0.1 % out: without a bound every sample with slightly thin tails, some of the normal law among them, would fail
        for a turn of the curve many deviations away.

    Returns
    -------
    ndarray of bool of that shape
        The derivative a z^2 + b z + c is nowhere negative there; a = K/8 - S^2/6, b = S/3, c = 1 - K/8 + 5 S^2/36.

    References
    ----------
    Maillard (2012), A user's guide to the Cornish Fisher expansion, doi:10.2139/ssrn.1997178
    """
    square = skew * skew
    a, b, c = excess / 8.0 - square / 6.0, skew / 3.0, 1.0 - excess / 8.0 + 5.0 * square / 36.0
    never_turns = b * b <= 4.0 * a * c
    if np.isinf(reach):
        return np.asarray((a >= 0.0) & (c >= 0.0) & never_turns)
    ends_rise = a * reach * reach + c >= np.abs(b) * reach
    lowest_inside = np.abs(b) < 2.0 * a * reach
    return np.asarray(ends_rise & (~lowest_inside | never_turns))

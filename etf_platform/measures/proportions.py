"""Intervals of a share of successes. Not here: what counts as one."""

from math import nan, sqrt
from statistics import NormalDist

from etf_platform.core.errors import BadInputError


def wilson_interval(wins: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Score interval of a proportion; both ends lie in [0, 1], also with 0 or `n` successes. NaN without trials.
    `wins` and `n` may be fractions, where `n` is an effective number.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22(158).
    """
    if not 0 <= wins <= n or not 0.0 < level < 1.0:
        raise BadInputError("computing an interval", f"{wins:g} of {n:g}, level {level:g}", "pass 0 <= wins <= n")
    if n == 0:
        return nan, nan
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    share, weight = wins / n, z * z / n
    middle, half = share + weight / 2.0, z * sqrt(share * (1.0 - share) / n + weight / (4.0 * n))
    return max(0.0, (middle - half) / (1.0 + weight)), min(1.0, (middle + half) / (1.0 + weight))

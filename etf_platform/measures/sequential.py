"""Whether a candidate is worse than the stable release, judged every day without paying for looking every day.

Paired differences of returns, and the mixture sequential probability ratio test on them. Not here: who is rolled back
for it (`governance`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.core.errors import BadInputError, InsufficientDataError


@dataclass(frozen=True)
class PairedVerdict:
    """After `n` paired days: mean difference per day, the ratio L_n, and the first day on which the candidate failed.

    `failed_at` counts days from 1; None while it has not failed. A candidate that failed once stays failed.
    """

    n: int
    mean: float
    ratio: float
    failed_at: int | None

    @property
    def has_failed(self) -> bool:
        """The ratio reached the bound on a day when the mean difference was below 0."""
        return self.failed_at is not None


def mixture_ratios(differences: ArrayLike, variance: float, tau: float) -> np.ndarray:
    """L_1 ... L_n of the mixture sequential probability ratio test of mean 0 with known variance.

    L_n = sqrt(s2 / (s2 + n t2)) * exp(n^2 t2 dbar^2 / (2 s2 (s2 + n t2))); under mean 0 the chance that it ever reaches
    b is at most 1/b.

    Parameters
    ----------
    differences : array-like of shape (n_days,)
        Candidate minus stable, fractions per day, oldest first; NaN and infinity are refused.
    variance : float
        s2 > 0 of a daily difference.
    tau : float
        t > 0, prior standard deviation of the mean difference, in the same unit.

    Returns
    -------
    ndarray of shape (n_days,)
        Positive; infinity where the exponent overflows.

    Raises
    ------
    BadInputError
        A difference is not finite, or variance or tau is not positive.

    References
    ----------
    Robbins (1970), Statistical Methods Related to the Law of the Iterated Logarithm, doi:10.1214/aoms/1177696786.
    Johari, Koomen, Pekelis and Walsh (2022), Always Valid Inference, doi:10.1287/opre.2021.2135.
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 1 or not np.isfinite(d).all() or not (variance > 0.0 and tau > 0.0):
        saw = f"{int((~np.isfinite(d)).sum())} differences are not finite, variance {variance:g}, tau {tau:g}"
        raise BadInputError("testing paired differences", saw, "pass finite differences, variance and tau above 0")
    n = np.arange(1, d.size + 1)
    spread = variance + n * tau**2
    exponent = np.cumsum(d) ** 2 * tau**2 / (2.0 * variance * spread)
    with np.errstate(over="ignore"):
        return np.sqrt(variance / spread) * np.exp(exponent)


def paired_test(
    differences: ArrayLike, earlier: ArrayLike, tau: float = 0.0010, bound: float = 20.0, min_earlier: int = 60
) -> PairedVerdict:
    """Whether a candidate has failed against the stable release on the same days.

    Parameters
    ----------
    differences : array-like of shape (n_days,)
        Return of the candidate minus that of the stable release since the candidate started; may be empty.
    earlier : array-like of shape (n_earlier,)
        The same difference on paired days before that; NaN are ignored; its variance (ddof 1) stands for s2.
    tau, bound : float
        Prior standard deviation of the mean difference (fraction per day); L_n that fails a candidate.
    min_earlier : int
        Least number of finite earlier days.

    Raises
    ------
    InsufficientDataError
        Too few earlier days, or differences on them that do not vary.
    """
    known = np.asarray(earlier, dtype=np.float64)
    known = known[np.isfinite(known)]
    variance = float(known.var(ddof=1)) if known.size > 1 else 0.0
    if known.size < min_earlier or not variance > 0.0:
        saw = f"{known.size} earlier paired days with variance {variance:g}"
        raise InsufficientDataError("testing a candidate", saw, f"pair at least {min_earlier} days that vary")
    d = np.asarray(differences, dtype=np.float64)
    ratios = mixture_ratios(d, variance, tau)
    bad = np.flatnonzero((ratios >= bound) & (np.cumsum(d) < 0.0))
    if not d.size:
        return PairedVerdict(0, 0.0, 1.0, None)
    return PairedVerdict(int(d.size), float(d.mean()), float(ratios[-1]), int(bad[0]) + 1 if bad.size else None)

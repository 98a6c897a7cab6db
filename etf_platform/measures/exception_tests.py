"""Whether a VaR was broken as often, and as evenly over time, as it should have been.

Here: likelihood-ratio tests and the traffic light on a sequence of breaches. Not here: how large the losses beyond the
VaR were (`shortfall_tests`), which forecasts are judged and what follows (`risk.coverage`). Likelihoods are sums of
`xlogy`, never logarithms of powers: these underflow from about 700 sessions on. Probabilities come from scipy.special,
whose import takes a tenth of the time of scipy.stats. `rate` is the probability of a breach, 1 - confidence level.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from etf_platform.core.errors import BadInputError, InsufficientDataError

Light = Literal["green", "yellow", "red"]
YELLOW_FROM, RED_FROM = 0.95, 0.9999
REJECT_ONE, REJECT_TWO = 3.841, 5.991
"""5 % limits of chi-squared with one and two degrees of freedom, as the specification prints them."""


@dataclass(frozen=True)
class Transitions:
    """How often a session without (0) or with (1) a breach was followed by one without or with a breach."""

    n00: int
    n01: int
    n10: int
    n11: int


def kupiec(n: int, breaches: int, rate: float) -> float:
    """Likelihood ratio of the proportion of failures, chi-squared with one degree of freedom; reject above 3.841.

    Parameters
    ----------
    n : int
        Sessions tested, T.
    breaches : int
        Sessions with a breach, x.
    rate : float
        Probability of a breach that the model promises, p.

    Raises
    ------
    InsufficientDataError
        `n` is 0.
    BadInputError
        `breaches` is not in 0..n, or `rate` not in (0, 1).

    References
    ----------
    Kupiec (1995), doi:10.3905/jod.1995.407942
    """
    _check(n, breaches, rate)
    return _ratio(_log_likelihood(breaches, n - breaches, rate), _log_likelihood(breaches, n - breaches, breaches / n))


def tuff(first_breach: int | None, rate: float) -> float:
    """Likelihood ratio of the time until the first failure, chi-squared with one degree of freedom.

    Parameters
    ----------
    first_breach : int or None
        Number of the session of the first breach, counted from 1; None without a breach gives NaN.
    rate : float

    References
    ----------
    Kupiec (1995), doi:10.3905/jod.1995.407942
    """
    if first_breach is None:
        return float("nan")
    _check(first_breach, 1, rate)
    return _ratio(_log_likelihood(1, first_breach - 1, rate), _log_likelihood(1, first_breach - 1, 1.0 / first_breach))


def transitions(is_breach: ArrayLike) -> Transitions:
    """Counts of the pairs of consecutive sessions; `is_breach` has shape (n_sessions,), oldest first."""
    flags = np.asarray(is_breach, dtype=bool)
    pairs = np.bincount(2 * flags[:-1] + flags[1:], minlength=4) if flags.size else np.zeros(4, dtype=int)
    return Transitions(*(int(count) for count in pairs))


def independence(is_breach: ArrayLike) -> float:
    """Christoffersen's likelihood ratio of a breach today given one yesterday; reject above 3.841.

    `is_breach` has shape (n_sessions,), oldest first. A sequence in which no breach follows a breach has no n11 term;
    one without any breach gives 0.

    References
    ----------
    Christoffersen (1998), doi:10.2307/2527341
    """
    return independence_of(transitions(is_breach))


def independence_of(seen: Transitions) -> float:
    """Christoffersen's likelihood ratio from counted transitions.

    Raises
    ------
    InsufficientDataError
        No transition was counted.
    """
    quiet, after = seen.n00 + seen.n01, seen.n10 + seen.n11
    if quiet + after == 0:
        raise InsufficientDataError("testing the independence of breaches", "fewer than two sessions", "pass more")
    pooled = _log_likelihood(seen.n01 + seen.n11, seen.n00 + seen.n10, (seen.n01 + seen.n11) / (quiet + after))
    split = _log_likelihood(seen.n01, seen.n00, seen.n01 / max(quiet, 1))
    split += _log_likelihood(seen.n11, seen.n10, seen.n11 / max(after, 1))
    return _ratio(pooled, split)


def conditional_coverage(is_breach: ArrayLike, rate: float) -> float:
    """Kupiec's ratio plus Christoffersen's, chi-squared with two degrees of freedom; reject above 5.991.

    References
    ----------
    Christoffersen (1998), doi:10.2307/2527341
    """
    flags = np.asarray(is_breach, dtype=bool)
    return kupiec(flags.size, int(flags.sum()), rate) + independence(flags)


def p_value(ratio: float, degrees: int = 1) -> float:
    """Probability of a likelihood ratio at least this large when the model is right; NaN for NaN."""
    from scipy.special import chdtrc

    return float(chdtrc(degrees, ratio))


def critical_value(confidence: float = 0.95, degrees: int = 1) -> float:
    """Likelihood ratio above which the model is rejected at the given confidence."""
    from scipy.special import chdtri

    return float(chdtri(degrees, 1.0 - confidence))


def cumulative_probability(n: int, breaches: int, rate: float) -> float:
    """Probability of at most this many breaches when the model is right (binomial).

    Raises
    ------
    InsufficientDataError, BadInputError
        As `kupiec`.
    """
    from scipy.special import bdtr

    _check(n, breaches, rate)
    return float(bdtr(breaches, n, rate))


def traffic_light(n: int, breaches: int, rate: float) -> Light:
    """Green below a cumulative probability of 0.95, red from 0.9999 on, yellow between.

    References
    ----------
    Basel Committee on Banking Supervision (1996), Supervisory framework for the use of backtesting, table 2
    """
    probability = cumulative_probability(n, breaches, rate)
    if probability < YELLOW_FROM:
        return "green"
    return "red" if probability >= RED_FROM else "yellow"


def clustered(is_breach: ArrayLike, within: int = 5) -> np.ndarray:
    """Positions of the breaches that follow another one within so many sessions; int array, ascending."""
    at = np.flatnonzero(np.asarray(is_breach, dtype=bool))
    return at[1:][np.diff(at) <= within]


def _log_likelihood(hits: int, misses: int, rate: float) -> float:
    from scipy.special import xlog1py, xlogy

    return float(xlogy(hits, rate) + xlog1py(misses, -rate))


def _ratio(null: float, free: float) -> float:
    return max(0.0, -2.0 * (null - free))


def _check(n: int, breaches: int, rate: float) -> None:
    if n < 1:
        raise InsufficientDataError("testing breaches of a VaR", "no session", "pass at least one forecast")
    if not (0 <= breaches <= n and 0.0 < rate < 1.0):
        saw = f"{breaches} breaches in {n} sessions at a rate of {rate:g}"
        raise BadInputError("testing breaches of a VaR", saw, "pass counts and a rate inside (0, 1)")

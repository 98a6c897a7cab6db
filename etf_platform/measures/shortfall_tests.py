"""Whether an expected shortfall was as large as the losses beyond the VaR turned out.

Here: the statistics of Acerbi and Szekely with their simulated null, and the residual test of McNeil and Frey. Not
here: how often the VaR was broken (`exception_tests`). Returns are signed, VaR and ES positive losses; a breach is a
return below -VaR.
"""

import functools
from dataclasses import dataclass
from math import exp, lgamma, log, log1p, pi
from statistics import NormalDist
from typing import Final

import numpy as np

NORMAL: Final = NormalDist()
NORMAL_FROM = 1e4  # degrees of freedom from which a Student-t law counts as normal
HEAVIEST = 2.05  # degrees of freedom: below 2 the variance is infinite
KNOTS_PER_UNIT, DEEPEST = 100, 40.0  # grid of -log(share of the tail): 40 is beyond 1e-17
BISECTIONS = 40
LEAST_BREACHES = 3  # residuals that a bootstrap can resample
MOST_COMPILED = 128  # residuals up to which `kernels.resampled_t` adds in numpy's order


@dataclass(frozen=True)
class TailLaw:
    """Student-t law of returns with `freedom` degrees (normal from 10,000 on) whose VaR is broken at `rate`."""

    rate: float
    freedom: float = float("inf")

    @property
    def is_normal(self) -> bool:
        """Whether the law counts as normal."""
        return self.freedom >= NORMAL_FROM

    @property
    def var(self) -> float:
        """VaR of the standard law."""
        return -float(self.quantiles(self.rate))

    @property
    def es(self) -> float:
        """Expected shortfall of the standard law."""
        return self.es_beyond(float("nan") if self.is_normal else self.var)

    def es_beyond(self, loss: float) -> float:
        """Expected shortfall, where `loss` is `var`, which a normal law does not need."""
        if self.is_normal:
            return NORMAL.pdf(NORMAL.inv_cdf(self.rate)) / self.rate
        v = self.freedom
        scale = lgamma(0.5 * (v + 1.0)) - lgamma(0.5 * v) - 0.5 * log(v * pi)
        density = exp(scale - 0.5 * (v + 1.0) * log1p(loss * loss / v))
        return density / self.rate * (v + loss * loss) / (v - 1.0)

    def quantiles(self, probability: np.ndarray | float) -> np.ndarray:
        """Returns at these lower-tail probabilities."""
        from scipy.special import ndtri, stdtrit

        return np.asarray(ndtri(probability) if self.is_normal else stdtrit(self.freedom, probability))

    def breach_sizes(self, depth: np.ndarray) -> np.ndarray:
        """Losses beyond VaR over ES, for standard exponential numbers: minus the log of the share of the tail beyond.

        Quantiles interpolated on logarithms, between knots so dense that the error is below 1e-5.
        """
        return self._at_knots(*_between_knots(depth))

    def _at_knots(self, low: np.ndarray, beyond: np.ndarray) -> np.ndarray:
        from etf_platform.measures.kernels import between_knots

        knots = np.arange(int(DEEPEST * KNOTS_PER_UNIT) + 2) / KNOTS_PER_UNIT
        used = knots[: int(low.max(initial=0)) + 2]
        sizes, found = np.log(-self.quantiles(self.rate * np.exp(-used)) / self.es), np.empty(low.size)
        between_knots(sizes, low, beyond, found)
        return np.exp(found, out=found)


def _between_knots(depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Knot below every depth, and the part of the way to the next one."""
    place = np.minimum(depth, DEEPEST) * KNOTS_PER_UNIT
    low = place.astype(np.int32)
    return low, place - low


def fitting_law(rate: float, es_over_var: float) -> TailLaw:
    """The Student-t law whose ES is this multiple of its VaR; normal where the ratio is no larger than the normal's.

    Found by bisection of 1 / degrees of freedom; no law heavier than 2.05 degrees is given.
    """
    light, heavy = 2.0 / NORMAL_FROM, 1.0 / HEAVIEST
    if not es_over_var > _ratio(rate, light):
        return TailLaw(rate)
    for _ in range(BISECTIONS):
        middle = 0.5 * (light + heavy)
        light, heavy = (middle, heavy) if _ratio(rate, middle) < es_over_var else (light, middle)
    return TailLaw(rate, 1.0 / heavy)


def _ratio(rate: float, inverse: float) -> float:
    law = TailLaw(rate, 1.0 / inverse)
    loss = law.var
    return law.es_beyond(loss) / loss


def z1(returns: np.ndarray, var: np.ndarray, es: np.ndarray) -> float:
    """Acerbi and Szekely's first statistic: the mean of r / ES over breaches, plus 1; NaN without a breach.

    0 is expected, negative says that the ES was too small. All arrays have shape (n_sessions,).

    References
    ----------
    Acerbi and Szekely (2014), Backtesting expected shortfall, Risk, December 2014
    """
    breach = returns < -var
    return float((returns[breach] / es[breach]).mean() + 1.0) if breach.any() else float("nan")


def z2(returns: np.ndarray, var: np.ndarray, es: np.ndarray, rate: float) -> float:
    """Acerbi and Szekely's second statistic: the sum of r / (T p ES) over breaches, plus 1.

    0 is expected, negative says that losses beyond VaR were too many or too large; 1 without a breach. At p = 0.025 and
    T = 250 its 5 % limit is about -0.70, its 0.01 % limit about -1.8. Arrays have shape (n_sessions,); NaN when empty.

    References
    ----------
    Acerbi and Szekely (2014), Backtesting expected shortfall, Risk, December 2014
    """
    breach = returns < -var
    return float((returns[breach] / es[breach]).sum() / (returns.size * rate) + 1.0) if returns.size else float("nan")


def simulated_z2(n: int, law: TailLaw, paths: int, seed: int) -> np.ndarray:
    """Z2 of a right model on simulated histories: a binomial number of breaches, each drawn from the law's tail.

    Parameters
    ----------
    n : int
        Sessions per history.
    law : TailLaw
    paths, seed : int
        Histories drawn, and what they are drawn with.

    Returns
    -------
    ndarray of shape (paths,)
    """
    end, count, low, beyond = _drawn_breaches(n, law.rate, paths, seed)
    total = np.concatenate([[0.0], np.cumsum(law._at_knots(low, beyond))])
    return 1.0 - (total[end] - total[end - count]) / (n * law.rate)


@functools.lru_cache(maxsize=8)
def _drawn_breaches(n: int, rate: float, paths: int, seed: int) -> tuple[np.ndarray, ...]:
    """Breaches of every history and how deep in the tail each one is: the same for every law of this rate."""
    generator = np.random.Generator(np.random.Philox(seed))
    count = generator.binomial(n, rate, paths)
    return np.cumsum(count), count, *_between_knots(generator.standard_exponential(int(count.sum())))


def simulated_quantile_statistic(n: int, law: TailLaw, paths: int, seed: int) -> np.ndarray:
    """Acerbi and Szekely's third statistic (quantile test) of a right model: 1 - mean of the worst n p returns over its
    expectation, which is the mean over the simulated histories. Shape (paths,); negative says that ES was too small.

    References
    ----------
    Acerbi and Szekely (2014), Backtesting expected shortfall, Risk, December 2014
    """
    generator = np.random.Generator(np.random.Philox(seed))
    worst = max(1, int(n * law.rate + 1e-9))
    tail = np.stack([np.partition(generator.random(n), worst - 1)[:worst] for _ in range(paths)])
    estimate = -law.quantiles(tail).mean(axis=1)
    return np.asarray(1.0 - estimate / estimate.mean())


def z2_p_value(statistic: float, n: int, law: TailLaw, paths: int = 10_000, seed: int = 0) -> float:
    """Share of simulated histories of a right model with a Z2 at or below this one (add-one rule); NaN for NaN."""
    if np.isnan(statistic):
        return float("nan")
    null = simulated_z2(n, TailLaw(law.rate, round(law.freedom, 3)), paths, seed)
    return float(((null <= statistic).sum() + 1) / (paths + 1))


def mcneil_frey(
    returns: np.ndarray, var: np.ndarray, es: np.ndarray, sigma: np.ndarray, draws: int = 10_000, seed: int = 0
) -> float:
    """One-sided bootstrap p-value that losses beyond VaR are, on average, no larger than ES.

    The residuals (-r - ES) / sigma of the breaches have mean 0 under a right model. Their t statistic is compared with
    the t statistics of `draws` resamples of the centred residuals (add-one rule).

    Parameters
    ----------
    returns, var, es, sigma : ndarray of shape (n_sessions,)
        `sigma` is the standard deviation that was forecast; sessions without a positive one are left out.

    Returns
    -------
    float
        NaN with fewer than three breaches, or residuals that do not vary.

    References
    ----------
    McNeil and Frey (2000), doi:10.1016/S0927-5398(00)00012-8; Efron and Tibshirani (1993), algorithm 16.2
    """
    breach = (returns < -var) & (sigma > 0.0)
    residual = (-returns[breach] - es[breach]) / sigma[breach]
    if residual.size < LEAST_BREACHES or not np.ptp(residual) > 0.0:
        return float("nan")
    seen = _t(residual[None, :])[0]
    drawn = _resampled_t(residual - residual.mean(), _resamples(residual.size, draws, seed))
    return float(((drawn >= seen).sum() + 1) / (draws + 1))


@functools.lru_cache(maxsize=32)
def _resamples(size: int, draws: int, seed: int) -> np.ndarray:
    return np.random.Generator(np.random.Philox(seed)).integers(0, size, (draws, size)).astype(np.int32)


def _resampled_t(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    from etf_platform.measures.kernels import resampled_t

    if values.size > MOST_COMPILED:
        return _t(values[places])
    found = np.empty(len(places))
    resampled_t(values, places, found)
    return found


def _t(samples: np.ndarray) -> np.ndarray:
    """Mean over standard error of every row; a row that does not vary is as extreme as can be, with its mean's sign."""
    mean, spread = samples.mean(axis=1), samples.std(axis=1, ddof=1) / np.sqrt(samples.shape[1])
    flat = spread <= 0.0
    return np.where(flat, np.where(mean > 0.0, np.inf, -np.inf), mean / np.where(flat, 1.0, spread))

"""How often the exception tests reject a model that is known to be right, and one that is known to be wrong.

Here: the tests judged on simulated histories. Not here: the tests (`measures`), real forecasts (`forecasts`). The
histories are GARCH(1,1) returns with Student-t or normal innovations; the right model knows the law and tomorrow's
volatility, the wrong one knows `volatility_factor` of it (0.5 is half the volatility).
"""

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.measures import exception_tests, shortfall_tests
from etf_platform.measures.exception_tests import REJECT_ONE, REJECT_TWO, Transitions
from etf_platform.measures.shortfall_tests import TailLaw

LONG_RUN, SHOCK, MEMORY = 1e-4, 0.08, 0.90  # daily variance, GARCH weights of the last square and variance
TESTS = ("kupiec", "independence", "conditional", "light_not_green", "light_red", "z2", "mcneil_frey")
SIGNIFICANT = 0.05
SEQUENCES = 20_000


@dataclass(frozen=True)
class Experiment:
    """What is simulated: `n` sessions judged at `level`, innovations of `freedom` degrees (infinity is normal)."""

    n: int = 250
    level: float = 0.99
    freedom: float = float("inf")
    volatility_factor: float = 1.0
    seed: int = 20240102

    @property
    def law(self) -> TailLaw:
        """The innovations' law."""
        return TailLaw(1.0 - self.level, self.freedom)


def acceptance_rate(
    repetitions: int = 500,
    n: int = 250,
    level: float = 0.99,
    volatility_factor: float = 1.0,
    freedom: float = float("inf"),
    seed: int = 20240102,
) -> pd.DataFrame:
    """Share of simulated histories on which each test rejects, with its confidence interval and its size.

    Parameters
    ----------
    repetitions : int
        Histories; repetition k is drawn with (seed, k), whatever the number of repetitions.
    n : int
        Sessions per history.
    level : float
        Confidence level of VaR and ES.
    volatility_factor : float
        Volatility that the model forecasts over the true one; 1 is right, 0.5 is half.
    freedom : float
        Degrees of freedom of the innovations, above 2; infinity is normal.
    seed : int

    Returns
    -------
    DataFrame
        One row per test: `test`, `rejected` (histories), `defined` (histories on which the test has a value), `rate`
        (rejected / defined), `low`, `high` (exact 95 % interval), `nominal`, and `size`: how often a right model is
        rejected, because breaches are counts and 5 % cannot be met. Exact (binomial) where the number of breaches
        decides; for independence and conditional from 20,000 sequences of independent breaches; NaN elsewhere.
    """
    given = Experiment(n, level, freedom, volatility_factor, seed)
    verdicts = np.array([_verdicts(given, repetition) for repetition in range(repetitions)])
    rows = [_summary(test, verdicts[:, k], given) for k, test in enumerate(TESTS)]
    return pd.DataFrame(rows)


def simulated_history(given: Experiment, repetition: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns and their true standard deviations, each of shape (n,)."""
    generator = np.random.Generator(np.random.Philox(key=np.array([given.seed, repetition], dtype=np.uint64)))
    if given.law.is_normal:
        shocks = generator.standard_normal(given.n)
    else:
        shocks = generator.standard_t(given.freedom, given.n) * np.sqrt((given.freedom - 2.0) / given.freedom)
    variance, sigma = LONG_RUN, np.empty(given.n)
    for t, shock in enumerate(shocks):
        sigma[t] = np.sqrt(variance)
        variance = (1.0 - SHOCK - MEMORY) * LONG_RUN + variance * (MEMORY + SHOCK * shock * shock)
    return sigma * shocks, sigma


def _verdicts(given: Experiment, repetition: int) -> list[float]:
    """1 where a test rejects, 0 where not, NaN where it is not defined."""
    returns, truth = simulated_history(given, repetition)
    law, rate = given.law, 1.0 - given.level
    sigma = truth * given.volatility_factor
    unit = 1.0 if law.is_normal else np.sqrt((given.freedom - 2.0) / given.freedom)
    var, es = law.var * unit * sigma, law.es * unit * sigma
    breach = returns < -var
    light = exception_tests.traffic_light(given.n, int(breach.sum()), rate)
    statistic = shortfall_tests.z2(returns, var, es, rate)
    tail = shortfall_tests.mcneil_frey(returns, var, es, sigma, draws=2_000, seed=given.seed)
    return [
        float(exception_tests.kupiec(given.n, int(breach.sum()), rate) > REJECT_ONE),
        float(exception_tests.independence(breach) > REJECT_ONE),
        float(exception_tests.conditional_coverage(breach, rate) > REJECT_TWO),
        float(light != "green"),
        float(light == "red"),
        float(shortfall_tests.z2_p_value(statistic, given.n, law, seed=given.seed) < SIGNIFICANT),
        float("nan") if np.isnan(tail) else float(tail < SIGNIFICANT),
    ]


def _summary(test: str, verdicts: np.ndarray, given: Experiment) -> dict[str, object]:
    defined = int(np.isfinite(verdicts).sum())
    rejected = int(np.nansum(verdicts))
    low, high = _interval(rejected, defined)
    nominal = {"light_not_green": 0.05, "light_red": 0.0001}.get(test, SIGNIFICANT)
    return {
        "test": test,
        "rejected": rejected,
        "defined": defined,
        "rate": rejected / defined if defined else float("nan"),
        "low": low,
        "high": high,
        "nominal": nominal,
        "size": _size(test, given),
    }


def _interval(hits: int, n: int) -> tuple[float, float]:
    """Clopper and Pearson (1934), doi:10.1093/biomet/26.4.404."""
    from scipy.stats import beta

    if not n:
        return float("nan"), float("nan")
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, n - hits + 1))
    high = 1.0 if hits == n else float(beta.ppf(0.975, hits + 1, n - hits))
    return low, high


def _size(test: str, given: Experiment) -> float:
    """Probability that a right model is rejected; NaN where it is not known apart from simulating the test itself."""
    from scipy.stats import binom

    n, rate = given.n, 1.0 - given.level
    by_count = {
        "kupiec": lambda x: exception_tests.kupiec(n, x, rate) > REJECT_ONE,
        "light_not_green": lambda x: exception_tests.traffic_light(n, x, rate) != "green",
        "light_red": lambda x: exception_tests.traffic_light(n, x, rate) == "red",
    }
    if test in by_count:
        return float(sum(binom.pmf(x, n, rate) for x in range(n + 1) if by_count[test](x)))
    return dict(zip(("independence", "conditional"), _size_by_sequences(n, rate), strict=True)).get(test, float("nan"))


@functools.lru_cache(maxsize=16)
def _size_by_sequences(n: int, rate: float) -> tuple[float, float]:
    """Share of sequences of independent breaches that independence and conditional coverage reject."""
    flags = np.random.Generator(np.random.Philox(1)).random((SEQUENCES, n), dtype=np.float32) < rate
    before, after = flags[:, :-1], flags[:, 1:]
    n11, n01, n10 = ((before & after).sum(1), (~before & after).sum(1), (before & ~after).sum(1))
    kinds, counts = np.unique(np.stack([flags.sum(1), n01, n10, n11], axis=1), axis=0, return_counts=True)
    rejected = np.zeros(2)
    for (x, a, b, c), count in zip(kinds.tolist(), counts.tolist(), strict=True):
        ratio = exception_tests.independence_of(Transitions(n - 1 - a - b - c, a, b, c))
        rejected += count * np.array(
            [ratio > REJECT_ONE, exception_tests.kupiec(n, x, rate) + ratio > REJECT_TWO], dtype=float
        )
    return float(rejected[0] / SEQUENCES), float(rejected[1] / SEQUENCES)

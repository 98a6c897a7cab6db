"""What the distances of a feature look like while nothing drifts: its own past, resampled in blocks.

The past is cut into blocks that are at least as long as the recent window with its roll, put together again in random
order, rolled and measured like the feature itself. Blocks of ten sessions are too short: 20-day volatilities that
overlap by 19 days then look independent, and 12 % of KS tests reject at 5 % (200 simulated pools; benchmarks/drift.py
measures what is used).

The null of a month is made from what was known before the month, without the last `gap` sessions, so that a shift does
not hide in its own null; every day of the month uses the same one. Not here: the verdict (`judge`).
"""

import math
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.core.config.governance import DriftConfig
from etf_platform.drift.features import Feature
from etf_platform.measures.distances import distances

ROUNDING = 1e-9
DIGITS = 2  # of PSI; one recent value in another bin moves it by more


@dataclass(frozen=True)
class Null:
    """Distances of resampled windows.

    Attributes
    ----------
    psi, wasserstein : float
        The draw at the configured quantile of the block-bootstrap draws, ordered by PSI and, where PSI ties, by
        Wasserstein. Ties are the rule for slow features: one in five windows of a 20-day volatility lies in a single
        bin while nothing has changed, and PSI can be no larger than that.
    ks : ndarray of shape (n_draws,)
        KS statistics of block permutations, rising.
    """

    psi: float
    wasserstein: float
    ks: np.ndarray

    def is_tied(self, psi: float) -> bool:
        """Whether a PSI equals the null's, to `DIGITS`: Wasserstein then decides."""
        return round(psi, DIGITS) == round(self.psi, DIGITS)

    def is_exceeded(self, psi: float, wasserstein: float) -> bool:
        """Whether an observed pair lies beyond the quantile."""
        return wasserstein > self.wasserstein + ROUNDING if self.is_tied(psi) else psi > self.psi

    def ks_probability(self, ks: float) -> float:
        """Share of permutations with a statistic as large, counting the observed one: never 0."""
        as_large = self.ks.size - int(np.searchsorted(self.ks, ks - ROUNDING))
        return (1 + as_large) / (1 + self.ks.size)


def null_of(feature: Feature, past: np.ndarray, month: pd.Period, config: DriftConfig) -> Null | None:
    """The null of a feature for one month.

    Parameters
    ----------
    past : ndarray of shape (n_sessions,)
        Known daily figures before the month, oldest first; NaN left out.
    month : Period
        Seeds the draws, with the feature's name and `config.seed`.

    Returns
    -------
    Null or None
        None with less past than a baseline after leaving out the gap.
    """
    kept = past[: max(0, past.size - gap(feature, config))][-config.history :]
    if kept.size < config.baseline:
        return None
    rng = np.random.default_rng([config.seed, zlib.crc32(feature.name.encode()), month.year * 100 + month.month])
    length, block = config.baseline + config.recent + feature.window - 1, block_length(feature, config)
    drawn = distances(feature.of(_bootstrap(kept, length, block, config.draws, rng)), config.baseline, config.bins)
    shuffled = distances(feature.of(_permute(kept, length, block, config.draws, rng)), config.baseline, config.bins)
    order = np.lexsort((drawn.wasserstein, np.round(drawn.psi, DIGITS)))
    draw = order[min(config.draws, math.ceil(config.null_quantile * config.draws)) - 1]
    psi, wasserstein = float(drawn.psi[draw]), float(drawn.wasserstein[draw])
    if psi < ROUNDING:
        psi, wasserstein = _lone_session(config), math.inf
    return Null(psi, wasserstein, np.sort(shuffled.ks))


def gap(feature: Feature, config: DriftConfig) -> int:
    """Sessions before the month that its null leaves out: a recent window with its roll."""
    return config.recent + feature.window - 1


def block_length(feature: Feature, config: DriftConfig) -> int:
    """Sessions per block: as configured, and never shorter than a recent window with its roll."""
    return max(config.block, config.recent + feature.window - 1)


def _lone_session(config: DriftConfig) -> float:
    """PSI of one odd session in the recent window over a constant baseline: what a constant past cannot rule out.

    Of n sessions without an odd one, the next is odd with probability 1 / (n + 2) (Laplace): of 1,000, 20 sessions hold
    one in 2 of 100 windows, more than an alarm may be wrong. Two are an alarm.
    """
    window = np.zeros(config.baseline + config.recent)
    window[-1] = 1.0
    return float(distances(window, config.baseline, config.bins).psi[0])


def _bootstrap(past: np.ndarray, length: int, block: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Blocks with replacement (Kuensch 1989), laid from the end, so that the recent window lies in one block."""
    size = min(block, past.size)
    starts = rng.integers(0, past.size - size + 1, size=(draws, -(-length // size)))
    drawn: np.ndarray = past[starts[:, :, None] + np.arange(size)].reshape(draws, -1)[:, -length:]
    return drawn


def _permute(past: np.ndarray, length: int, block: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Blocks without replacement, cut from a random session on around the end; a short past is gone through again."""
    size = min(block, past.size)
    there, needed = past.size // size, -(-length // size)
    rounds = [np.argsort(rng.random((draws, there)), axis=1) for _ in range(-(-needed // there))]
    order = np.concatenate(rounds, axis=1)[:, :needed]
    first = rng.integers(0, past.size, size=draws)
    places = (first[:, None, None] + order[:, :, None] * size + np.arange(size)) % past.size
    shuffled: np.ndarray = past[places].reshape(draws, -1)[:, -length:]
    return shuffled

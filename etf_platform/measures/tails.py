"""Value at risk and expected shortfall of a return sample, by six methods.

Here: numbers in, numbers out, on plain arrays. Not here: which window of which account (`risk`), whether a forecast was
any good (`exception_tests`). Both figures are positive losses as fractions of the next session.

Every function takes finite returns of shape (..., n_sessions), oldest first, and confidence levels of shape
(n_levels,), and gives a `Tail` of shape (..., n_levels). A row's figures depend on that row alone, bit for bit, however
many rows are asked for: sums run along a row, never across rows, and draws are one fixed set of uniform numbers, sorted
once. Simulated methods invert the distribution at these numbers: the order of the draws is known, only their tail has
to be computed, and their noise is the same on every day.
"""

from collections.abc import Sequence

import numpy as np

from etf_platform.measures.expansion import NORMAL, corrected_tail, is_monotone
from etf_platform.measures.quantiles import (
    Tail,
    checked_sample,
    place_below,
    quantile_of_sorted,
    stacked,
    tail_of_sorted,
)

MIN_EVT_OBSERVATIONS, MIN_EVT_TAIL = 50, 20


def historical(returns: np.ndarray, levels: Sequence[float]) -> Tail:
    """Empirical quantile (linear interpolation, type 7) and the mean of the returns at or below it.

    Parameters
    ----------
    returns : ndarray of shape (..., n_sessions)
        Finite simple returns as fractions.
    levels : sequence of float, length n_levels
        Confidence levels, e.g. 0.99.

    Raises
    ------
    BadInputError
        A return is not finite, or a level lies outside (0.5, 1).

    References
    ----------
    Hyndman and Fan (1996), doi:10.2307/2684934; Acerbi and Tasche (2002), doi:10.1016/S0378-4266(02)00283-2
    """
    sample = checked_sample(returns, levels)
    return tail_of_sorted(np.sort(sample, axis=-1), sample.shape[-1], levels, sample.std(axis=-1))


def parametric(returns: np.ndarray, levels: Sequence[float]) -> Tail:
    """Normal law with the sample's mean and population standard deviation.

    Shapes and errors as `historical`. VaR = -(m + z s), ES = -m + s phi(z) / p, z the normal quantile of p = 1 - level.
    """
    sample = checked_sample(returns, levels)
    mean, sigma = sample.mean(axis=-1), sample.std(axis=-1)
    var = [-(mean + _z(level) * sigma) for level in levels]
    es = [-mean + NORMAL.pdf(_z(level)) / (1.0 - level) * sigma for level in levels]
    return stacked(var, es, sigma)


def cornish_fisher(returns: np.ndarray, levels: Sequence[float], within_domain: bool = False) -> Tail:
    """Normal quantile corrected for skewness and kurtosis; ES by the Edgeworth expansion.

    Shapes and errors as `historical`; population moments. Where the expansion gives an ES below the VaR (far tails of
    skewed samples) the VaR stands for it, as `operational=TRUE` of PerformanceAnalytics does.

    Parameters
    ----------
    returns, levels
        As `historical`.
    within_domain : bool
        Whether VaR and ES are NaN where the expansion is no quantile function (`expansion.is_monotone`). Published
        figures are given without that check; a forecast should not be: beyond the domain its VaR nears 0.
    """
    sample = checked_sample(returns, levels)
    mean, sigma, skew, excess = _moments(sample)
    expanded = [corrected_tail(level, skew, excess) for level in levels]
    scale = np.where(is_monotone(skew, excess), sigma, np.nan) if within_domain else sigma
    var = [-(mean + quantile * scale) for quantile, _ in expanded]
    es = [-mean + beyond * scale for _, beyond in expanded]
    return stacked(var, es, sigma)


def filtered_historical(
    returns: np.ndarray, levels: Sequence[float], decay: float = 0.94, uniforms: np.ndarray | None = None
) -> Tail:
    """Returns divided by their own day's EWMA volatility, drawn with replacement, times tomorrow's volatility.

    The variance is v[t+1] = decay * v[t] + (1 - decay) * r[t]^2 and starts from the mean square of the sample.

    Parameters
    ----------
    returns, levels
        As `historical`.
    decay : float
        EWMA weight of the past.
    uniforms : ndarray of shape (n_draws,), optional
        Sorted numbers in [0, 1) from `standard_uniforms`: draw k is the scaled return of rank floor(u_k * n). Without
        them the exact (interpolated) quantile of the scaled returns; many draws settle on one of its two neighbours.

    References
    ----------
    Barone-Adesi, Giannopoulos and Vosper (1999), doi:10.1002/(SICI)1096-9934(199908)19:5<583::AID-FUT5>3.0.CO;2-S
    """
    sample = checked_sample(returns, levels)
    scaled, sigma = _devolatilised(sample, decay)
    ordered = np.sort(scaled, axis=-1)
    drawn = ordered.shape[-1]
    if uniforms is not None:
        drawn = uniforms.size
        ordered = ordered[..., (_worst(uniforms, levels) * ordered.shape[-1]).astype(np.int64)]
    return tail_of_sorted(ordered * sigma[..., None], drawn, levels, sigma)


def evt_pot(
    returns: np.ndarray,
    levels: Sequence[float],
    tail_quantile: float = 0.90,
    min_observations: int = MIN_EVT_OBSERVATIONS,
    min_tail: int = MIN_EVT_TAIL,
) -> Tail:
    """Generalised Pareto law for the losses beyond a threshold, fitted by probability-weighted moments.

    Parameters
    ----------
    returns, levels
        As `historical`. A level at or below `tail_quantile` is undefined.
    tail_quantile : float
        The threshold is this quantile of the losses (linear).
    min_observations, min_tail : int
        Fewer returns, or fewer losses beyond the threshold, give NaN.

    Notes
    -----
    Weighted moments instead of maximum likelihood: with the 25 tail points of a 250-day window they have the smaller
    error and always exist (Hosking and Wallis, table 4). The fitted shape is below 1 by construction, so ES is finite.

    References
    ----------
    McNeil and Frey (2000), doi:10.1016/S0927-5398(00)00012-8; Hosking and Wallis (1987), doi:10.2307/1269343
    """
    sample = checked_sample(returns, levels)
    n, sigma = sample.shape[-1], sample.std(axis=-1)
    losses = np.sort(-sample, axis=-1)
    threshold = quantile_of_sorted(losses, n, tail_quantile)
    first = place_below(tail_quantile * (n - 1)) + 1
    excess = losses[..., first:] - threshold[..., None]
    count = (excess > 0.0).sum(axis=-1)
    shape, scale = _weighted_moments(excess, count)
    known = (n >= min_observations) & (count >= min_tail)
    var: list[np.ndarray] = []
    es: list[np.ndarray] = []
    for level in levels:
        figures = _beyond(threshold, shape, scale, count / (n * (1.0 - level)))
        for found, figure in zip((var, es), figures, strict=True):
            found.append(np.where(known & (level > tail_quantile), figure, np.nan))
    return stacked(var, es, sigma)


def monte_carlo(returns: np.ndarray, levels: Sequence[float], uniforms: np.ndarray) -> Tail:
    """Draws from the Student-t law that has the sample's mean, variance and kurtosis (normal without excess kurtosis).

    Degrees of freedom are 4 + 6 / excess kurtosis, so at least 4; skewness is not modelled.

    Parameters
    ----------
    returns, levels
        As `historical`.
    uniforms : ndarray of shape (n_draws,)
        Sorted numbers in [0, 1) from `standard_uniforms`; draw k is the law's quantile of u_k.
    """
    from scipy.special import ndtri, stdtrit

    sample = checked_sample(returns, levels)
    mean, sigma, _, excess = _moments(sample)
    heavy = excess > 1e-6
    freedom = 4.0 + 6.0 / np.where(heavy, excess, 1.0)
    tail = np.maximum(_worst(uniforms, levels), np.finfo(float).tiny)
    standard = np.broadcast_to(ndtri(tail), (*mean.shape, tail.size)).copy()
    scale = np.sqrt((freedom[heavy] - 2.0) / freedom[heavy])
    standard[heavy] = stdtrit(freedom[heavy][:, None], tail) * scale[:, None]
    return tail_of_sorted(mean[..., None] + standard * sigma[..., None], uniforms.size, levels, sigma)


def standard_uniforms(seed: int, stream: int, size: int) -> np.ndarray:
    """`size` uniform numbers, ascending: the one set of draws that a method uses for every series and every day.

    A counter-based generator (Philox) keyed by `seed` and `stream`, so that the numbers do not depend on what else was
    drawn before.
    """
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, stream], dtype=np.uint64)))
    return np.sort(generator.random(size))


def _z(level: float) -> float:
    return NORMAL.inv_cdf(1.0 - level)


def _worst(uniforms: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """The draws that the lowest level needs."""
    return uniforms[: place_below((1.0 - min(levels)) * (uniforms.size - 1)) + 2]


def _moments(sample: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviation, skewness and excess kurtosis (population); 0 for the last two without variance."""
    mean = sample.mean(axis=-1)
    centred = sample - mean[..., None]
    square = centred * centred
    variance = square.mean(axis=-1)
    sigma = np.sqrt(variance)
    varies = sigma > 1e-14 * np.abs(sample).max(axis=-1)
    unit = np.where(varies, sigma, 1.0)
    skew = np.where(varies, (square * centred).mean(axis=-1) / (unit * unit * unit), 0.0)
    excess = np.where(varies, (square * square).mean(axis=-1) / (unit * unit * unit * unit) - 3.0, 0.0)
    return mean, sigma, skew, excess


def _devolatilised(sample: np.ndarray, decay: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns over the volatility known before them, and the volatility known after the last."""
    columns = np.ascontiguousarray(np.moveaxis(sample, -1, 0))
    variance = (sample * sample).mean(axis=-1)
    scaled = np.empty_like(columns)
    for t, value in enumerate(columns):
        positive = variance > 0.0
        scaled[t] = np.where(positive, value / np.sqrt(np.where(positive, variance, 1.0)), 0.0)
        variance = decay * variance + (1.0 - decay) * (value * value)
    return np.ascontiguousarray(np.moveaxis(scaled, 0, -1)), np.sqrt(variance)


def _weighted_moments(excess: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shape and scale of the generalised Pareto law; `excess` ascends, its values at or below 0 do not count."""
    m = np.maximum(count, 1)
    place = np.arange(excess.shape[-1]) - (excess.shape[-1] - count)[..., None]
    size = np.where(place >= 0, excess, 0.0)
    a0 = size.sum(axis=-1) / m
    a1 = (size * (m[..., None] - 1.0 - place)).sum(axis=-1) / (m * np.maximum(m - 1, 1))
    gap = a0 - 2.0 * a1
    usable = gap > 0.0
    safe = np.where(usable, gap, 1.0)
    return np.where(usable, 2.0 - a0 / safe, np.nan), np.where(usable, 2.0 * a0 * a1 / safe, np.nan)


def _beyond(
    threshold: np.ndarray, shape: np.ndarray, scale: np.ndarray, odds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """VaR and ES where `odds` is the share of losses beyond the threshold over 1 - level."""
    distance = np.log(np.maximum(odds, np.finfo(float).tiny))
    curved = np.abs(shape) > 1e-9
    safe = np.where(curved, shape, 1.0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # a tail too heavy for a mean has no ES
        reach = np.where(curved, np.expm1(safe * distance) / safe, distance)
        var = threshold + scale * reach
        return var, (var + scale - shape * threshold) / (1.0 - shape)

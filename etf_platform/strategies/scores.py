"""Factor matrices to one score per session and fund; higher is better.

All three functions work per session on the eligible funds only, and each row depends on nothing but itself. Not here:
who is eligible (`strategies.eligibility`), the sign of a factor (`strategies.directions`).
"""

from collections.abc import Sequence

import numpy as np

from etf_platform.core.units.strategy import ScoredFactor
from etf_platform.measures.association import average_ranks, percentile_ranks
from etf_platform.strategies.matrices import in_order_sum

WINSOR = 0.025


def scored_once(selected: Sequence[ScoredFactor]) -> list[ScoredFactor]:
    """The selected factors without those that repeat an earlier one.

    A repeat shares its column, or its root (`duplicate_of`, else its own id), with a factor before it.
    """
    kept: list[ScoredFactor] = []
    roots: set[str] = set()
    columns: set[str] = set()
    for factor in selected:
        root = factor.duplicate_of or factor.factor_id
        if root not in roots and factor.column not in columns:
            kept.append(factor)
        roots.add(root)
        columns.add(factor.column)
    return kept


def signed_family_rank(
    factors: np.ndarray, signs: np.ndarray, buckets: Sequence[str], eligible: np.ndarray
) -> np.ndarray:
    """Equal mean over buckets of the mean signed percentile rank, minus one half.

    Per session and factor: percentile rank (average ties) of sign * value among the eligible, minus 0.5; mean over the
    factors of a bucket that are there; mean over the buckets that are there. A sign of 0 leaves the factor out.

    Parameters
    ----------
    factors : ndarray of shape (n_factors, n_sessions, n_symbols)
    signs : ndarray of shape (n_factors, n_sessions)
        +1, -1 or 0.
    buckets : sequence of str, one per factor
    eligible : ndarray of bool, shape (n_sessions, n_symbols)

    Returns
    -------
    ndarray of shape (n_sessions, n_symbols)
        In (-0.5, 0.5]; NaN where not eligible or nothing is scored.
    """
    families: dict[str, list[np.ndarray]] = {}
    for values, sign, bucket in zip(factors, signs, buckets, strict=True):
        families.setdefault(bucket, []).append(_signed_rank(values, sign[:, None], eligible))
    return _mean([_mean(members) for members in families.values()], eligible.shape)


def zscore_winsor(
    factors: np.ndarray, weights: np.ndarray, is_bounded: Sequence[bool], eligible: np.ndarray
) -> np.ndarray:
    """Weighted sum of cross-sectional z-scores, the weights scaled to a sum of absolute values of 1.

    Bounded factors are rank-mapped to [-0.5, 0.5]; the others are winsorised at the 2.5 % and 97.5 % quantiles (linear
    interpolation) of the eligible and then standardised (ddof 1). Missing values leave the factor out for that fund.

    Parameters
    ----------
    factors : ndarray of shape (n_factors, n_sessions, n_symbols)
    weights : ndarray of shape (n_factors, n_sessions)
        Signed, from `icir_weights`.
    is_bounded : sequence of bool, one per factor
    eligible : ndarray of bool, shape (n_sessions, n_symbols)

    Returns
    -------
    ndarray of shape (n_sessions, n_symbols)
        NaN where not eligible or nothing is scored.
    """
    total, scale = np.zeros(eligible.shape), np.zeros(eligible.shape)
    for values, weight, bounded in zip(factors, weights, is_bounded, strict=True):
        among = np.where(eligible, values, np.nan)
        unit = _rank_mapped(among) if bounded else _standardised(among)
        there = ~np.isnan(unit)
        total += np.where(there, unit * weight[:, None], 0.0)
        scale += np.where(there, np.abs(weight[:, None]), 0.0)
    return np.divide(total, scale, out=np.full(eligible.shape, np.nan), where=scale > 0.0)


def icir_weights(icir: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Weights for `zscore_winsor`: sign * |ICIR| on dates on which every factor with a sign has one, else the sign.

    Mixing known and unknown ICIR on one date would let a factor weigh more for being new.

    Parameters
    ----------
    icir, signs : ndarray of shape (n_factors, n_sessions)
        `icir` knows, on date t, only what `directions.trailing_icir` lets it know.
    """
    is_known = (np.isfinite(icir) | (signs == 0)).all(axis=0)
    return np.where(is_known, signs * np.abs(np.nan_to_num(icir)), signs)


def original_compatible(factors: np.ndarray, eligible: np.ndarray) -> np.ndarray:
    """The original's score: unsigned equal mean of ascending percentile ranks of the raw factors.

    Kept to reproduce published figures; it ranks funds largely by nominal price.

    Parameters
    ----------
    factors : ndarray of shape (n_factors, n_sessions, n_symbols)
        Raw forms, duplicates included.
    eligible : ndarray of bool, shape (n_sessions, n_symbols)

    Returns
    -------
    ndarray of shape (n_sessions, n_symbols)
        In (0, 1]; NaN where not eligible or no factor has a value.
    """
    return _mean([percentile_ranks(np.where(eligible, values, np.nan)) for values in factors], eligible.shape)


def _signed_rank(values: np.ndarray, sign: np.ndarray, eligible: np.ndarray) -> np.ndarray:
    ranks = average_ranks(np.where(eligible & (sign != 0), values, np.nan))
    count = (~np.isnan(ranks)).sum(axis=-1, keepdims=True)
    return np.where(sign < 0, count + 1 - ranks, ranks) / count.clip(min=1) - 0.5


def _mean(members: Sequence[np.ndarray], shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Mean of the members that are not NaN, added in their order; NaN where none is."""
    shape = members[0].shape if shape is None else shape
    total, count = np.zeros(shape), np.zeros(shape)
    for member in members:
        there = ~np.isnan(member)
        total += np.where(there, member, 0.0)
        count += there
    return np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)


def _rank_mapped(values: np.ndarray) -> np.ndarray:
    ranks = average_ranks(values)
    count = (~np.isnan(ranks)).sum(axis=-1, keepdims=True)
    return np.where(count > 1, (ranks - 1.0) / np.maximum(count - 1, 1) - 0.5, ranks * 0.0)


def _standardised(values: np.ndarray) -> np.ndarray:
    """Winsorised z-scores per row; 0 where the row does not vary, NaN where the value is missing."""
    ordered, count = np.sort(values, axis=-1), (~np.isnan(values)).sum(axis=-1, keepdims=True)
    clipped = np.clip(values, _quantile(ordered, count, WINSOR), _quantile(ordered, count, 1.0 - WINSOR))
    mean = in_order_sum(clipped)[..., None] / count.clip(min=1)
    spread = np.sqrt(in_order_sum((clipped - mean) ** 2)[..., None] / (count - 1).clip(min=1))
    varies = spread > 1e-12 * np.abs(mean)
    return np.divide(clipped - mean, spread, out=clipped * 0.0, where=varies)


def _quantile(ordered: np.ndarray, count: np.ndarray, share: float) -> np.ndarray:
    """Linear interpolation between order statistics of rows sorted with their NaN last."""
    place = share * (count - 1).clip(min=0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, (count - 1).clip(min=0))
    below, above = np.take_along_axis(ordered, low, -1), np.take_along_axis(ordered, high, -1)
    return below + (place - low) * (above - below)

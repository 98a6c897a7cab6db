"""The three scores against hand tables and a slow plain loop."""

import math

import numpy as np
import pytest

from etf_platform.core.units.strategy import ScoredFactor
from etf_platform.strategies.scores import (
    icir_weights,
    original_compatible,
    scored_once,
    signed_family_rank,
    zscore_winsor,
)

NAN = float("nan")


def slow_family_rank(values, signs, buckets, eligible):
    """One session by plain loops; `values[factor][fund]`."""
    parts = {}
    for row, sign, bucket in zip(values, signs, buckets, strict=True):
        among = {i: sign * v for i, v in enumerate(row) if eligible[i] and v == v}
        for fund, v in among.items() if sign else ():
            rank = sum(w < v for w in among.values()) + (sum(w == v for w in among.values()) + 1) / 2
            parts.setdefault(fund, {}).setdefault(bucket, []).append(rank / len(among) - 0.5)
    means = {fund: [sum(p) / len(p) for p in found.values()] for fund, found in parts.items()}
    return [sum(means[i]) / len(means[i]) if i in means else NAN for i in range(len(eligible))]


def one_day(values):
    return np.array(values, dtype=float)[:, None, :]


def all_of(count):
    return np.ones((1, count), dtype=bool)


def test_family_rank_by_hand():
    """Two trend factors and one volatility factor that counts against a fund."""
    factors = one_day([[1, 2, 3, 4], [10, 10, 30, 40], [0.1, 0.2, 0.3, 0.4]])

    score = signed_family_rank(factors, np.array([[1], [1], [-1]]), ["trend", "trend", "volatility"], all_of(4))
    # trend: (-.25 + -.125)/2, (0 + -.125)/2, .25, .5; volatility: .5, .25, 0, -.25
    np.testing.assert_allclose(score[0], [0.15625, 0.09375, 0.125, 0.125], atol=1e-15)


def test_a_factor_without_direction_is_not_scored():
    factors = one_day([[1, 2, 3, 4], [4, 3, 2, 1]])

    score = signed_family_rank(factors, np.array([[1], [0]]), ["a", "b"], all_of(4))
    assert score[0].tolist() == [-0.25, 0.0, 0.25, 0.5]


def test_without_any_direction_there_is_no_score():
    assert np.isnan(signed_family_rank(one_day([[1, 2]]), np.array([[0]]), ["a"], all_of(2))).all()


def test_only_eligible_funds_are_ranked():
    score = signed_family_rank(one_day([[1, 2, 3, 4]]), np.array([[1]]), ["a"], np.array([[True, False, True, False]]))

    np.testing.assert_array_equal(score[0], [0.0, NAN, 0.5, NAN])


def test_family_rank_agrees_with_plain_loops():
    rng = np.random.default_rng(2)
    factors = rng.normal(size=(6, 30, 11)).round(1)
    factors[rng.random(factors.shape) < 0.15] = np.nan
    signs, eligible = rng.integers(-1, 2, (6, 30)), rng.random((30, 11)) < 0.8
    buckets = ["a", "b", "a", "c", "b", "a"]

    slow = [slow_family_rank(factors[:, t], signs[:, t], buckets, eligible[t]) for t in range(30)]
    np.testing.assert_allclose(signed_family_rank(factors, signs, buckets, eligible), slow, atol=1e-14)


def test_duplicates_are_scored_once_and_the_first_is_kept():
    a = ScoredFactor("RETURN_10", "return_10", "return", 1)
    b = ScoredFactor("MOMENTUM_10", "momentum_10", "return", 1, duplicate_of="RETURN_10")
    c = ScoredFactor("TA_OBV", "obv", "volume", 1, duplicate_of="VBT_OBV")
    d = ScoredFactor("OTHER_OBV", "obv", "volume", 1)

    assert scored_once([a, b, c, d]) == [a, c]
    assert scored_once([b, a]) == [b]


def test_a_lone_duplicate_is_scored():
    lone = ScoredFactor("MOMENTUM_10", "momentum_10", "return", 1, duplicate_of="RETURN_10")

    assert scored_once([lone]) == [lone]


def test_bounded_factors_are_mapped_by_rank():
    score = zscore_winsor(one_day([[10, 90, 50]]), np.array([[1.0]]), [True], all_of(3))

    assert score[0].tolist() == [-0.5, 0.5, 0.0]


def test_unbounded_factors_are_winsorised_and_standardised():
    values = [0.0, 1.0, 2.0, 3.0, 100.0]
    low, high = 0.1, 3.0 + 0.9 * 97.0  # places 0.1 and 3.9 of 0..4
    clipped = [low, 1.0, 2.0, 3.0, high]
    mean = sum(clipped) / 5
    spread = math.sqrt(sum((v - mean) ** 2 for v in clipped) / 4)

    score = zscore_winsor(one_day([values]), np.array([[1.0]]), [False], all_of(5))
    np.testing.assert_allclose(score[0], [(v - mean) / spread for v in clipped], rtol=1e-13)


def test_weights_carry_the_sign_and_a_missing_factor_leaves_its_weight_to_the_others():
    factors = one_day([[1, 2, 3], [1, NAN, 3]])

    score = zscore_winsor(factors, np.array([[3.0], [-1.0]]), [True, True], all_of(3))
    assert score[0].tolist() == [(-0.5 * 3 + 0.5) / 4, 0.0, (0.5 * 3 - 0.5) / 4]


def test_a_constant_factor_says_nothing():
    assert zscore_winsor(one_day([[7, 7, 7]]), np.array([[1.0]]), [False], all_of(3))[0].tolist() == [0.0, 0.0, 0.0]


def test_icir_weighs_only_when_it_is_known_for_every_factor():
    icir = np.array([[NAN, -0.4], [0.2, 0.2], [NAN, NAN]])
    signs = np.array([[1, -1], [-1, 1], [0, 0]])

    assert icir_weights(icir, signs).tolist() == [[1.0, -0.4], [-1.0, 0.2], [0.0, 0.0]]


def test_the_original_score_is_the_plain_mean_of_ascending_ranks():
    factors = one_day([[1, 2, 3, 4], [8, 4, 2, 2]])

    assert original_compatible(factors, all_of(4))[0].tolist() == pytest.approx(
        [(0.25 + 1.0) / 2, (0.5 + 0.75) / 2, (0.75 + 0.375) / 2, (1.0 + 0.375) / 2], abs=1e-15
    )


@pytest.mark.parametrize("name", ["family", "zscore", "original"])
def test_funds_without_data_do_not_move_a_score_by_a_bit(name):
    """Symbols that are listed later stand as empty columns in a longer history."""
    rng = np.random.default_rng(4)
    narrow = rng.normal(size=(5, 20, 7))
    wide = np.full((5, 20, 19), np.nan)
    columns = np.sort(rng.permutation(19)[:7])
    wide[:, :, columns] = narrow
    signs = rng.integers(-1, 2, (5, 20))
    few, many = np.ones((20, 7), dtype=bool), np.isin(np.arange(19), columns)[None].repeat(20, axis=0)
    score = {
        "family": lambda f, e: signed_family_rank(f, signs, list("aabbc"), e),
        "zscore": lambda f, e: zscore_winsor(f, signs * 0.3, [True, False, False, False, False], e),
        "original": original_compatible,
    }[name]

    np.testing.assert_array_equal(score(wide, many)[:, columns], score(narrow, few))

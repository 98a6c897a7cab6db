"""Ranks, rank IC and Newey-West against published answers, hand tables and slow plain loops."""

import json
import math

import numpy as np
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.measures.association import average_ranks, newey_west_t, percentile_ranks, rank_ic

NAN = float("nan")


def slow_ranks(row):
    """Average ascending ranks of a list by counting."""
    return [NAN if x != x else sum(y < x for y in row) + (sum(y == x for y in row) + 1) / 2 for x in row]


def slow_ic(scores, forward):
    """Spearman by the textbook: drop pairs, rank, Pearson."""
    pairs = [(a, b) for a, b in zip(scores, forward, strict=True) if a == a and b == b]
    if len(pairs) < 5:
        return NAN
    a, b = slow_ranks([p[0] for p in pairs]), slow_ranks([p[1] for p in pairs])
    ma, mb = sum(a) / len(a), sum(b) / len(b)
    cov = sum((x - ma) * (y - mb) for x, y in zip(a, b, strict=True))
    va, vb = sum((x - ma) ** 2 for x in a), sum((y - mb) ** 2 for y in b)
    return cov / math.sqrt(va * vb) if va * vb > 0 else NAN


def drawn(rows, columns, seed, tied=True):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, columns))
    matrix = matrix.round(1 if tied else 12)
    matrix[rng.random(matrix.shape) < 0.2] = np.nan
    return matrix


def test_ties_take_the_mean_of_their_places():
    ranks = average_ranks(np.array([3.0, 1.0, 3.0, NAN, 2.0, 3.0]))

    np.testing.assert_array_equal(ranks, [4.0, 1.0, 4.0, NAN, 2.0, 4.0])


def test_ranks_agree_with_counting():
    matrix = drawn(40, 17, seed=1)

    np.testing.assert_array_equal(average_ranks(matrix), [slow_ranks(list(row)) for row in matrix])


def test_ranks_work_along_any_axis():
    matrix = drawn(9, 30, seed=2)

    np.testing.assert_array_equal(average_ranks(matrix, axis=0), average_ranks(matrix.T).T)


def test_percentile_ranks_divide_by_the_number_of_ranked_values():
    ranks = percentile_ranks(np.array([[10.0, 20.0, NAN, 20.0, 40.0]]), axis=1)

    np.testing.assert_array_equal(ranks, [[0.25, 0.625, NAN, 0.625, 1.0]])


def test_a_row_without_values_stays_undefined():
    assert np.isnan(percentile_ranks(np.full((1, 4), NAN))).all()


def test_rank_ic_agrees_with_the_textbook_loop():
    scores, forward = drawn(60, 12, seed=3), drawn(60, 12, seed=4)

    expected = [slow_ic(list(a), list(b)) for a, b in zip(scores, forward, strict=True)]
    np.testing.assert_allclose(rank_ic(scores, forward), expected, atol=1e-12)


def test_rank_ic_agrees_with_published_values(shared):
    cases = json.loads(shared("golden/21_factor_ic_alphalens.json").read_text())["cases"]
    published = {case["id"]: case for case in cases}

    for name in ("ic_opposite", "ic_same"):
        inputs, expected = published[name]["inputs"], published[name]["expected"]["ic"]
        ic = rank_ic(np.array(inputs["factor"], float), np.array(inputs["fwd"], float), min_pairs=2)
        np.testing.assert_allclose(ic, expected, atol=1e-12)


def test_fewer_than_five_pairs_have_no_ic():
    scores, forward = np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), np.array([[1.0, 2.0, 3.0, 4.0, NAN]])

    assert np.isnan(rank_ic(scores, forward)).all()


def test_a_constant_score_has_no_ic():
    assert np.isnan(rank_ic(np.ones((1, 6)), np.arange(6.0)[None])).all()


def test_empty_columns_and_their_place_do_not_move_the_ic_by_a_bit():
    scores, forward = drawn(30, 11, seed=5), drawn(30, 11, seed=6)
    shuffled = np.random.default_rng(7).permutation(23)
    wide = [np.hstack([m, np.full((30, 12), NAN)])[:, shuffled] for m in (scores, forward)]

    np.testing.assert_array_equal(rank_ic(*wide), rank_ic(scores, forward))


def test_many_factors_at_once_are_the_same_as_one_by_one():
    scores, forward = np.stack([drawn(20, 9, seed=s) for s in (8, 9, 10)]), drawn(20, 9, seed=11)

    np.testing.assert_array_equal(rank_ic(scores, forward), [rank_ic(one, forward) for one in scores])


def test_without_lags_newey_west_is_the_plain_t_with_divisor_n():
    values = np.array([1.0, 2.0, 3.0, 4.0])

    # mean 2.5, variance 5/4, standard error sqrt(1.25 / 4)
    assert newey_west_t(values, 0) == pytest.approx(2.5 / math.sqrt(0.3125), rel=1e-14)


def test_newey_west_with_one_lag_by_hand():
    values = np.array([1.0, 2.0, 3.0, NAN, 4.0])

    # centred -1.5, -0.5, 0.5, 1.5: g0 = 5/4, g1 = (0.75 - 0.25 + 0.75)/4 = 0.3125, weight 1/2
    assert newey_west_t(values, 1) == pytest.approx(2.5 / math.sqrt((1.25 + 0.3125) / 4), rel=1e-14)


def test_newey_west_is_undefined_without_enough_values_or_variance():
    assert math.isnan(newey_west_t(np.array([1.0, 2.0]), 1))
    assert math.isnan(newey_west_t(np.full(50, 0.1), 4))


def test_negative_lags_are_refused():
    with pytest.raises(BadInputError, match="lags is -1"):
        newey_west_t(np.ones(5), -1)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3)])
def test_nothing_has_no_ranks(shape):
    assert average_ranks(np.empty(shape)).shape == shape

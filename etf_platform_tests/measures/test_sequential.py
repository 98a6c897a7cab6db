"""The paired sequential test: by hand, and by simulation over a whole horizon."""

from math import exp, inf, sqrt

import numpy as np
import pytest

from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.measures.sequential import mixture_ratios, paired_test

TAU = 0.0010


def slow_ratio(differences, s2, t2):
    n, mean = len(differences), sum(differences) / len(differences)
    return sqrt(s2 / (s2 + n * t2)) * exp(n**2 * t2 * mean**2 / (2 * s2 * (s2 + n * t2)))


def test_ratio_by_hand():
    """s = 20 bp, t = 10 bp, four days at -30 bp: sqrt(4/8) * exp(16 * 9 / (2 * 4 * 8)) = 0.70711 * e^2.25 = 6.7088."""
    ratios = mixture_ratios([-0.0030] * 4, 0.0020**2, TAU)

    assert ratios[-1] == pytest.approx(6.7088, abs=5e-5)


def test_one_day_by_hand():
    """s = t = 10 bp, one day at -20 bp: sqrt(1/2) * exp(4 / 4) = 1.92212."""
    assert mixture_ratios([-0.0020], TAU**2, TAU)[0] == pytest.approx(1.92212, abs=5e-6)


def test_every_ratio_is_the_formula_on_the_days_so_far():
    days = np.random.default_rng(7).normal(-0.0003, 0.004, 80)

    expected = [slow_ratio(list(days[: i + 1]), 0.004**2, TAU**2) for i in range(days.size)]

    np.testing.assert_allclose(mixture_ratios(days, 0.004**2, TAU), expected, rtol=1e-12)


def earlier(scale: float) -> np.ndarray:
    """60 days whose variance (ddof 1) is scale^2."""
    signs = np.tile([1.0, -1.0], 30)
    return signs * scale * sqrt(59 / 60)


def test_a_candidate_fails_on_the_first_day_at_the_bound_and_stays_failed():
    """s = 20 bp, -30 bp a day: L = 6.71 after 4 days, 14.05 after 5, 29.79 after 6; then it recovers."""
    by_hand = [slow_ratio([-0.0030] * n, 0.0020**2, TAU**2) for n in (5, 6)]

    verdict = paired_test([-0.0030] * 6 + [0.0030] * 6, earlier(0.0020))

    assert by_hand[0] < 20 < by_hand[1]
    assert verdict.failed_at == 6
    assert verdict.ratio < 1


def test_a_better_candidate_never_fails():
    verdict = paired_test([0.0030] * 30, earlier(0.0020))

    assert verdict.ratio > 20
    assert not verdict.has_failed


def test_no_day_yet_is_no_verdict_against_it():
    assert paired_test([], earlier(0.002)).ratio == 1.0


@pytest.mark.parametrize("days", [earlier(0.002)[:59], np.zeros(80), [np.nan] * 100])
def test_too_little_history_is_refused(days):
    with pytest.raises(InsufficientDataError):
        paired_test([0.001], days)


def test_a_missing_difference_is_refused():
    with pytest.raises(BadInputError):
        paired_test([0.001, np.nan], earlier(0.002))


def test_a_huge_difference_is_infinite_evidence():
    assert mixture_ratios([-1.0], 1e-8, TAU)[0] == inf


def rate_of_failures(mean: float, horizon: int, runs: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    failed = 0
    for _ in range(runs):
        verdict = paired_test(rng.normal(mean, 0.004, horizon), rng.normal(0.0, 0.004, 60))
        failed += verdict.has_failed
    return failed / runs


def test_false_alarms_over_a_year_stay_below_one_in_twenty_though_variance_is_estimated():
    assert rate_of_failures(0.0, 250, 4000, seed=20240102) <= 1 / 20


def test_a_candidate_that_loses_thirty_basis_points_a_day_is_caught():
    assert rate_of_failures(-0.0030, 60, 500, seed=1) > 0.95

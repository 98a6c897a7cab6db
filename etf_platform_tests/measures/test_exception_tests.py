"""Exception tests against the values printed in the specification and published tables."""

import numpy as np
import pytest
from scipy import stats

from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.measures import exception_tests as tests
from etf_platform.measures import shortfall_tests as shortfall
from etf_platform.measures.shortfall_tests import TailLaw


def breaches_at(*places: int, n: int = 250) -> np.ndarray:
    flags = np.zeros(n, dtype=bool)
    flags[list(places)] = True
    return flags


@pytest.mark.parametrize(
    ("breaches", "rate", "expected"),
    [
        (0, 0.01, 5.0252),
        (2, 0.01, 0.1084),
        (4, 0.01, 0.7691),
        (7, 0.01, 5.4970),
        (10, 0.01, 12.9555),
        (13, 0.05, 0.0208),
        (19, 0.05, 3.0905),
        (20, 0.05, 4.0395),
    ],
)
def test_kupiec_values_of_the_specification(breaches: int, rate: float, expected: float) -> None:
    assert tests.kupiec(250, breaches, rate) == pytest.approx(expected, abs=5e-5)


def test_kupiec_does_not_overflow_on_long_histories() -> None:
    """A log of powers would be minus infinity here."""
    assert tests.kupiec(100_000, 1_000, 0.01) == pytest.approx(0.0, abs=1e-9)
    assert np.isfinite(tests.kupiec(100_000, 100_000, 0.01))


def test_transitions_and_independence_of_the_specification() -> None:
    clustered, spread = breaches_at(50, 51, 52, 120, 200), breaches_at(20, 70, 120, 170, 220)

    assert tests.transitions(clustered) == tests.Transitions(241, 3, 3, 2)
    assert tests.independence(clustered) == pytest.approx(9.8947, abs=5e-5)
    assert tests.conditional_coverage(clustered, 0.01) == pytest.approx(11.8515, abs=5e-5)
    assert tests.transitions(spread).n11 == 0
    assert tests.independence(spread) == pytest.approx(0.2049, abs=5e-5)


def test_independence_without_a_breach_is_zero_and_of_breaches_only_too() -> None:
    assert tests.independence(breaches_at()) == 0.0
    assert tests.independence(np.ones(250, dtype=bool)) == 0.0


def test_time_until_first_failure_by_hand() -> None:
    """First breach on session 100 at 1 % is what is expected; on session 1 the ratio is -2 ln p."""
    assert tests.tuff(100, 0.01) == pytest.approx(0.0, abs=1e-12)
    assert tests.tuff(1, 0.01) == pytest.approx(-2.0 * np.log(0.01))
    assert tests.tuff(10, 0.01) == pytest.approx(-2.0 * (np.log(0.01 * 0.99**9) - np.log(0.1 * 0.9**9)))
    assert np.isnan(tests.tuff(None, 0.01))


@pytest.mark.parametrize(("rate", "last_green", "first_red"), [(0.01, 4, 10), (0.025, 10, 17), (0.05, 17, 27)])
def test_lights_of_the_specification(rate: float, last_green: int, first_red: int) -> None:
    lights = [tests.traffic_light(250, x, rate) for x in range(40)]

    assert lights == ["green"] * (last_green + 1) + ["yellow"] * (first_red - last_green - 1) + ["red"] * (
        40 - first_red
    )


def test_a_cluster_is_a_breach_within_five_sessions_of_another() -> None:
    assert tests.clustered(breaches_at(10, 15, 21, 100, 101)).tolist() == [15, 101]
    assert tests.clustered(breaches_at(10, 15, 21), within=6).tolist() == [15, 21]
    assert tests.clustered(breaches_at()).tolist() == []


def test_p_values_and_limits_are_those_of_chi_squared() -> None:
    assert (tests.REJECT_ONE, tests.REJECT_TWO) == (3.841, 5.991)
    assert tests.critical_value() == pytest.approx(tests.REJECT_ONE, abs=5e-4)
    assert tests.critical_value(degrees=2) == pytest.approx(tests.REJECT_TWO, abs=6e-4)
    assert tests.p_value(3.841459) == pytest.approx(0.05, abs=1e-7)
    assert np.isnan(tests.p_value(float("nan")))


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(InsufficientDataError):
        tests.kupiec(0, 0, 0.01)
    with pytest.raises(BadInputError):
        tests.kupiec(250, 251, 0.01)
    with pytest.raises(BadInputError):
        tests.kupiec(250, 3, 99.0)
    with pytest.raises(InsufficientDataError):
        tests.independence([])


def es_example() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Specification 2.9: VaR below every breach, ES 0.03, 250 sessions."""
    returns = np.full(250, 0.001)
    returns[::36] = [-0.035, -0.028, -0.040, -0.031, -0.050, -0.027, -0.033]
    return returns, np.full(250, 0.025), np.full(250, 0.03)


def test_acerbi_szekely_statistics_of_the_specification() -> None:
    returns, var, es = es_example()

    assert shortfall.z2(returns, var, es, 0.025) == pytest.approx(-0.3013, abs=5e-5)
    assert shortfall.z1(returns, var, es) == pytest.approx(-0.1619, abs=5e-5)


def test_without_a_breach_z1_is_undefined_and_z2_is_one() -> None:
    calm = np.full(250, 0.001)

    assert np.isnan(shortfall.z1(calm, np.full(250, 0.02), np.full(250, 0.03)))
    assert shortfall.z2(calm, np.full(250, 0.02), np.full(250, 0.03), 0.025) == 1.0


def test_a_right_model_has_a_z2_of_zero_on_average() -> None:
    null = shortfall.simulated_z2(250, TailLaw(0.025, 5.0), 100_000, seed=1)

    assert null.mean() == pytest.approx(0.0, abs=0.006)


def test_p_values_of_z2_are_shares_of_the_simulated_histories() -> None:
    """About 5 % at the published limit of -0.70, nearly none at -1.8, most above."""
    law = TailLaw(0.025)

    assert shortfall.z2_p_value(-0.70, 250, law) == pytest.approx(0.05, abs=0.006)
    assert shortfall.z2_p_value(-1.8, 250, law) < 0.001
    assert shortfall.z2_p_value(1.0, 250, law) == pytest.approx(1.0)
    assert shortfall.z2_p_value(-0.5, 250, law) == shortfall.z2_p_value(-0.5, 250, law)
    assert np.isnan(shortfall.z2_p_value(float("nan"), 250, law))


@pytest.mark.parametrize("freedom", [3.0, 5.0, 30.0])
def test_the_tail_law_has_the_published_shortfall(freedom: float) -> None:
    """ES of a Student-t law by numerical integration of its quantiles."""
    law = TailLaw(0.025, freedom)
    middles = (np.arange(2_000_000) + 0.5) / 2_000_000 * 0.025

    assert law.var == pytest.approx(-stats.t.ppf(0.025, freedom))
    assert law.es == pytest.approx(-stats.t.ppf(middles, freedom).mean(), rel=1e-3)


def test_breach_sizes_are_the_law_beyond_its_var() -> None:
    """The median breach is the quantile at half the rate; the interpolation costs no more than 1e-5."""
    law = TailLaw(0.01, 4.0)

    sizes = law.breach_sizes(-np.log([1.0, 0.5, 0.001]))

    assert sizes == pytest.approx(-stats.t.ppf([0.01, 0.005, 0.00001], 4.0) / law.es, rel=1e-5)


def test_the_fitting_law_is_found_again() -> None:
    for freedom in (3.0, 6.0, 40.0):
        law = TailLaw(0.01, freedom)

        assert shortfall.fitting_law(0.01, law.es / law.var).freedom == pytest.approx(freedom, rel=1e-6)
    assert shortfall.fitting_law(0.01, 1.0).is_normal
    assert shortfall.fitting_law(0.01, 50.0).freedom == shortfall.HEAVIEST


def test_losses_as_large_as_the_shortfall_are_accepted_and_larger_ones_rejected() -> None:
    returns = np.random.default_rng(3).normal(0.0, 0.01, 2_000)
    sigma, var = np.full(2_000, 0.01), np.full(2_000, 0.0196)

    right = shortfall.mcneil_frey(returns, var, 0.023378 * np.ones(2_000), sigma)
    wrong = shortfall.mcneil_frey(returns, var, 0.0205 * np.ones(2_000), sigma)

    assert right > 0.05
    assert wrong < 0.01


def test_two_breaches_are_too_few_to_resample() -> None:
    returns = np.full(250, 0.001)
    returns[[3, 9]] = -0.05

    assert np.isnan(shortfall.mcneil_frey(returns, np.full(250, 0.02), np.full(250, 0.03), np.full(250, 0.01)))

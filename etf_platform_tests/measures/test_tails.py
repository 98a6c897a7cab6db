"""VaR and ES of one sample against hand tables, scipy, and laws whose tail is known."""

import numpy as np
import pytest
from scipy import stats

from etf_platform.core.errors import BadInputError
from etf_platform.measures import expansion, tails

LEVELS = (0.95, 0.975, 0.99)
ESTIMATORS = {
    "historical": lambda r: tails.historical(r, LEVELS),
    "parametric": lambda r: tails.parametric(r, LEVELS),
    "cornish_fisher": lambda r: tails.cornish_fisher(r, LEVELS),
    "filtered_historical": lambda r: tails.filtered_historical(r, LEVELS, 0.94, tails.standard_uniforms(1, 2, 5_000)),
    "exact filtered": lambda r: tails.filtered_historical(r, LEVELS),
    "evt_pot": lambda r: tails.evt_pot(r, LEVELS),
    "monte_carlo": lambda r: tails.monte_carlo(r, LEVELS, tails.standard_uniforms(1, 3, 10_000)),
}
every = pytest.mark.parametrize("estimate", ESTIMATORS.values(), ids=ESTIMATORS)


def sample(n: int, seed: int = 1, freedom: float = 5.0) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(freedom, n) * 0.01


def test_historical_figures_of_a_table_counted_by_hand() -> None:
    """Of -0.10, -0.09 .. 0.10 (21 returns) the 5 % quantile is the second worst; ES is the mean of the two worst."""
    returns = np.arange(-10, 11) / 100.0

    tail = tails.historical(returns, [0.95])

    assert tail.var[0] == pytest.approx(0.09)
    assert tail.es[0] == pytest.approx(0.095)


def test_historical_es_of_a_year_is_the_mean_of_the_three_worst() -> None:
    """250 returns at 99 %: place 2.49, so the third and fourth worst are interpolated."""
    returns = sample(250)
    worst = sorted(returns)

    tail = tails.historical(returns, [0.99])

    assert tail.var[0] == pytest.approx(-(worst[2] + 0.49 * (worst[3] - worst[2])))
    assert tail.es[0] == pytest.approx(-sum(worst[:3]) / 3)


def test_parametric_figures_are_those_of_the_normal_law() -> None:
    """VaR 99 % = 2.3263 s - m and ES 97.5 % = 2.3378 s - m, from tables of the normal law."""
    returns = np.array([0.01, -0.01] * 50) + 0.002

    tail = tails.parametric(returns, LEVELS)

    assert tail.var[2] == pytest.approx(2.326348 * 0.01 - 0.002, abs=1e-8)
    assert tail.es[1] == pytest.approx(2.337803 * 0.01 - 0.002, abs=1e-8)


def test_cornish_fisher_without_skew_and_excess_is_parametric() -> None:
    """Two values in these proportions have skewness 0 and kurtosis 3."""
    returns = np.array([-np.sqrt(3.0)] + [0.0] * 4 + [np.sqrt(3.0)]) * 0.01

    corrected, plain = tails.cornish_fisher(returns, LEVELS), tails.parametric(returns, LEVELS)

    np.testing.assert_allclose(corrected.var, plain.var, rtol=1e-12)
    np.testing.assert_allclose(corrected.es, plain.es, rtol=1e-12)


def bent(skew: float, excess: float, reach: float) -> bool:
    """Whether the expanded quantile, evaluated point by point, ever falls."""
    z = np.linspace(-reach, reach, 20_001)
    curve = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    return bool((np.diff(curve) < -1e-12).any())


@pytest.mark.parametrize("reach", [2.5, 3.29, 6.0])
def test_the_domain_of_the_expansion_is_where_its_curve_never_falls(reach: float) -> None:
    """A grid of moments, each judged by the points of its own curve."""
    for skew in np.arange(-3.0, 3.01, 0.25):
        for excess in np.arange(-1.05, 15.0, 0.7):
            assert bool(expansion.is_monotone(np.array(skew), np.array(excess), reach)) != bent(skew, excess, reach)


def test_the_domain_without_a_bound_is_that_of_maillard() -> None:
    """Without skewness excess kurtosis from 0 to 8; no kurtosis allows a skewness beyond 6 (sqrt(2) - 1) = 2.485."""
    excess = np.array([-0.01, 0.0, 8.0, 8.01])
    largest = 6.0 * (np.sqrt(2.0) - 1.0)
    many = np.linspace(0.0, 30.0, 300_001)

    assert expansion.is_monotone(np.zeros(4), excess, np.inf).tolist() == [False, True, True, False]
    assert expansion.is_monotone(np.full(many.shape, largest - 0.001), many, np.inf).any()
    assert not expansion.is_monotone(np.full(many.shape, largest + 0.001), many, np.inf).any()


def test_cornish_fisher_outside_its_domain_forecasts_nothing() -> None:
    """One session of +30 % in a quiet year: the formula promises a 95 % VaR below 0, a gain; a forecast is refused."""
    calm, leap = sample(250), sample(250)
    leap[100] = 0.30

    published = tails.cornish_fisher(np.stack([calm, leap]), LEVELS)
    kept = tails.cornish_fisher(np.stack([calm, leap]), LEVELS, within_domain=True)

    assert published.var[1, 0] < 0.0
    assert np.isnan(kept.var[1]).all() and np.isnan(kept.es[1]).all()
    np.testing.assert_array_equal(kept.var[0], published.var[0])
    np.testing.assert_array_equal(kept.es[0], published.es[0])


def test_filtered_figures_follow_a_slow_loop() -> None:
    """Scaled returns and tomorrow's volatility by a plain loop, quantile by numpy."""
    returns = sample(250)
    variance, scaled = float(np.mean(returns**2)), []
    for value in returns:
        scaled.append(value / np.sqrt(variance))
        variance = 0.94 * variance + 0.06 * value**2
    expected = -np.quantile(scaled, 1 - np.array(LEVELS)) * np.sqrt(variance)

    tail = tails.filtered_historical(returns, LEVELS)

    np.testing.assert_allclose(tail.var, expected, rtol=1e-12)
    assert tail.sigma == pytest.approx(np.sqrt(variance))


def test_draws_stay_between_the_neighbours_of_the_exact_filtered_quantile() -> None:
    """Many draws of 250 scaled returns settle on one of the two that the exact figure interpolates."""
    returns = sample(250)
    exact = tails.filtered_historical(returns, LEVELS).var
    low = tails.filtered_historical(returns, [0.995, 0.985, 0.96]).var
    high = tails.filtered_historical(returns, [0.985, 0.97, 0.94]).var

    drawn = tails.filtered_historical(returns, LEVELS, 0.94, tails.standard_uniforms(5, 2, 200_000))

    assert (drawn.var[::-1] <= low).all()
    assert (drawn.var[::-1] >= high).all()
    np.testing.assert_allclose(drawn.var, exact, rtol=0.05)


def test_filtered_volatility_rises_after_a_shock_and_the_historical_one_hardly() -> None:
    """A fall of 5 % on the last day moves tomorrow's filtered VaR."""
    calm = sample(250, freedom=30.0)
    shocked = np.append(calm[1:], -0.05)

    rise = tails.filtered_historical(shocked, [0.95]).var / tails.filtered_historical(calm, [0.95]).var

    assert rise[0] > 1.3
    assert (tails.historical(shocked, [0.95]).var / tails.historical(calm, [0.95]).var)[0] < 1.1


def test_extreme_value_figures_find_the_tail_of_a_known_law() -> None:
    """100,000 returns of a Student-t law with 4 degrees: VaR and ES of its tables within 3 %."""
    returns = sample(100_000, freedom=4.0)
    var = -stats.t.ppf(0.01, 4) * 0.01
    es = stats.t.pdf(var * 100, 4) / 0.01 * (4 + (var * 100) ** 2) / 3 * 0.01

    tail = tails.evt_pot(returns, [0.99])

    assert tail.var[0] == pytest.approx(var, rel=0.03)
    assert tail.es[0] == pytest.approx(es, rel=0.03)


def test_extreme_value_figures_agree_with_a_maximum_likelihood_fit() -> None:
    """Another fit of the same law to the same 400 losses gives nearly the same VaR."""
    returns = sample(4_000)
    losses = -returns
    threshold = np.quantile(losses, 0.90)
    shape, _, scale = stats.genpareto.fit(losses[losses > threshold] - threshold, floc=0.0)
    expected = threshold + scale / shape * (0.1 ** (-shape) - 1.0)

    assert tails.evt_pot(returns, [0.99]).var[0] == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    ("n", "level", "quantile"), [(49, 0.99, 0.5), (150, 0.99, 0.90), (250, 0.90, 0.90), (250, 0.85, 0.90)]
)
def test_extreme_value_figures_are_undefined_with_too_little(n: int, level: float, quantile: float) -> None:
    """Below 50 returns, below 20 losses beyond the threshold, or at a level that the threshold does not reach."""
    tail = tails.evt_pot(sample(n), [level], quantile)

    assert np.isnan([tail.var[0], tail.es[0]]).all()


def test_monte_carlo_finds_the_tail_of_a_known_law() -> None:
    """Moments of a large sample of a Student-t law with 8 degrees lead back to its VaR."""
    returns = stats.t.ppf((np.arange(200_000) + 0.5) / 200_000, 8) * 0.01

    tail = tails.monte_carlo(returns, [0.99], tails.standard_uniforms(1, 3, 400_000))

    assert tail.var[0] == pytest.approx(-stats.t.ppf(0.01, 8) * 0.01, rel=0.03)


def test_monte_carlo_without_heavy_tails_is_normal() -> None:
    """Returns of two values have less than normal kurtosis."""
    returns = np.array([0.01, -0.01] * 125)

    tail = tails.monte_carlo(returns, [0.99], tails.standard_uniforms(1, 3, 400_000))

    assert tail.var[0] == pytest.approx(0.0232635, rel=0.02)


@every
def test_a_window_alone_has_the_bits_it_has_among_many(estimate) -> None:
    """One row, one row of a matrix, and a row among 700 are the same to the last bit."""
    windows = np.lib.stride_tricks.sliding_window_view(sample(949), 250)
    many = estimate(windows)

    for row in (0, 1, 350, 699):
        for alone in (estimate(windows[row]), estimate(windows[row : row + 1])):
            for name in ("var", "es", "sigma"):
                assert np.array_equal(np.ravel(getattr(alone, name)), np.ravel(getattr(many, name)[row]))


@every
def test_figures_scale_with_the_returns(estimate) -> None:
    """Twice the returns are twice the risk."""
    returns = sample(250)

    once, twice = estimate(returns), estimate(2.0 * returns)

    np.testing.assert_allclose(twice.var, 2.0 * once.var, rtol=1e-9)
    np.testing.assert_allclose(twice.es, 2.0 * once.es, rtol=1e-9)


@every
def test_var_grows_with_the_level_and_es_is_not_below_it(estimate) -> None:
    """VaR is positive and ascends with the level, and ES is never the smaller."""
    tail = estimate(sample(250))

    assert (tail.var > 0).all()
    assert (np.diff(tail.var) > 0).all()
    assert (tail.es >= tail.var).all()


@every
def test_constant_returns_have_no_risk_and_no_crash(estimate) -> None:
    """A money fund that never moves: every figure is 0 or undefined."""
    tail = estimate(np.zeros(250))

    assert np.isin(np.nan_to_num(tail.var), [0.0]).all()
    assert np.isin(np.nan_to_num(tail.es), [0.0]).all()


@every
@pytest.mark.parametrize("bad", [np.array([0.01]), np.array([0.01, np.nan, 0.0]), np.array([0.01, np.inf])])
def test_gaps_are_refused_not_skipped(estimate, bad: np.ndarray) -> None:
    """What a gap means is for the caller to say."""
    with pytest.raises(BadInputError, match="not finite"):
        estimate(bad)


@pytest.mark.parametrize("levels", [[], [0.05], [1.0], [99.0]])
def test_levels_are_confidence_levels(levels: list[float]) -> None:
    """0.99, neither 0.01 nor 99."""
    with pytest.raises(BadInputError, match="confidence levels"):
        tails.historical(sample(100), levels)


def test_draws_do_not_depend_on_what_was_drawn_before() -> None:
    """Keyed by seed and stream, and ascending."""
    first = tails.standard_uniforms(1, 2, 100)
    tails.standard_uniforms(9, 9, 1_000)

    assert np.array_equal(first, tails.standard_uniforms(1, 2, 100))
    assert not np.array_equal(first, tails.standard_uniforms(1, 3, 100))
    assert (np.diff(first) >= 0).all()

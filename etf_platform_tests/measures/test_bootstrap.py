"""Bootstrap by day, score interval, square-root impact: against slow loops and published numbers."""

import numpy as np
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.measures.bootstrap import mean_interval_by_day
from etf_platform.measures.proportions import wilson_interval
from etf_platform.measures.trading_costs import square_root_impact, trailing_mean, trailing_volatility


def _sample(days=60, each=5, seed=3, common=0.02):
    """Observations whose days have something in common."""
    rng = np.random.default_rng(seed)
    stamps = np.repeat(np.arange(days), each)
    return rng.normal(0, common, days)[stamps] + rng.normal(0, 0.005, stamps.size), stamps


def test_the_interval_is_as_wide_as_the_days_vary():
    """Close to mean +- 1.96 standard errors of the day means, and far wider than if trades were independent."""
    values, days = _sample()
    means = values.reshape(60, 5).mean(axis=1)

    low, high = mean_interval_by_day(values, days, 4000, seed=1)
    half = 1.96 * means.std(ddof=1) / np.sqrt(60)
    assert (low, high) == pytest.approx((means.mean() - half, means.mean() + half), abs=0.15 * half)
    assert high - low > 3.0 * 1.96 * values.std() / np.sqrt(values.size) * 0.6


def test_it_covers_the_truth_about_as_often_as_it_says():
    hits = 0
    for seed in range(200):
        low, high = mean_interval_by_day(*_sample(seed=seed, days=40), 400, seed=seed)
        hits += low <= 0.0 <= high

    assert 0.88 <= hits / 200 <= 0.98


def test_blocks_of_neighbouring_days_see_what_they_share():
    """Ten days in a row share one shock: days taken alone pretend to know ten times as much."""
    rng = np.random.default_rng(4)
    values = np.repeat(rng.normal(0, 0.02, 30), 10)

    alone = mean_interval_by_day(values, np.arange(300), 2000, seed=1)
    blocks = mean_interval_by_day(values, np.arange(300), 2000, seed=1, block=10)
    assert (blocks[1] - blocks[0]) > 2.0 * (alone[1] - alone[0])


def test_the_same_seed_gives_the_same_interval_and_nan_count_for_nothing():
    values, days = _sample()
    padded = np.r_[values, [np.nan] * 3], np.r_[days, [0, 1, 99]]

    assert mean_interval_by_day(values, days, 500, seed=9) == mean_interval_by_day(*padded, 500, seed=9)
    assert mean_interval_by_day(values, days, 500, seed=9) != mean_interval_by_day(values, days, 500, seed=8)


@pytest.mark.parametrize(("values", "days"), [([], []), ([0.1], [1]), ([0.1, 0.2], [1, 1]), ([0.1, np.nan], [1, 2])])
def test_one_day_has_no_interval(values, days):
    assert np.isnan(mean_interval_by_day(values, days, 100, seed=1)).all()


def test_no_draws_are_refused():
    with pytest.raises(BadInputError):
        mean_interval_by_day([0.1, 0.2], [1, 2], 0, seed=1)


@pytest.mark.parametrize(
    ("wins", "n", "expected"),
    [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718))],
)
def test_the_score_interval_is_newcombes_table(wins, n, expected):
    """Newcombe (1998), Two-sided confidence intervals for the single proportion, table I, method 3."""
    assert wilson_interval(wins, n) == pytest.approx(expected, abs=6e-5)


def test_impact_grows_with_the_root_of_the_order():
    """2 % a day and 1 % of the turnover: 20 bps; four times the order, twice the impact."""
    assert square_root_impact(0.02, 1e6, 1e8) == pytest.approx(0.0020)
    assert square_root_impact(0.02, 4e6, 1e8) == pytest.approx(0.0040)
    assert np.isnan(square_root_impact([0.02, np.nan], 1e6, [0.0, 1e8])).all()


def test_trailing_figures_read_their_window_alone():
    values = np.arange(30.0) ** 2

    assert np.isnan(trailing_mean(values)[:19]).all()
    assert trailing_mean(values)[25] == np.mean(values[6:26])
    assert trailing_volatility(values)[25] == np.std(values[6:26], ddof=1)
    np.testing.assert_array_equal(trailing_volatility(values[5:])[20:], trailing_volatility(values)[25:])

"""Downside, drawdown, relative and trade measures and moments: by hand, and against independent formulas."""

import math

import numpy as np
import pytest
import scipy.stats

from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.measures import downside, drawdowns, moments, performance, ratios, relative, trades

RETURNS = np.array([0.10, -0.10, 0.05, -0.20, 0.40])
SKEWED = np.random.default_rng(5).gamma(2.0, 0.01, 500) - 0.018


def test_one_sided_moments_by_hand():
    assert downside.lower_partial_moment(RETURNS) == pytest.approx(0.30 / 5)
    assert downside.upper_partial_moment(RETURNS, 0.05) == pytest.approx((0.05 + 0.35) / 5)
    assert downside.downside_deviation(RETURNS) == pytest.approx(math.sqrt(0.05 / 5))
    assert downside.semi_deviation([0.1, -0.1, 0.3, -0.3]) == pytest.approx(math.sqrt(0.1 / 4))
    assert downside.upside_potential(RETURNS) == pytest.approx((0.55 / 5) / math.sqrt(0.05 / 5))


def test_reward_over_downside_by_hand():
    assert ratios.sortino(RETURNS) == pytest.approx(0.05 / 0.1)
    assert ratios.omega(RETURNS) == pytest.approx(0.55 / 0.30)
    assert ratios.calmar(0.10, -0.25) == pytest.approx(0.4)
    assert ratios.reward_to_tail(RETURNS, 0.20, 0.01) == pytest.approx(0.2)


def test_missing_returns_are_ignored():
    assert ratios.omega([*RETURNS, np.nan]) == ratios.omega(RETURNS)


def test_without_risk_a_ratio_is_not_defined():
    gains = [0.01, 0.02, 0.03]

    assert all(math.isnan(f(gains)) for f in (ratios.sortino, ratios.omega, ratios.burke, ratios.martin, ratios.pain))
    assert math.isnan(downside.upside_potential(gains)) and math.isnan(ratios.calmar(0.1, 0.0))


def test_every_drawdown_by_hand():
    """100 to 120, down to 90, up to 130, down to 117, up to 130, and still 10 % below at the end."""
    values = [100.0, 120.0, 108.0, 90.0, 110.0, 130.0, 117.0, 130.0, 123.5]

    table = drawdowns.drawdown_table(values)

    assert [(d.peak, d.trough, d.end, d.length) for d in table] == [(1, 3, 5, 4.0), (5, 6, 7, 2.0), (7, 8, -1, 1.0)]
    assert [d.depth for d in table] == pytest.approx([-0.25, -0.10, -0.05])
    assert [d.recovery for d in table[:2]] == [2.0, 1.0]
    assert math.isnan(table[2].recovery)
    assert drawdowns.deepest(values) == table[0]
    assert drawdowns.deepest([1.0, 2.0, 3.0]) is None


def test_a_fall_of_the_first_value_counts():
    assert drawdowns.drawdown_table([1.0, 0.9, 1.0])[0].peak == 0


def test_indices_over_all_drawdowns_by_hand():
    """Account 1, 1.1, 0.99, 1.1: distances 0, 0, -0.1, 0."""
    values, returns = [1.0, 1.1, 0.99, 1.1], np.array([0.1, -0.1, 1 / 9])
    annual = 1.1 ** (12 / 3) - 1

    assert drawdowns.ulcer_index(values) == pytest.approx(0.1 / math.sqrt(3))
    assert drawdowns.pain_index(values) == pytest.approx(0.1 / 3)
    assert ratios.martin(returns, 0.02, 12) == pytest.approx((annual - 0.02) / (0.1 / math.sqrt(3)))
    assert ratios.pain(returns, 0.0, 12) == pytest.approx(annual / (0.1 / 3))
    assert ratios.burke(returns, 0.0, 12) == pytest.approx(annual / 0.1)
    assert ratios.sterling(returns, 0.1, 12) == pytest.approx(annual / 0.2)


def test_annual_figures_by_hand():
    assert performance.annualised_return([0.1, 0.1], 4) == pytest.approx(1.1**4 - 1)
    assert performance.annualised_return([0.1, np.nan, 0.3], 4, geometric=False) == pytest.approx(0.8)
    assert math.isnan(performance.annualised_return([0.1, -1.0]))
    assert performance.annualised_volatility([0.1, 0.3], 4) == pytest.approx(math.sqrt(0.02) * 2)


@pytest.mark.parametrize(("variant", "bias"), [("population", True), ("sample", False)])
def test_moments_are_those_of_scipy(variant, bias):
    assert moments.skewness(SKEWED, variant) == pytest.approx(scipy.stats.skew(SKEWED, bias=bias))
    assert moments.kurtosis(SKEWED, variant, True) == pytest.approx(scipy.stats.kurtosis(SKEWED, bias=bias))
    assert moments.kurtosis(SKEWED, variant) == pytest.approx(scipy.stats.kurtosis(SKEWED, bias=bias) + 3.0)


def test_constant_returns_have_no_shape():
    assert math.isnan(moments.skewness([0.01] * 5)) and math.isnan(moments.kurtosis([0.01] * 5))


def test_regression_on_a_benchmark_is_that_of_scipy():
    market = np.random.default_rng(1).normal(0.0, 0.01, 200)
    fund = 0.001 + 1.3 * market + np.random.default_rng(2).normal(0.0, 0.002, 200)
    line = scipy.stats.linregress(market - 0.0001, fund - 0.0001)

    assert relative.beta(fund, market, 0.0001) == pytest.approx(line.slope)
    assert relative.alpha(fund, market, 0.0001) == pytest.approx(line.intercept)
    assert relative.correlation(fund, market) == pytest.approx(line.rvalue)


def test_capture_by_hand():
    fund, market = [0.02, -0.03, 0.04, 0.00], [0.04, -0.03, 0.04, -0.01]

    assert relative.capture(fund, market) == pytest.approx(0.03 / 0.04)
    assert relative.capture(fund, market, upside=False) == pytest.approx(0.015 / 0.02)
    assert math.isnan(relative.capture(fund, [0.01] * 4, upside=False))


def test_series_of_other_lengths_and_too_few_common_periods_are_refused():
    with pytest.raises(BadInputError, match="3 returns and 2 of the benchmark"):
        relative.beta([0.1, 0.2, 0.3], [0.1, 0.2])
    with pytest.raises(InsufficientDataError, match="only 1"):
        relative.tracking_error([0.1, np.nan], [0.1, 0.2])


def test_figures_of_trades_by_hand():
    net = [0.10, -0.05, 0.02, 0.0, np.nan]

    assert trades.win_rate(net) == 0.5
    assert trades.profit_factor(net) == pytest.approx(2.4)
    assert trades.payoff_ratio(net) == pytest.approx(1.2)
    assert all(math.isnan(f([])) for f in (trades.win_rate, trades.profit_factor, trades.payoff_ratio))


@pytest.mark.parametrize(("function", "least"), [(moments.skewness, 3), (moments.kurtosis, 4), (ratios.omega, 1)])
def test_too_few_returns_are_refused(function, least):
    with pytest.raises(InsufficientDataError, match=f"only {least - 1} "):
        function([0.1] * (least - 1))

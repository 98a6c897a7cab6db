"""What an account did: against hand tables and the published figures of PerformanceAnalytics."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.measures import performance


@pytest.fixture(scope="module")
def published(shared):
    """(managers' monthly returns, case id -> expected values) of PerformanceAnalytics."""
    cases = json.loads(shared("golden/11_perf_performanceanalytics.json").read_text())["cases"]
    managers = pd.read_csv(shared("golden/11_perf_managers.csv"), index_col="date")
    return managers, {case["id"]: case["expected"] for case in cases}


def truncated(value: float) -> float:
    """Cut to four decimals, as the published values are printed."""
    return math.trunc(value * 1e4 + 1e-9) / 1e4


def test_sharpe_with_a_constant_rate_is_the_published_one(published):
    managers, expected = published

    for name, value in expected["managers_Sharpe_StdDev_Rf_const"].items():
        assert truncated(performance.sharpe(managers[name], 0.035 / 12, periods=1)) == pytest.approx(value)


def test_sharpe_of_excess_returns_is_the_published_one(published):
    managers, expected = published

    for name, value in expected["managers_Sharpe_StdDev_Rf_series"].items():
        excess = managers[name] - managers["US 3m TR"]
        assert truncated(performance.sharpe(excess, 0.0, periods=1)) == pytest.approx(value)


def test_annual_sharpe_is_the_published_one(published):
    managers, expected = published

    for name, value in expected["managers_SharpeAnnualized_const"].items():
        assert truncated(performance.sharpe(managers[name], 0.035, periods=12)) == pytest.approx(value)


def test_drawdown_is_the_published_one_and_negative(published):
    managers, expected = published

    for name, value in expected["managers_maxDrawdown"].items():
        account = np.append(1.0, (1.0 + managers[name].dropna()).cumprod())
        assert performance.max_drawdown(account) == pytest.approx(-value, abs=5.1e-5)


def test_annual_return_counts_calendar_days_over_365_25():
    dates = np.array(["2023-01-01", "2023-06-30", "2027-01-01"], dtype="datetime64[D]")

    assert performance.years(dates) == 1461 / 365.25 == 4.0
    assert performance.annual_return([100.0, 50.0, 146.41], dates) == pytest.approx(0.1, abs=1e-12)
    assert performance.total_return([100.0, 50.0, 146.41]) == pytest.approx(0.4641)


def test_an_account_that_lost_everything_has_no_annual_return():
    dates = np.array(["2023-01-01", "2024-01-01"], dtype="datetime64[D]")

    assert math.isnan(performance.annual_return([100.0, 0.0], dates))


@pytest.fixture
def account():
    """Seven values over three months: January from the 3rd, February, and March up to the 4th."""
    dates = pd.to_datetime(["2024-01-03", "2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01", "2024-03-04"])
    return np.array([100.0, 110.0, 105.0, 99.0, 120.0, 118.8]), dates


def test_only_complete_months_count_unless_asked(account):
    values, dates = account

    complete, every = performance.monthly_returns(values, dates), performance.monthly_returns(values, dates, False)

    assert complete.to_dict() == {"2024-02": pytest.approx(-0.1)}
    assert every.to_dict() == {
        "2024-01": pytest.approx(0.1),
        "2024-02": pytest.approx(-0.1),
        "2024-03": pytest.approx(0.2),
    }


def test_the_last_month_is_complete_when_the_next_session_lies_beyond_it(account):
    values, dates = account

    assert "2024-03" in performance.monthly_returns(values, dates, next_session="2024-04-01")
    assert "2024-03" not in performance.monthly_returns(values, dates, next_session=pd.Timestamp("2024-03-05"))


def test_an_account_that_starts_on_a_month_end_has_no_return_for_that_month():
    dates = pd.to_datetime(["2024-01-31", "2024-02-29", "2024-03-01"])

    assert list(performance.monthly_returns([1.0, 2.0, 3.0], dates, complete_only=False).index) == [
        "2024-02",
        "2024-03",
    ]
    assert list(performance.monthly_returns([1.0, 2.0, 3.0], dates).index) == ["2024-02"]


@pytest.mark.parametrize(("won", "of", "rate"), [(11, 21, 0.5238), (17, 21, 0.8095), (14, 21, 0.6667)])
def test_month_win_rates_of_the_original(won, of, rate):
    months = [0.01] * won + [-0.01] * (of - won - 1) + [0.0]

    assert performance.monthly_win_rate(months) == pytest.approx(rate, abs=5e-5)


def test_turnover_and_cost_are_per_year():
    assert performance.annual_turnover([0.5, 0.0, 1.0], 0.5) == 3.0
    assert performance.cost_drag([125.0, 125.0], [100_000.0, 99_750.0], 2.0) == pytest.approx(250 / 99_875 / 2)
    assert math.isnan(performance.annual_turnover([1.0], 0.0))
    assert math.isnan(performance.monthly_win_rate([]))


def test_returns_that_do_not_vary_have_no_sharpe():
    assert math.isnan(performance.sharpe([0.001] * 50))


def test_missing_values_and_too_few_values_are_refused():
    with pytest.raises(BadInputError, match="NaN"):
        performance.max_drawdown([1.0, float("nan")])
    with pytest.raises(InsufficientDataError, match="only 1"):
        performance.total_return([1.0])

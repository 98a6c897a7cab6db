"""What a fund's share is worth: feed first, else NAV and the returns of the holdings."""

import pandas as pd
import pytest

from etf_platform.arbitrage.iopv import Worth, benchmarks, estimate, premium, returns_of, worth

WEIGHTS = {"600519.SH": 0.10, "300750.SZ": 0.05, "601318.SH": 0.15}


def test_an_estimate_moves_the_nav_by_its_holdings_and_the_rest_by_the_benchmark():
    found = estimate(2.0, WEIGHTS, {"600519.SH": 0.10, "300750.SZ": -0.02}, 0.01)

    assert found.price == pytest.approx(2.0 * (1 + 0.10 * 0.10 - 0.05 * 0.02 + 0.85 * 0.01))
    assert (found.is_estimated, found.missing) == (True, ())
    assert found.covered == pytest.approx(0.15)


def test_holdings_that_cover_the_whole_fund_need_no_benchmark():
    found = estimate(1.0, {"A": 0.4, "B": 0.6}, {"A": 0.1, "B": 0.0}, None)

    assert found.price == pytest.approx(1.04)


def test_weights_beyond_one_leave_nothing_to_the_benchmark():
    assert estimate(1.0, {"A": 1.02}, {"A": 0.1}, -0.5).price == pytest.approx(1.102)


@pytest.mark.parametrize(
    ("nav", "benchmark", "missing"),
    [(None, 0.01, ("nav",)), (2.0, None, ("benchmark",)), (0.0, 0.01, ("nav",)), (None, None, ("nav", "benchmark"))],
)
def test_an_estimate_names_what_it_lacks_instead_of_taking_it_for_zero(nav, benchmark, missing):
    found = estimate(nav, WEIGHTS, {"600519.SH": 0.10}, benchmark)

    assert (found.price, found.missing) == (None, missing)


def test_the_feed_comes_first_and_its_zero_is_unknown():
    own = Worth(1.9, True, 0.5)

    assert worth(2.0, own) == Worth(2.0)
    assert worth(0.0, own) is worth(None, own) is worth(float("nan"), own) is own


@pytest.mark.parametrize(
    ("price", "value", "answer"),
    [
        (1.01, 1.0, 0.01),
        (0.99, 1.0, -0.01),
        (None, 1.0, None),
        (1.0, None, None),
        (1.0, 0.0, None),
        (0.0, 1.0, None),
        (float("nan"), 1.0, None),
        (1.0, float("nan"), None),
    ],
)
def test_a_premium_is_a_fraction_and_unknown_where_a_side_is(price, value, answer):
    assert premium(price, value) == (answer if answer is None else pytest.approx(answer))


def test_returns_take_sealed_stocks_at_their_limit_and_leave_unknown_ones_out():
    states = pd.DataFrame(
        {
            "symbol": ["600519.SH", "300750.SZ", "601318.SH", "600036.SH"],
            "close": [1437.09, 110.0, None, 40.0],
            "prev_close": [1306.45, 100.0, 50.0, 0.0],
            "limit_up": [1437.10, 120.0, 55.0, None],
            "sealed": pd.array([True, None, False, None], dtype="boolean"),
        }
    )

    found = returns_of(states)

    assert found == pytest.approx({"600519.SH": 1437.10 / 1306.45 - 1.0, "300750.SZ": 0.10})


def test_the_market_of_a_fund_is_the_first_broad_fund_that_traded_and_is_another():
    quotes = pd.DataFrame(
        {
            "symbol": ["BROAD", "NEXT", "HALTED"],
            "last": [4.04, 1.98, 5.0],
            "prev_close": [4.0, 2.0, 5.0],
            "is_traded": [True, True, False],
        }
    )

    found = benchmarks(quotes, ["HALTED", "ABSENT", "BROAD", "NEXT"], ["SMALL", "BROAD"])

    assert {fund: name for fund, (name, _) in found.items()} == {"SMALL": "BROAD", "BROAD": "NEXT"}
    assert [round(value, 9) for _, value in found.values()] == [0.01, -0.01]
    assert benchmarks(quotes, ["BROAD"], ["BROAD"]) == {}

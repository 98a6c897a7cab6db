"""Price limits on whole ticks against decimal arithmetic and published examples."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from etf_platform.core.ticks import limit_price, to_ticks


def decimal_limit(prev_close, rate, tick, sign):
    """The rule in decimal arithmetic."""
    exact = Decimal(prev_close) * (1 + sign * Decimal(rate))
    return float((exact / Decimal(tick)).quantize(Decimal(1), ROUND_HALF_UP) * Decimal(tick))


@pytest.mark.parametrize(
    ("prev_close", "rate", "limit"), [(4.709, 0.10, 5.180), (3.514, 0.20, 4.217), (1.005, 0.10, 1.106)]
)
def test_limit_up_agrees_with_published_examples(prev_close, rate, limit):
    assert limit_price(prev_close, rate) == limit


@pytest.mark.parametrize("rate", ["0.05", "0.1", "0.2", "0.3"])
@pytest.mark.parametrize(("side", "sign"), [("up", 1), ("down", -1)])
def test_every_price_up_to_six_yuan_agrees_with_decimal_arithmetic(rate, side, sign):
    prices = [f"{ticks / 1000:.3f}" for ticks in range(1, 6000)]

    limits = limit_price(np.array(prices, float), float(rate), side=side)
    assert limits.tolist() == [decimal_limit(p, rate, "0.001", sign) for p in prices]


def test_shares_have_a_tick_of_one_cent():
    prices = [f"{ticks / 100:.2f}" for ticks in range(1, 3000)]

    limits = limit_price(np.array(prices, float), 0.05, tick=0.01)
    assert limits.tolist() == [decimal_limit(p, "0.05", "0.01", 1) for p in prices]


def test_rates_are_broadcast_per_fund():
    limits = limit_price(np.array([[1.0, 1.0], [2.0, np.nan]]), np.array([0.1, 0.2]))

    np.testing.assert_array_equal(limits, [[1.1, 1.2], [2.2, np.nan]])


def test_an_unknown_price_has_no_limit():
    assert np.isnan(limit_price(np.nan, 0.1))
    assert np.isnan(limit_price(1.0, np.nan))


def test_equal_prices_are_equal_ticks_however_they_were_computed():
    assert to_ticks(0.1 + 0.2) == to_ticks(0.3) == 300

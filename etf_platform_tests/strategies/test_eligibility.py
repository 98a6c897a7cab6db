"""Every rule of eligibility on a hand table: one fund that passes and one that fails it, with the reason."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.models import Eligibility, Quality
from etf_platform.core.errors import BadInputError
from etf_platform.strategies.eligibility import Traded, judge, limit_rates

SESSIONS = 40
QUALITY = Quality(min_trading_days=30, min_liquidity=1_000_000, max_missing_rate=0.05)
RULES = Eligibility()
GOOD, BAD = 0, 1


@pytest.fixture
def bars():
    """Two spotless funds."""
    matrix = np.ones((SESSIONS, 2))
    return {
        "open": 2.0 * matrix, "high": 2.1 * matrix, "low": 1.9 * matrix, "close": 2.0 * matrix,
        "volume": 1e6 * matrix, "amount": 2e6 * matrix, "prev_close": 2.0 * matrix, "adj_factor": matrix.copy(),
    }  # fmt: skip


@pytest.fixture
def factors():
    return np.ones((10, SESSIONS, 2))


def last_row(bars, factors, quality=QUALITY):
    eligible, reasons = judge(Traded(**bars), factors, np.array([0.1, 0.1]), quality, RULES)
    assert eligible[-1, GOOD]
    assert reasons[-1, GOOD] == ""
    return bool(eligible[-1, BAD]), reasons[-1, BAD]


def remove_bars(bars, rows):
    for matrix in bars.values():
        matrix[rows, BAD] = np.nan


def test_a_spotless_fund_is_eligible(bars, factors):
    assert last_row(bars, factors) == (True, "")


def test_a_halted_fund_is_not(bars, factors):
    remove_bars(bars, [-1])

    assert last_row(bars, factors) == (False, "not traded, volume 0")


def test_a_bar_without_volume_is_not_traded(bars, factors):
    bars["volume"][-1, BAD] = 0.0

    assert last_row(bars, factors) == (False, "not traded, volume 0")


@pytest.mark.parametrize(("missing", "expected"), [(10, (True, "")), (11, (False, "29 bars, fewer than 30"))])
def test_a_young_fund_waits_for_its_bars(bars, factors, missing, expected):
    remove_bars(bars, slice(0, missing))

    assert last_row(bars, factors) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ([5, 6], (True, "")),
        ([5, 6, 7], (False, "7.5% of sessions missing since the first bar, more than 5.0%")),
    ],
)
def test_too_many_halts_since_the_first_bar(bars, factors, missing, expected):
    remove_bars(bars, missing)

    assert last_row(bars, factors) == expected


def test_the_missing_rate_counts_from_the_first_bar_of_the_fund(bars, factors):
    """Ten sessions before the listing are not missing."""
    remove_bars(bars, slice(0, 10))

    assert last_row(bars, factors) == (True, "")


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (1_000_000.0, (True, "")),
        (999_000.0, (False, "mean turnover of 20 sessions 999,000 CNY, below 1,000,000")),
    ],
)
def test_liquidity_is_the_mean_of_twenty_sessions(bars, factors, amount, expected):
    bars["amount"][-20:, BAD] = amount

    assert last_row(bars, factors) == expected


def test_a_session_without_a_bar_has_no_turnover(bars, factors):
    """19 sessions of 1,040,000 in 20 make 988,000."""
    bars["amount"][:, BAD] = 1_040_000.0
    remove_bars(bars, [-5])

    assert last_row(bars, factors) == (False, "mean turnover of 20 sessions 988,000 CNY, below 1,000,000")


@pytest.mark.parametrize(("fields", "ok"), [(20, True), (21, False)])
def test_ohlcv_may_miss_a_fifth_of_the_window(bars, factors, fields, ok):
    for position in range(fields):
        bars[("open", "high", "low")[position % 3]][-2 - position // 3, BAD] = np.nan

    reason = "" if ok else "21% of OHLCV missing in 20 sessions, more than 20%"
    assert last_row(bars, factors) == (ok, reason)


@pytest.mark.parametrize(("empty_days", "ok"), [(6, True), (7, False)])
def test_factors_may_miss_three_tenths_of_the_window(bars, factors, empty_days, ok):
    factors[:, -1 - empty_days : -1, BAD] = np.nan

    reason = "" if ok else "35% of factor values missing in 20 sessions, more than 30%"
    assert last_row(bars, factors) == (ok, reason)


@pytest.mark.parametrize(("present", "ok"), [(6, True), (5, False)])
def test_six_tenths_of_the_factors_must_be_there_on_the_day(bars, factors, present, ok):
    factors[present:, -1, BAD] = np.nan

    assert last_row(bars, factors) == (ok, "" if ok else "5 of 10 factors present, less than 60%")


@pytest.mark.parametrize(
    ("prev_close", "close", "ok"),
    [(4.709, 5.179, True), (4.709, 5.180, False), (1.005, 1.105, True), (1.005, 1.106, False)],
)
def test_a_fund_that_closed_at_limit_up_is_not_bought(bars, factors, prev_close, close, ok):
    """4.709 at 10 % is 5.180 and 1.005 is 1.106, half up."""
    bars["prev_close"][-1, BAD], bars["close"][-1, BAD] = prev_close, close

    assert last_row(bars, factors) == (ok, "" if ok else f"closed at limit-up {close:.3f}")


def test_without_a_reference_price_there_is_no_limit(bars, factors):
    bars["prev_close"][-1, BAD] = np.nan

    assert last_row(bars, factors) == (True, "")


def test_the_first_failing_rule_gives_the_reason(bars, factors):
    remove_bars(bars, slice(0, 15))
    bars["amount"][:, BAD] = 1.0
    factors[:, :, BAD] = np.nan

    assert last_row(bars, factors) == (False, "25 bars, fewer than 30")


def test_a_fund_without_a_known_limit_is_refused():
    bars = pd.DataFrame({"date": [], "symbol": []})

    with pytest.raises(BadInputError, match=r"none is known for 159915\.SZ"):
        limit_rates(bars, pd.DatetimeIndex([]), pd.Index(["159915.SZ"]), {"510300.SH": 0.1})


def test_the_limit_of_the_row_goes_before_the_limit_of_the_fund():
    rows, symbols = pd.DatetimeIndex(["2020-08-21", "2020-08-24"]), pd.Index(["159915.SZ"])
    bars = pd.DataFrame({"date": rows, "symbol": "159915.SZ", "limit_rate": [0.1, 0.2]})

    assert limit_rates(bars, rows, symbols, {"159915.SZ": 0.2})[:, 0].tolist() == [0.1, 0.2]

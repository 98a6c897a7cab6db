"""A recorded sealed board and recorded fund quotes, from the feed's bytes to the signal."""

import datetime as dt

import pandas as pd
import pytest

from etf_platform.arbitrage.episodes import advance
from etf_platform.arbitrage.holdings import known_on
from etf_platform.arbitrage.iopv import premium
from etf_platform.arbitrage.signals import Market, signals_of
from etf_platform.arbitrage.states import states_of_quotes
from etf_platform.core.config.arbitrage import ArbitrageConfig
from etf_platform.market.limits import stock_limits
from etf_platform_tests.resources.live_cases import recorded_cases

BOARD, FUND, DAY = "300893.SZ", "159915.SZ", dt.date(2026, 9, 30)
NOW = dt.datetime(2026, 9, 30, 5, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def quotes(shared):
    """The recorded reply of the quotes, dated as the sealed board's."""
    (case,) = (case for case in recorded_cases(shared("wire")) if case.name == "quotes")
    return case.parse().frame.assign(date=pd.Timestamp(DAY))


@pytest.fixture(scope="module")
def market(quotes):
    """The board watched, and a fund that would hold 6 % of it (the weight is made up)."""
    stocks = quotes[quotes["symbol"] == BOARD].reset_index(drop=True)
    listed = pd.DataFrame({"symbol": [BOARD], "list_date": pd.to_datetime(["2020-09-24"])})
    limits = stock_limits(stocks, listed, None, pd.bdate_range("2026-09-01", DAY), stocks)
    states = states_of_quotes(stocks, limits)
    row = {"symbol": FUND, "stock": BOARD, "rank": 4, "weight": 0.06, "from_issuer": False, "completeness": "top10"}
    dates = {"as_of": pd.Timestamp("2026-06-30"), "published_at": pd.Timestamp("2026-07-21"), "source": "made up"}
    return Market(
        now=NOW,
        trade_date=DAY,
        states=states,
        funds=quotes[quotes["kind"] == "fund"],
        known=known_on(pd.DataFrame([row | dates]), DAY),
        settings=ArbitrageConfig(),
        watch=frozenset({BOARD}),
        episodes=advance([], states, NOW, DAY).numbers,
        expectations=pd.DataFrame(),
    )


@pytest.mark.parametrize("fund", ["159915.SZ", "510300.SH"])
def test_our_premium_is_the_feeds_own(quotes, fund):
    row = quotes[quotes["symbol"] == fund].iloc[0]

    assert premium(row["last"], row["iopv"]) == pytest.approx(row["premium"], abs=5e-5)


def test_the_recorded_board_begins_an_episode_and_raises_a_signal_with_its_seal(market):
    (signal,) = signals_of(market)

    assert (signal.stock, signal.stock_name, signal.etf, signal.episode) == (BOARD, "松原安全", FUND, 1)
    assert signal.seal_amount == pytest.approx(23_201_855, abs=0.5)
    assert signal.stock_price == 15.13
    assert signal.change == pytest.approx(0.1998, abs=5e-5)
    assert signal.etf_premium == pytest.approx(-0.000702, abs=1e-6)
    assert (signal.confidence, signal.risk_level) == ("中", "低")


def test_without_any_history_the_recorded_signal_is_an_observation_that_says_what_it_lacks(market):
    (signal,) = signals_of(market)

    assert (signal.decision_state, signal.actionable, signal.score) == ("BLOCKED", False, None)
    assert signal.components["edge"]["missing"] == ["gross", "impact"]
    assert signal.components["edge"]["parts"]["half_spread"] == pytest.approx(1e4 * 0.0005 / 3.5595)
    assert signal.components["seal"]["value"] == pytest.approx(23_201_855 / 3.808e9, rel=1e-6)

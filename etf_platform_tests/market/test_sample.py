"""The simulator is reproducible, causal, clean, and looks like a market where it should."""

import itertools
import time

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.models import SampleSource
from etf_platform.core.errors import BadInputError, CalendarEndError
from etf_platform.core.tables import BARS
from etf_platform.market.calendar import sessions
from etf_platform.market.fetch import Feed, fetch_bars, load_bars
from etf_platform.market.limits import limit_prices
from etf_platform.market.sources.factors import factor_returns, regimes
from etf_platform.market.sources.streams import normals

SEED = 20240102


@pytest.fixture(scope="module")
def feed(config, xshg):
    source = SampleSource(kind="sample", seed=SEED, start="2019-01-02")
    funds = {s: i for s, i in config.instruments.instruments.items() if i.currency == "CNY"}
    return Feed("sample", source, None, xshg, funds)


@pytest.fixture(scope="module")
def market(feed):
    """All funds, six years."""
    began = time.perf_counter()
    loaded = load_bars(feed, tuple(feed.instruments), "2019-01-02", "2024-12-31")
    print(
        f"\n{len(loaded.bars)} simulated bars of {len(feed.instruments)} funds in {time.perf_counter() - began:.2f} s"
    )
    return loaded


@pytest.fixture(scope="module")
def returns(market):
    """Daily total returns, one column per fund."""
    level = market.bars.assign(level=market.bars["close"] * market.bars["adj_factor"])
    return level.pivot(index="date", columns="symbol", values="level").pct_change(fill_method=None)


def test_simulated_rows_are_bars_and_none_is_refused(market):
    assert BARS.conform(market.bars).num_rows > 60_000
    assert market.quarantine.empty
    assert market.events.empty


def test_every_row_says_that_it_is_simulated(market):
    assert market.bars["source"].unique().tolist() == ["sample (simulated)"]


def test_a_row_was_fetched_at_the_close_of_its_day_in_shanghai(market):
    stamp = market.bars["fetched_at"].dt.tz_convert("Asia/Shanghai")

    assert (stamp.dt.strftime("%H:%M") == "15:00").all()
    assert (stamp.dt.date == market.bars["date"].dt.date).all()


@pytest.mark.parametrize("day", ["2019-01-02", "2020-02-03", "2023-06-30", "2024-12-31"])
def test_a_day_alone_is_the_day_of_the_backfill(feed, market, day):
    alone = load_bars(feed, tuple(feed.instruments), day, day)

    of_range = market.bars[market.bars["date"] == day].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.bars, of_range, check_exact=True)


def test_a_fund_does_not_depend_on_which_others_are_asked_for(feed, market):
    for pool in (("513100.SH",), ("510300.SH", "159915.SZ", "511010.SH")):
        alone = load_bars(feed, pool, "2019-01-02", "2024-12-31").bars

        among_all = market.bars[market.bars["symbol"].isin(pool)].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, among_all, check_exact=True)


def test_another_seed_is_another_market(feed, market):
    other = Feed("sample", SampleSource(kind="sample", seed=7), None, feed.sessions, feed.instruments)

    closes = fetch_bars(other, ("510300.SH",), "2019-12-31")["close"]

    ours = market.bars[(market.bars["symbol"] == "510300.SH") & (market.bars["date"] <= "2019-12-31")]["close"]
    assert closes.tolist() != ours.tolist()


def test_drawing_more_numbers_changes_none_drawn_before():
    assert np.array_equal(normals(1, "x", 500, 3), normals(1, "x", 5000, 3)[:500])
    short, long = factor_returns(1, 300), factor_returns(1, 900)
    assert all(np.array_equal(short[name], long[name][:300]) for name in short)
    assert regimes(1, 300) == regimes(1, 900)[:300]


def test_prices_stay_inside_the_daily_limits_and_reach_them(feed, market):
    up, down = limit_prices(market.bars, feed.instruments)

    assert (market.bars["high"].to_numpy() <= up).all()
    assert (market.bars["low"].to_numpy() >= down).all()
    at_limit = (market.bars["close"].to_numpy() == up) | (market.bars["close"].to_numpy() == down)
    assert 0 < at_limit.sum() < 0.01 * len(market.bars)


def test_prices_stand_on_whole_ticks(market):
    for name in ("open", "high", "low", "close", "prev_close"):
        price = market.bars[name].to_numpy()

        assert (price == np.round(price, 3)).all()


def test_the_total_return_of_a_day_is_close_over_reference_price(market):
    """Across splits and dividends too: price * adj_factor is continuous, row by row in a plain loop."""
    changes = 0
    for _, fund in market.bars.groupby("symbol"):
        rows = fund.to_dict("records")
        for before, now in itertools.pairwise(rows):
            total = now["close"] * now["adj_factor"] / (before["close"] * before["adj_factor"])
            assert abs(total / (now["close"] / now["prev_close"]) - 1.0) < 1e-9
            changes += now["adj_factor"] != before["adj_factor"]
    assert changes > 50


def test_there_are_splits_dividends_late_listings_and_suspensions(feed, market):
    factors = market.bars.groupby("symbol")["adj_factor"]
    steps = (market.bars["adj_factor"] / factors.shift()).dropna()
    first = market.bars.groupby("symbol")["date"].min()
    sessions = len(feed.sessions.between("2019-01-02", "2024-12-31"))
    rows = market.bars.groupby("symbol").size()

    assert (steps > 1.8).sum() >= 3
    assert steps.between(1.003, 1.05).sum() >= 50
    assert 3 <= (first > "2019-01-02").sum() <= 20
    assert ((rows < sessions) & (first == "2019-01-02")).sum() >= 5


def test_like_funds_move_together_and_unlike_ones_do_not(returns):
    correlation = returns.corr()

    assert correlation.loc["510300.SH", "159919.SZ"] > 0.95
    assert 0.6 < correlation.loc["510300.SH", "512880.SH"] < 0.97
    assert correlation.loc["513100.SH", "513500.SH"] > 0.7
    assert abs(correlation.loc["510300.SH", "511010.SH"]) < 0.5
    assert 0.0 < correlation.loc["510300.SH", "513100.SH"] < 0.5


def test_volatility_clusters_and_tails_are_fat(returns):
    broad = returns["510300.SH"].dropna()
    squared = broad**2

    assert np.mean([squared.autocorr(lag) for lag in range(1, 11)]) > 0.05
    assert abs(broad.autocorr(1)) < 0.1
    assert broad.kurt() > 1.0


def test_volatility_is_that_of_the_asset_class(returns):
    yearly = returns.std() * np.sqrt(250)

    assert 0.12 < yearly["510300.SH"] < 0.35
    assert 0.003 < yearly["511010.SH"] < 0.04
    assert 0.08 < yearly["518880.SH"] < 0.25


def test_turnover_is_plausible(market):
    average = market.bars["amount"] / market.bars["volume"]

    assert (average >= market.bars["low"] - 1e-9).all()
    assert (average <= market.bars["high"] + 1e-9).all()
    assert market.bars.groupby("symbol")["amount"].median().between(1e7, 5e9).all()


def test_a_market_without_limits_can_be_simulated(feed):
    fund = feed.instruments["513100.SH"]
    abroad = Feed("sample", feed.source, None, sessions("XNYS"), {"QQQ.US": fund})

    loaded = load_bars(abroad, ("QQQ.US",), "2019-01-02", "2019-12-31")

    assert len(loaded.bars) + len(loaded.quarantine) > 100
    assert loaded.quarantine.empty


def test_a_fund_without_facts_cannot_be_simulated(feed):
    with pytest.raises(BadInputError, match=r"no facts of 999999\.SH"):
        fetch_bars(feed, ("999999.SH",), "2024-01-02")


def test_beyond_the_calendar_nothing_is_simulated(feed):
    with pytest.raises(CalendarEndError):
        load_bars(feed, ("510300.SH",), "2024-01-02", feed.sessions.known_until + pd.Timedelta(days=10))


def test_before_the_start_there_is_nothing(feed):
    loaded = load_bars(feed, ("510300.SH",), "2018-01-02", "2018-12-28")

    assert BARS.conform(loaded.bars).num_rows == 0

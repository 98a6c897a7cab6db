"""The simulated US market is reproducible, causal, clean, and its VIX follows its own volatility."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.tables import BARS
from etf_platform.market.calendar import Sessions, sessions
from etf_platform.market.fetch import Feed, load_bars
from etf_platform.market.sources.sample_us import simulate_market


@pytest.fixture(scope="module")
def xnys() -> Sessions:
    return sessions("XNYS")


@pytest.fixture(scope="module")
def feed(config, xnys):
    return Feed("sample", config.sources.sources["sample"], None, xnys, config.instruments.instruments)


@pytest.fixture(scope="module")
def market(feed, config):
    return load_bars(feed, config.members("US"), "1985-10-01", "2026-06-30")


@pytest.fixture(scope="module")
def closes(market):
    return market.bars.pivot(index="date", columns="symbol", values="close")


def test_simulated_rows_are_labelled_bars_and_none_is_refused(market):
    assert BARS.conform(market.bars).num_rows == len(market.bars) > 12_000
    assert market.quarantine.empty and market.events.empty
    assert market.bars["source"].unique().tolist() == ["sample (simulated)"]


def test_six_hundred_bars_of_warm_up_precede_the_first_partition(market, config):
    before = market.bars[market.bars["date"] < pd.Timestamp(config.platform.first_partition)]

    assert before.groupby("symbol").size().min() >= 620


def test_a_row_was_fetched_at_the_close_in_new_york(market):
    stamp = market.bars["fetched_at"].dt.tz_convert("America/New_York")

    assert (stamp.dt.strftime("%H:%M") == "16:00").all()
    assert (stamp.dt.date == market.bars["date"].dt.date).all()


@pytest.mark.parametrize("day", ["2017-01-03", "2020-03-16", "2026-06-30"])
def test_a_day_alone_is_the_day_of_the_backfill(feed, config, market, day):
    alone = load_bars(feed, config.members("US"), day, day)

    of_range = market.bars[market.bars["date"] == day].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.bars, of_range, check_exact=True)


@pytest.mark.parametrize("symbol", ["^VIX", "QQQ.US"])
def test_a_symbol_does_not_depend_on_which_others_are_asked_for(feed, market, symbol):
    alone = load_bars(feed, (symbol,), "2016-01-04", "2026-06-30").bars

    among_all = market.bars[market.bars["symbol"] == symbol].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among_all, check_exact=True)


def test_a_later_end_changes_no_earlier_session():
    short, long = simulate_market(1, 300), simulate_market(1, 900)

    assert np.array_equal(short.returns, long.returns[:300])
    assert np.array_equal(short.variance, long.variance[:300])


def test_the_index_moves_with_its_fund(closes):
    returns = closes.pct_change(fill_method=None)

    assert returns["^NDX"].corr(returns["QQQ.US"]) > 0.999
    assert 0.8 < returns["SPY.US"].corr(returns["QQQ.US"]) < 0.98
    assert abs(returns["GLD.US"].corr(returns["QQQ.US"])) < 0.15


def test_the_vix_rises_when_the_market_falls_and_tells_the_volatility_ahead(closes):
    returns = closes["SPY.US"].pct_change(fill_method=None)
    ahead = returns.rolling(21).std().shift(-21) * np.sqrt(252)

    assert closes["^VIX"].pct_change(fill_method=None).corr(returns) < -0.4
    assert closes["^VIX"].corr(ahead) > 0.3
    assert 0.8 < closes["^VIX"].mean() / 100 / ahead.mean() < 1.5


def test_levels_are_plausible(closes):
    last = closes.iloc[-1]

    assert closes["^VIX"].between(9, 85).all()
    assert (closes > 0).all().all()
    assert 0.10 < closes["SPY.US"].pct_change().std() * np.sqrt(252) < 0.25
    assert 30 < last["^NDX"] / last["QQQ.US"] < 60

"""The real data sets: what is refused, what is found, and a day alone as in a range."""

import pandas as pd
import pytest

from etf_platform.core.tables import ADJUSTMENT_EVENTS, BARS, QUARANTINE
from etf_platform.market.adjust import total_return
from etf_platform.market.fetch import Feed, load_bars

INDICES = ("000300.SH", "399001.SZ", "399005.SZ", "399006.SZ", "399106.SZ", "399303.SZ", "899050.BJ")


@pytest.fixture(scope="module")
def feed(shared, config, xshg):
    shared("data/cn_etf")
    root = shared("data")
    return lambda name: Feed(name, config.sources.sources[name], root, xshg, config.instruments.instruments)


@pytest.fixture(scope="module")
def qfq(feed):
    source = feed("etf_qfq_eastmoney")
    return load_bars(source, tuple(source.instruments), "2015-01-05", "2025-06-13")


@pytest.fixture(scope="module")
def tdx(feed):
    source = feed("etf_raw_tdx")
    return load_bars(source, tuple(source.instruments), "2010-01-04", "2024-09-30")


def test_the_real_sets_conform(qfq, tdx):
    for loaded in (qfq, tdx):
        assert BARS.conform(loaded.bars).num_rows == len(loaded.bars) > 20_000
        QUARANTINE.conform(loaded.quarantine)
        ADJUSTMENT_EVENTS.conform(loaded.events)


def test_the_broken_series_is_caught_by_what_it_does_and_no_other_one(qfq):
    """159922 has negative prices and moves of hundreds of percent; the other 44 funds lose one row altogether."""
    counts = qfq.quarantine.groupby(["symbol", "rule"]).size().to_dict()

    assert counts == {
        ("159922.SZ", "broken_series"): 2329,
        ("159922.SZ", "implausible_move"): 28,
        ("159922.SZ", "non_positive_price"): 7,
        ("159922.SZ", "unit_mismatch"): 1,
        ("512690.SH", "implausible_move"): 1,
    }
    assert len(qfq.bars) + len(qfq.quarantine) == 77_160
    assert qfq.bars[qfq.bars["symbol"] == "159922.SZ"]["date"].max() < pd.Timestamp("2015-09-19")


@pytest.mark.parametrize("day", ["2015-07-09", "2015-09-18", "2018-10-17", "2021-05-17", "2025-06-13"])
def test_a_day_of_the_adjusted_set_alone_is_the_day_of_the_range(feed, qfq, day):
    source = feed("etf_qfq_eastmoney")

    alone = load_bars(source, tuple(source.instruments), day, day)

    for frame, whole in ((alone.bars, qfq.bars), (alone.quarantine, qfq.quarantine)):
        pd.testing.assert_frame_equal(frame, whole[whole["date"] == day].reset_index(drop=True), check_exact=True)


@pytest.mark.parametrize("day", ["2021-05-17", "2021-06-25", "2021-06-28", "2021-12-31"])
def test_a_day_of_the_unadjusted_set_alone_is_the_day_of_the_range(feed, tdx, day):
    source = feed("etf_raw_tdx")

    alone = load_bars(source, tuple(source.instruments), day, day)

    for frame, whole in ((alone.bars, tdx.bars), (alone.events, tdx.events)):
        pd.testing.assert_frame_equal(frame, whole[whole["date"] == day].reset_index(drop=True), check_exact=True)
    assert len(alone.events) == 1


def test_the_known_splits_are_found_and_nothing_is_edited(feed, tdx):
    found = tdx.events.set_index(["symbol", "date"])

    assert {(s, str(d.date())): (round(f, 3), k) for (s, d), f, k in
            zip(found.index, found["suggested_factor"], found["kind"], strict=True)} == {
        ("159928.SZ", "2021-06-25"): (4.0, "split"),
        ("512010.SH", "2021-06-28"): (4.0, "split"),
        ("512690.SH", "2021-05-17"): (2.0, "split"),
        ("512690.SH", "2021-12-31"): (1.356, "split"),
    }  # fmt: skip
    assert (tdx.bars["adj_factor"] == 1.0).all()
    assert set(found["status"]) == {"review"}


def test_a_fund_outside_the_pools_has_its_split_found_by_its_code_alone(feed):
    loaded = load_bars(feed("etf_raw_tdx"), ("159941.SZ",), "2010-01-04", "2024-09-30")

    assert loaded.events[["date", "suggested_factor"]].to_numpy().tolist() == [[pd.Timestamp("2022-07-05"), 4.0]]


def test_accepted_events_make_the_real_series_continuous(feed, tdx):
    """No daily total return beyond the 10 % band is left in 159928 once the split is accepted."""
    accepted = tdx.events.assign(status="accepted")

    loaded = load_bars(feed("etf_raw_tdx"), ("159928.SZ",), "2010-01-04", "2024-09-30", accepted)

    change = total_return(loaded.bars)["close"].pct_change()
    assert change.abs().max() < 0.105
    assert loaded.events["status"].tolist() == ["accepted"]


def test_untraded_rows_of_the_unadjusted_set_are_refused(tdx):
    assert tdx.quarantine.groupby(["symbol", "rule"]).size().to_dict() == {
        ("512010.SH", "zero_volume"): 2, ("512690.SH", "zero_volume"): 1}  # fmt: skip


def test_indices_are_read_whole_with_estimated_turnover(feed):
    loaded = load_bars(feed("cn_indices"), INDICES, "2020-01-02", "2026-05-07")

    assert len(loaded.bars) == 10_176
    assert loaded.bars["symbol"].nunique() == 7
    assert loaded.bars["amount_estimated"].all()
    assert loaded.quarantine.empty and loaded.events.empty


def test_a_share_carries_the_exchange_reference_price_and_its_adjustment(feed, shared):
    """600519 paid 17.025 yuan on 2020-06-24: the factor grows by close before / reference price."""
    shared("data/cn_stock")

    bars = load_bars(feed("cn_stock_raw"), ("600519.SH",), "2020-06-23", "2020-06-24").bars

    before, after = bars.iloc[0], bars.iloc[1]
    assert before["close"] - after["prev_close"] == pytest.approx(17.02, abs=0.02)
    assert after["adj_factor"] / before["adj_factor"] == pytest.approx(before["close"] / after["prev_close"])

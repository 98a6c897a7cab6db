"""Flows, margin balances and what stands in for what; percentiles of PE and PB."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.scoring.blocks import Flow, Valuation, block_at
from etf_platform.scoring.capital import flow_days, flow_text, margin_days, streaks
from etf_platform.scoring.valuation import equity_risk_premium, percentiles, ratio_days, read_valuation, valuation_level


def series(values) -> pd.Series:
    return pd.Series(np.array(values, dtype=float), index=pd.bdate_range("2023-01-02", periods=len(values)))


@pytest.mark.parametrize(
    ("values", "sentiment"),
    [
        ([1e9, -1e9, 1e9, -1e9, 5.1e9], 50 + 15 + 8),
        ([1e9, -1e9, 1e9, -1e9, 5.0e9], 50 + 10 + 8),
        ([0, 0, 0, -1e9, 2.1e9], 50 + 10),
        ([0, 0, 0, -1e9, 2.0e9], 50),
        ([1e8, 1e8, 1e8, 1e8, 1e8], 50 + 10),
        ([1e8, -1e8, 1e8, 1e8, 1e8], 50 + 10),
        ([1e8, 1e8, -1e8, 1e8, 1e8], 50),
        ([3e9, 3e9, 3e9, 3e9, 6e9], 50 + 15 + 15 + 10),
        ([-3e9, -3e9, -3e9, -3e9, -6e9], 50 - 15 - 15 - 10),
        ([0, 0, 5e9, 0, -2.5e9], 50 - 10),
        ([4e9, 3e9, 0, 0, 0], 50 + 8),
        ([3.0e9, 0, 0, 0, 0], 50),
        ([3.1e9, 0, 0, 0, 0], 50 + 8),
        ([1.0e10, 0, 0, 0, 0], 50 + 8),
        ([1.01e10, 0, 0, 0, 0], 50 + 15),
        ([-3.1e9, 0, 0, 0, 0], 50 - 8),
        ([-1.01e10, 0, 0, 0, 0], 50 - 15),
    ],
)
def test_sentiment_of_a_flow(values, sentiment):
    row = flow_days(series(values)).iloc[-1]

    assert row["sentiment"] == sentiment
    assert row["five_day"] == pytest.approx(sum(values))


def test_a_flow_of_four_days_has_no_sentiment_yet():
    frame = flow_days(series([1e9] * 5))

    assert frame["sentiment"].notna().tolist() == [False] * 4 + [True]
    assert frame["text"].tolist() == [""] * 4 + [flow_text(68.0)]


def test_streaks_are_signed_and_broken_by_nothing_and_by_a_turn():
    assert streaks(np.array([1.0, 2.0, -1.0, -1.0, 0.0, -1.0, np.nan, 3.0])).tolist() == [1, 2, -1, -2, 0, -1, 0, 1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (80, "极度乐观"),
        (79, "乐观"),
        (65, "乐观"),
        (64, "中性"),
        (45, "中性"),
        (44, "悲观"),
        (30, "悲观"),
        (29, "极度悲观"),
    ],
)
def test_bands_of_a_flow(value, text):
    assert flow_text(value) == text


def test_an_unknown_sentiment_has_no_band():
    assert flow_text(None) == flow_text(float("nan")) == ""


def test_margin_sentiment_is_the_rank_of_five_session_changes_among_250():
    rng = np.random.default_rng(2)
    balance = 1.5e12 * np.exp(np.cumsum(rng.normal(0.0, 0.004, 400)))
    frame = margin_days(series(balance))

    for t in (254, 255, 300, 399):
        changes = [balance[i] / balance[i - 5] - 1.0 for i in range(t - 249, t + 1)]
        below = sum(c < changes[-1] for c in changes) + 0.5 * sum(c == changes[-1] for c in changes)
        assert frame["sentiment"].iat[t] == pytest.approx(100.0 * below / 250, abs=1e-10)
        assert frame["five_day_change"].iat[t] == pytest.approx(changes[-1], abs=1e-12)
    assert frame["sentiment"].iloc[:254].isna().all()


@pytest.mark.parametrize("make", [flow_days, margin_days])
def test_a_day_alone_is_the_day_of_the_whole(make):
    values = series(1e12 + np.cumsum(np.random.default_rng(4).normal(0, 4e9, 300)))
    whole = make(values)

    for end in (5, 6, 255, 300):
        pd.testing.assert_frame_equal(make(values.iloc[:end]).iloc[-1:], whole.iloc[end - 1 : end], check_exact=True)


@pytest.mark.parametrize("values", [[1.0, np.nan, 2.0], [1.0, np.inf, 2.0]])
def test_a_gap_in_a_series_is_refused_not_filled(values):
    for make in (flow_days, margin_days, ratio_days):
        with pytest.raises(BadInputError, match="missing value"):
            make(series(values))


def test_a_margin_balance_of_nothing_is_refused():
    with pytest.raises(BadInputError, match="not positive"):
        margin_days(series([1e12, 0.0, 1e12]))


def test_a_flow_is_read_as_a_block():
    given = block_at(Flow, flow_days(series([1e8] * 5)), 4, kind="northbound", age=0, as_of=date(2023, 1, 6))

    assert given == Flow("northbound", 60.0, 1e8, 5e8, None, 5, date(2023, 1, 6), 0, "中性")


# valuation


def test_percentile_of_pe_by_a_plain_count():
    x = np.random.default_rng(6).uniform(8.0, 20.0, 1500)
    frame = ratio_days(series(x))

    for t in (249, 600, 1249, 1250, 1499):
        window = x[max(0, t - 1249) : t + 1]
        below = sum(v < x[t] for v in window) + 0.5 * sum(v == x[t] for v in window)
        assert frame["percentile"].iat[t] == pytest.approx(below / len(window), abs=1e-10)
    assert frame["percentile"].iloc[:249].isna().all()


def test_a_loss_has_no_percentile_and_does_not_count():
    x = np.r_[np.linspace(10.0, 20.0, 300), -5.0, 15.0]
    frame = ratio_days(series(x))

    assert np.isnan(frame["percentile"].iat[300])
    assert frame["percentile"].iat[301] == pytest.approx((150 + 0.5) / 301)


def test_a_valuation_carries_the_older_date():
    pe = ratio_days(series(np.linspace(10, 20, 260)))
    pb = ratio_days(series(np.linspace(2, 1, 255)))
    given = read_valuation(pe, pb, age=1)

    assert given.as_of == pb.index[-1].date() < pe.index[-1].date()
    assert (given.pe, given.pb, given.age) == (20.0, 1.0, 1)
    assert given.pe_percentile == pytest.approx(259.5 / 260)
    assert given.pb_percentile == pytest.approx(0.5 / 255)


def test_an_unknown_ratio_stays_unknown():
    assert read_valuation(None, None) == Valuation()
    assert read_valuation(ratio_days(series([12.0, 13.0])), None).pe_percentile is None


def test_periods_that_the_past_does_not_fill_are_unknown():
    known = percentiles(series(np.linspace(10, 20, 800)))

    assert known == {"近1年": 249.5 / 250, "近3年": 749.5 / 750, "近5年": None, "近10年": None}
    assert percentiles(series(np.linspace(20, 10, 2500))) == {
        "近1年": 0.5 / 250, "近3年": 0.5 / 750, "近5年": 0.5 / 1250, "近10年": 0.5 / 2500,
    }  # fmt: skip
    assert percentiles(series(np.linspace(20, 10, 2499)))["近10年"] is None


@pytest.mark.parametrize(
    ("percentile", "text"),
    [(0.0, "低估"), (0.2, "偏低"), (0.4, "合理"), (0.6, "偏高"), (0.8, "高估"), (1.0, "高估"), (None, "")],
)
def test_cheap_is_a_low_percentile(percentile, text):
    assert valuation_level(percentile) == text


def test_equity_risk_premium():
    assert equity_risk_premium(12.5, 0.02) == pytest.approx(0.06)
    assert equity_risk_premium(None, 0.02) is equity_risk_premium(-3.0, 0.02) is equity_risk_premium(12.5, None) is None

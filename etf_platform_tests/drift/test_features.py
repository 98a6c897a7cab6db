"""Features of a pool against figures by hand and slow loops."""

import math

import numpy as np
import pandas as pd
import pytest

from etf_platform.drift.features import FEATURES, book_imbalance, feature_named, features_of

NAMES = [feature.name for feature in FEATURES]


def test_every_feature_of_the_specification_is_there(make_bars):
    assert list(features_of(make_bars(40)).columns) == NAMES
    assert {"volatility_20", "parkinson_20", "amount_to_adv", "turnover", "book_imbalance", "premium"} <= set(NAMES)


def test_realised_volatility_is_the_root_mean_square_over_members_and_sessions(make_bars):
    bars = make_bars(60)

    daily = features_of(bars)["volatility_20"].to_numpy()
    found = feature_named("volatility_20").of(daily[1:])[-1]
    squares = []
    for _, rows in bars.groupby("symbol"):
        close = rows["close"].to_numpy()
        squares += [math.log(close[i] / close[i - 1]) ** 2 for i in range(40, 60)]
    assert found == pytest.approx(math.sqrt(252 * sum(squares) / len(squares)), rel=1e-12)


def test_parkinson_volatility_knows_high_and_low_alone(make_bars):
    bars = make_bars(30)

    found = feature_named("parkinson_20").of(features_of(bars)["parkinson_20"].to_numpy())[-1]
    last = bars[bars["date"] >= bars["date"].unique()[-20]]
    squares = [math.log(high / low) ** 2 for high, low in zip(last["high"], last["low"], strict=True)]
    assert found == pytest.approx(math.sqrt(252 * np.mean(squares) / (4 * math.log(2))), rel=1e-12)


def test_a_dividend_is_no_return(make_bars):
    bars = make_bars(30)
    paid = bars.copy()
    later = paid["date"] >= paid["date"].unique()[15]
    paid.loc[later, ["close", "high", "low"]] *= 0.9
    paid.loc[later, "adj_factor"] /= 0.9

    assert features_of(paid)["volatility_20"].to_numpy() == pytest.approx(
        features_of(bars)["volatility_20"].to_numpy(), abs=1e-15, nan_ok=True
    )


def test_amount_is_set_against_the_twenty_bars_before(make_bars):
    bars = make_bars(40)

    ratios = []
    for _, rows in bars.groupby("symbol"):
        amount = rows["amount"].to_numpy()
        ratios.append(amount[-1] / amount[-21:-1].mean())
    assert features_of(bars)["amount_to_adv"].iloc[-1] == pytest.approx(np.median(ratios), rel=1e-12)
    assert features_of(bars)["amount_to_adv"].iloc[:20].isna().all()


def test_rows_are_counted_against_the_members_that_are_expected(make_bars):
    """One of four is missing on the last day; a fund that came lately is expected from its first day on."""
    bars = make_bars(40)
    last, late = bars["date"].max(), bars["date"].unique()[30]
    bars = bars[~((bars["date"] == last) & (bars["symbol"] == "510000.SH"))]
    bars = bars[~((bars["date"] < late) & (bars["symbol"] == "510003.SH"))]

    found = features_of(bars)["row_count"]
    assert found.iloc[-1] == 0.75
    assert (found.iloc[:-1] == 1.0).all()


def test_a_session_without_any_bar_shows_as_such(make_bars):
    bars = make_bars(40)
    sessions = pd.DatetimeIndex(bars["date"].unique())

    found = features_of(bars[bars["date"] != sessions[30]], sessions=sessions)
    assert found.loc[sessions[30], "row_count"] == 0.0
    assert np.isnan(found.loc[sessions[30], "volatility_20"])


def test_empty_factors_count_for_members_that_are_old_enough(make_bars):
    bars = make_bars(300)
    panel = bars[["date", "symbol"]].assign(source="x", a=1.0, b=1.0)
    panel.loc[(panel["date"] == panel["date"].max()) & (panel["symbol"] == "510000.SH"), "b"] = np.nan
    panel.loc[panel.groupby("symbol").cumcount() < 250, "a"] = np.nan

    found = features_of(bars, panel)["null_rate"]
    assert found.iloc[:250].isna().all()
    assert (found.iloc[250:-1] == 0.0).all()
    assert found.iloc[-1] == pytest.approx(0.5 / 4)


def test_the_book_is_summed_over_five_levels_and_unknown_without_a_first_one():
    levels = {f"{side}{k}_volume": [100.0, 0.0, np.nan] for side in ("bid", "ask") for k in range(1, 6)}
    quotes = pd.DataFrame(levels)
    quotes.loc[0, "bid5_volume"] = 600.0
    quotes.loc[0, "ask3_volume"] = np.nan

    found = book_imbalance(quotes)
    assert found[0] == pytest.approx((1000 - 400) / 1400)
    assert found[1:].isna().all()


def test_the_last_quote_of_a_session_counts(make_bars):
    bars = make_bars(30)
    book = {f"{side}{k}_volume": 1.0 for side in ("bid", "ask") for k in range(1, 6)}
    day = bars["date"].max()
    quotes = pd.DataFrame(
        [
            {"date": day, "symbol": "510000.SH", "fetched_at": k, "premium": 0.01 * k, "turnover": 0.2, **book}
            for k in (2, 1)
        ]
    )

    assert features_of(bars, quotes=quotes).loc[day, ["premium", "turnover"]].tolist() == [0.02, 0.2]


def test_rows_ignore_the_future(make_bars):
    bars = make_bars(120)
    past = bars[bars["date"] <= bars["date"].unique()[89]]

    pd.testing.assert_frame_equal(features_of(past), features_of(bars).iloc[:90], check_freq=False)

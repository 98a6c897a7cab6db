"""Spreads and trade signs against R's `highfrequency` and by hand: every case of the file that is no P&L, by its id."""

import json

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.measures import microstructure as ms

HORIZON = 300  # trades, as R's win=300
ELSEWHERE = {"provider_pnl_identity": "risk/attribution/test_fills.py asserts it with the attribution of fills"}


@pytest.fixture(scope="module")
def cases(shared):
    found = json.loads(shared("golden/17_attr_market_making.json").read_text())["cases"]
    return {case["id"]: case for case in found}


@pytest.fixture(scope="module")
def trades(shared):
    """The matched trades and quotes, with mid, mid 300 trades later and the direction as R signs (doubles)."""
    frame = pd.read_csv(shared("golden/17_attr_tq_matched.csv.gz"))
    mid = ms.midpoint(frame["bid"], frame["ask"])
    after = np.append(mid[HORIZON:], np.full(HORIZON, np.nan))
    return frame.assign(mid=mid, after=after, side=ms.lee_ready(frame["price"], frame["bid"], frame["ask"], tick=None))


def squared_log_return(t):
    return np.diff(np.log(t["price"])) ** 2


MEANS = {
    "R_mean_midpoints": lambda t: t["mid"],
    "R_mean_direction": lambda t: t["side"],
    "R_mean_effectiveSpread": lambda t: ms.effective_spread(t["price"], t["mid"], t["side"]),
    "R_mean_realizedSpread": lambda t: ms.realised_spread(t["price"], t["after"], t["side"]),
    "R_mean_valueTrade": lambda t: t["price"] * t["size"],
    "R_mean_signedValueTrade": lambda t: t["side"] * t["price"] * t["size"],
    "R_mean_depthImbalanceDifference": lambda t: ms.depth_imbalance_difference(t["bidsize"], t["asksize"], t["side"]),
    "R_mean_proportionalEffectiveSpread": lambda t: ms.proportional_effective_spread(t["price"], t["mid"], t["side"]),
    "R_mean_priceImpact": lambda t: ms.price_impact(t["mid"], t["after"], t["side"]),
    "R_mean_quotedSpread": lambda t: ms.quoted_spread(t["bid"], t["ask"]),
    "R_mean_signedTradeSize": lambda t: t["side"] * t["size"],
    "R_mean_squaredLogReturn": squared_log_return,
}
SUMS = {
    "R_LeeReady_sum_lag2": ("bid_lag2", "ask_lag2", None),
    "R_LeeReady_sum_lag0_15_digits": ("bid", "ask", None),
    "LeeReady_sum_lag0_integer_ticks": ("bid", "ask", 0.001),
}


def test_every_case_of_the_file_is_named_here(cases):
    assert set(cases) == {*MEANS, *SUMS, *ELSEWHERE, "cfa_effective_spread"}
    assert [case["id"] for case in cases.values() if case.get("status") == "rejected"] == []


@pytest.mark.parametrize("name", MEANS)
def test_published_mean(cases, trades, name):
    expected, tolerance = cases[name]["expected"]["mean"], cases[name]["rel_tol"]

    observed = float(np.nanmean(MEANS[name](trades)))

    assert observed == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize("name", SUMS)
def test_published_sum_of_directions(cases, trades, name):
    bid, ask, tick = SUMS[name]

    directions = ms.lee_ready(trades["price"], trades[bid], trades[ask], tick)

    assert int(directions.sum()) == cases[name]["expected"]["sum_direction"]


def test_directions_by_doubles_are_those_of_r(trades):
    np.testing.assert_array_equal(trades["side"], trades["dir_R"])


@pytest.mark.parametrize("name", ["cfa_effective_spread"])
def test_published_single_trade(cases, name):
    given, expected = cases[name]["inputs"], cases[name]["expected"]
    mid = ms.midpoint(given["bid"], given["ask"])

    assert ms.quoted_spread(given["bid"], given["ask"]) == pytest.approx(expected["quoted_spread"], abs=1e-9)
    assert ms.effective_spread(given["price"], mid, -1) == pytest.approx(expected["effective_spread"], abs=1e-9)


def test_a_price_at_the_midpoint_is_seen_as_such():
    """158.795 stands between 158.76 and 158.83; as doubles it lies 2.8e-14 below their mean."""
    bid, ask, price = np.array([158.76]), np.array([158.83]), np.array([158.795])

    assert ms.quote_sign(price, bid, ask).tolist() == [0]
    assert ms.quote_sign(price, bid, ask, tick=None).tolist() == [-1]


def test_tick_rule_by_hand():
    """Up, unchanged, down, unchanged, unchanged, up; before the first change a trade counts as a purchase."""
    price = np.array([5.0, 5.0, 5.1, 5.1, 5.0, 5.0, 5.0, 5.2])

    assert ms.tick_sign(price).tolist() == [1, 1, 1, 1, -1, -1, -1, 1]


def test_a_missing_quote_leaves_the_sign_to_the_tick_rule():
    price, bid = np.array([5.0, 4.9]), np.array([np.nan, np.nan])

    assert ms.lee_ready(price, bid, bid).tolist() == [1, -1]


def test_quotes_of_another_length_are_refused():
    with pytest.raises(BadInputError, match="2 prices, 1 bids"):
        ms.lee_ready(np.ones(2), np.ones(1), np.ones(2))

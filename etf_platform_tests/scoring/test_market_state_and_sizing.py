"""State of the market from three indices, and the weights that it allows."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etf_platform.core.config.scoring import Sizing
from etf_platform.scoring.market_state import IndexRow, MarketState, index_row, market_state
from etf_platform.scoring.sizing import Candidate, weights

SETTINGS = Sizing()


def rows(change: float, year: float, rising: int = 3) -> list[IndexRow]:
    """Three indices with these means, of which `rising` rise."""
    size = 0.04
    falling = 3 - rising
    up = [size] * rising + [-size] * falling
    shift = change - sum(up) / 3
    changes = [x + shift for x in up] if rising not in (0, 3) else [change] * 3
    return [IndexRow(key, x, year) for key, x in zip("abc", changes, strict=True)]


def state(high: float) -> MarketState:
    return next(
        found
        for change, year in ((0.02, 0.4), (0.006, 0.1), (0.0, -0.3), (-0.02, -0.3))
        if (found := market_state(rows(change, year, 3 if change > 0 else 0))) and found.regime.high == high
    )


def test_the_published_example():
    """Day +0.6 %, year +20 %, three of three up: 0.3 * 1 + 0.5 * 1 + 0.2 * 2 = 1.2, 牛市上升期."""
    found = market_state(rows(0.006, 0.20))

    assert (found.short, found.long, found.breadth, found.total) == (1, 1, 2, 1.2)
    assert (found.regime.name, found.regime.emoji, found.regime.confidence) == ("牛市上升期", "🚀", 80)
    assert (found.regime.low, found.regime.high) == (0.70, 0.90)
    assert found.regime.advice == "积极配置,把握上涨机会"


@pytest.mark.parametrize(
    ("change", "year", "rising", "total", "name"),
    [
        (0.016, 0.31, 3, 2.0, "牛市上升期"),
        (0.006, 0.10, 3, 0.7, "牛市震荡期"),
        (0.0, 0.16, 1, 0.3, "震荡市"),
        (-0.004, -0.05, 0, -0.4, "熊市反弹期"),
        (-0.006, -0.05, 1, -0.5, "熊市反弹期"),
        (0.006, -0.15, 1, -0.4, "熊市反弹期"),
        (-0.016, -0.25, 0, -2.0, "熊市下跌期"),
        (-0.012, -0.15, 0, -1.2, "熊市下跌期"),
    ],
)
def test_states_by_hand(change, year, rising, total, name):
    found = market_state(rows(change, year, rising))

    assert found.total == pytest.approx(total, abs=1e-12)
    assert found.regime.name == name


def test_limits_themselves_belong_to_the_lower_score():
    """+0.5 % and +15 % are not above their limits; a total of -0.3 is still 震荡市."""
    found = market_state([IndexRow(key, 0.005, 0.15) for key in "abc"])

    assert (found.short, found.long) == (0, 0)
    edge = market_state([IndexRow("a", -0.01, -0.05), IndexRow("b", -0.01, -0.05), IndexRow("c", 0.001, -0.05)])
    assert (edge.short, edge.breadth, edge.total, edge.regime.name) == (-1, -1, -0.5, "熊市反弹期")


def test_year_to_date_starts_at_the_last_close_of_the_year_before():
    dates = pd.DatetimeIndex(["2023-12-28", "2023-12-29", "2024-01-02", "2024-01-03", "2024-01-04"])
    closes = pd.Series([90.0, 100.0, 110.0, 121.0, 500.0], index=dates)

    row = index_row("HS300", closes, dt.date(2024, 1, 3))

    assert (row.change, row.year_to_date) == (pytest.approx(0.10), pytest.approx(0.21))


def test_the_first_session_of_a_year_has_the_same_return_by_day_and_by_year():
    dates = pd.DatetimeIndex(["2023-12-29", "2024-01-02"])

    row = index_row("HS300", pd.Series([100.0, 98.0], index=dates), dt.date(2024, 1, 2))

    assert (row.change, row.year_to_date) == (pytest.approx(-0.02), pytest.approx(-0.02))


@pytest.mark.parametrize(
    ("day", "reason"),
    [("2024-01-05", "当日没有K线"), ("2023-12-28", "没有2022年的收盘价"), ("2020-01-02", "当日没有K线")],
)
def test_an_index_without_bars_of_the_day_or_the_year_before_is_missing(day, reason):
    dates = pd.DatetimeIndex(["2023-12-28", "2023-12-29", "2024-01-02"])

    row = index_row("HS300", pd.Series([1.0, 2.0, 3.0], index=dates), dt.date.fromisoformat(day))

    assert (row.change, row.year_to_date, row.reason) == (None, None, reason)


def test_a_close_from_two_years_ago_is_no_base_of_the_year():
    dates = pd.DatetimeIndex(["2022-12-30", "2024-01-02"])

    row = index_row("HS300", pd.Series([100.0, 98.0], index=dates), dt.date(2024, 1, 2))

    assert (row.year_to_date, row.reason) == (None, "没有2023年的收盘价")


def test_two_of_three_indices_are_enough_and_the_third_is_named():
    gone = IndexRow("c", None, None, None, "当日没有K线")

    found = market_state([*rows(0.006, 0.20)[:2], gone])

    assert (found.used, found.missing) == (("a", "b"), {"c": "当日没有K线"})


def test_one_of_three_is_no_state_at_all():
    gone = [IndexRow(key, None, None, None, "当日没有K线") for key in "bc"]

    assert market_state([rows(0.006, 0.20)[0], *gone]) is None
    assert market_state([]) is None


def test_weights_by_hand():
    """Volatilities 0.1, 0.2, 0.4 share 0.9 as 4 : 2 : 1; the first two are capped and the third takes what is left."""
    found = weights(
        {"a": Candidate(70, 0.1, 0.1), "b": Candidate(65, 0.1, 0.2), "c": Candidate(61, 0.1, 0.4)},
        state(0.90),
        SETTINGS,
    )

    assert found == {"a": 0.20, "b": 0.20, "c": 0.20}
    loose = weights(
        {"a": Candidate(70, 0.1, 0.1), "b": Candidate(65, 0.1, 0.2), "c": Candidate(61, 0.1, 0.4)},
        state(0.90),
        Sizing(max_weight=0.40),
    )
    assert loose == pytest.approx({"a": 0.40, "b": 0.5 * 2 / 3, "c": 0.5 / 3})


def test_five_at_most_the_best_totals_and_equal_totals_by_key():
    candidates = {key: Candidate(70.0 if key in "ag" else 65.0, 0.1, 0.2) for key in "abcdefg"}

    found = weights(candidates, state(0.90), SETTINGS)

    assert [key for key, size in found.items() if size > 0.0] == ["a", "b", "c", "d", "g"]
    assert found["a"] == pytest.approx(0.18)
    assert sum(found.values()) == pytest.approx(0.90)


@pytest.mark.parametrize(
    "other",
    [
        Candidate(59.9, 0.1, 0.2),
        Candidate(80, 0.5, 0.2),
        Candidate(None, 0.1, 0.2),
        Candidate(80, None, 0.2),
        Candidate(80, 0.1, None),
        Candidate(80, 0.1, 0.0),
    ],
    ids=["low total", "high risk", "no total", "no risk", "no volatility", "flat"],
)
def test_who_is_no_candidate_has_no_weight(other):
    found = weights({"a": Candidate(70, 0.1, 0.2), "b": other}, state(0.90), SETTINGS)

    assert found == {"a": 0.20, "b": 0.0}


def test_an_unknown_market_holds_nothing():
    assert weights({"a": Candidate(70, 0.1, 0.2)}, None, SETTINGS) == {"a": 0.0}


sized = st.builds(
    Candidate,
    st.one_of(st.none(), st.floats(0.0, 100.0)),
    st.one_of(st.none(), st.floats(0.0, 1.0)),
    st.one_of(st.none(), st.floats(0.01, 2.0)),
)


@given(st.dictionaries(st.text("abcdefghij", min_size=1, max_size=3), sized, max_size=12), st.sampled_from([0.9, 0.5]))
def test_weights_keep_every_limit(candidates, high):
    found = weights(candidates, state(high), SETTINGS)

    sizes = np.array(list(found.values()))
    held = int((sizes > 0.0).sum())
    assert set(found) == set(candidates)
    assert held <= 5
    assert (sizes <= 0.20 + 1e-12).all()
    assert sizes.sum() == pytest.approx(min(high, 0.90, 0.20 * held), abs=1e-9)


@given(st.dictionaries(st.text("abcdefghij", min_size=1, max_size=3), sized, max_size=12))
def test_the_calmer_of_two_holdings_is_never_the_smaller(candidates):
    found = weights(candidates, state(0.90), SETTINGS)

    held = sorted((candidates[key].volatility, -size) for key, size in found.items() if size > 0.0)
    assert all(a[1] <= b[1] + 1e-12 for a, b in pairwise(held))

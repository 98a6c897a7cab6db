"""The expected edge and the score: hand values, bounds, monotone parts, and None never taken for 0."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etf_platform.arbitrage.economics import Costs, Parts, edge, half_spread, impact, score
from etf_platform.core.states import State

FREE = Costs(0.0, 0.0, 0.0)
BEST = Parts(50.0, 0.0, 2e8, 3600, 0.02, 1.0)
MIN = 5e7
UP = ("edge_bps", "projected_amount", "seconds_to_close", "seal_ratio", "quality")
NAMES = [f.name for f in fields(Parts)]

number = st.floats(-1e12, 1e12) | st.none()
parts = st.builds(
    Parts,
    edge_bps=number,
    premium=st.floats(-1.0, 1.0) | st.none(),
    projected_amount=st.floats(0.0, 1e12) | st.none(),
    seconds_to_close=st.integers(0, 14_400) | st.none(),
    seal_ratio=st.floats(0.0, 1.0) | st.none(),
    quality=st.floats(0.0, 1.0) | st.none(),
)


def test_five_percent_of_a_fund_that_gains_two_percent_is_ten_basis_points():
    assert edge([(0.05, 0.02)], 0.0, FREE).bps == pytest.approx(10.0)


def test_the_sum_over_sealed_holdings_pays_for_premium_fees_spread_and_impact():
    found = edge([(0.05, 0.02), (0.10, 0.03)], 0.001, Costs(5.0, 2.0, 3.0))

    assert found.bps == pytest.approx(10 + 30 - 10 - 5 - 2 - 3)
    assert found.parts == pytest.approx(
        {"gross": 40.0, "premium": 10.0, "fees": 5.0, "half_spread": 2.0, "impact": 3.0}
    )


def test_a_discount_is_no_gain():
    assert edge([(0.05, 0.02)], -0.03, FREE).bps == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("gains", "premium", "costs", "missing"),
    [
        ([(0.05, None), (0.2, 0.02)], 0.0, FREE, ("gross",)),
        ([], 0.0, FREE, ("gross",)),
        ([(0.05, float("nan"))], 0.0, FREE, ("gross",)),
        ([(0.05, 0.02)], None, FREE, ("premium",)),
        ([(0.05, 0.02)], 0.0, Costs(5.0, None, 1.0), ("half_spread",)),
        ([(0.05, 0.02)], 0.0, Costs(5.0, 1.0, None), ("impact",)),
    ],
)
def test_an_unknown_part_makes_the_edge_unknown_and_is_named(gains, premium, costs, missing):
    found = edge(gains, premium, costs)

    assert found.bps is None
    assert found.missing == missing


def test_impact_grows_with_the_root_of_the_order():
    assert impact(0.02, 1e6, 1e8) == pytest.approx(20.0)
    assert impact(0.02, 4e6, 1e8) == pytest.approx(40.0)
    assert impact(None, 1e6, 1e8) is impact(0.02, 1e6, None) is impact(0.02, 1e6, 0.0) is None


def test_half_the_spread_needs_both_sides_of_the_book():
    assert half_spread(0.999, 1.001) == pytest.approx(10.0)
    assert half_spread(None, 1.0) is half_spread(1.0, None) is half_spread(1.0, 0.0) is half_spread(1.1, 1.0) is None


def test_a_perfect_signal_scores_a_hundred_in_the_declared_parts():
    found = score(BEST, MIN)

    assert (found.total, found.state, found.missing) == (100.0, State.PASS, ())
    points = {name: part["points"] for name, part in found.components.items()}
    assert points == {"edge": 40.0, "premium": 15.0, "liquidity": 15.0, "time": 10.0, "seal": 10.0, "holdings": 10.0}


@pytest.mark.parametrize(
    ("changes", "total"),
    [
        ({"edge_bps": 25.0}, 80.0),
        ({"edge_bps": -10.0}, 60.0),
        ({"premium": 0.01}, 92.5),
        ({"premium": 0.05}, 85.0),
        ({"premium": -0.05}, 100.0),
        ({"projected_amount": 1e8}, 92.5),
        ({"seconds_to_close": 2100}, 95.0),
        ({"seconds_to_close": 0}, 90.0),
        ({"seal_ratio": 0.005}, 92.5),
        ({"quality": 0.7}, 97.0),
    ],
)
def test_each_part_counts_as_the_formula_says(changes, total):
    assert score(replace(BEST, **changes), MIN).total == pytest.approx(total)


def test_a_missing_part_is_named_warned_of_and_its_points_go_to_the_others():
    found = score(replace(BEST, edge_bps=25.0, seal_ratio=None), MIN)

    assert found.total == pytest.approx(100.0 * 70.0 / 90.0)
    assert (found.state, found.missing) == (State.WARN, ("seal",))
    assert found.components["seal"] == {"value": None, "points": None, "of": 10.0}


@pytest.mark.parametrize("name", ["edge_bps", "premium"])
def test_without_edge_or_premium_there_is_no_score_but_the_other_parts_are_shown(name):
    found = score(replace(BEST, **{name: None}), MIN)

    assert (found.total, found.state) == (None, State.BLOCKED)
    assert found.components["liquidity"]["points"] == 15.0


@settings(deadline=None)
@given(parts)
def test_the_score_lies_between_0_and_100_and_exists_exactly_when_edge_and_premium_do(drawn):
    found = score(drawn, MIN)

    assert (found.total is None) is (drawn.edge_bps is None or drawn.premium is None)
    assert found.total is None or 0.0 <= found.total <= 100.0 + 1e-9
    assert (found.state is State.PASS) is (None not in [getattr(drawn, name) for name in NAMES])


@settings(deadline=None)
@given(parts, st.sampled_from(UP), st.floats(0.0, 1e6))
def test_more_of_a_good_thing_never_lowers_the_score(drawn, name, more):
    value = getattr(drawn, name)
    before, after = score(drawn, MIN), score(replace(drawn, **{name: None if value is None else value + more}), MIN)

    assert before.total is None or after.total >= before.total - 1e-9


@settings(deadline=None)
@given(parts, st.floats(0.0, 1.0))
def test_a_higher_premium_never_raises_the_score(drawn, more):
    dearer = replace(drawn, premium=None if drawn.premium is None else drawn.premium + more)

    before, after = score(drawn, MIN), score(dearer, MIN)

    assert before.total is None or after.total <= before.total + 1e-9


@pytest.mark.parametrize("name", ["projected_amount", "seal_ratio", "seconds_to_close", "quality"])
def test_unknown_is_not_zero(name):
    assert score(replace(BEST, **{name: None}), MIN).total > score(replace(BEST, **{name: 0}), MIN).total


def test_without_a_minimum_turnover_every_known_one_is_enough():
    assert score(replace(BEST, projected_amount=0.0), 0.0).components["liquidity"]["points"] == 15.0

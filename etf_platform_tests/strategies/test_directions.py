"""When a factor's own rank IC replaces its prior sign, and that it does so only from what is known."""

import numpy as np
import pytest

from etf_platform.core.config.models import Direction
from etf_platform.strategies.directions import daily_ic, directions, forward_returns, trailing_icir

RULES = Direction(horizon=2, min_sessions=6, sub_windows=3, min_agreement=0.6)
NAN = float("nan")


def slow_direction(values, prior, t, rules):
    """One date by plain loops over the known values."""
    known = [v for s, v in enumerate(values) if s + 1 + rules.horizon <= t and v == v]
    if len(known) < rules.min_sessions:
        return prior
    window = known[-rules.min_sessions :]
    sign = (sum(window) > 0) - (sum(window) < 0)
    base, extra = divmod(rules.min_sessions, rules.sub_windows)
    agreeing, end = 0, len(window)
    for part in range(rules.sub_windows):
        start = end - base - (part < extra)
        total = sum(window[start:end])
        agreeing += ((total > 0) - (total < 0)) == sign
        end = start
    return sign if agreeing / rules.sub_windows >= rules.min_agreement - 1e-12 else 0


def test_forward_return_runs_from_the_next_open_over_the_horizon():
    opens = np.array([[1.0], [2.0], [3.0], [6.0], [8.0]])

    np.testing.assert_array_equal(forward_returns(opens, 2)[:, 0], [2.0, 8 / 3 - 1, NAN, NAN, NAN])


def test_a_history_shorter_than_the_horizon_has_no_forward_return():
    assert np.isnan(forward_returns(np.ones((3, 2)), 5)).all()


def test_the_sign_switches_on_the_session_on_which_the_last_needed_open_is_known():
    # IC values of sessions 0..5 fill the window; session 5 is known at t = 5 + 1 + 2 = 8
    ic = np.full((1, 12), -0.1)

    assert directions(ic, np.array([1]), RULES)[0].tolist() == [1] * 8 + [-1] * 4


def test_a_sign_that_did_not_hold_in_enough_parts_is_zero():
    # parts of two: +0.9, -0.1, -0.1 sum to +0.7, and one part of three agrees
    ic = np.array([[0.5, 0.4, -0.05, -0.05, -0.05, -0.05, 0.0, 0.0, 0.0]])

    assert directions(ic, np.array([-1]), RULES)[0, 8] == 0


def test_two_parts_of_three_are_enough():
    ic = np.array([[0.5, 0.4, 0.3, 0.2, -0.05, -0.05, 0.0, 0.0, 0.0]])

    assert directions(ic, np.array([-1]), RULES)[0, 8] == 1


def test_exactly_four_fifths_agreement_is_enough():
    rules = Direction(horizon=1, min_sessions=5, sub_windows=5, min_agreement=0.80)
    ic = np.array([[0.5, 0.5, 0.5, 0.5, -0.1, 0.0, 0.0]])

    assert directions(ic, np.array([0]), rules)[0, 6] == 1


def test_days_without_an_ic_do_not_count():
    # five values among the first seven sessions, the sixth on session 7, known at t = 10
    ic = np.array([[-0.1, NAN, -0.1, -0.1, NAN, -0.1, -0.1, -0.1, 0.9, 0.9, 0.9]])

    assert directions(ic, np.array([1]), RULES)[0].tolist() == [1] * 10 + [-1]


def test_directions_agree_with_plain_loops():
    rng = np.random.default_rng(1)
    ic = rng.normal(0.02, 0.1, (4, 90))
    ic[rng.random(ic.shape) < 0.1] = np.nan
    priors = np.array([1, -1, 0, 1])
    rules = Direction(horizon=5, min_sessions=20, sub_windows=6, min_agreement=0.6)

    pairs = zip(ic.tolist(), priors.tolist(), strict=True)
    expected = [[slow_direction(values, prior, t, rules) for t in range(90)] for values, prior in pairs]
    assert directions(ic, priors, rules).tolist() == expected
    assert {-1, 0, 1} <= {sign for row in expected for sign in row}


def drawn_market(sessions=420, funds=12, seed=3):
    rng = np.random.default_rng(seed)
    opens = np.exp(np.cumsum(rng.normal(0.0, 0.02, (sessions, funds)), axis=0))
    return rng.normal(size=(3, sessions, funds)), opens


@pytest.mark.parametrize("rules", [Direction(), Direction(horizon=3, min_sessions=40)], ids=["shipped", "short"])
def test_the_window_is_all_the_history_that_a_row_needs(rules):
    """Fed only the sessions that its window and horizon span, the last row is the same by every bit."""
    factors, opens = drawn_market()
    ic = daily_ic(factors, opens, rules.horizon)
    needed = rules.min_sessions + rules.horizon + 1

    for t in (needed - 1, needed + 7, 419):
        tail = slice(t + 1 - needed, t + 1)
        short = daily_ic(factors[:, tail], opens[tail], rules.horizon)
        assert (
            directions(short, np.zeros(3), rules)[:, -1].tolist() == directions(ic, np.zeros(3), rules)[:, t].tolist()
        )
        assert trailing_icir(short, rules)[:, -1].tolist() == trailing_icir(ic, rules)[:, t].tolist()


def test_what_happens_after_a_session_cannot_move_its_direction():
    factors, opens = drawn_market()
    rules = Direction(horizon=3, min_sessions=40)
    cut = 200
    changed = opens.copy()
    changed[cut + 1 :] = changed[cut + 1 :][:, ::-1] * 3.0

    truth = directions(daily_ic(factors, opens, 3), np.ones(3), rules)[:, : cut + 1]
    other = directions(daily_ic(factors, changed, 3), np.ones(3), rules)[:, : cut + 1]
    np.testing.assert_array_equal(truth, other)


def test_icir_is_mean_over_standard_deviation_of_the_known_window():
    rules = Direction(horizon=1, min_sessions=4)
    ic = np.array([[0.9, 0.1, 0.2, NAN, 0.3, 0.4, 9.0, 9.0]])

    # at t = 7 the newest known session is 5: 0.1, 0.2, 0.3, 0.4 with deviation sqrt(0.05 / 3)
    ratio = trailing_icir(ic, rules)[0]
    assert np.isnan(ratio[:6]).all()
    assert ratio[7] == pytest.approx(0.25 / np.sqrt(0.05 / 3), rel=1e-14)

"""Ranks, ties, void selections, decision dates, hysteresis and the regime gate, by hand."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.models import Hysteresis, RegimeGate
from etf_platform.core.errors import BadInputError
from etf_platform.strategies.decisions import is_decision
from etf_platform.strategies.regime import exposure
from etf_platform.strategies.selection import is_void, patient_weights, ranks, top_weights

NAN = float("nan")
DECEMBER = pd.DatetimeIndex(["2024-12-30", "2024-12-31", "2025-01-02", "2025-01-03", "2025-01-06"])


def test_ties_go_to_the_first_symbol():
    assert ranks(np.array([[0.1, 0.3, NAN, 0.3, 0.2]])).tolist() == [[4, 1, 0, 2, 3]]


def test_the_best_get_equal_parts_and_the_rest_is_cash():
    assert top_weights(np.array([[3, 1, 0, 2, 4]]), 2).tolist() == [[0.0, 0.5, 0.0, 0.5, 0.0]]


def test_with_fewer_funds_than_places_all_are_held_and_the_rest_is_cash():
    """The trap of a pool of four with five places: everything, plus 20 % cash, and a flag."""
    places = np.array([[1, 2, 3, 4]])

    assert top_weights(places, 5).tolist() == [[0.2, 0.2, 0.2, 0.2]]
    assert is_void(places, 5).tolist() == [True]


@pytest.mark.parametrize(("funds", "void"), [(0, True), (4, True), (5, True), (6, False)])
def test_a_selection_is_void_without_more_funds_than_places(funds, void):
    places = np.array([[*range(1, funds + 1), 0, 0]])

    assert is_void(places, 5).tolist() == [void]


def test_a_month_is_decided_on_its_last_session():
    assert is_decision(DECEMBER[:4], DECEMBER, "M").tolist() == [False, True, False, False]


def test_a_partial_last_month_is_not_decided():
    """The last row is on the last given session: nobody knows whether its month is over."""
    assert is_decision(DECEMBER[:2], DECEMBER[:2], "M").tolist() == [False, False]
    assert is_decision(DECEMBER[:2], DECEMBER[:3], "M").tolist() == [False, True]


def test_every_fifth_session_counts_from_the_first_row():
    rows = pd.bdate_range("2024-01-02", periods=12)

    assert np.flatnonzero(is_decision(rows, rows, "5D")).tolist() == [4, 9]


@pytest.mark.parametrize("frequency", ["W", "0D", "D", "-5D"])
def test_another_frequency_is_refused(frequency):
    with pytest.raises(BadInputError, match="rebalance_freq"):
        is_decision(DECEMBER, DECEMBER, frequency)


def held(weights):
    return [sorted(np.flatnonzero(row).tolist()) for row in weights]


def test_hysteresis_keeps_a_fund_until_the_gap_and_the_holding_time_are_there():
    """Two places among four; fund 0 falls to the last place on row 1 and may leave two sessions after it came."""
    scores = np.array([[4.0, 3.0, 2.0, 1.0], [1.0, 4.0, 3.0, 2.0], [1.0, 4.0, 3.0, 2.0], [1.0, 4.0, 3.0, 2.0]])
    rules = Hysteresis(max_swaps=1, min_rank_gap=0.5, min_holding_sessions=2)

    weights = patient_weights(scores, np.ones(4, dtype=bool), 2, rules)
    assert held(weights) == [[0, 1], [0, 1], [1, 2], [1, 2]]
    assert weights.sum(axis=1).tolist() == [1.0] * 4


def test_a_small_gap_in_rank_is_no_reason_to_swap():
    scores = np.array([[4.0, 3.0, 2.0, 1.0], [4.0, 2.0, 3.0, 1.0]])

    patient = Hysteresis(min_rank_gap=0.26, min_holding_sessions=0)
    eager = Hysteresis(min_rank_gap=0.25, min_holding_sessions=0)
    assert held(patient_weights(scores, np.ones(2, dtype=bool), 2, patient))[1] == [0, 1]
    assert held(patient_weights(scores, np.ones(2, dtype=bool), 2, eager))[1] == [0, 2]


def test_at_most_one_fund_is_swapped():
    scores = np.array([[4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0]])
    rules = Hysteresis(max_swaps=1, min_rank_gap=0.1, min_holding_sessions=0)

    assert held(patient_weights(scores, np.ones(2, dtype=bool), 2, rules))[1] == [1, 3]


def test_a_held_fund_that_may_not_be_held_leaves_at_once():
    scores = np.array([[4.0, 3.0, 2.0, 1.0], [NAN, 3.0, 1.0, 2.0]])
    rules = Hysteresis(max_swaps=0)

    assert held(patient_weights(scores, np.ones(2, dtype=bool), 2, rules))[1] == [1, 3]


def test_the_book_changes_on_decision_dates_only():
    """Rows between decisions show what a decision would take, and leave no trace."""
    scores = np.array([[4.0, 3.0, 2.0], [1.0, 2.0, 3.0], [4.0, 3.0, 2.0]])
    rules = Hysteresis(min_rank_gap=0.1, min_holding_sessions=0)

    weights = patient_weights(scores, np.array([True, False, False]), 1, rules)
    assert held(weights) == [[0], [2], [0]]


GATE = RegimeGate(window=2)


def reference(closes, symbol="510300.SH"):
    dates = pd.bdate_range("2024-01-01", periods=len(closes))
    return pd.DataFrame({"date": dates, "symbol": symbol, "close": closes, "adj_factor": 1.0}), dates


def test_exposure_follows_the_volatility_of_the_session_before():
    # returns 0, 0, 0.02, 0.02: deviations of pairs 0, 0.01 * sqrt(2), 0; times sqrt(252): 0, 0.2245, 0
    frame, rows = reference([1.0, 1.0, 1.0, 1.02, 1.0404, 1.0404])
    gate = GATE.model_copy(update={"cuts": (0.10, 0.20, 0.40)})

    assert exposure(frame, rows, gate).tolist() == [0.1, 0.1, 0.1, 1.0, 0.4, 1.0]


def test_a_volatility_on_the_cut_takes_the_lower_exposure():
    frame, rows = reference([1.0, 1.0, 1.0, 1.0])
    gate = GATE.model_copy(update={"cuts": (0.0, 0.3, 0.4)})

    assert exposure(frame, rows, gate)[-1] == 0.7


def test_an_unknown_volatility_frees_no_capital():
    frame, rows = reference([1.0, 1.0, NAN, 1.0, 1.0, 1.0, 1.0])

    assert exposure(frame, rows, GATE).tolist() == [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 1.0]


def test_a_gate_without_its_reference_is_refused():
    frame, rows = reference([1.0, 1.0], symbol="510500.SH")

    with pytest.raises(BadInputError, match=r"no bars of 510300\.SH"):
        exposure(frame, rows, GATE)

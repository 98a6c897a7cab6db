"""A session counts once it is over; three last closes decide, older gaps are told."""

import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.core.states import State
from etf_platform.market.calendar import Sessions, sessions
from etf_platform.market.freshness import closed_bars, last_closed_session, quality_state

WEEK = ["2024-03-11", "2024-03-12", "2024-03-13", "2024-03-14", "2024-03-15"]


@pytest.fixture(scope="module")
def xnys() -> Sessions:
    return sessions("XNYS")


def _bars(*days: str) -> pd.DataFrame:
    return pd.DataFrame({"date": pd.DatetimeIndex(days), "symbol": "QQQ.US", "close": 1.0})


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2024-03-15", "2024-03-15"),
        ("2024-03-16", "2024-03-15"),
        ("2024-03-15 15:59", "2024-03-14"),
        ("2024-03-15 16:00", "2024-03-15"),
        ("2024-03-15 19:59+00:00", "2024-03-14"),  # New York is four hours behind in summer time
        ("2024-03-15 20:00+00:00", "2024-03-15"),
        ("2024-03-16 03:59+08:00", "2024-03-14"),
        ("2024-03-16 04:00+08:00", "2024-03-15"),
        ("2024-03-18 15:00", "2024-03-15"),
    ],
)
def test_a_session_is_over_at_the_close_of_its_own_exchange(xnys: Sessions, as_of: str, expected: str) -> None:
    assert last_closed_session(xnys, as_of) == pd.Timestamp(expected)


def test_shanghai_closes_at_three(xshg: Sessions) -> None:
    assert last_closed_session(xshg, "2024-03-15 14:59") == pd.Timestamp("2024-03-14")
    assert last_closed_session(xshg, "2024-03-15 07:00+00:00") == pd.Timestamp("2024-03-15")


def test_the_bar_of_an_open_session_is_dropped(xnys: Sessions) -> None:
    bars = closed_bars(_bars(*WEEK), xnys, "2024-03-15 12:00")

    assert bars["date"].max() == pd.Timestamp("2024-03-14")
    assert quality_state(bars, xnys, "2024-03-15 12:00").state is State.PASS


def test_complete_closes_pass(xnys: Sessions) -> None:
    found = quality_state(_bars(*WEEK), xnys, "2024-03-15")

    assert (found.state, found.reason, len(found.missing)) == (State.PASS, "", 0)


@pytest.mark.parametrize("lost", ["2024-03-13", "2024-03-14"])
def test_a_gap_in_the_last_three_closes_blocks(xnys: Sessions, lost: str) -> None:
    found = quality_state(_bars(*(d for d in WEEK if d != lost)), xnys, "2024-03-15")

    assert found.state is State.BLOCKED
    assert found.reason == f"{lost} of the last 3 sessions has no close"


def test_one_missing_session_further_back_warns(xnys: Sessions) -> None:
    found = quality_state(_bars(*(d for d in WEEK if d != "2024-03-12")), xnys, "2024-03-15")

    assert (found.state, found.reason) == (State.WARN, "1 session(s) without a close: 2024-03-12")


def test_a_last_bar_older_than_the_last_closed_session_blocks(xnys: Sessions) -> None:
    found = quality_state(_bars(*WEEK), xnys, "2024-03-18")

    assert found.state is State.BLOCKED
    assert found.reason == "the last close is of 2024-03-15, the last closed session is 2024-03-18"


def test_a_close_that_is_no_number_is_none(xnys: Sessions) -> None:
    bars = _bars(*WEEK)
    bars.loc[4, "close"] = float("nan")

    assert quality_state(bars, xnys, "2024-03-15").state is State.BLOCKED


def test_no_bar_at_all_blocks(xnys: Sessions) -> None:
    found = quality_state(_bars(), xnys, "2024-03-15")

    assert (found.state, found.reason) == (State.BLOCKED, "there is no close up to 2024-03-15")


def test_two_symbols_or_a_repeated_date_are_refused(xnys: Sessions) -> None:
    with pytest.raises(BadInputError, match="a date stands twice"):
        quality_state(_bars("2024-03-15", "2024-03-15"), xnys, "2024-03-15")
    with pytest.raises(BadInputError, match=r"symbols QQQ\.US, SPY\.US"):
        quality_state(pd.concat([_bars(*WEEK), _bars(*WEEK).assign(symbol="SPY.US")]), xnys, "2024-03-15")

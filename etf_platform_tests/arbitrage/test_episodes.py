"""Episodes: sealed begins, opened ends, a re-seal is the next; restarts and missing quotes change nothing."""

import datetime as dt

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from etf_platform.arbitrage.episodes import Episode, advance

DAY = dt.date(2026, 11, 20)
SEALED, OPENED, UNKNOWN, SELLERS = (True, True), (False, False), (None, None), (False, True)


def at(minute):
    return dt.datetime(2026, 11, 20, 2, minute, tzinfo=dt.UTC)


def states(**flags):
    return pd.DataFrame(
        {
            "symbol": [f"{name[1:]}.SH" for name in flags],
            "sealed": pd.array([sealed for sealed, _ in flags.values()], dtype="boolean"),
            "at_limit": pd.array([limit for _, limit in flags.values()], dtype="boolean"),
        }
    )


def replay(*looks):
    """All episodes of a day after a sequence of states of 600519, as a store would keep them."""
    kept = {}
    for minute, flags in enumerate(looks):
        seen = states(s600519=flags) if flags != "absent" else states()
        found = advance(list(kept.values()), seen, at(minute), DAY)
        kept |= {(e.stock, e.episode): e for e in (*found.begun, *found.ended)}
    return [(e.episode, e.began_at.minute, e.ended_at and e.ended_at.minute) for e in kept.values()]


def test_a_seal_begins_an_opening_ends_and_a_re_seal_begins_the_next():
    assert replay(OPENED, SEALED, SEALED, OPENED, OPENED, SEALED) == [(1, 1, 3), (2, 5, None)]


def test_a_missing_quote_neither_begins_nor_ends():
    assert replay("absent", UNKNOWN, SEALED, "absent", UNKNOWN, SEALED) == [(1, 2, None)]


def test_at_the_limit_with_sellers_neither_begins_nor_ends():
    assert replay(SELLERS, SEALED, SELLERS, SEALED) == [(1, 1, None)]


def test_a_limit_without_a_known_seal_does_not_begin():
    assert replay((None, True)) == []


def test_a_restart_goes_on_with_the_stored_episode():
    stored = [Episode(DAY, "600519.SH", 2, at(1)), Episode(DAY, "600519.SH", 1, at(0), at(1))]

    found = advance(stored, states(s600519=SEALED), at(9), DAY)

    assert (found.begun, found.ended) == ((), ())
    assert found.numbers == {"600519.SH": 2}


def test_yesterdays_standing_episode_is_not_todays():
    stored = [Episode(DAY - dt.timedelta(days=1), "600519.SH", 4, at(1))]

    found = advance(stored, states(s600519=SEALED), at(9), DAY)

    assert found.begun == (Episode(DAY, "600519.SH", 1, at(9)),)
    assert found.ended == ()


def test_stocks_do_not_affect_each_other():
    first = advance([], states(s600519=SEALED, s600036=SEALED, s601318=OPENED), at(0), DAY)

    second = advance(first.standing, states(s600519=OPENED, s601318=SEALED), at(1), DAY)

    assert first.numbers == {"600036.SH": 1, "600519.SH": 1}
    assert [e.stock for e in second.ended] == ["600519.SH"]
    assert second.numbers == {"600036.SH": 1, "601318.SH": 1}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([SEALED, OPENED, UNKNOWN, SELLERS, "absent"]), max_size=12))
def test_episodes_count_like_a_slow_loop_over_what_is_known(looks):
    expected, number, stands = [], 0, False
    for flags in looks:
        if flags == SEALED and not stands:
            number, stands = number + 1, True
            expected.append(number)
        elif flags == OPENED:
            stands = False

    found = replay(*looks)

    assert [number for number, _, _ in found] == expected
    assert [end for _, _, end in found if end is None] == [None] * stands

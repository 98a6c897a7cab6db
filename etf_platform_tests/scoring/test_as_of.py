"""Which value could be known on a session, against tables by hand and a plain loop."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.scoring.as_of import newest_bars, newest_published


def dates(*texts):
    return pd.DatetimeIndex(pd.to_datetime(list(texts)).astype("datetime64[ns]"))


# Shanghai is closed from 1 to 7 October 2024, New York is not.
HOME = dates("2024-09-26", "2024-09-27", "2024-09-30", "2024-10-08", "2024-10-09")
ABROAD = dates(
    *("2024-09-26", "2024-09-27", "2024-09-30", "2024-10-01", "2024-10-02"),
    *("2024-10-03", "2024-10-04", "2024-10-07", "2024-10-08", "2024-10-09"),
)


def told(newest, n):
    return [(str(newest.date_at(i)), newest.age_at(i)) for i in range(n)]


def test_a_bar_of_shanghai_is_known_on_its_own_day():
    found = newest_bars(HOME, "XSHG", HOME, HOME[1:])

    assert told(found, 4) == [("2024-09-27", 0), ("2024-09-30", 0), ("2024-10-08", 0), ("2024-10-09", 0)]


def test_a_bar_of_new_york_is_known_only_on_the_day_after():
    found = newest_bars(ABROAD, "XNYS", ABROAD, HOME[1:])

    assert told(found, 4) == [("2024-09-26", 0), ("2024-09-27", 0), ("2024-10-07", 0), ("2024-10-08", 0)]


def test_a_day_of_what_trades_every_day_ends_at_midnight():
    every = pd.date_range("2024-09-26", "2024-10-09", unit="ns")
    found = newest_bars(every, "24/7", every, HOME[2:])

    assert told(found, 3) == [("2024-09-29", 0), ("2024-10-07", 0), ("2024-10-08", 0)]


def test_age_counts_the_sessions_of_the_assets_own_calendar():
    home = newest_bars(HOME[:3], "XSHG", HOME, HOME[3:])
    abroad = newest_bars(ABROAD[:3], "XNYS", ABROAD, HOME[3:])

    assert told(home, 2) == [("2024-09-30", 1), ("2024-09-30", 2)]  # the holidays make no bar old
    assert told(abroad, 2) == [("2024-09-30", 5), ("2024-09-30", 6)]
    assert [abroad.is_fresh(i, 5) for i in (0, 1)] == [True, False]


def test_nothing_is_known_before_the_first_bar_or_without_any():
    late, none = newest_bars(HOME[3:], "XSHG", HOME, HOME), newest_bars(HOME[:0], "XSHG", HOME, HOME)

    assert told(late, 4) == [("None", None)] * 3 + [("2024-10-08", 0)]
    assert told(none, 5) == [("None", None)] * 5
    assert not none.is_fresh(0, 100)


def test_a_value_is_known_from_the_session_of_its_publication():
    published = dates("2024-09-27", "2024-09-30", "2024-10-08")
    found = newest_published(dates("2024-09-26", "2024-09-27", "2024-09-30"), published, HOME, HOME)

    assert told(found, 5) == [
        ("None", None),
        ("2024-09-26", 1),
        ("2024-09-27", 1),
        ("2024-09-30", 1),
        ("2024-09-30", 2),
    ]


@pytest.mark.parametrize("calendar", ["XSHG", "XHKG", "XNYS", "24/7"])
def test_a_plain_loop_says_the_same(calendar):
    rng = np.random.default_rng(3)
    every = pd.bdate_range("2024-01-01", periods=120).as_unit("ns")
    sessions, days = every[rng.random(120) < 0.9], every[rng.random(120) < 0.9]
    bars = sessions[rng.random(sessions.size) < 0.7]

    found = newest_bars(bars, calendar, sessions, days)
    for i, day in enumerate(days):
        until = day if calendar in ("XSHG", "XHKG") else day - pd.Timedelta(days=1)
        known = [bar for bar in bars if bar <= until]
        newest = known[-1].date() if known else None
        age = sum(1 for s in sessions if known[-1] < s <= until) if known else None
        assert (found.date_at(i), found.age_at(i)) == (newest, age)

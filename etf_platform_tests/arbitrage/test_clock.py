"""Trading seconds: the lunch break does not count, before the open is the whole session, after the close nothing."""

import datetime as dt

import pytest

from etf_platform.arbitrage.clock import SHANGHAI, is_open, local, seconds_to_close, seconds_traded
from etf_platform.core.config.arbitrage import TradingHours

HOURS = TradingHours()


def at(time):
    return dt.datetime.combine(dt.date(2026, 11, 20), dt.time.fromisoformat(time))


@pytest.mark.parametrize(
    ("time", "left"),
    [
        ("13:00", 7200),
        ("11:00", 9000),
        ("08:00", 14_400),
        ("09:30", 14_400),
        ("09:30:01", 14_399),
        ("11:30", 7200),
        ("12:15", 7200),
        ("14:30", 1800),
        ("14:59:59", 1),
        ("15:00", 0),
        ("15:01", 0),
        ("23:59", 0),
    ],
)
def test_seconds_to_the_close_are_trading_seconds(time, left):
    assert seconds_to_close(at(time), HOURS) == left


def test_a_moment_with_a_zone_is_read_on_the_clock_of_the_exchange():
    now = dt.datetime(2026, 11, 20, 5, 0, tzinfo=dt.UTC)

    assert seconds_to_close(now, HOURS) == 7200
    assert local(now).hour == 13
    assert local(now).tzinfo is SHANGHAI


def test_seconds_left_may_be_counted_to_the_end_of_continuous_trading():
    assert seconds_to_close(at("14:50"), HOURS, "14:57") == 420
    assert seconds_to_close(at("14:58"), HOURS, "14:57") == 0
    assert seconds_to_close(at("11:00"), HOURS, "14:57") == 9000 - 180


def test_gone_and_left_make_a_session_at_every_minute():
    for minute in range(24 * 60):
        now = at(f"{minute // 60:02d}:{minute % 60:02d}")

        assert seconds_traded(now, HOURS) + seconds_to_close(now, HOURS) == 14_400


@pytest.mark.parametrize(
    ("time", "answer"),
    [
        ("09:29:59", False),
        ("09:30", True),
        ("11:29:59", True),
        ("11:30", False),
        ("12:00", False),
        ("13:00", True),
        ("14:59:59", True),
        ("15:00", False),
    ],
)
def test_the_session_is_open_in_its_two_halves_only(time, answer):
    assert is_open(at(time), HOURS) is answer

"""The share of a day's turnover by minute, and the day's turnover projected from it."""

import datetime as dt

import pandas as pd
import pytest

from etf_platform.arbitrage.pace import DEFAULT, Curve, curve, curves, projected, share
from etf_platform.core.config.arbitrage import TradingHours

HOURS = TradingHours()
OPEN = 9 * 60 + 30


def session(day, amounts, symbol="510300.SH"):
    """MINUTES rows of one session: {HH:MM on the exchange's clock: yuan}."""
    times = [pd.Timestamp(f"{day} {time}", tz="Asia/Shanghai").tz_convert("UTC") for time in amounts]
    return pd.DataFrame(
        {"date": pd.Timestamp(day), "symbol": symbol, "time": times, "amount": [float(v) for v in amounts.values()]}
    )


def at(time):
    return dt.datetime.combine(dt.date(2026, 11, 20), dt.time.fromisoformat(time))


def test_a_share_is_the_mean_over_sessions_of_what_had_been_traded_by_then():
    first = session("2026-11-18", {"09:30": 10, "10:00": 40, "13:00": 0, "14:00": 30, "15:00": 20})
    second = session("2026-11-19", {"09:30": 0, "10:00": 200, "14:00": 100, "15:00": 100})

    made = curve(pd.concat([first, second]), HOURS)

    assert (made.sessions, made.is_estimated, len(made.shares)) == (2, False, 241)
    assert share(made, at("09:30"), HOURS) == pytest.approx(0.05)
    assert share(made, at("10:00"), HOURS) == pytest.approx(0.50)
    assert share(made, at("12:00"), HOURS) == pytest.approx(0.50)
    assert share(made, at("14:00"), HOURS) == pytest.approx((0.8 + 0.75) / 2)
    assert share(made, at("15:30"), HOURS) == 1.0


def test_a_session_without_its_close_or_without_turnover_does_not_count():
    broken = session("2026-11-18", {"09:31": 100, "11:00": 100})
    empty = session("2026-11-19", {"09:31": 0, "15:00": 0})

    assert curve(pd.concat([broken, empty]), HOURS) is DEFAULT
    assert curve(broken.iloc[:0], HOURS) is DEFAULT


def test_only_the_last_sessions_count():
    days = [f"2026-11-{day:02d}" for day in range(2, 7)]
    old = [session(day, {"09:31": 100, "15:00": 0}) for day in days[:3]]
    new = [session(day, {"09:31": 0, "15:00": 100}) for day in days[3:]]

    made = curve(pd.concat([*old, *new]), HOURS, sessions=2)

    assert made.sessions == 2
    assert share(made, at("14:00"), HOURS) == 0.0


def test_every_fund_has_its_own_curve():
    one = session("2026-11-18", {"10:00": 100, "15:00": 0})
    other = session("2026-11-18", {"10:00": 0, "15:00": 100}, "510500.SH")

    made = curves(pd.concat([one, other]), HOURS)

    assert [share(made[etf], at("11:00"), HOURS) for etf in ("510300.SH", "510500.SH")] == [1.0, 0.0]


def test_the_default_says_that_it_is_estimated_and_never_falls():
    shares = [share(DEFAULT, at(f"{m // 60:02d}:{m % 60:02d}"), HOURS) for m in range(OPEN, 15 * 60 + 1)]

    assert DEFAULT.is_estimated
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize(
    ("amount", "part", "day"),
    [
        (2e7, 0.25, 8e7),
        (0.0, 0.25, 0.0),
        (None, 0.25, None),
        (float("nan"), 0.25, None),
        (2e7, None, None),
        (2e7, 0.0, None),
        (2e7, 1.0, 2e7),
    ],
)
def test_a_projection_is_turnover_over_its_share_and_unknown_where_one_is(amount, part, day):
    assert projected(amount, part) == day


def test_an_early_amount_is_not_judged_by_a_quarter_of_the_day():
    early = share(DEFAULT, at("09:40"), HOURS)

    assert projected(0.13 * 6e7, early) == pytest.approx(6e7)
    assert Curve(DEFAULT.shares, 3).is_estimated is False

"""EMA_trend_v2 and EMA_cross_v1: expected values, crosses on hand rows, month ends from the calendar."""

from math import nan

import pandas as pd
import pytest

from etf_platform.core.errors import CalendarEndError
from etf_platform.core.states import State
from etf_platform.core.units.signal import FLAT
from etf_platform.strategies.signals import ema_cross_v1 as v1
from etf_platform.strategies.signals import ema_trend_v2 as v2
from etf_platform.strategies.signals.replay import signals

PUBLISHED = {"close": 600.64, "ema_80": 611.25, "ema_200": 584.31, "vol_20": 0.0119}


@pytest.mark.parametrize(
    ("changed", "position", "reason"),
    [
        ({}, 1.0, "uptrend_low_vol"),
        ({"vol_20": 0.02}, 0.0, "no_uptrend_or_high_vol"),
        ({"ema_80": 584.31}, 0.0, "no_uptrend_or_high_vol"),
        ({"vol_20": nan}, None, "missing_indicators"),
        ({"ema_200": nan}, None, "missing_indicators"),
    ],
)
def test_v2_is_long_in_a_quiet_uptrend_only(changed, position, reason):
    signal = v2.EMA_TREND_V2.step({**PUBLISHED, **changed}, v2.Settings(), FLAT)

    assert (signal.position, signal.reason) == (position, reason)
    assert (signal.state is State.BLOCKED) == (reason == "missing_indicators")


def crossing(columns):
    """EMA50 from below to above (row 2) and back below (row 5); the touch in row 4 is no cross."""
    rows = columns(7)
    rows["ema_50"] = [99.0, 100.0, 101.0, 102.0, 100.0, 99.0, 98.0]
    rows["ema_200"] = 100.0
    return rows


def test_v1_buys_the_golden_cross_sells_the_death_cross_and_keeps_between(columns, sessions):
    made = signals(crossing(columns), v1.EMA_CROSS_V1, v1.Settings(), sessions, warmup_bars=1)

    assert made["reason"].tolist() == ["hold", "hold", "golden_cross", "hold", "hold", "death_cross", "hold"]
    assert made["weight"].tolist() == [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    assert made["position"].isna().tolist() == [True, True, False, True, True, False, True]


def test_v1_keeps_the_levels_of_the_entry_while_it_holds(columns, sessions):
    rows = crossing(columns).assign(close=[100.0, 100.0, 200.0, 210.0, 190.0, 180.0, 170.0])

    made = signals(rows, v1.EMA_CROSS_V1, v1.Settings(), sessions, warmup_bars=1)

    assert made["stop_loss"].iloc[2:5].tolist() == [190.0, 190.0, 190.0]
    assert made["take_profit"].iloc[2:5].tolist() == [240.0, 240.0, 240.0]
    assert made["stop_loss"].iloc[[0, 1, 5, 6]].isna().all()


def test_v1_monthly_decides_on_the_last_exchange_session_of_a_month_only(columns, sessions):
    """January 2024 ends on Wednesday the 31st; the rows stop on the 30th and the 31st."""
    rows = columns(22, "2024-01-02", ema_50=101.0, ema_200=100.0)
    settings = v1.Settings(rebalance_freq="monthly")

    made = signals(rows, v1.EMA_CROSS_V1, settings, sessions, warmup_bars=1)
    cut = signals(rows.iloc[:-1], v1.EMA_CROSS_V1, settings, sessions, warmup_bars=1)

    assert made["date"].iloc[-1] == pd.Timestamp("2024-01-31")
    assert made["reason"].iloc[-1] == "monthly_rebalance_bull"
    assert set(cut["reason"]) == {"hold_until_month_end"}


def test_v1_monthly_sells_at_a_month_end_below(columns, sessions):
    rows = columns(1, "2024-01-31", ema_50=99.0, ema_200=100.0)

    made = signals(rows, v1.EMA_CROSS_V1, v1.Settings(rebalance_freq="monthly"), sessions, warmup_bars=1)

    assert (made["reason"].item(), made["position"].item()) == ("monthly_rebalance_bear", 0.0)


def test_v1_monthly_refuses_a_calendar_that_ends_with_the_data(columns):
    rows = columns(3, ema_50=101.0, ema_200=100.0)

    with pytest.raises(CalendarEndError, match="knows no session after 2024-01-04"):
        signals(rows, v1.EMA_CROSS_V1, v1.Settings(rebalance_freq="monthly"), pd.DatetimeIndex(rows["date"]), 1)


def test_v1_of_the_original_takes_every_day_for_a_month_end(columns, sessions):
    rows = columns(3, ema_50=101.0, ema_200=100.0)
    settings = v1.Settings(rebalance_freq="monthly", original_compatible=True)

    made = signals(rows, v1.EMA_CROSS_V1, settings, sessions, warmup_bars=1)

    assert set(made["reason"]) == {"monthly_rebalance_bull"}

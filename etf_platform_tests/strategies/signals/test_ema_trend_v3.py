"""EMA_trend_v3: the specified order of rules, the five conditions, filters and levels."""

from math import nan

import pandas as pd
import pytest

from etf_platform.core.states import State
from etf_platform.core.units.signal import FLAT, Held
from etf_platform.strategies.signals.ema_trend_v3 import EMA_TREND_V3, Settings
from etf_platform.strategies.signals.replay import signals
from etf_platform.strategies.signals.terms import with_given_vix

UP = {"close": 600.64, "ema_80": 590.0, "ema_200": 584.31, "sma_200": 580.0, "adx_14": 30.0, "macd_line": 1.5}


def said(settings=None, held=FLAT, **changed):
    return EMA_TREND_V3.step({**UP, **changed}, settings or Settings(), held)


def test_all_five_conditions_buy():
    signal = said()

    assert (signal.signal, signal.position, signal.reason) == ("buy", 1.0, "all_conditions_met")
    assert signal.conditions == (True,) * 5


def test_an_undefined_adx_is_shown_as_undefined_and_does_not_decide():
    signal = said(ema_80=611.25, adx_14=nan)

    assert (signal.signal, signal.position, signal.reason) == ("buy", 1.0, "uptrend")
    assert signal.conditions == (True, False, None, True, True)


def test_stop_and_target_of_the_published_close():
    signal = said()

    assert (round(signal.stop_loss, 2), round(signal.take_profit, 2)) == (570.61, 720.77)


def test_equal_averages_are_no_uptrend():
    signal = said(ema_80=584.31)

    assert (signal.signal, signal.position, signal.reason) == ("sell", 0.0, "ema_not_uptrend")
    assert (signal.stop_loss, signal.take_profit) == (None, None)


@pytest.mark.parametrize(
    ("name", "value", "number"), [("adx_14", 25.0, 2), ("macd_line", 0.0, 3), ("sma_200", 600.64, 4)]
)
def test_conditions_are_strict(name, value, number):
    assert said(**{name: value}).conditions[number] is False


@pytest.mark.parametrize("name", ["ema_80", "ema_200"])
def test_an_average_that_is_not_defined_blocks(name):
    signal = said(**{name: nan})

    assert (signal.signal, signal.position, signal.reason) == ("hold", None, "missing_indicators")
    assert signal.state is State.BLOCKED


@pytest.mark.parametrize("name", ["ema_80", "ema_200", "sma_200", "adx_14", "macd_line"])
def test_a_column_that_is_absent_blocks(name):
    row = {key: value for key, value in UP.items() if key != name}

    signal = EMA_TREND_V3.step(row, Settings(), FLAT)

    assert (signal.position, signal.reason, signal.state) == (None, "missing_indicators", State.BLOCKED)


@pytest.mark.parametrize(
    ("vix", "age", "position", "reason"),
    [
        (25.0, 1.0, 0.0, "vix_above_25"),
        (24.99, 1.0, 1.0, "all_conditions_met"),
        (24.99, 5.0, 1.0, "all_conditions_met"),
        (24.99, 6.0, None, "missing_indicators"),
        (nan, nan, None, "missing_indicators"),
    ],
)
def test_vix_filter(vix, age, position, reason):
    signal = said(Settings(use_vix_filter=True), vix=vix, vix_age=age)

    assert (signal.position, signal.reason) == (position, reason)
    assert (signal.state is State.BLOCKED) == (reason == "missing_indicators")


def test_the_vix_reason_carries_the_configured_threshold():
    assert said(Settings(use_vix_filter=True, vix_threshold=27.5), vix=30.0, vix_age=1.0).reason == "vix_above_27.5"


def test_a_missing_vix_passes_in_the_original():
    settings = Settings(use_vix_filter=True, original_compatible=True)

    assert said(settings, vix=nan, vix_age=nan).position == 1.0


def test_without_the_filter_the_vix_is_ignored():
    assert said(vix=80.0, vix_age=1.0).position == 1.0


def test_no_uptrend_decides_before_the_vix():
    assert said(Settings(use_vix_filter=True), ema_80=500.0, vix=nan, vix_age=nan).reason == "ema_not_uptrend"


@pytest.mark.parametrize(
    ("vol", "position", "reason"),
    [
        (0.02, 0.0, "vol_above_threshold"),
        (0.0199, 1.0, "all_conditions_met"),
        (nan, None, "missing_indicators"),
    ],
)
def test_volatility_filter(vol, position, reason):
    signal = said(Settings(use_vol_filter=True), vol_20=vol)

    assert (signal.position, signal.reason) == (position, reason)


def test_the_variant_all_conditions_is_flat_unless_all_five_hold():
    settings = Settings(require="all_conditions")

    assert said(settings).position == 1.0
    assert (said(settings, adx_14=20.0).position, said(settings, adx_14=20.0).reason) == (0.0, "conditions_not_met")


def test_a_blocked_row_keeps_the_levels_of_an_open_position():
    signal = said(held=Held(1.0, 500.0, "uptrend"), ema_80=nan)

    assert (signal.stop_loss, signal.take_profit) == (475.0, 600.0)


def test_the_original_prints_levels_always_and_blocks_with_position_0():
    flat = said(Settings(original_compatible=True), ema_80=500.0)
    missing = said(Settings(original_compatible=True), ema_80=nan)

    assert round(flat.stop_loss, 2) == 570.61
    assert missing.position == 0.0


def test_the_age_of_the_vix_counts_exchange_sessions_not_days(columns, sessions):
    """2024-01-08 is a Monday: five sessions back is Monday the 1st, the Friday before that is six."""
    rows = columns(2, "2024-01-08", **UP, vix=20.0)
    rows["vix_date"] = pd.to_datetime(["2024-01-01", "2024-01-01"])
    settings = Settings(use_vix_filter=True)

    made = signals(rows, EMA_TREND_V3, settings, sessions, warmup_bars=1)

    assert made["reason"].tolist() == ["all_conditions_met", "missing_indicators"]


def test_indicator_names_follow_the_settings():
    names = EMA_TREND_V3.indicators(Settings(ema_fast=50, adx_period=10, vol_window=30, macd_fast=5))

    assert names == ("ema_50", "ema_200", "sma_200", "adx_10", "macd_line_5_26_9", "vol_30", "vix")


@pytest.mark.parametrize(("vix", "reason"), [(25.0, "vix_above_25"), (24.99, "all_conditions_met")])
def test_a_vix_given_by_hand_counts_for_the_last_row_only(vix, reason, columns, sessions):
    rows = with_given_vix(columns(2, **UP), vix, sessions)

    made = signals(rows, EMA_TREND_V3, Settings(use_vix_filter=True), sessions, warmup_bars=1)

    assert made["reason"].tolist() == ["missing_indicators", reason]

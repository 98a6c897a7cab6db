"""NDX_short_term: first match wins; every rule, caps, exits and levels on hand rows."""

from math import nan

import pytest

from etf_platform.core.states import State
from etf_platform.core.units.signal import FLAT, Held
from etf_platform.strategies.signals.ndx_short_term import NDX_SHORT_TERM, Settings
from etf_platform.strategies.signals.replay import signals

ROW = {
    "close": 100.0,
    "sma_5": 99.0,
    "rsi_9": 48.0,
    "rsi_24": 50.0,
    "rsi_gap_before": -1.0,
    "volume_ratio": 1.0,
    "market_env": "transition",
    "trend_dir": "side",
    "divergence": "",
}
SHORTS = Settings(long_only=False)


def said(settings=SHORTS, held=FLAT, **changed):
    return NDX_SHORT_TERM.step({**ROW, **changed}, settings, held)


UP, DOWN, SIDE = {"trend_dir": "up"}, {"trend_dir": "down"}, {"trend_dir": "side"}
GOLDEN = {"rsi_9": 51.0, "rsi_24": 47.0, "rsi_gap_before": -1.0, "close": 100.0, "sma_5": 99.0}
DEATH = {"rsi_9": 47.0, "rsi_24": 55.0, "rsi_gap_before": 1.0, "close": 98.0, "sma_5": 99.0}
HEAVY, SHRINK = {"volume_ratio": 1.2}, {"volume_ratio": 0.8}


@pytest.mark.parametrize(
    ("row", "word", "position", "reason"),
    [
        ({}, "hold", None, "no_signal"),
        ({"rsi_9": 9.9}, "hold", None, "extreme_market"),
        ({"rsi_9": 90.1, "vix": 30.1, "vix_age": 1.0}, "hold", None, "extreme_market"),
        ({"rsi_9": 90.1, "vix": 30.0, "vix_age": 1.0, **SIDE, **HEAVY}, "sell", -0.4, "strong_overbought"),
        ({"rsi_9": 90.1, "vix": 20.0, "vix_age": 6.0, **SIDE, **HEAVY}, "hold", None, "extreme_market"),
        ({**GOLDEN, **UP, **HEAVY}, "buy", 0.4, "golden_cross"),
        ({**GOLDEN, **DOWN, **HEAVY}, "buy", 0.4, "golden_cross"),
        ({**GOLDEN, **SIDE, **SHRINK}, "buy", 0.3, "golden_cross"),
        ({**GOLDEN, "rsi_24": 49.5, **SIDE, **SHRINK}, "hold", None, "no_signal"),
        ({**GOLDEN, "sma_5": 100.0, **SIDE, **SHRINK}, "hold", None, "no_signal"),
        ({**DEATH, **UP, **HEAVY}, "sell", -0.4, "death_cross"),
        ({**DEATH, **SIDE, **HEAVY}, "sell", -0.3, "death_cross"),
        ({**DEATH, "rsi_24": 52.0, **SIDE, **HEAVY}, "hold", None, "no_signal"),
        ({**UP, "rsi_9": 30.0, **HEAVY}, "hold", None, "pullback_volume_reject"),
        ({**UP, "rsi_9": 30.0, **SHRINK}, "buy", 0.3, "oversell"),
        ({**UP, "rsi_9": 25.0, **SHRINK}, "buy", 0.4, "strong_oversell"),
        ({**UP, "rsi_9": 45.0, **HEAVY}, "hold", None, "pullback_volume_reject"),
        ({**UP, "rsi_9": 45.0, **SHRINK}, "buy", 0.2, "trend_pullback"),
        ({**UP, "rsi_9": 70.0, "rsi_gap_before": 1.0, **HEAVY}, "hold", None, "overbought_with_volume_ignore"),
        ({**UP, "rsi_9": 70.0, "rsi_gap_before": 1.0, **SHRINK}, "sell_light", -0.2, "overbought"),
        ({**UP, "rsi_9": 75.0, "rsi_gap_before": 1.0, **SHRINK}, "sell_light", -0.3, "strong_overbought"),
        ({**DOWN, "rsi_9": 70.0, "rsi_gap_before": 1.0, **HEAVY}, "sell", -0.3, "overbought"),
        ({**DOWN, "rsi_9": 75.0, "rsi_gap_before": 1.0, **HEAVY}, "sell", -0.4, "strong_overbought"),
        ({**DOWN, "rsi_9": 55.0, "rsi_gap_before": 1.0, **SHRINK}, "sell_light", -0.2, "trend_bounce_sell_light"),
        ({**DOWN, "rsi_9": 55.0, "rsi_gap_before": 1.0, **HEAVY}, "sell", -0.4, "trend_bounce_sell"),
        ({**DOWN, "rsi_9": 30.0, **SHRINK}, "buy_light", 0.3, "oversell"),
        ({**DOWN, "rsi_9": 25.0, **SHRINK}, "buy_light", 0.4, "strong_oversell"),
        ({**DOWN, "rsi_9": 30.0, **HEAVY}, "hold", None, "no_signal"),
        ({**SIDE, "rsi_9": 70.0, "rsi_gap_before": 1.0, **HEAVY}, "sell", -0.3, "overbought"),
        ({**SIDE, "rsi_9": 30.0, **SHRINK}, "buy", 0.3, "oversell"),
        ({**SIDE, "rsi_9": 25.0, **SHRINK}, "buy", 0.4, "strong_oversell"),
        ({**SIDE, "rsi_9": 30.0, **HEAVY}, "hold", None, "no_signal"),
    ],
)
def test_the_first_rule_that_matches_wins(row, word, position, reason):
    signal = said(**row)

    assert (signal.signal, signal.position, signal.reason) == (word, position, reason)


@pytest.mark.parametrize(
    ("row", "kind", "position"),
    [
        ({**UP, **HEAVY}, "bullish_divergence", 0.5),
        ({**DOWN, **SHRINK}, "bearish_divergence", -0.5),
        ({**SIDE, **SHRINK}, "bullish_divergence", 0.3),
        ({**SIDE, **HEAVY}, "bearish_divergence", -0.3),
    ],
)
def test_divergences_speak_in_their_trend_within_the_cap(row, kind, position):
    signal = said(**row, divergence=kind)

    assert (signal.position, signal.reason) == (position, kind)


@pytest.mark.parametrize(
    ("weight", "reason", "rsi", "expected"),
    [
        (-0.3, "overbought", 64.9, "close_overbought_exit"),
        (-0.4, "strong_overbought", 64.9, "close_overbought_exit"),
        (-0.3, "overbought", 65.0, "no_signal"),
        (-0.3, "death_cross", 50.0, "no_signal"),
        (0.3, "oversell", 35.1, "close_oversell_exit"),
        (0.4, "strong_oversell", 35.1, "close_oversell_exit"),
        (0.3, "oversell", 35.0, "no_signal"),
        (0.3, "golden_cross", 50.0, "no_signal"),
    ],
)
def test_exits_depend_on_what_opened_the_position(weight, reason, rsi, expected):
    signal = said(held=Held(weight, 90.0, reason), rsi_9=rsi, rsi_gap_before=nan)

    assert signal.reason == expected
    assert signal.position == (0.0 if expected.startswith("close") else None)


@pytest.mark.parametrize(
    ("env", "rsi", "position"),
    [("bull", 35.0, 0.4), ("bear", 15.0, 0.3), ("bear", 14.9, 0.4), ("oscillate", 30.0, 0.4)],
)
def test_caps_follow_the_market(env, rsi, position):
    """A strongly oversold purchase of 0.4: capped at 0.3 in a bear market, unless the RSI is beyond its limit."""
    assert said(**SIDE, rsi_9=rsi, market_env=env, **SHRINK).position == position


def test_the_largest_position_of_the_settings_caps_too():
    settings = Settings.model_validate({"risk_control": {"max_position": 0.25}})

    assert said(settings, **SIDE, rsi_9=25.0, **SHRINK).position == 0.25


def test_long_only_sells_to_zero_and_no_short_in_bull_holds_only_there():
    row = {**SIDE, "rsi_9": 85.0, "rsi_gap_before": 1.0, **HEAVY}
    no_bull = Settings(long_only=False, no_short_in_bull=True)

    assert (said(Settings(), **row).signal, said(Settings(), **row).position) == ("sell", 0.0)
    assert said(no_bull, **row, market_env="bull").position == 0.0
    assert said(no_bull, **row).position == -0.4


@pytest.mark.parametrize(
    ("row", "stop", "target"),
    [
        ({**UP, "rsi_9": 45.0, **SHRINK}, 97.0, 107.0),
        ({**GOLDEN, **UP, **HEAVY}, 97.0, 107.0),
        ({**SIDE, "rsi_9": 30.0, **SHRINK}, 98.0, 105.0),
        ({**UP, **HEAVY, "divergence": "bullish_divergence"}, 96.0, 108.0),
        ({**SIDE, "rsi_9": 70.0, "rsi_gap_before": 1.0, **HEAVY}, 102.0, 95.0),
    ],
)
def test_levels_depend_on_the_reason_and_mirror_for_shorts(row, stop, target):
    signal = said(**row)

    assert (signal.stop_loss, signal.take_profit) == (pytest.approx(stop), pytest.approx(target))


def test_levels_of_a_leveraged_fund_and_of_a_configured_reason():
    leveraged = Settings.model_validate({"risk_control": {"is_leverage_etf": True}})
    own = Settings.model_validate({"signal_risk": {"oversell": {"stop_loss_ratio": 0.01, "take_profit_ratio": 0.02}}})
    row = {**SIDE, "rsi_9": 30.0, **SHRINK}

    assert said(leveraged, **row).stop_loss == pytest.approx(95.0)
    assert said(own, **row).stop_loss == pytest.approx(99.0)


def test_a_hold_keeps_the_levels_of_what_opened_the_position():
    signal = said(held=Held(0.3, 200.0, "oversell"), rsi_9=33.0, rsi_gap_before=nan)

    assert (signal.position, signal.stop_loss, signal.take_profit) == (None, 196.0, 210.0)


def test_the_original_flattens_on_hold():
    assert said(Settings(original_compatible=True)).position == 0.0


@pytest.mark.parametrize("name", ["rsi_9", "rsi_24", "sma_5", "volume_ratio", "market_env", "trend_dir"])
def test_an_undefined_input_blocks(name):
    signal = said(**{name: nan})

    assert (signal.position, signal.reason, signal.state) == (None, "missing_indicators", State.BLOCKED)


def test_divergence_compares_five_rows_with_the_five_before(columns, sessions):
    rows = columns(10, close=[100.0] * 5 + [101.0] * 5)
    rows["rsi_9"], rows["rsi_24"] = [60.0] * 5 + [55.0] * 5, 50.0
    low = rows.assign(close=[100.0] * 5 + [99.0] * 5, rsi_9=[40.0] * 5 + [45.0] * 5)
    settings = Settings(use_divergence=True)

    high_kinds = NDX_SHORT_TERM.prepare(rows, settings, sessions)["divergence"]
    low_kinds = NDX_SHORT_TERM.prepare(low, settings, sessions)["divergence"]
    off = NDX_SHORT_TERM.prepare(rows, Settings(), sessions)["divergence"]

    assert (high_kinds.iloc[-1], low_kinds.iloc[-1]) == ("bearish_divergence", "bullish_divergence")
    assert set(off) == {""}


def test_crosses_read_the_row_before(columns, sessions):
    rows = columns(3, **{**ROW, "trend_dir": "up", "volume_ratio": 1.3, "rsi_24": 47.0})
    rows["rsi_9"] = [46.0, 47.0, 58.0]

    made = signals(rows.drop(columns="rsi_gap_before"), NDX_SHORT_TERM, SHORTS, sessions, warmup_bars=1)

    assert made["reason"].iloc[-1] == "golden_cross"

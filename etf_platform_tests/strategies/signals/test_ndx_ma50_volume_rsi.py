"""NDX_MA50_Volume_RSI: trend types by hand, every row of the table, weights from w, stops."""

from math import nan

import pytest

from etf_platform.core.states import State
from etf_platform.core.units.signal import FLAT, Held
from etf_platform.strategies.signals.ndx_ma50_volume_rsi import NDX_MA50_VOLUME_RSI, Settings

ROW = {"close": 100.0, "sma_50": 98.0, "sma_20": 99.0, "rsi_14": 60.0, "volume_ratio": 1.0, "n_bars": 300}


def said(trend, rsi, ratio, weight=0.0, settings=None, **changed):
    held = Held(weight, 90.0, "bull_hold") if weight else FLAT
    row = {**ROW, "trend_type": trend, "rsi_14": rsi, "volume_ratio": ratio, **changed}
    return NDX_MA50_VOLUME_RSI.step(row, settings or Settings(), held)


@pytest.mark.parametrize(
    ("trend", "rsi", "ratio", "weight", "position", "reason"),
    [
        ("up", 40.0, 0.8, 0.0, 0.35, "bull_pullback_volume_ok"),
        ("up", 50.0, 0.8, 0.9, 1.0, "bull_pullback_volume_ok"),
        ("up", 70.0, 0.8, 1.0, 0.75, "bull_overbought_volume_weak"),
        ("up", 80.0, 0.5, 0.2, 0.0, "bull_overbought_volume_weak"),
        ("up", 80.01, 1.2, 0.6, 0.6, "bull_overbought_volume_ok"),
        ("up", 80.0, 1.2, 0.6, 0.6, "bull_hold"),
        ("up", 45.0, 0.81, 0.0, 1.0, "bull_hold"),
        ("up", 60.0, 1.0, 0.4, 0.4, "bull_hold"),
        ("down", 50.0, 1.2, 1.0, 0.5, "bear_rally_volume_heavy"),
        ("down", 60.0, 1.2, 0.0, 0.0, "bear_rally_volume_heavy"),
        ("down", 20.0, 0.8, 0.0, 0.3, "bear_oversold_volume_light"),
        ("down", 30.0, 0.8, 1.0, 0.3, "bear_oversold_volume_light"),
        ("down", 19.99, 1.2, 1.0, 0.0, "bear_oversold_no_bottom"),
        ("down", 45.0, 1.0, 1.0, 0.0, "bear_hold"),
        ("oscillate", 65.0, 1.2, 1.0, 0.65, "osc_sell"),
        ("oscillate", 70.0, 1.2, 0.2, 0.0, "osc_sell"),
        ("oscillate", 30.0, 0.8, 0.0, 0.35, "osc_buy"),
        ("oscillate", 35.0, 0.8, 0.4, 0.5, "osc_buy"),
        ("oscillate", 50.0, 1.0, 0.8, 0.5, "osc_hold"),
        ("oscillate", 50.0, 1.0, 0.2, 0.2, "osc_hold"),
        ("transition", 50.0, 1.0, 1.0, 0.0, "transition"),
    ],
)
def test_the_table_moves_the_weight(trend, rsi, ratio, weight, position, reason):
    signal = said(trend, rsi, ratio, weight)

    assert (signal.position, signal.reason) == (pytest.approx(position), reason)


@pytest.mark.parametrize(
    ("trend", "rsi", "ratio", "position"),
    [("up", 45.0, 0.8, 0.35), ("up", 75.0, 0.8, 0.25), ("down", 55.0, 1.2, 0.5), ("oscillate", 67.0, 1.2, 0.6)],
)
def test_the_original_gives_its_own_positions_whatever_is_held(trend, rsi, ratio, position):
    assert said(trend, rsi, ratio, 1.0, Settings(original_compatible=True)).position == position


@pytest.mark.parametrize(
    ("before", "after", "word"), [(0.0, 0.35, "buy_light"), (0.9, 1.0, "buy"), (0.35, 0.7, "buy_light")]
)
def test_the_word_follows_the_change_of_the_weight(before, after, word):
    signal = said("up", 45.0, 0.8, before)

    assert (signal.position, signal.signal) == (pytest.approx(after), word)


def test_reductions_are_sell_light_until_nothing_is_left():
    assert said("up", 75.0, 0.8, 1.0).signal == "sell_light"
    assert said("up", 75.0, 0.8, 0.2).signal == "sell"
    assert said("transition", 50.0, 1.0, 0.0).signal == "hold"


def test_stops_hang_below_the_averages_where_the_text_says_so():
    pullback, oversold, plain = said("up", 45.0, 0.8), said("down", 25.0, 0.8), said("up", 60.0, 1.0)

    assert pullback.stop_loss == pytest.approx(98.0 * 0.98)
    assert oversold.stop_loss == pytest.approx(99.0 * 0.97)
    assert (plain.stop_loss, plain.take_profit) == (95.0, 120.0)


def test_a_kept_position_keeps_its_levels_and_nothing_open_has_none():
    kept, flat = said("up", 60.0, 1.0, 0.4), said("transition", 50.0, 1.0, 0.0)

    assert (kept.stop_loss, kept.take_profit) == (85.5, 108.0)
    assert (flat.stop_loss, flat.take_profit) == (None, None)


@pytest.mark.parametrize("name", ["sma_50", "sma_20", "rsi_14", "volume_ratio"])
def test_an_undefined_number_blocks(name):
    signal = NDX_MA50_VOLUME_RSI.step({**ROW, "trend_type": "up", name: nan}, Settings(), FLAT)

    assert (signal.position, signal.reason, signal.state) == (None, "missing_indicators", State.BLOCKED)


def test_fewer_rows_than_the_rule_needs_block():
    signal = said("up", 60.0, 1.0, n_bars=59)

    assert (signal.reason, signal.state) == ("insufficient_data", State.BLOCKED)


def trend_types(columns, sessions, close, average):
    rows = columns(len(close), close=close, sma_50=average)
    return NDX_MA50_VOLUME_RSI.prepare(rows, Settings(), sessions)["trend_type"].tolist()


def test_three_rising_days_above_the_average_are_an_uptrend(columns, sessions):
    kinds = trend_types(columns, sessions, [110.0] * 5, [100.0, 101.0, 102.0, 103.0, 104.0])

    assert kinds == ["transition", "transition", "transition", "up", "up"]


def test_the_mirror_is_a_downtrend(columns, sessions):
    assert trend_types(columns, sessions, [90.0] * 5, [104.0, 103.0, 102.0, 101.0, 100.0])[-1] == "down"


def test_five_flat_days_near_the_average_oscillate(columns, sessions):
    flat = [100.0, 100.05, 100.0, 100.05, 100.0, 100.05]

    assert trend_types(columns, sessions, [102.0] * 6, flat)[-2:] == ["transition", "oscillate"]
    assert trend_types(columns, sessions, [103.1] * 6, flat)[-1] == "transition"

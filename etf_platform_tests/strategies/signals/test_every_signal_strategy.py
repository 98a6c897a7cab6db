"""What every trend strategy promises: no look at the future, replay equals one row more, warm-up, clear refusals."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import SIGNALS
from etf_platform.core.units.signal import FLAT, Held
from etf_platform.strategies.signals import catalog
from etf_platform.strategies.signals.replay import CONTEXT_ROWS, follow, held_after, signals

every_strategy = pytest.mark.parametrize("unit", catalog.published(), ids=lambda u: u.name)
SETTINGS = {
    "EMA_trend_v3": {"use_vix_filter": True, "use_vol_filter": True, "vol_threshold": 0.028},
    "NDX_short_term": {"use_divergence": True, "long_only": False},
    "EMA_cross_v1": {},
}
WARMUP = 60


def settings_of(unit):
    return unit.settings.model_validate(SETTINGS.get(unit.name, {}))


def replayed(unit, rows, sessions, **given):
    return signals(rows, unit, settings_of(unit), sessions, WARMUP, **given)


@every_strategy
def test_changing_the_future_changes_no_earlier_row(unit, random_columns, sessions):
    rows, cut = random_columns(), 300
    rng = np.random.default_rng(1)
    changed = rows.copy()
    numbers = changed.select_dtypes("number").columns
    changed.loc[cut:, numbers] *= rng.uniform(0.5, 1.5, (len(rows) - cut, len(numbers)))
    changed.loc[cut:, ["market_env", "trend_dir"]] = ["bear", "down"]

    before, after = replayed(unit, rows, sessions), replayed(unit, changed, sessions)

    pd.testing.assert_frame_equal(before.iloc[:cut], after.iloc[:cut])
    assert not before.iloc[cut:].equals(after.iloc[cut:])


@every_strategy
def test_deleting_the_future_changes_no_earlier_row(unit, random_columns, sessions):
    rows = random_columns()

    short, full = replayed(unit, rows.iloc[:250], sessions), replayed(unit, rows, sessions)

    pd.testing.assert_frame_equal(short, full.iloc[:250])


@every_strategy
@pytest.mark.parametrize("last", [61, 150, 399])
def test_stored_state_and_one_new_row_equal_the_replay(unit, last, random_columns, sessions):
    rows = random_columns()
    full = replayed(unit, rows, sessions)
    context = rows.iloc[max(0, last - CONTEXT_ROWS) : last + 1]
    stored = full.iloc[last - 1].to_dict()

    live = replayed(
        unit,
        context,
        sessions,
        n_before=max(0, last - CONTEXT_ROWS),
        held=held_after(stored),
        start=rows["date"].iloc[last],
    )

    pd.testing.assert_frame_equal(live, full.iloc[[last]].reset_index(drop=True))


@every_strategy
def test_rows_before_the_warm_up_are_blocked(unit, random_columns, sessions):
    made = replayed(unit, random_columns(), sessions)

    early = made.iloc[: WARMUP - 1]
    assert set(early["reason"]) == {"insufficient_data"}
    assert set(early["state"]) == {"BLOCKED"}
    assert set(early["signal"]) == {"hold"}
    assert early["position"].isna().all()
    assert made["reason"].iloc[WARMUP - 1] != "insufficient_data"


@every_strategy
def test_rows_fit_the_table(unit, random_columns, sessions):
    made = replayed(unit, random_columns(), sessions)

    assert SIGNALS.conform(made).num_rows == len(made)


@every_strategy
def test_a_row_without_any_indicator_is_blocked(unit, columns, sessions):
    made = signals(columns(3), unit, unit.settings(), sessions, warmup_bars=1, n_before=1000)

    assert set(zip(made["signal"], made["reason"], made["state"], strict=True)) == {
        ("hold", "missing_indicators", "BLOCKED")
    }
    assert made["position"].isna().all()


@every_strategy
def test_positions_say_the_same_as_step(unit, random_columns, sessions):
    if unit.positions is None:
        pytest.skip("its advice depends on what is held")
    for changed in ({}, SETTINGS.get(unit.name, {})):
        settings = unit.settings.model_validate(changed)
        rows = random_columns()
        rows.loc[100:110, [n for n in unit.indicators(settings) if n in rows]] = np.nan

        fast = unit.positions(unit.prepare(rows, settings, sessions), settings)

        slow = signals(rows, unit, settings, sessions, warmup_bars=1)["position"].to_numpy()
        np.testing.assert_array_equal(fast, slow)


@every_strategy
def test_variants_are_settings_of_the_strategy(unit):
    settings = unit.settings()

    for changed in (unit.variants or {}).values():
        assert unit.settings.model_validate({**settings.model_dump(), **changed})


def test_the_two_rules_of_v3_are_always_both_there():
    unit = catalog.find("EMA_trend_v3")

    variants = catalog.variants_of(unit, unit.settings(ema_fast=50))

    assert {name: (s.require, s.ema_fast) for name, s in variants.items()} == {
        "condition_1": ("condition_1", 50),
        "all_conditions": ("all_conditions", 50),
    }
    assert list(catalog.variants_of(catalog.find("EMA_trend_v2"), object())) == ["default"]


def test_a_strategy_sees_the_same_with_positions_of_v3_and_all_conditions(random_columns, sessions):
    unit = catalog.find("EMA_trend_v3")
    settings = unit.settings(require="all_conditions")
    rows = random_columns()

    fast = unit.positions(unit.prepare(rows, settings, sessions), settings)

    np.testing.assert_array_equal(fast, signals(rows, unit, settings, sessions, warmup_bars=1)["position"].to_numpy())


def test_what_is_held_follows_the_advice():
    """Opened at 100, added to at 110 (the entry stays), turned at 120, closed."""
    said = type("Said", (), {})
    steps = [(0.4, 100.0, "a"), (None, 105.0, "b"), (0.8, 110.0, "c"), (-0.3, 120.0, "d"), (0.0, 130.0, "e")]
    held, seen = FLAT, []
    for position, close, reason in steps:
        signal = said()
        signal.position, signal.reason = position, reason
        held = follow(held, signal, close)
        seen.append(held)

    assert seen[:4] == [Held(0.4, 100.0, "a"), Held(0.4, 100.0, "a"), Held(0.8, 100.0, "a"), Held(-0.3, 120.0, "d")]
    assert seen[4] is FLAT


def test_no_rows_give_no_signals(columns, sessions):
    unit = catalog.find("EMA_trend_v2")

    assert signals(columns(0), unit, unit.settings(), sessions, 1).empty


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda r: r.assign(symbol=["A", "B", "A"]), "rows of A, B; pass one symbol at a time"),
        (lambda r: r.iloc[[0, 1, 1]], "QQQ.US at 2024-01-03 stands twice or out of order"),
        (lambda r: r.iloc[[0, 2, 1]], "QQQ.US at 2024-01-03 stands twice or out of order"),
        (lambda r: r.assign(close=[1.0, np.nan, 1.0]), "close of QQQ.US on 2024-01-03 is missing or not positive"),
        (lambda r: r.assign(close=[1.0, 1.0, 0.0]), "close of QQQ.US on 2024-01-04 is missing or not positive"),
    ],
    ids=["two symbols", "duplicate date", "out of order", "NaN close", "zero close"],
)
def test_bad_rows_are_refused_in_one_sentence(spoil, sentence, columns, sessions):
    unit = catalog.find("EMA_trend_v2")

    with pytest.raises(BadInputError) as refused:
        signals(spoil(columns(3)), unit, unit.settings(), sessions, 1)

    assert sentence in str(refused.value)


@every_strategy
def test_constant_prices_say_something_and_never_fail(unit, columns, sessions):
    flat: dict[str, float] = dict.fromkeys(
        ("ema_50", "ema_80", "ema_200", "sma_5", "sma_20", "sma_50", "sma_200"), 100.0
    )
    flat |= {"adx_14": np.nan, "macd_line": 0.0, "vol_20": 0.0, "rsi_9": 50.0, "rsi_14": 50.0, "rsi_24": 50.0}
    rows = columns(80, **flat, volume_ratio=1.0, market_env="oscillate", trend_dir="side")

    made = signals(rows, unit, unit.settings(), sessions, warmup_bars=1)

    assert (made["weight"] == 0.0).all()
    assert set(made["state"].iloc[60:]) == {"PASS"}

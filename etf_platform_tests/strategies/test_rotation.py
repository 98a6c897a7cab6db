"""The whole rotation on small markets: hand tables, the worked trap of a small pool, speed, and refusals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.load import load_config
from etf_platform.core.config.models import Direction, Eligibility, Hysteresis, Quality, RegimeGate, Rotation
from etf_platform.core.errors import BadInputError
from etf_platform.core.units.strategy import ScoredFactor
from etf_platform.core.workspace import packaged_config
from etf_platform.strategies.rotation import RotationRules, needed_from, targets, targets_since

SESSIONS = pd.bdate_range("2024-01-02", "2024-03-04").as_unit("ns")
SYMBOLS = [f"51030{i}.SH" for i in range(5)]
SELECTED = (ScoredFactor("UP", "up", "trend", 1), ScoredFactor("DOWN", "down", "volatility", -1))
RULES = RotationRules(
    price_limits=dict.fromkeys(SYMBOLS, 0.1),
    top_n=2,
    quality=Quality(min_trading_days=1, min_liquidity=0.0),
    eligibility=Eligibility(window=1),
)


def market(up, down, days=3, funds=5):
    """Constant prices and factors for `days` sessions; `up[i]`, `down[i]` are the factors of fund i."""
    frame = pd.DataFrame({"date": np.repeat(SESSIONS[:days], funds), "symbol": SYMBOLS[:funds] * days})
    price = dict.fromkeys(("open", "high", "low", "close", "prev_close"), 2.0)
    bars = frame.assign(**price, volume=1e6, amount=2e6, adj_factor=1.0, source="drawn (simulated)")
    panel = frame.assign(up=np.tile(up, days).astype("float32"), down=np.tile(down, days).astype("float32"))
    return panel, bars


def last_day(panel, bars, rules=RULES, selected=SELECTED, **more):
    rows = targets(panel, bars, selected, rules, SESSIONS, **more)
    return rows[rows["date"] == rows["date"].max()].set_index("symbol")


def test_five_funds_by_hand():
    """Ranks of `up` 1..5 over 5, of -`down` 5..1 with a tie, mean of the two, minus one half."""
    day = last_day(*market([1, 2, 3, 4, 5], [0.1, 0.5, 0.2, 0.2, 0.4]))

    # up: -.3 -.1 .1 .3 .5; down ranks ascending 1 5 2.5 2.5 4, signed 5 1 3.5 3.5 2: .5 -.3 .2 .2 -.1
    np.testing.assert_allclose(day["score"], [0.1, -0.2, 0.15, 0.25, 0.2], atol=1e-15)
    assert day["rank"].tolist() == [4, 5, 3, 1, 2]
    assert day["target_weight"].tolist() == [0.0, 0.0, 0.0, 0.5, 0.5]
    assert not day["selection_void"].any()


def test_equal_scores_go_to_the_first_symbol():
    day = last_day(*market([1] * 5, [1] * 5))

    assert day["rank"].tolist() == [1, 2, 3, 4, 5]
    assert day["target_weight"].tolist() == [0.5, 0.5, 0.0, 0.0, 0.0]


def test_a_pool_without_more_funds_than_places_holds_all_and_says_so():
    day = last_day(*market([1, 2, 3, 4], [1, 2, 3, 4], funds=4), rules=replace(RULES, top_n=5))

    assert day["target_weight"].tolist() == [0.2] * 4
    assert day["selection_void"].all()


def test_a_halted_fund_keeps_its_row_and_is_not_ranked():
    panel, bars = market([1, 2, 3, 4, 5], [1, 1, 1, 1, 1])
    gone = (bars["symbol"] == SYMBOLS[4]) & (bars["date"] == SESSIONS[2])
    day = last_day(panel, bars[~gone])

    assert day.loc[SYMBOLS[4], "reason"] == "not traded, volume 0"
    assert (day.loc[SYMBOLS[4], "rank"], day.loc[SYMBOLS[4], "target_weight"]) == (0, 0.0)
    assert np.isnan(day.loc[SYMBOLS[4], "score"])
    assert day.loc[SYMBOLS[3], "rank"] == 1


def test_a_fund_has_no_rows_before_its_first_bar():
    panel, bars = market([1, 2, 3, 4, 5], [1, 1, 1, 1, 1])
    late = (bars["symbol"] == SYMBOLS[0]) & (bars["date"] < SESSIONS[2])
    rows = targets(panel, bars[~late], SELECTED, RULES, SESSIONS)

    assert rows.groupby("date")["symbol"].count().tolist() == [4, 4, 5]


def test_without_a_direction_nobody_is_eligible():
    neutral = tuple(replace(factor, prior=0) for factor in SELECTED)
    day = last_day(*market([1, 2, 3, 4, 5], [1, 1, 1, 1, 1]), selected=neutral)

    assert set(day["reason"]) == {"no factor has a direction and a value"}
    assert day["target_weight"].sum() == 0.0
    assert day["selection_void"].all()


def test_duplicates_do_not_count_twice():
    twin = replace(SELECTED[0], factor_id="TWIN", column="twin", duplicate_of="UP")
    panel, bars = market([1, 2, 3, 4, 5], [0.1, 0.5, 0.2, 0.2, 0.4])
    once, twice = last_day(panel, bars), last_day(panel.assign(twin=panel["up"]), bars, selected=(*SELECTED, twin))

    pd.testing.assert_frame_equal(once, twice)


def test_the_original_score_reads_the_raw_columns_unsigned_and_with_duplicates():
    raw = replace(SELECTED[1], raw_column="raw")
    panel, bars = market([1, 2, 3, 4, 5], [0] * 5)
    panel["raw"] = np.tile([5.0, 4.0, 3.0, 2.0, 1.0], 3)
    day = last_day(
        panel, bars, rules=replace(RULES, score="original_compatible"), selected=(SELECTED[0], SELECTED[0], raw)
    )

    np.testing.assert_allclose(day["score"], [(2 * k / 5 + (6 - k) / 5) / 3 for k in range(1, 6)], atol=1e-15)


def test_decisions_stand_on_the_last_sessions_of_complete_months():
    panel, bars = market([1, 2, 3, 4, 5], [1] * 5, days=len(SESSIONS) - 1)
    rows = targets(panel, bars, SELECTED, RULES, SESSIONS)

    decided = rows.loc[rows["is_decision"], "date"].dt.strftime("%Y-%m-%d").unique().tolist()
    assert decided == ["2024-01-31", "2024-02-29"]


def test_the_regime_gate_scales_the_weights():
    """Constant prices: before 21 closes the volatility is unknown and the lowest exposure holds, then all of it."""
    panel, bars = market([1, 2, 3, 4, 5], [1] * 5, days=30)
    gated = replace(RULES, layers=Rotation(regime_gate=RegimeGate(symbol="510300.SH")))
    invested = targets(panel, bars, SELECTED, gated, SESSIONS).groupby("date")["target_weight"].sum()

    np.testing.assert_allclose(invested, [0.1] * 21 + [1.0] * 9, atol=1e-15)


def test_the_regime_may_be_read_from_another_pool():
    panel, bars = market([1, 2, 3, 4, 5], [1] * 5, days=30)
    gated = replace(RULES, layers=Rotation(regime_gate=RegimeGate(symbol="159915.SZ")))
    other = bars[bars["symbol"] == SYMBOLS[0]].assign(symbol="159915.SZ")

    assert last_day(panel, bars, gated, reference=other)["target_weight"].sum() == 1.0
    with pytest.raises(BadInputError, match=r"no bars of 159915\.SZ"):
        last_day(panel, bars, gated)


def refused(change):
    panel, bars = change(*market([1, 2, 3, 4, 5], [1] * 5))
    with pytest.raises(BadInputError) as error:
        targets(panel, bars, SELECTED, RULES, SESSIONS)
    return str(error.value)


def test_bad_input_is_refused_with_what_was_seen():
    assert "there is no column down" in refused(lambda panel, bars: (panel.drop(columns="down"), bars))
    assert "stand twice" in refused(lambda panel, bars: (panel, pd.concat([bars, bars.head(1)])))
    assert "there are no bars" in refused(lambda panel, bars: (panel, bars.head(0)))
    saturday = pd.Timestamp("2024-01-06")
    assert "2024-01-06 is no exchange session" in refused(
        lambda panel, bars: (panel, pd.concat([bars, bars.head(1).assign(date=saturday)]))
    )


def test_a_panel_without_rows_makes_nobody_eligible():
    panel, bars = market([1, 2, 3, 4, 5], [1] * 5)
    day = last_day(panel.head(0), bars)

    assert not day["is_eligible"].any()
    assert day["reason"].iloc[0] == "100% of factor values missing in 1 sessions, more than 30%"


def test_rules_come_from_the_shipped_configuration():
    rules = RotationRules.from_config(load_config(packaged_config()))

    assert (rules.top_n, rules.rebalance_freq, rules.score) == (5, "M", "signed_family_rank")
    assert (rules.price_limits["159915.SZ"], rules.price_limits["510300.SH"]) == (0.2, 0.1)
    assert rules.layers == Rotation()


def test_ten_years_of_fifty_funds_have_a_row_per_fund_and_session():
    rng = np.random.default_rng(0)
    sessions = pd.bdate_range("2015-01-05", periods=2521).as_unit("ns")
    symbols = [f"{510000 + i}.SH" for i in range(50)]
    frame = pd.DataFrame({"date": np.repeat(sessions[:2520], 50), "symbol": symbols * 2520})
    close = 2.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, (2520, 50)), axis=0)).round(3).ravel()
    price = dict.fromkeys(("open", "high", "low", "close", "prev_close"), close)
    bars = frame.assign(**price, volume=1e6, amount=3e6, adj_factor=1.0, source="drawn (simulated)")
    panel = frame.assign(**{f"f{i}": rng.normal(size=close.size).astype("float32") for i in range(12)})
    selected = [ScoredFactor(f"F{i}", f"f{i}", "abcdef"[i % 6], 1) for i in range(12)]

    rows = targets(panel, bars, selected, RotationRules(price_limits=dict.fromkeys(symbols, 0.2)), sessions)

    assert len(rows) == 126_000


@pytest.mark.parametrize("score", ["signed_family_rank", "zscore_winsor", "original_compatible"])
def test_the_last_rows_alone_are_those_of_the_whole_history(drawn, score):
    """Gaps, a late listing, missing factors and two sources; every day of a third of the history as the first one."""
    panel, bars, sessions = drawn
    rules = replace(SHORT, score=score)
    whole = targets(panel, bars, SELECTED, rules, sessions)
    days = np.sort(bars["date"].unique())
    for since in pd.DatetimeIndex(days[-40::7]):
        late = panel[panel["date"] >= needed_from(bars, rules, sessions, since)]

        alone = targets_since(late, bars, SELECTED, rules, sessions, since)

        wanted = whole[whole["date"] >= since].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, wanted, check_exact=True)


def test_older_rows_are_asked_for_when_a_factor_was_seldom_there(drawn):
    panel, bars, sessions = drawn
    rare = panel.assign(up=panel["up"].where(panel["date"].dt.day_of_week == 0))
    since = bars["date"].max()

    assert targets_since(rare, bars, SELECTED, SHORT, sessions, since) is None


def test_a_patient_rotation_always_needs_the_whole_history(drawn):
    panel, bars, sessions = drawn
    patient = replace(SHORT, layers=Rotation(hysteresis=Hysteresis()))

    assert targets_since(panel, bars, SELECTED, patient, sessions, bars["date"].max()) is None


SHORT = replace(
    RULES,
    rebalance_freq="5D",
    direction=Direction(horizon=3, min_sessions=20, sub_windows=4),
    quality=Quality(min_trading_days=30, min_liquidity=1e6, max_missing_rate=0.15),
    eligibility=Eligibility(window=5),
)


@pytest.fixture(scope="module")
def drawn():
    """150 sessions of nine funds."""
    rng = np.random.default_rng(11)
    sessions = pd.bdate_range("2023-01-02", periods=170).as_unit("ns")
    symbols = [f"51{k}300.SH" for k in range(9)]
    keys = pd.MultiIndex.from_product([sessions[:150], symbols], names=["date", "symbol"]).to_frame(index=False)
    close = np.exp(rng.normal(0.0, 0.02, len(keys)).reshape(150, 9).cumsum(axis=0)).ravel()
    bars = keys.assign(**dict.fromkeys(("open", "high", "low", "close", "prev_close"), close), volume=1e6)
    bars = bars.assign(amount=rng.uniform(0.5e6, 3e6, len(keys)), adj_factor=1.0, limit_rate=0.1)
    bars = bars.assign(source=np.where(keys["date"] < sessions[100], "old (simulated)", "new (simulated)"))
    is_late = (keys["symbol"] == symbols[0]) & (keys["date"] < sessions[90])
    is_over = (keys["symbol"] == symbols[1]) & (keys["date"] > sessions[95])
    bars = bars[~(is_late | is_over | (rng.random(len(keys)) < 0.08))].reset_index(drop=True)
    panel = bars[["date", "symbol"]].assign(up=rng.normal(size=len(bars)), down=rng.normal(size=len(bars)))
    panel["up"] = panel["up"].where(rng.random(len(bars)) > 0.05)
    return panel, bars, sessions

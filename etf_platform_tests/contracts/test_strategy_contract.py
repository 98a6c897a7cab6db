"""What every strategy must keep, run on each unit in `etf_platform.strategies`, and proof that a breach is caught."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import etf_platform.strategies
from etf_platform.core.catalog import collect
from etf_platform.core.config.models import Direction, Eligibility, Hysteresis, Quality, RegimeGate, Rotation
from etf_platform.core.units.strategy import ScoredFactor, Strategy
from etf_platform.strategies.rotation import RotationRules

STRATEGIES = collect(etf_platform.strategies, Strategy)
SESSIONS = pd.bdate_range("2021-01-04", periods=171).as_unit("ns")
SYMBOLS = [f"{510300 + i}.SH" for i in range(9)]
BUCKETS = ("trend", "trend", "volume", "position", "return")
SELECTED = tuple(
    ScoredFactor(f"F{i}", f"f{i}", bucket, (1, -1, 0, 1, 1)[i], is_bounded=i == 3) for i, bucket in enumerate(BUCKETS)
)
PLAIN = RotationRules(
    price_limits=dict.fromkeys(SYMBOLS, 0.1),
    top_n=3,
    quality=Quality(min_trading_days=15, min_liquidity=1e6, max_missing_rate=0.2),
    eligibility=Eligibility(window=5),
    direction=Direction(horizon=3, min_sessions=24, sub_windows=6, min_agreement=0.6),
)
LAYERED = replace(
    PLAIN,
    rebalance_freq="5D",
    layers=Rotation(
        hysteresis=Hysteresis(min_holding_sessions=4),
        regime_gate=RegimeGate(cuts=(0.10, 0.30, 0.40)),
    ),
)
VARIANTS = [PLAIN, replace(PLAIN, score="zscore_winsor"), replace(PLAIN, score="original_compatible"), LAYERED]

every_strategy = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
every_variant = pytest.mark.parametrize("rules", VARIANTS, ids=["plain", "zscore", "original", "layered"])


def draw_market(seed=0):
    """Bars and panel with late listings, halts, missing factors and equal factor values."""
    rng = np.random.default_rng(seed)
    shape = (170, len(SYMBOLS))
    close = (2.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, shape), axis=0))).round(3)
    frame = pd.DataFrame({"date": np.repeat(SESSIONS[:170], shape[1]), "symbol": SYMBOLS * 170})
    before = np.vstack([np.full(shape[1], np.nan), close[:-1]])
    bars = frame.assign(
        open=(close * 0.999).ravel(), high=close.ravel(), low=close.ravel(), close=close.ravel(),
        prev_close=before.ravel(), volume=1e6, amount=rng.uniform(0.5e6, 5e6, close.size), adj_factor=1.0,
        source="drawn (simulated)",
    )  # fmt: skip
    panel = frame.assign(**{f.column: rng.normal(size=close.size).round(1).astype("float32") for f in SELECTED})
    panel.loc[rng.random(close.size) < 0.05, "f2"] = np.nan
    late = (frame["symbol"] == SYMBOLS[4]) & (frame["date"] < SESSIONS[90])
    halted = pd.Series(rng.random(close.size) < 0.02) & (frame["symbol"] != SYMBOLS[0])
    kept = ~(late | halted)
    return panel[kept].reset_index(drop=True), bars[kept].reset_index(drop=True)


def breach(decide, rules, cut, later):
    """First row dated up to `cut` that moves when all after it is deleted or scrambled; None if none does."""
    panel, bars = draw_market()
    truth = decide(panel, bars, SELECTED, rules, SESSIONS)
    if later == "deleted":
        changed = decide(panel[panel["date"] <= cut], bars[bars["date"] <= cut], SELECTED, rules, SESSIONS)
    else:
        changed = decide(scramble(panel, cut), scramble(bars, cut), SELECTED, rules, SESSIONS)
    past, other = (frame[frame["date"] <= cut].reset_index(drop=True) for frame in (truth, changed))
    if len(past) != len(other):
        return "the number of rows"
    same = (past == other) | (past.isna() & other.isna())
    return None if same.all(axis=None) else past[~same.all(axis=1)].iloc[0].to_dict()


def scramble(frame, cut):
    """The same rows with every number after `cut` doubled to quadrupled."""
    rng = np.random.default_rng(99)
    numbers = frame.select_dtypes("number").columns
    changed = frame.copy()
    after = frame["date"] > cut
    factors = rng.uniform(2.0, 4.0, (int(after.sum()), len(numbers)))
    changed[numbers] = changed[numbers].astype("float64")
    changed.loc[after, numbers] = changed.loc[after, numbers].to_numpy() * factors
    return changed


def test_the_folder_holds_strategies():
    assert [strategy.name for strategy in STRATEGIES] == ["rotation"]


@every_strategy
@every_variant
@pytest.mark.parametrize("cut", [SESSIONS[40], SESSIONS[89], SESSIONS[130]], ids=["early", "middle", "late"])
@pytest.mark.parametrize("later", ["deleted", "scrambled"])
def test_ignores_the_future(strategy, rules, cut, later):
    """Deleting or changing later rows changes no earlier row by a bit."""
    assert breach(strategy.decide, rules, cut, later) is None


@pytest.mark.parametrize("later", ["deleted", "scrambled"])
def test_a_strategy_that_looks_ahead_is_caught(later):
    """The contract fails for a strategy that scores on the next session's factor."""

    def leaking(panel, bars, selected, rules, sessions):
        ahead = panel.sort_values(["symbol", "date"])
        ahead["f0"] = ahead.groupby("symbol")["f0"].shift(-1)
        return STRATEGIES[0].decide(ahead, bars, selected, rules, sessions)

    assert breach(leaking, PLAIN, SESSIONS[89], later) is not None


@every_strategy
@every_variant
def test_a_day_alone_is_the_day_in_a_range(strategy, rules):
    """The last row of a history that ends on a day is the row of that day in a longer history, bit for bit."""
    panel, bars = draw_market()
    whole = strategy.decide(panel, bars, SELECTED, rules, SESSIONS)

    for day in SESSIONS[[16, 60, 91, 120, 169]]:
        alone = strategy.decide(panel[panel["date"] <= day], bars[bars["date"] <= day], SELECTED, rules, SESSIONS)
        pd.testing.assert_frame_equal(
            alone[alone["date"] == day].reset_index(drop=True),
            whole[whole["date"] == day].reset_index(drop=True),
            check_exact=True,
        )


@every_strategy
@every_variant
def test_the_order_of_input_rows_does_not_matter(strategy, rules):
    panel, bars = draw_market()
    shuffled = [frame.sample(frac=1.0, random_state=5) for frame in (panel, bars)]

    pd.testing.assert_frame_equal(
        strategy.decide(*shuffled, SELECTED, rules, SESSIONS),
        strategy.decide(panel, bars, SELECTED, rules, SESSIONS),
        check_exact=True,
    )


@every_strategy
@every_variant
def test_rows_fit_the_declared_table(strategy, rules):
    rows = strategy.decide(*draw_market(), SELECTED, rules, SESSIONS)

    assert strategy.table.conform(rows).num_rows == len(rows)


@every_strategy
@every_variant
def test_weights_are_a_portfolio_of_eligible_funds(strategy, rules):
    """No weight is negative, they sum to 1 at most, and only eligible funds have one."""
    rows = strategy.decide(*draw_market(), SELECTED, rules, SESSIONS)

    assert (rows["target_weight"] >= 0.0).all()
    assert (rows.groupby("date")["target_weight"].sum() <= 1.0 + 1e-12).all()
    assert not (rows["target_weight"] > 0.0)[~rows["is_eligible"]].any()


@every_strategy
@every_variant
def test_what_is_not_eligible_says_why_and_has_no_score(strategy, rules):
    rows = strategy.decide(*draw_market(), SELECTED, rules, SESSIONS)

    assert ((rows["reason"] == "") == rows["is_eligible"]).all()
    assert (rows["score"].notna() == rows["is_eligible"]).all()
    assert ((rows["rank"] > 0) == rows["is_eligible"]).all()
    assert rows["is_eligible"].any()


@every_strategy
def test_every_row_says_where_it_comes_from(strategy):
    rows = strategy.decide(*draw_market(), SELECTED, PLAIN, SESSIONS)

    assert set(rows["source"]) == {"drawn (simulated)"}

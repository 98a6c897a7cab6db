"""The running account against hand-made figures, and against the rotation back-test on rough markets."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.rotation import run_rotation
from etf_platform.backtest.terms import Terms as BacktestTerms
from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import PAPER_FILLS
from etf_platform.paper.account import Session, step
from etf_platform.paper.terms import Holding, PendingSale, State, Terms

DAY, BEFORE = pd.Timestamp("2024-10-09"), pd.Timestamp("2024-10-08")
FUND, OTHER = "510300.SH", "510500.SH"


def session(*bars, given=None):
    """A session of (symbol, open, close, prev_close, volume, adj_factor) with a limit of 10 %."""
    names = ["symbol", "open", "close", "prev_close", "volume", "adj_factor"]
    frame = pd.DataFrame(list(bars), columns=names).assign(date=DAY, limit_rate=0.10)
    return Session(DAY, frame, 1.0, "hand (simulated)", given)


def due(**weights):
    symbols = {"fund": FUND, "other": OTHER}
    rows = [(BEFORE, symbols[name], weight, 2.0) for name, weight in weights.items()]
    return pd.DataFrame(rows, columns=["date", "symbol", "weight", "close"])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("lot", [100.0, 0.0])
def test_agrees_with_the_back_test_on_a_rough_market(rough, carry, seed, lot):
    market, cost_of = rough(seed), {"510002.SH": 0.004}

    fills, account = carry(market, Terms("A_SHARE", cost_of=cost_of, lot=lot))

    start = f"{market.sessions[0]:%Y-%m-%d}"
    offline = run_rotation(
        market.targets, market.bars, BacktestTerms(cost_of=cost_of, lot=lot, start=start), market.sessions
    )
    np.testing.assert_allclose(account["nav"], offline.equity["portfolio_value"], rtol=1e-12)
    np.testing.assert_allclose(account["cost"], offline.equity["cost"], rtol=1e-9, atol=1e-9)
    assert account["n_stale"].tolist() == offline.equity["n_stale"].tolist()
    key = ["date", "symbol", "side"]
    mine, theirs = (frame.sort_values(key, ignore_index=True) for frame in (fills, offline.fills))
    assert mine[[*key, "decision_date", "status"]].equals(theirs[[*key, "decision_date", "status"]])
    np.testing.assert_allclose(mine["shares"], theirs["shares"], rtol=1e-9)


def test_the_rough_market_meets_every_status(rough, carry, terms):
    met = {status for seed in range(12) for status in carry(rough(seed), terms)[0]["status"]}

    assert met >= {"filled", "limit_up", "limit_down", "no_trade"}


def test_the_state_read_from_the_record_is_the_state_that_was_carried(rough, carry, terms):
    market = rough(3)

    assert carry(market, terms)[1].equals(carry(market, terms, from_record=False)[1])


def test_buys_whole_lots_at_the_open_and_pays_for_them():
    done = step(State(100_000.0), due(fund=0.5), session((FUND, 4.0, 4.1, 3.9, 1e6, 1.0)), Terms("A", cost=0.001))

    fill, row = done.fills.iloc[0], done.row.iloc[0]
    assert (fill["shares"], fill["price"], fill["cost"]) == (12_500.0, 4.0, 50.0)
    assert row["cash"] == 49_950.0
    assert row["nav"] == pytest.approx(49_950.0 + 12_500 * 4.1)
    assert fill["order_id"] == "A-20241008-20241009-510300.SH-buy"


def test_purchases_that_exceed_the_cash_shrink_by_the_same_share():
    bars = session((FUND, 1.0, 1.0, 1.0, 1e6, 1.0), (OTHER, 2.0, 2.0, 2.0, 1e6, 1.0))

    done = step(State(100_000.0), due(fund=0.5, other=0.5), bars, Terms("A", cost=0.01))

    # 101,000 needed of 100,000: 49,504.95 each, in lots 495 of 100 at 1.000 and 247 of 100 at 2.000
    assert done.fills["shares"].tolist() == [49_500.0, 24_700.0]
    assert done.fills["ordered"].tolist() == [50_000.0, 25_000.0]


def test_nothing_is_bought_at_the_upper_limit_nor_sold_at_the_lower_one():
    held = State(0.0, {OTHER: Holding(1_000.0, 2.0, 1.0)})
    bars = session((FUND, 2.2, 2.2, 2.0, 1e6, 1.0), (OTHER, 1.8, 1.8, 2.0, 1e6, 1.0))

    done = step(held, due(fund=1.0, other=0.0), bars, Terms("A"))

    assert dict(zip(done.fills["symbol"], done.fills["status"], strict=True)) == {
        FUND: "limit_up",
        OTHER: "limit_down",
    }
    assert done.state.pending == {OTHER: PendingSale(1_000.0, BEFORE)}


def test_a_failed_sale_is_tried_again_the_next_session():
    waiting = State(0.0, {FUND: Holding(1_000.0, 2.0, 1.0)}, {FUND: PendingSale(1_000.0, BEFORE)})

    done = step(waiting, None, session((FUND, 2.0, 2.0, 2.0, 1e6, 1.0)), Terms("A", cost=0.0))

    assert (done.state.cash, dict(done.state.holdings), dict(done.state.pending)) == (2_000.0, {}, {})
    assert done.fills["decision_date"].tolist() == [BEFORE]


def test_a_split_multiplies_the_shares_and_leaves_the_value():
    held = State(0.0, {FUND: Holding(1_000.0, 4.0, 1.0)})

    done = step(held, None, session((FUND, 2.0, 2.0, 2.0, 1e6, 2.0)), Terms("A"))

    assert json.loads(done.row["positions"].iloc[0]) == {FUND: 2_000.0}
    assert done.row["nav"].iloc[0] == 4_000.0


def test_a_fund_without_a_bar_stands_at_its_last_close():
    held = State(10.0, {FUND: Holding(1_000.0, 4.0, 1.0)})

    row = step(held, None, session((OTHER, 1.0, 1.0, 1.0, 1.0, 1.0)), Terms("A")).row.iloc[0]

    assert (row["nav"], row["n_stale"]) == (4_010.0, 1)


def test_given_fills_are_booked_as_they_are():
    modelled = step(State(100_000.0), due(fund=0.5), session((FUND, 4.0, 4.1, 3.9, 1e6, 1.0)), Terms("A"))
    real = modelled.fills.assign(shares=12_400.0, price=4.01, value=12_400 * 4.01, cost=20.0, origin="broker.csv")

    done = step(State(100_000.0), due(fund=0.5), session((FUND, 4.0, 4.1, 3.9, 1e6, 1.0), given=real), Terms("A"))

    assert done.fills is real
    assert done.row["cash"].iloc[0] == pytest.approx(100_000.0 - 12_400 * 4.01 - 20.0)


@pytest.mark.parametrize(
    ("side", "shares", "said"),
    [("sell", 1_000.0, "held at the open"), ("buy", 100_000.0, "cash would be")],
)
def test_given_fills_that_cannot_be_are_refused(side, shares, said):
    modelled = step(State(100_000.0), due(fund=0.5), session((FUND, 4.0, 4.1, 3.9, 1e6, 1.0)), Terms("A"))
    wrong = modelled.fills.assign(side=side, shares=shares)

    with pytest.raises(BadInputError, match=said):
        step(State(100_000.0), None, session((FUND, 4.0, 4.1, 3.9, 1e6, 1.0), given=wrong), Terms("A"))


@pytest.mark.parametrize("weight", [float("nan"), -0.1, 1.1])
def test_weights_that_are_none_are_refused(weight):
    with pytest.raises(BadInputError, match="weights"):
        step(State(1.0), due(fund=weight), session((FUND, 4.0, 4.1, 3.9, 1e6, 1.0)), Terms("A"))


def test_a_decision_of_the_same_session_is_refused():
    late = due(fund=0.5).assign(date=DAY)

    with pytest.raises(BadInputError, match="not older"):
        step(State(1.0), late, session((FUND, 4.0, 4.1, 3.9, 1e6, 1.0)), Terms("A"))


def test_a_session_without_orders_has_typed_empty_fills(terms):
    done = step(State(5.0), None, session((FUND, 4.0, 4.1, 3.9, 1e6, 1.0)), replace(terms, lot=1.0))

    assert list(done.fills.columns) == [c.name for c in PAPER_FILLS.columns]
    assert done.row["nav"].iloc[0] == 5.0

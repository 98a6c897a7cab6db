"""The rotation account: hand tables for every rule of trade, and equality with a slow loop on a rough market."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.limits import at_limits
from etf_platform.backtest.rotation import run_rotation
from etf_platform.backtest.terms import Terms, terms_of
from etf_platform.core import tables
from etf_platform.core.config.load import load_config
from etf_platform.core.config.models import Instrument
from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.core.workspace import packaged_config

FREE = Terms(cost=0.0, initial_capital=100_000.0)
A, B, C = "510010.SH", "510020.SH", "510030.SH"


def days(n):
    return pd.Timestamp("2024-01-01") + pd.offsets.BDay(n)


def rows_of(frame, *columns):
    return [tuple(row) for row in frame[list(columns)].itertuples(index=False)]


def test_a_decision_fills_at_the_open_of_the_next_session(bars_of, targets_of):
    bars = bars_of({A: [10.0, 12.0, 13.0]}, opens={A: [10.0, 11.0, 13.0]})

    account = run_rotation(targets_of({0: {A: 0.5}}), bars, FREE)

    assert rows_of(account.fills, "date", "side", "shares", "price") == [(days(1), "buy", 4500.0, 11.0)]
    assert list(account.equity["portfolio_value"]) == [100_000.0, 104_500.0, 109_000.0]


def test_or_at_its_close(bars_of, targets_of):
    bars = bars_of({A: [10.0, 12.0, 13.0]}, opens={A: [10.0, 11.0, 13.0]})

    account = run_rotation(targets_of({0: {A: 0.6}}), bars, dataclasses.replace(FREE, exec_mode="next_close_close"))

    assert rows_of(account.fills, "date", "shares", "price") == [(days(1), 5000.0, 12.0)]
    assert list(account.equity["portfolio_value"]) == [100_000.0, 100_000.0, 105_000.0]


def test_both_sides_pay_once(bars_of, targets_of):
    """Buying 100,000 and selling 100,000 costs 125 + 125 yuan."""
    bars = bars_of({A: [10.0] * 5})
    terms = Terms(initial_capital=1_000_000.0)

    account = run_rotation(targets_of({0: {A: 0.1}, 2: {A: 0.0}}), bars, terms)

    assert list(account.fills["cost"]) == [125.0, 125.0]
    assert account.equity["portfolio_value"].iloc[-1] == 999_750.0
    assert account.equity["cash"].iloc[-1] == 999_750.0
    assert list(account.rebalances["cumulative_cost"]) == [125.0, 250.0]
    assert account.equity["turnover"].sum() == pytest.approx(0.05 + 0.5 * 100_000 / 999_875)


def test_the_compatible_mode_sells_everything_and_charges_purchases_only(bars_of, targets_of):
    bars = bars_of({A: [10.0] * 5})
    terms = Terms(initial_capital=1_000_000.0, original_compatible=True)

    account = run_rotation(targets_of({0: {A: 0.1}, 2: {A: 0.1}}), bars, terms)

    assert rows_of(account.fills, "date", "side", "shares", "cost") == [
        (days(1), "buy", 10_000.0, 125.0),
        (days(3), "buy", 9_900.0, 123.75),
        (days(3), "sell", 10_000.0, 0.0),
    ]


def test_no_purchase_at_limit_up_and_the_order_lapses(bars_of, targets_of):
    bars = bars_of({A: [4.709, 5.180, 5.0, 5.0], B: [1.0] * 4})
    terms = dataclasses.replace(FREE, limit_of={A: 0.10, B: 0.10})

    account = run_rotation(targets_of({0: {A: 0.5, B: 0.5}}), bars, terms)

    assert rows_of(account.fills, "date", "symbol", "shares", "status") == [
        (days(1), A, 0.0, "limit_up"),
        (days(1), B, 50_000.0, "filled"),
    ]
    assert account.equity["cash"].iloc[-1] == 50_000.0


def test_one_tick_below_the_limit_is_a_purchase(bars_of, targets_of):
    bars = bars_of({A: [4.709, 5.179, 5.0]})

    account = run_rotation(targets_of({0: {A: 0.5}}), bars, dataclasses.replace(FREE, limit_of={A: 0.10}))

    assert list(account.fills["status"]) == ["filled"]


def test_no_sale_at_limit_down_and_the_order_is_tried_again_every_session(bars_of, targets_of):
    bars = bars_of({A: [10.0, 10.0, 10.0, 9.0, 8.1, 8.2, 8.2]})
    terms = dataclasses.replace(FREE, limit_of={A: 0.10})

    account = run_rotation(targets_of({0: {A: 1.0}, 2: {A: 0.0}}), bars, terms)

    assert rows_of(account.fills, "decision_date", "date", "side", "status", "shares") == [
        (days(0), days(1), "buy", "filled", 10_000.0),
        (days(2), days(3), "sell", "limit_down", 0.0),
        (days(2), days(4), "sell", "limit_down", 0.0),
        (days(2), days(5), "sell", "filled", 10_000.0),
    ]
    assert account.equity["portfolio_value"].iloc[-1] == 82_000.0


def test_a_new_decision_replaces_the_sale_that_waits(bars_of, targets_of):
    bars = bars_of({A: [10.0, 10.0, 10.0, 9.0, 9.0, 9.0]})
    terms = dataclasses.replace(FREE, limit_of={A: 0.10})

    account = run_rotation(targets_of({0: {A: 1.0}, 2: {A: 0.0}, 3: {A: 1.0}}), bars, terms)

    assert list(account.fills["status"]) == ["filled", "limit_down"]
    assert list(account.positions["shares"].unique()) == [10_000.0]


def test_a_suspended_fund_is_neither_bought_nor_sold_and_is_valued_stale(bars_of, targets_of):
    bars = bars_of({A: [10.0, 11.0, None, None, 12.0, 12.0], B: [1.0] * 6})

    account = run_rotation(targets_of({0: {A: 0.5}, 1: {A: 0.0, B: 0.5}, 3: {}}), bars, FREE)

    assert rows_of(account.fills[account.fills["symbol"] == A], "date", "side", "status") == [
        (days(1), "buy", "filled"),
        (days(2), "sell", "no_trade"),
        (days(3), "sell", "no_trade"),
        (days(4), "sell", "filled"),
    ]
    stale = account.positions[account.positions["is_stale"]]
    assert rows_of(stale, "date", "symbol", "price") == [(days(2), A, 11.0), (days(3), A, 11.0)]
    assert list(account.equity["n_stale"]) == [0, 0, 1, 1, 0, 0]


def test_a_bar_without_volume_is_no_trade(bars_of, targets_of):
    bars = bars_of({A: [10.0, 10.0, 10.0]}, volume={(A, 1): 0.0})

    account = run_rotation(targets_of({0: {A: 1.0}}), bars, FREE)

    assert list(account.fills["status"]) == ["no_trade"]
    assert account.equity["portfolio_value"].iloc[-1] == 100_000.0


def test_a_fund_that_vanishes_stays_in_the_book_at_its_last_close(bars_of, targets_of):
    bars = bars_of({A: [10.0, 10.0, 9.0, None, None], B: [1.0] * 5})

    account = run_rotation(targets_of({0: {A: 1.0}}), bars, FREE)

    assert list(account.equity["portfolio_value"]) == [100_000.0, 100_000.0, 90_000.0, 90_000.0, 90_000.0]
    assert account.equity["n_positions"].iloc[-1] == 1


def test_a_split_on_a_holding_day_changes_nothing(bars_of, targets_of):
    """Two for one: the price halves, adj_factor doubles."""
    bars = bars_of({A: [10.0, 10.0, 5.0, 5.5]}, adj={A: [1.0, 1.0, 2.0, 2.0]})

    account = run_rotation(targets_of({0: {A: 1.0}}), bars, FREE)

    assert list(account.positions["shares"]) == [10_000.0, 20_000.0, 20_000.0]
    assert list(account.equity["portfolio_value"]) == [100_000.0, 100_000.0, 100_000.0, 110_000.0]


def test_a_dividend_is_reinvested(bars_of, targets_of):
    """0.5 per share from 10 yuan: the price opens ex at 9.5 and adj_factor grows by 10 / 9.5."""
    bars = bars_of({A: [10.0, 10.0, 9.5]}, adj={A: [1.0, 1.0, 10.0 / 9.5]})

    account = run_rotation(targets_of({0: {A: 0.95}}), bars, FREE)

    assert account.positions["shares"].iloc[-1] == pytest.approx(10_000.0, abs=1e-9)
    assert account.equity["portfolio_value"].iloc[-1] == pytest.approx(100_000.0, abs=1e-9)


def test_a_split_during_a_suspension_is_applied_when_trading_resumes(bars_of, targets_of):
    bars = bars_of({A: [10.0, 10.0, None, 5.0], B: [1.0] * 4}, adj={A: [1.0, 1.0, 1.0, 2.0]})

    account = run_rotation(targets_of({0: {A: 1.0}}), bars, FREE)

    assert list(account.equity["portfolio_value"]) == [100_000.0] * 4


def test_purchases_are_whole_lots(bars_of, targets_of):
    bars = bars_of({A: [3.0] * 3, B: [400.0] * 3})

    account = run_rotation(targets_of({0: {A: 0.5, B: 0.3}}), bars, FREE)

    assert rows_of(account.fills, "symbol", "shares", "status") == [(A, 16_600.0, "filled"), (B, 0.0, "below_lot")]


def test_purchases_share_the_cash_that_is_left_and_never_exceed_it(bars_of, targets_of):
    """100,000 for two times 50,000 plus 1 %: each gets 49,504.95, 4,900 shares at 10."""
    bars = bars_of({A: [10.0] * 3, B: [10.0] * 3})

    account = run_rotation(targets_of({0: {A: 0.5, B: 0.5}}), bars, dataclasses.replace(FREE, cost=0.01))

    assert list(account.fills["shares"]) == [4_900.0, 4_900.0]
    assert account.equity["cash"].iloc[-1] == pytest.approx(100_000 - 2 * 49_000 * 1.01)


def test_a_sale_that_fails_leaves_no_cash_for_the_purchase(bars_of, targets_of):
    bars = bars_of({A: [10.0, 10.0, 10.0, 9.0, 9.0], B: [1.0] * 5})
    terms = dataclasses.replace(FREE, limit_of={A: 0.10})

    account = run_rotation(targets_of({0: {A: 1.0}, 2: {A: 0.0, B: 1.0}}), bars, terms)

    assert rows_of(account.fills[account.fills["symbol"] == B], "date", "status") == [(days(3), "no_cash")]
    assert account.equity["cash"].iloc[-1] == 90_000.0


def test_small_changes_of_weight_are_skipped_unless_the_target_is_zero(bars_of, targets_of):
    bars = bars_of({A: [10.0] * 6, B: [10.0] * 6})
    decisions = {0: {A: 0.505, B: 0.005}, 2: {A: 0.5, B: 0.2}, 4: {A: 0.5}}

    account = run_rotation(targets_of(decisions), bars, dataclasses.replace(FREE, min_weight_change=0.01))

    assert rows_of(account.fills, "date", "symbol", "side", "shares") == [
        (days(1), A, "buy", 5_000.0),
        (days(3), B, "buy", 2_000.0),
        (days(5), B, "sell", 2_000.0),
    ]


def test_the_difference_is_traded_and_nothing_more(bars_of, targets_of):
    bars = bars_of({A: [10.0] * 4, B: [10.0] * 4})

    account = run_rotation(targets_of({0: {A: 0.8}, 2: {A: 0.5, B: 0.5}}), bars, FREE)

    assert rows_of(account.fills, "date", "symbol", "side", "shares") == [
        (days(1), A, "buy", 8_000.0),
        (days(3), A, "sell", 3_000.0),
        (days(3), B, "buy", 5_000.0),
    ]
    assert json.loads(account.rebalances["positions"].iloc[-1]) == {A: 5_000.0, B: 5_000.0}
    assert json.loads(account.rebalances["execution_prices"].iloc[-1]) == {A: 10.0, B: 10.0}


def test_the_account_starts_at_the_first_decision_that_selects(bars_of, targets_of):
    bars = bars_of({A: [10.0] * 6})

    account = run_rotation(targets_of({0: {A: 0.0}, 2: {A: 1.0}}), bars, FREE)
    early = run_rotation(targets_of({0: {A: 0.0}, 2: {A: 1.0}}), bars, dataclasses.replace(FREE, start="2024-01-02"))

    assert account.equity["date"].iloc[0] == days(2)
    assert early.equity["date"].iloc[0] == days(1)
    assert list(early.rebalances["decision_date"]) == [days(2)]


def test_limits_are_rounded_half_up_to_the_tick():
    """Limits of 4.709 at 10 %: 4.238 and 5.180; of 3.514 at 20 %: 2.811 and 4.217; a first day or no rate has none."""
    prev, rate = np.array([[4.709, 3.514, np.nan, 9.0]]), np.array([0.10, 0.20, 0.10, np.nan])

    down, _ = at_limits(np.array([[4.238, 2.812, 9.0, 1.0]]), prev, rate)
    _, up = at_limits(np.array([[5.179, 4.217, 9.0, 99.0]]), prev, rate)

    assert down.tolist() == [[True, False, False, False]]
    assert up.tolist() == [[False, True, False, False]]


def test_a_chinext_fund_has_the_limit_of_its_day():
    """159915.SZ at +10 %: at its limit on Friday 2020-08-21, free on Monday 2020-08-24, when the limit became 20 %."""
    dates = pd.to_datetime(["2020-08-20", "2020-08-21", "2020-08-24", "2020-08-25"])
    bars = pd.DataFrame(
        {
            "date": dates, "symbol": "159915.SZ", "open": [1.0, 1.1, 1.21, 1.21], "close": [1.0, 1.1, 1.21, 1.21],
            "prev_close": [1.0, 1.0, 1.1, 1.21], "volume": 1e6, "adj_factor": 1.0, "source": "simulated",
            "limit_rate": [0.1, 0.1, 0.2, 0.2],
        }
    )  # fmt: skip
    targets = pd.DataFrame({"date": dates[:2], "symbol": "159915.SZ", "target_weight": 0.5, "is_decision": True})

    account = run_rotation(targets, bars, dataclasses.replace(FREE, limit_of={"159915.SZ": 0.20}))

    assert rows_of(account.fills, "date", "status") == [(dates[1], "limit_up"), (dates[2], "filled")]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"exec_mode": "next_close_close", "lot": 0.0},
        {"original_compatible": True, "initial_capital": 30_000.0},
        {"initial_capital": 2_000.0, "cost": 0.01},
    ],
    ids=["default", "close, fractional", "compatible", "poor"],
)
def test_equals_a_slow_loop_on_a_rough_market(rough, slow_loop, changes):
    """500 sessions x 20 funds with limit moves, halts, a vanished fund, late listings, splits and dividends."""
    bars, targets, _ = rough
    symbols = bars["symbol"].unique()
    terms = dataclasses.replace(
        Terms(limit_of=dict.fromkeys(symbols, 0.1), cost_of={symbols[0]: 0.003, symbols[1]: 0.008}), **changes
    )

    values, filled, refused = slow_loop(targets, bars, terms)
    account = run_rotation(targets, bars, terms)

    slow = pd.DataFrame(values, columns=["date", "portfolio_value", "cash", "cost"])
    done = account.fills[account.fills["status"] == "filled"]
    failed = account.fills[account.fills["status"] != "filled"]
    assert len(filled) > 100 and len(refused) >= 10
    assert list(account.equity["date"]) == list(slow["date"])
    for name in ("portfolio_value", "cash", "cost"):
        np.testing.assert_allclose(account.equity[name], slow[name], rtol=1e-10, atol=1e-7)
    assert sorted(rows_of(failed, "date", "symbol", "side", "status")) == sorted(refused)
    assert sorted(rows_of(done, "date", "symbol", "side")) == sorted(f[:3] for f in filled)
    np.testing.assert_allclose(
        done.sort_values(["date", "symbol", "side"])["shares"], [f[3] for f in sorted(filled)], rtol=1e-10
    )


def test_no_fill_on_or_before_its_decision_and_none_of_the_days_own_purchases(rough):
    """The second half is T+1 settlement: nothing bought in a session is sold in it."""
    bars, targets, _ = rough

    fills = run_rotation(targets, bars, Terms()).fills
    both = fills[fills["shares"] > 0].groupby(["date", "symbol"])["side"].nunique()

    assert (fills["date"] > fills["decision_date"]).all()
    assert (both == 1).all()


def test_later_prices_change_no_earlier_row(rough):
    bars, targets, sessions = rough
    cut = sessions[300]
    distorted = bars.copy()
    distorted.loc[distorted["date"] > cut, ["open", "close", "prev_close"]] *= 3.0

    whole, other = run_rotation(targets, bars, Terms()), run_rotation(targets, distorted, Terms())

    for name in ("equity", "fills", "positions"):
        one, two = getattr(whole, name), getattr(other, name)
        pd.testing.assert_frame_equal(
            one[one["date"] <= cut].reset_index(drop=True), two[two["date"] <= cut].reset_index(drop=True)
        )


def test_the_tables_fit_their_schema_and_add_up(rough):
    bars, targets, _ = rough

    account = run_rotation(targets, bars, Terms())

    for table, frame in (
        (tables.EQUITY, account.equity),
        (tables.REBALANCES, account.rebalances),
        (tables.FILLS, account.fills),
        (tables.POSITIONS, account.positions),
    ):
        assert table.conform(frame).num_rows == len(frame)
    held = account.positions.groupby("date")["value"].sum().reindex(account.equity["date"]).fillna(0.0)
    np.testing.assert_allclose(held, account.equity["holdings_value"], rtol=1e-12)
    np.testing.assert_allclose(
        account.equity["cash"] + account.equity["holdings_value"], account.equity["portfolio_value"], rtol=1e-12
    )
    assert account.equity["cash"].min() >= 0.0
    assert account.equity["source"].unique().tolist() == ["simulated"]


def test_cost_tiers_follow_the_asset_class():
    facts = {"name": "", "underlying": "", "sector": "", "pillar": "", "price_limit": 0.1, "settlement": "T+1"}
    facts |= {"underlying_calendars": (), "underlying_lag": False}
    funds = {A: Instrument(asset_class="equity_cn", **facts), B: Instrument(asset_class="equity_cross_border", **facts)}

    pools = load_config(packaged_config()).etf_pools
    assert terms_of(pools, funds, "med").cost_of == {A: 0.0020, B: 0.0050}
    assert terms_of(pools, funds).cost == 0.00125
    assert terms_of(pools, funds).cost_of == {}


@pytest.mark.parametrize(
    ("decisions", "error", "words"),
    [
        ({0: {A: 0.7, B: 0.7}}, BadInputError, "sum to 1.4"),
        ({0: {A: -0.1}}, BadInputError, "negative"),
        ({0: {C: 0.5}}, BadInputError, "no bar"),
        ({9: {A: 0.5}}, BadInputError, "no session"),
    ],
)
def test_impossible_targets_are_refused(bars_of, targets_of, decisions, error, words):
    with pytest.raises(error, match=words):
        run_rotation(targets_of(decisions), bars_of({A: [1.0] * 3, B: [1.0] * 3}), FREE)


def test_no_decision_and_repeated_bars_are_refused(bars_of, targets_of):
    bars, targets = bars_of({A: [1.0] * 3}), targets_of({0: {A: 1.0}})

    with pytest.raises(InsufficientDataError, match="no decision"):
        run_rotation(targets.assign(is_decision=False), bars, FREE)
    with pytest.raises(BadInputError, match="twice"):
        run_rotation(targets, pd.concat([bars, bars]), FREE)


def test_dates_of_another_resolution_give_the_same_account(bars_of, targets_of):
    bars, targets = bars_of({A: [10.0, 11.0, 12.0]}), targets_of({0: {A: 1.0}})

    coarse = run_rotation(targets.assign(date=targets["date"].astype("datetime64[s]")), bars, FREE)
    other = run_rotation(targets, bars.assign(date=bars["date"].astype("datetime64[us]")), FREE)

    assert coarse.equity["date"].dtype == other.equity["date"].dtype == "datetime64[ns]"
    assert list(coarse.equity["portfolio_value"]) == list(other.equity["portfolio_value"])


def test_a_session_on_which_no_fund_has_a_bar_is_still_a_session(bars_of, targets_of):
    bars = bars_of({A: [10.0, None, 11.0]})

    account = run_rotation(targets_of({0: {A: 1.0}}), bars, FREE, sessions=pd.bdate_range("2024-01-01", periods=5))

    assert list(account.equity["date"]) == [days(0), days(1), days(2)]
    assert rows_of(account.fills, "date", "status") == [(days(1), "no_trade")]

"""The account of a single-asset strategy: hand tables for fills, costs, stops, exits, the breaker and cash."""

import numpy as np
import pytest

from etf_platform.core import tables
from etf_platform.core.errors import BadInputError
from etf_platform.core.states import State
from etf_platform.core.units.signal import Signal

OPENS = [100.0, 101.0, 104.0, 103.0, 99.0]
CLOSES = [100.0, 102.0, 103.0, 100.0, 98.0]


def equity(account):
    return account.equity["equity"].tolist()


def test_fills_at_the_next_open_by_hand(lab, terms):
    """Advice 1 at the first close, 0 at the third: in at 101, out at 103."""
    account = lab.run(lab.bars_of(OPENS, CLOSES), lab.scripted([1.0, 1.0, 0.0, 0.0, 0.0]), terms())

    assert equity(account) == pytest.approx([1.0, 102 / 101, 103 / 101, 103 / 101, 103 / 101])
    assert account.equity["position"].tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert account.start_effective == account.equity["date"].iloc[1]


def test_fills_at_the_next_close_by_hand(lab, terms):
    """In at the close 102, out at the close 100."""
    account = lab.run(
        lab.bars_of(OPENS, CLOSES), lab.scripted([1.0, 1.0, 0.0, 0.0, 0.0]), terms(execution="next_close")
    )

    assert equity(account) == pytest.approx([1.0, 1.0, 103 / 102, 100 / 102, 100 / 102])
    assert account.equity["position"].tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]


def test_the_originals_fills_earn_from_the_close_of_the_signal(lab, terms):
    """Position of bar i is the signal of bar i - 1 and earns close / close: in at 100, out at 103; marked."""
    account = lab.run(
        lab.bars_of(OPENS, CLOSES), lab.scripted([1.0, 1.0, 0.0, 0.0, 0.0]), terms(execution="original_compatible")
    )

    assert equity(account) == pytest.approx([1.0, 1.02, 1.03, 1.03, 1.03])
    assert account.equity["position"].tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert account.equity["source"].iloc[0] == "simulated [original_compatible]"


def test_fills_at_the_same_close_are_marked(lab, terms):
    """In at the close 102 that advised it, out at 100."""
    account = lab.run(
        lab.bars_of(OPENS, CLOSES), lab.scripted([None, 1.0, 1.0, 0.0, 0.0]), terms(next_day_execution=False)
    )

    assert equity(account) == pytest.approx([1.0, 1.0, 103 / 102, 100 / 102, 100 / 102])
    assert account.equity["position"].tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert account.execution == "same_close"
    assert account.trades["source"].iloc[0] == "simulated [same_close]"


@pytest.mark.parametrize("execution", ["next_open", "next_close", "original_compatible"])
def test_in_and_out_costs_two_charges(lab, terms, execution):
    """Weight 0 -> 1 -> 0 at commission 0.001 on a price that stands still (but for the last close)."""
    bars = lab.bars_of([10.0] * 5, [10.0, 10.0, 10.0, 10.0, 11.0])

    account = lab.run(bars, lab.scripted([1.0, 0.0, 0.0, 0.0, 0.0]), terms(execution=execution, commission=0.001))

    assert account.equity["cost"].tolist() == [0.0, 0.001, 0.001, 0.0, 0.0]
    assert equity(account)[-1] == pytest.approx(0.999**2, abs=1e-15)
    assert account.trades["net_return"].tolist() == [pytest.approx(0.999**2 - 1, abs=1e-15)]


def test_a_change_of_weight_pays_for_its_size_only(lab, terms):
    bars = lab.bars_of([10.0] * 5, [10.0, 10.0, 10.0, 10.0, 11.0])

    account = lab.run(bars, lab.scripted([0.35, 0.6, -0.4, None, None]), terms(commission=0.001, slippage=0.001))

    assert account.equity["cost"].tolist() == pytest.approx([0.0, 0.0007, 0.0005, 0.002, 0.0])
    assert account.trades["side"].tolist() == ["long", "short"]
    assert account.trades["max_weight"].tolist() == [0.6, 0.4]
    assert account.trades["entry_reason"].tolist() == ["row_0", "row_2"]
    assert account.trades["exit_reason"].tolist() == ["row_2", ""]


def test_a_fractional_weight_earns_it_on_every_leg(lab, terms):
    """0.5 of 100 -> 110 over night and 110 -> 99 over the day."""
    bars = lab.bars_of([100.0, 100.0, 110.0], [100.0, 100.0, 99.0])

    account = lab.run(bars, lab.scripted([0.5, None, None]), terms())

    assert equity(account) == pytest.approx([1.0, 1.0, 1.05 * 0.95])


def test_trades_carry_dates_prices_and_reasons(lab, terms):
    account = lab.run(lab.bars_of(OPENS, CLOSES), lab.scripted([1.0, 1.0, 0.0, 0.0, 1.0]), terms())
    trade, dates = account.trades.iloc[0], account.equity["date"].tolist()

    assert (trade["entry_date"], trade["exit_date"]) == (dates[1], dates[3])
    assert (trade["entry_price"], trade["exit_price"], trade["sessions"]) == (101.0, 103.0, 2)
    assert (trade["entry_reason"], trade["exit_reason"]) == ("row_0", "row_2")
    assert trade["net_return"] == pytest.approx(2 / 101)


def test_an_open_trade_has_no_exit(lab, terms):
    account = lab.run(lab.bars_of(OPENS, CLOSES), lab.scripted([None, None, 1.0, 1.0, 1.0]), terms())

    assert account.trades["exit_date"].isna().tolist() == [True]
    assert account.trades["exit_reason"].tolist() == [""]
    assert account.trades["net_return"].tolist() == [pytest.approx(98 / 103 - 1)]


def test_rows_fit_their_tables(lab, terms):
    account = lab.run(lab.bars_of(OPENS, CLOSES), lab.scripted([1.0, 0.0, 1.0, 1.0, 1.0]), terms())
    nothing = lab.run(lab.bars_of(OPENS, CLOSES), lab.scripted([0.0] * 5), terms())

    assert tables.TREND_EQUITY.conform(account.equity).num_rows == 5
    assert tables.TREND_TRADES.conform(account.trades).num_rows == 2
    assert tables.TREND_TRADES.conform(nothing.trades).num_rows == 0


def stopped(lab, terms, opens, closes, highs, lows, advice, **changes):
    bars = lab.bars_of(opens, closes, highs, lows)
    strategy = lab.scripted(advice, stop=95.0, target=120.0)
    return lab.run(bars, strategy, terms(use_stop_loss_take_profit=True, **changes))


def test_a_gap_below_the_stop_fills_at_the_open(lab, terms):
    account = stopped(
        lab, terms, [100, 100, 90, 91], [100, 101, 92, 93], [100, 102, 93, 94], [100, 99, 89, 90], [1, 1, None, 0]
    )

    assert equity(account) == pytest.approx([1.0, 1.01, 0.90, 0.90])
    assert account.trades["exit_reason"].tolist() == ["stop_loss"]
    assert account.trades["exit_price"].tolist() == [90.0]


def test_a_touched_stop_fills_at_its_level(lab, terms):
    account = stopped(
        lab, terms, [100, 100, 99, 91], [100, 101, 92, 93], [100, 102, 99, 94], [100, 99, 89, 90], [1, 1, None, 0]
    )

    assert equity(account) == pytest.approx([1.0, 1.01, 0.95, 0.95])
    assert account.trades["exit_price"].tolist() == [95.0]


def test_the_stop_comes_first_when_both_levels_are_touched(lab, terms):
    account = stopped(
        lab, terms, [100, 100, 99, 91], [100, 101, 92, 93], [100, 102, 121, 94], [100, 99, 89, 90], [1, 1, None, 0]
    )

    assert account.trades[["exit_reason", "exit_price"]].to_numpy().tolist() == [["stop_loss", 95.0]]


def test_a_touched_target_fills_at_its_level_and_a_gap_above_it_at_the_open(lab, terms):
    touched = stopped(
        lab, terms, [100, 100, 99, 91], [100, 101, 92, 93], [100, 102, 121, 94], [100, 99, 96, 90], [1, 1, None, 0]
    )
    gapped = stopped(
        lab, terms, [100, 100, 125, 91], [100, 101, 92, 93], [100, 102, 126, 94], [100, 99, 89, 90], [1, 1, None, 0]
    )

    assert touched.trades[["exit_reason", "exit_price"]].to_numpy().tolist() == [["take_profit", 120.0]]
    assert gapped.trades[["exit_reason", "exit_price"]].to_numpy().tolist() == [["take_profit", 125.0]]


def test_stops_wait_for_the_session_after_the_entry(lab, terms):
    """The entry session falls to 90 and comes back: the stop of 95 is not yet there."""
    account = stopped(lab, terms, [100, 100, 100], [100, 99, 101], [100, 100, 101], [100, 90, 99], [1, None, None])

    assert account.trades["exit_reason"].tolist() == [""]


def test_after_a_stop_the_strategy_is_asked_again_and_fills_in_the_next_session(lab, terms):
    account = stopped(
        lab, terms, [100, 100, 99, 91], [100, 101, 92, 93], [100, 102, 99, 94], [100, 99, 89, 90], [1, 1, 1, 1]
    )

    assert account.equity["position"].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert equity(account)[-1] == pytest.approx(0.95 * 93 / 91)


@pytest.mark.parametrize("changes", [{"execution": "next_close"}, {"next_day_execution": False}])
def test_a_stopped_position_is_not_reopened_at_the_close_of_the_session(lab, terms, changes):
    """In at the second close, stopped in the third session although the advice stays 1, in again at the fourth."""
    account = stopped(
        lab,
        terms,
        [100, 100, 99, 91],
        [100, 100, 92, 93],
        [100, 102, 99, 94],
        [100, 99, 89, 90],
        [1, 1, 1, 1],
        **changes,
    )

    assert account.equity["position"].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert equity(account)[2:] == pytest.approx([0.95, 0.95])


def test_a_short_is_stopped_above_and_takes_profit_below(lab, terms):
    bars = lab.bars_of([100, 100, 99, 91], [100, 101, 92, 93], [100, 102, 106, 94], [100, 99, 89, 90])
    after = 0.99 * (1 - (99 / 101 - 1)) * (1 - (105 / 99 - 1))

    account = lab.run(bars, lab.scripted([-1, -1, None, None], 105.0, 80.0), terms(use_stop_loss_take_profit=True))

    assert account.trades[["side", "exit_reason", "exit_price"]].to_numpy().tolist() == [["short", "stop_loss", 105.0]]
    assert equity(account)[1:] == pytest.approx([0.99, after, after])


def test_what_is_really_held_reaches_the_strategy(lab, terms):
    seen = []

    def step(row, settings, held):
        seen.append((row["n_bars"], held.weight, held.entry_price, held.entry_reason, held.sessions))
        return Signal("buy", 1.0, "in", stop_loss=95.0)

    bars = lab.bars_of([100, 100, 99, 91, 91], [100, 101, 97, 93, 92], [100, 102, 99, 94, 94], [100, 99, 96, 90, 90])

    lab.run(bars, lab.strategy_of(step), terms(use_stop_loss_take_profit=True))

    assert [s[1] for s in seen] == [0.0, 1.0, 1.0, 0.0, 1.0]
    assert seen[2] == (3, 1.0, 100.0, "in", 1)
    assert np.isnan(seen[3][2]) and seen[3][3:] == ("", 0)


def test_a_close_below_the_average_leaves_in_the_next_session(lab, terms):
    bars = lab.bars_of(OPENS, CLOSES)
    columns = bars[["date", "symbol"]].assign(sma_50=[99.0, 99.0, 103.5, 103.5, 90.0])

    account = lab.run(bars, lab.scripted([1, 1, 1, 1, 1]), terms(use_ma50_exit=True), columns=columns)

    assert account.equity["position"].tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert account.trades["exit_reason"].tolist() == ["ma50_exit"]


def test_the_average_must_be_there_for_its_exit(lab, terms):
    with pytest.raises(BadInputError, match="sma_50"):
        lab.run(lab.bars_of(OPENS, CLOSES), lab.scripted([1] * 5), terms(use_ma50_exit=True))


def test_the_breaker_cuts_blocks_increases_and_lets_go(lab, terms):
    """100 -> 89 at the third close: cut to 0.3 at the fourth open, no increase decided at two closes, then 1 again."""
    bars = lab.bars_of([100, 100, 100, 89, 89, 89, 89], [100, 100, 89, 89, 89, 89, 89])
    breaker = {"enabled": True, "drawdown_threshold": 0.10, "position_after": 0.30, "cooldown_bars": 2}

    account = lab.run(bars, lab.scripted([1] * 7), terms(circuit_breaker=breaker))

    assert account.equity["position"].tolist() == [0.0, 1.0, 1.0, 0.3, 0.3, 0.3, 1.0]
    assert equity(account)[2:] == pytest.approx([0.89] * 5)


def test_a_breaker_that_cuts_to_nothing_ends_the_trade(lab, terms):
    bars = lab.bars_of([100, 100, 100, 89, 89], [100, 100, 89, 89, 89])
    breaker = {"enabled": True, "position_after": 0.0}

    account = lab.run(bars, lab.scripted([1] * 5), terms(circuit_breaker=breaker))

    assert account.equity["position"].tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert account.trades["exit_reason"].tolist() == ["circuit_breaker"]


@pytest.mark.parametrize("execution", ["next_open", "next_close", "original_compatible"])
def test_flat_sessions_earn_the_cash_rate_and_others_do_not(lab, terms, execution):
    """Flat for five sessions: five times the daily rate; held on the way in between: nothing."""
    bars = lab.bars_of([10.0] * 8, [10.0] * 7 + [10.5])
    cash = {"risk_free_rate": 0.05, "accrue_risk_free_when_flat": True}
    daily = 1.05 ** (1 / 252)

    flat = lab.run(bars, lab.scripted([0.0] * 8), terms(execution=execution, metrics=cash))
    held = lab.run(bars, lab.scripted([0.5] * 8), terms(execution=execution, metrics=cash))

    assert equity(flat) == pytest.approx([daily**i for i in range(8)])
    assert equity(held)[:-1] == pytest.approx([1.0, daily] + [daily] * 5 if execution == "next_close" else [1.0] * 7)


def test_benchmarks_hold_from_the_first_tradable_session(lab, terms):
    account = lab.run(
        lab.bars_of(OPENS, CLOSES), lab.scripted([0.0, 1.0, 1.0, 0.0, 0.0]), terms(commission=0.001), warmup_bars=2
    )
    half = [1.0, 1.0 * (1 - 0.001 * 2 / 3) * (1 + 2 / 3 * (103 / 104 - 1))]

    assert account.equity["buy_and_hold"].tolist() == pytest.approx([1.0, *(0.999 * c / 104 for c in CLOSES[2:])])
    assert account.exposure == pytest.approx(2 / 3)
    assert account.equity["exposure_matched"].tolist()[:2] == pytest.approx(half)


def test_an_account_without_usable_inputs_is_blocked(lab, terms):
    def step(row, settings, held):
        return Signal("hold", None, "missing_indicators", State.BLOCKED)

    account = lab.run(lab.bars_of(OPENS, CLOSES), lab.strategy_of(step), terms())

    assert account.state is State.BLOCKED
    assert account.notes == ("5 of 5 decisions had no usable inputs",)

"""Properties of every account: the two ways agree, nothing looks ahead, bad input is refused, it is fast."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.trend.run import run_trend, run_variants
from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.core.states import State
from etf_platform.core.units.signal import Signal

EXECUTIONS = [
    {"execution": "next_open"},
    {"execution": "next_close"},
    {"execution": "original_compatible"},
    {"next_day_execution": False},
]
every_execution = pytest.mark.parametrize("changes", EXECUTIONS, ids=["open", "close", "original", "same_close"])


@every_execution
def test_the_fast_way_is_the_slow_way(lab, terms, changes):
    bars = lab.random_bars(1500)
    cash = {"risk_free_rate": 0.03, "accrue_risk_free_when_flat": True}
    chosen = terms(commission=0.0007, slippage=0.0003, metrics=cash, **changes)
    slow_only = replace(lab.averages, positions=None)

    fast = lab.run(bars, lab.averages, chosen, 60, lab.averages_of(bars))
    slow = lab.run(bars, slow_only, chosen, 60, lab.averages_of(bars))

    numbers = ["equity", "position", "cost", "buy_and_hold", "exposure_matched"]
    np.testing.assert_allclose(fast.equity[numbers], slow.equity[numbers], rtol=0, atol=1e-12)
    pd.testing.assert_frame_equal(fast.trades, slow.trades, rtol=0, atol=1e-12)
    assert (fast.n_decisions, fast.n_blocked, fast.state) == (slow.n_decisions, slow.n_blocked, slow.state)
    assert len(fast.trades) > 20


@every_execution
def test_the_slow_way_is_a_plain_loop(lab, terms, changes):
    """Against a loop of a few lines that knows no stops, on weights that move, keep and turn."""
    bars = lab.random_bars(400)
    advice = np.random.default_rng(3).choice([-0.5, 0.0, 0.35, 1.0, np.nan], 400)
    script = [None if np.isnan(w) else float(w) for w in advice]
    chosen = terms(commission=0.001, **changes)

    account = lab.run(bars, lab.scripted(script), chosen, 10)

    expected = plain_loop(bars, script, account.execution, 0.001, base=9)
    np.testing.assert_allclose(account.equity["equity"], expected, rtol=1e-12)


def plain_loop(bars, script, execution, rate, base):
    opens, close = bars["open"].tolist(), bars["close"].tolist()
    equity, weight, values = 1.0, 0.0, [1.0]
    for i in range(base + 1, len(bars)):
        wanted = script[i] if execution == "same_close" else script[i - 1]
        new = weight if wanted is None else wanted
        if execution == "next_open":
            equity *= 1 + weight * (opens[i] / close[i - 1] - 1)
            equity -= rate * abs(new - weight) * equity
            equity *= 1 + new * (close[i] / opens[i] - 1)
        elif execution == "original_compatible":
            equity -= rate * abs(new - weight) * equity
            equity *= 1 + new * (close[i] / close[i - 1] - 1)
        else:
            equity *= 1 + weight * (close[i] / close[i - 1] - 1)
            equity -= rate * abs(new - weight) * equity
        weight = new
        values.append(equity)
    return values


@pytest.mark.parametrize("seed", range(5))
def test_stops_at_the_next_open_are_a_plain_loop(lab, terms, seed):
    """Against a loop over long-only advice with a stop 2 % below and a target 3 % above the deciding close."""
    bars = lab.random_bars(500, seed)
    wants = np.random.default_rng(seed).random(500) < 0.7

    def step(row, settings, held):
        close, wanted = row["close"], float(wants[row["n_bars"] - 1])
        return Signal("hold", wanted, "test", stop_loss=0.98 * close, take_profit=1.03 * close)

    account = lab.run(bars, lab.strategy_of(step), terms(commission=0.001, use_stop_loss_take_profit=True))

    expected, stops = guarded_loop(bars, wants, 0.001)
    np.testing.assert_allclose(account.equity["equity"], expected, rtol=1e-12)
    assert account.trades["exit_reason"].isin(["stop_loss", "take_profit"]).sum() == stops > 20


def guarded_loop(bars, wants, rate):
    rows = bars[["open", "high", "low", "close"]].to_numpy().tolist()
    cash, shares, entered, stops, values = 1.0, 0.0, 0, 0, [1.0]
    stop = target = 0.0
    for i in range(1, len(rows)):
        opened, high, low, close = rows[i]
        before = rows[i - 1][3]
        beyond = shares > 0 and entered < i and not stop < opened < target
        if shares == 0 and wants[i - 1]:
            shares, cash, entered = cash * (1 - rate) / opened, 0.0, i
            stop, target = 0.98 * before, 1.03 * before
        elif shares > 0 and (beyond or not wants[i - 1]):
            stops += bool(wants[i - 1])
            shares, cash = 0.0, shares * opened * (1 - rate)
        elif shares > 0 and entered < i and (low <= stop or high >= target):
            stops += 1
            shares, cash = 0.0, shares * (stop if low <= stop else target) * (1 - rate)
        values.append(cash + shares * close)
    return values, stops


GUARDS = {
    "none": {},
    "stops": {"use_stop_loss_take_profit": True},
    "average": {"use_ma50_exit": True},
    "breaker": {"circuit_breaker": {"enabled": True, "drawdown_threshold": 0.05}},
}


@every_execution
@pytest.mark.parametrize("guard", GUARDS)
def test_later_bars_change_nothing_earlier(lab, terms, changes, guard):
    """Doubling every price after a day leaves equity, position and cost up to it bit for bit."""
    bars, chosen = lab.random_bars(600), terms(commission=0.001, **GUARDS[guard], **changes)
    later = bars.copy()
    later.loc[400:, ["open", "high", "low", "close"]] *= 2.0

    before = lab.run(bars, lab.averages, chosen, 60, lab.averages_of(bars))
    after = lab.run(later, lab.averages, chosen, 60, lab.averages_of(later)).equity

    kept = before.equity["date"] < bars["date"].iloc[400]
    columns = ["date", "equity", "position", "cost", "buy_and_hold"]
    pd.testing.assert_frame_equal(before.equity.loc[kept, columns], after.loc[kept, columns], check_exact=True)
    assert kept.sum() == 400 - 59
    assert not np.allclose(before.equity["equity"], after["equity"])


def test_guards_of_these_tests_do_something(lab, terms):
    bars = lab.random_bars(600)

    ends = {g: lab.run(bars, lab.averages, terms(**c), 60, lab.averages_of(bars)) for g, c in GUARDS.items()}

    assert {"stop_loss", "take_profit"} <= set(ends["stops"].trades["exit_reason"])
    assert "ma50_exit" in set(ends["average"].trades["exit_reason"])
    assert 0.3 in set(ends["breaker"].equity["position"])


@every_execution
@pytest.mark.parametrize("guard", GUARDS)
def test_trades_multiply_to_the_account(lab, terms, changes, guard):
    bars, chosen = lab.random_bars(800), terms(commission=0.001, **GUARDS[guard], **changes)

    account = lab.run(bars, lab.averages, chosen, 60, lab.averages_of(bars))

    assert (1.0 + account.trades["net_return"]).prod() == pytest.approx(account.equity["equity"].iloc[-1], rel=1e-12)


def test_variants_are_reported_beside_the_configured_settings(lab, terms):
    bars = lab.random_bars(200)
    sessions, columns = lab.sessions_of(bars), lab.averages_of(bars)
    named = replace(lab.averages, variants={"quick": {"fast": 5}, "slow": {"fast": 10}})

    same = run_variants(bars, columns, named, named.settings(), terms(), sessions, 60)
    other = run_variants(bars, columns, named, named.settings(slow=40), terms(), sessions, 60)
    plain = run_variants(bars, columns, lab.averages, named.settings(), terms(), sessions, 60)

    assert list(same) == ["quick", "slow"]
    assert list(other) == ["quick", "slow"]
    assert list(plain) == ["default"]
    assert other["slow"].equity["variant"].unique().tolist() == ["slow"]


def refused(lab, terms, bars, error, words, warmup=20, **kwargs):
    with pytest.raises(error, match=words) as caught:
        lab.run(bars, lab.averages, terms(), warmup, kwargs.get("columns", lab.averages_of(bars)))
    assert str(caught.value).count("\n") == 0


def test_duplicate_dates_are_refused(lab, terms):
    bars = lab.random_bars(60)
    twice = pd.concat([bars.iloc[:30], bars.iloc[29:]])

    refused(lab, terms, twice, BadInputError, "1 rows on a date that it has already, first 2020-02-11")


def test_unordered_dates_are_refused(lab, terms):
    refused(lab, terms, lab.random_bars(60).iloc[::-1], BadInputError, "not in order of date")


def test_a_missing_close_is_refused(lab, terms):
    bars = lab.random_bars(60)
    bars.loc[30, "close"] = np.nan

    refused(lab, terms, bars, BadInputError, "close of TEST.US on 2020-02-12 is nan")


def test_a_price_of_zero_is_refused(lab, terms):
    bars = lab.random_bars(60)
    bars.loc[30, "open"] = 0.0

    refused(lab, terms, bars, BadInputError, "open of TEST.US on 2020-02-12 is 0")


def test_constant_prices_are_refused(lab, terms):
    refused(lab, terms, lab.bars_of([10.0] * 60, [10.0] * 60), BadInputError, "never changes")


def test_fewer_rows_than_the_warm_up_are_refused(lab, terms):
    refused(lab, terms, lab.random_bars(20), InsufficientDataError, "20 bars, and the warm-up takes 20")


def test_no_rows_are_refused(lab, terms):
    bars = lab.random_bars(20)

    with pytest.raises(InsufficientDataError, match="no bars"):
        run_trend(bars[:0], bars[:0], lab.averages, lab.averages.settings(), terms(), lab.sessions_of(bars), 5)


def test_several_symbols_are_refused(lab, terms):
    bars = lab.random_bars(60)
    bars.loc[30:, "symbol"] = "OTHER.US"

    refused(lab, terms, bars, BadInputError, "bars of 2 symbols")


def test_a_long_gap_is_refused_and_a_short_one_warns(lab, terms):
    bars = lab.random_bars(60)
    long, short = bars.drop(index=[30, 31, 32]), bars.drop(index=[30])

    account = lab.run(short, lab.averages, terms(), 20, lab.averages_of(short))

    refused(lab, terms, long, BadInputError, "no bar in 3 sessions in a row; 3 are missing, first 2020-02-12")
    assert account.state is State.WARN
    assert account.notes == ("1 sessions have no bar, first 2020-02-12",)


def test_a_bar_on_a_holiday_is_refused(lab, terms):
    bars = lab.random_bars(60)
    bars["date"] = bars["date"].mask(bars.index == 59, pd.Timestamp("2020-03-28")).astype("datetime64[ns]")

    refused(lab, terms, bars, BadInputError, "no sessions, first 2020-03-28")


def test_columns_of_other_rows_and_absent_columns_are_refused(lab, terms):
    bars = lab.random_bars(60)
    columns = lab.averages_of(bars)

    refused(lab, terms, bars, BadInputError, "59 rows", columns=columns.iloc[1:])
    refused(lab, terms, bars, BadInputError, "needs the columns sma_20", columns=columns.drop(columns="sma_20"))

"""One purchase at a time, by hand: when it is made, at what price, when it ends, what it costs."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.events.terms import EventTerms, Variant
from etf_platform.backtest.events.trades import fund_prices, trade_on

DAYS = pd.bdate_range("2024-01-01", periods=40).as_unit("ns")
START = 30  # the day of the signal; twenty quiet bars stand before it
FREE = EventTerms(fees=0.0, half_spread=0.0, order=0.0)


def bars(*later, limit=0.10):
    """Thirty quiet bars at 1.000 / 1.001, the signal's day at 1.000, then (open, high, low, close); None is no bar."""
    quiet = [(c, c, c, c) for c in (1.0, 1.001) * (START // 2)]
    rows, before = [], 1.0
    for day, row in zip(DAYS, [*quiet, (1.0, 1.0, 1.0, 1.0), *later], strict=False):
        if row is not None:
            up, down = round(before * (1 + limit), 3), round(before * (1 - limit), 3)
            rows.append((day, "E", *row, before, 1e6, 1e8, 1.0, up, down))
            before = row[3]
    names = ["date", "symbol", "open", "high", "low", "close", "prev_close", "volume", "amount", "adj_factor"]
    return pd.DataFrame(rows, columns=[*names, "limit_up", "limit_down"])


def trade(frame, entry, exit_, terms=FREE):
    return trade_on(fund_prices("E", frame, DAYS), START, Variant(entry, exit_), terms)


FLAT = (1.02, 1.02, 1.02, 1.02)
UP = [(1.01, 1.015, 1.005, 1.012), (1.014, 1.02, 1.01, 1.018), (1.02, 1.025, 1.015, 1.022), FLAT, FLAT]


@pytest.mark.parametrize(
    ("entry", "exit_", "days", "expected"),
    [
        ("next_open", "next_open", 1, (1.010, 1.014, 1, 2)),
        ("next_open", "next_close", 1, (1.010, 1.018, 1, 2)),
        ("next_open", "next_close", 0, (1.010, 1.012, 1, 1)),
        ("next_open", "next_open", 0, (1.010, 1.014, 1, 2)),
        ("close", "next_open", 1, (1.000, 1.010, 0, 1)),
        ("close", "next_close", 1, (1.000, 1.012, 0, 1)),
        ("close", "next_close", 0, (1.000, 1.012, 0, 1)),
    ],
)
def test_a_purchase_is_sold_at_the_first_price_that_settlement_allows(entry, exit_, days, expected):
    """T+1: not on the day of the purchase; T+0 funds may."""
    made = trade(bars(*UP), entry, exit_, EventTerms(0.0, 0.0, 0.0, settlement_days={"E": days}))

    assert (made.entry, made.exit, made.bought - START, made.sold - START) == expected
    assert made.gross == pytest.approx(expected[1] / expected[0] - 1)


BOUGHT = (1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([BOUGHT, (1.0, 1.031, 0.99, 1.0)], (1.03, "take_profit", 2)),
        ([BOUGHT, (1.0, 1.01, 0.979, 1.0)], (0.98, "stop_loss", 2)),
        ([BOUGHT, (1.0, 1.031, 0.979, 1.0)], (0.98, "stop_loss", 2)),  # both touched: the stop came first
        ([BOUGHT, (1.05, 1.06, 0.97, 1.0)], (1.05, "take_profit", 2)),  # opens above the profit
        ([BOUGHT, (0.95, 1.06, 0.94, 1.0)], (0.95, "stop_loss", 2)),  # opens below the stop
        (
            [(1.0, 1.05, 0.95, 1.0), (1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, 1.0), (1.0, 1.01, 1.0, 1.005)],
            (1.005, "max_hold", 4),
        ),
        ([BOUGHT, BOUGHT, BOUGHT], (1.0, "data_end", 3)),
    ],
)
def test_profit_stop_and_time_read_against_the_trader(later, expected):
    """Bought at the open of the day after the signal; what that day does later does not count, for it is T+1."""
    made = trade(bars(*later), "next_open", "profit_or_loss")

    assert (made.exit, made.reason, made.sold - START) == (pytest.approx(expected[0]), *expected[1:])


def test_a_fund_with_t0_can_be_stopped_on_the_day_of_its_purchase():
    made = trade(
        bars((1.0, 1.05, 0.95, 1.0), FLAT), "next_open", "profit_or_loss", EventTerms(0, 0, 0, settlement_days={"E": 0})
    )

    assert (made.exit, made.reason, made.sold - START) == (pytest.approx(0.98), "stop_loss", 1)


def test_a_purchase_at_the_close_does_not_see_its_own_day():
    made = trade(bars((1.0, 1.05, 1.0, 1.04)), "close", "profit_or_loss")

    assert (made.exit, made.reason, made.sold - START) == (pytest.approx(1.03), "take_profit", 1)


def test_a_fund_at_its_upper_limit_cannot_be_bought():
    """Limit 1.100: neither at the open nor at the close."""
    assert trade(bars((1.1, 1.1, 1.1, 1.1), FLAT, FLAT), "next_open", "next_open") is None
    assert trade(bars((1.099, 1.1, 1.09, 1.1), FLAT, FLAT), "next_open", "next_open") is not None
    at_limit = bars(FLAT, FLAT)
    at_limit.loc[at_limit["date"] == DAYS[START], "limit_up"] = 1.0
    assert trade(at_limit, "close", "next_open") is None


def test_a_fund_without_a_bar_in_the_session_of_the_entry_is_not_bought_later():
    assert trade(bars(None, FLAT, FLAT), "next_open", "next_open") is None
    assert trade(bars(None, FLAT, FLAT), "close", "next_open").sold == START + 1


def test_a_fund_at_its_lower_limit_is_sold_at_the_next_open_above_it():
    fallen = [(1.0, 1.0, 1.0, 1.0), (0.9, 0.9, 0.9, 0.9), (0.81, 0.82, 0.81, 0.82), (0.80, 0.85, 0.79, 0.84)]
    made = trade(bars(*fallen), "next_open", "next_open")

    assert (made.exit, made.sold - START) == (0.80, 4)


def test_a_dividend_is_part_of_the_return():
    frame = bars(BOUGHT, (0.9, 0.9, 0.9, 0.9))
    frame.loc[frame["date"] == DAYS[START + 2], ["adj_factor", "limit_down"]] = 1.0 / 0.9, 0.81

    assert trade(frame, "next_open", "next_open").gross == pytest.approx(0.0)


def test_costs_are_fees_two_half_spreads_and_two_impacts():
    """Volatility and turnover of the 20 bars up to the signal, not of the day of the purchase."""
    frame = bars((1.0, 1.09, 0.91, 1.05), (1.02, 1.02, 1.02, 1.02))
    changes = (frame["close"] / frame["prev_close"] - 1)[START - 19 : START + 1]
    impact = changes.std() * np.sqrt(500_000 / 1e8)

    made = trade(frame, "next_open", "next_open", EventTerms())
    assert made.costs == pytest.approx(0.0005 + 0.001 * (1 / 1.0 + 1 / 1.02) + 2 * impact)
    assert made.net == pytest.approx(0.02 - made.costs)


def test_a_young_fund_cannot_be_costed():
    frame = bars(FLAT, FLAT)

    assert trade(frame[frame["date"] >= DAYS[START - 15]], "next_open", "next_open", EventTerms()) is None

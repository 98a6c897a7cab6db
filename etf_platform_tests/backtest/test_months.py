"""Months and their parts: they sum to the month's return, whatever happened in it."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.months import month_rows, pool_months
from etf_platform.backtest.rotation import run_rotation
from etf_platform.backtest.terms import Terms
from etf_platform.core import tables
from etf_platform.core.errors import InsufficientDataError

A, B = "510010.SH", "510020.SH"
NOT_SUMMED = ("total", "selection")


def test_the_parts_of_every_month_sum_to_its_return(rough):
    bars, targets, _ = rough
    account = run_rotation(targets, bars, Terms(limit_of=dict.fromkeys(bars["symbol"].unique(), 0.1)))

    months = month_rows(account, bars)

    total = months[months["part"] == "total"].set_index("month")["contribution"]
    parts = months[~months["part"].isin(NOT_SUMMED)].groupby("month")["contribution"].sum()
    assert len(total) > 20
    np.testing.assert_allclose(parts, total, atol=1e-9, rtol=0)
    assert months[months["part"] == "cash"]["contribution"].abs().max() < 1e-9
    ends = account.equity.groupby(account.equity["date"].dt.strftime("%Y-%m"))["portfolio_value"].last()
    np.testing.assert_allclose(total, ends.pct_change().dropna(), rtol=1e-12)
    assert tables.MONTHS.conform(months).num_rows == len(months)


def test_a_month_by_hand(bars_of, targets_of):
    """31 January: 5,000 shares at 10 and 500 of cost. February: A gains 10 % and is sold; B is not held."""
    flat = [10.0] * 23
    bars = bars_of({A: [*flat, 10.0, 11.0, 11.0], B: [*flat, 10.0, 9.0, 9.0]})
    terms = Terms(cost=0.01, initial_capital=100_000.0)

    account = run_rotation(targets_of({21: {A: 0.5}, 23: {A: 0.0}}), bars, terms)
    months = month_rows(account, bars, next_session="2024-02-06").set_index(["month", "part"])

    january, february = months.loc["2024-01"], months.loc["2024-02"]
    assert january["contribution"].to_dict() == pytest.approx(
        {"cash": 0.0, "cost": -0.005, "selection": -0.005, "total": -0.005}
    )
    assert february.loc[A, "contribution"] == pytest.approx(5_000 / 99_500)
    assert february.loc["cost", "contribution"] == pytest.approx(-550 / 99_500)
    assert february.loc["total", "contribution"] == pytest.approx(4_450 / 99_500)
    assert february.loc["selection", "contribution"] == pytest.approx(4_450 / 99_500 - 0.0)
    assert B not in february.index
    assert not months["is_complete"].any()


def test_the_last_month_is_complete_when_the_next_session_says_so(rough):
    bars, targets, _ = rough
    account = run_rotation(targets, bars, Terms())

    open_end = month_rows(account, bars)
    closed = month_rows(account, bars, next_session="2031-01-01")

    assert not open_end["is_complete"].iloc[-1]
    assert closed["is_complete"].iloc[-1]


def test_an_account_that_never_traded_has_flat_months(bars_of, targets_of):
    bars = bars_of({A: [10.0] * 30})
    account = run_rotation(targets_of({0: {A: 0.0}}), bars, Terms(start="2024-01-01"))

    months = month_rows(account, bars)

    assert set(months["part"]) == {"total", "cash", "cost", "selection"}
    assert (months["contribution"] == 0.0).all()
    short = dataclasses.replace(account, equity=account.equity.iloc[:1])
    assert month_rows(short, bars).empty


def months_of(totals, complete=True):
    frame = pd.DataFrame({"month": list(totals), "part": "total", "contribution": list(totals.values())})
    fund = frame.assign(part=A)
    return pd.concat([frame, fund], ignore_index=True).assign(is_complete=complete, source="simulated")


def test_a_portfolio_month_is_the_weighted_sum_of_the_pools():
    months = {"X": months_of({"2024-01": 0.10, "2024-02": 0.02}), "Y": months_of({"2024-02": -0.01})}

    found = pool_months(months, {"X": 0.7, "Y": 0.3, "Z": 0.0}).set_index(["month", "part"])["contribution"]

    assert found.to_dict() == pytest.approx({("2024-02", A): 0.011, ("2024-02", "total"): 0.011})


def test_a_pool_with_a_weight_and_no_months_is_refused():
    with pytest.raises(InsufficientDataError, match="Y has none"):
        pool_months({"X": months_of({"2024-01": 0.1})}, {"X": 0.7, "Y": 0.3})

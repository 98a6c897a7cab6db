"""Stored tables to what metrics are read from: hand tables."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.kpi.inputs import account_rows, attribution_rows, breach_rows, run_rows, slippage_rows

DAYS = pd.bdate_range("2024-10-07", periods=5).astype("datetime64[ns]")


def _account(navs, days=DAYS, exposure=1.0):
    return pd.DataFrame({"date": days[: len(navs)], "nav": navs, "exposure": exposure})


def test_the_portfolio_is_the_sum_and_a_part_that_joins_brings_capital_and_no_result():
    parts = {"A": _account([100.0, 110.0, 99.0]), "B": _account([50.0, 60.0], DAYS[1:])}

    rows = account_rows(parts, {"A": DAYS, "B": DAYS})

    assert rows["nav"].tolist() == [100.0, 160.0, 159.0]
    assert rows["pnl"].tolist()[1:] == [10.0, -1.0]
    assert rows["return"].tolist()[1:] == [0.1, -1.0 / 160.0]


def test_a_session_that_one_part_lacks_has_no_row_unless_its_exchange_was_closed():
    parts = {"A": _account([100.0, 110.0, 99.0]), "B": _account([50.0, 60.0], DAYS[[0, 2]])}

    lacking = account_rows(parts, {"A": DAYS, "B": DAYS})
    closed = account_rows(parts, {"A": DAYS, "B": DAYS[[0, 2, 3, 4]]})

    assert lacking["date"].tolist() == [DAYS[0], DAYS[2]]
    assert closed["nav"].tolist() == [150.0, 160.0, 159.0]
    assert closed["return"].tolist()[1:] == [10.0 / 150.0, -1.0 / 160.0]


def _forecasts(rows):
    return pd.DataFrame(rows, columns=["date", "for_date", "var"])


NOTHING = pd.DataFrame(columns=["date", "forecast_date", "is_breach"]).astype(
    {"date": "datetime64[ns]", "forecast_date": "datetime64[ns]", "is_breach": bool}
)


def test_a_breach_is_a_loss_beyond_a_forecast_that_was_stored_before():
    account = account_rows({"A": _account([100.0, 98.0, 97.02, 96.0498])}, {"A": DAYS})
    forecasts = _forecasts(
        [(DAYS[0], DAYS[1], 0.015), (DAYS[1], DAYS[2], 0.02), (DAYS[3], DAYS[3], 0.001)]
    )  # the last was made on its own day

    rows = breach_rows(account, forecasts, NOTHING)

    assert rows["date"].tolist() == [DAYS[1], DAYS[2]]
    assert rows["is_breach"].tolist() == [True, False]


def test_the_back_test_stands_in_before_the_account_and_not_after():
    account = account_rows({"A": _account([100.0, 98.0], DAYS[2:])}, {"A": DAYS})
    exceptions = pd.DataFrame({"date": DAYS[1:], "forecast_date": DAYS[:-1], "is_breach": [True, False, True, True]})

    rows = breach_rows(account, _forecasts([(DAYS[2], DAYS[3], 0.5)]), exceptions)

    assert rows["date"].tolist() == [DAYS[1], DAYS[2], DAYS[3]]
    assert rows["of_account"].tolist() == [False, False, True]
    assert rows["is_breach"].tolist() == [True, False, False]


def test_the_forecast_is_scaled_to_the_exposure_that_was_held():
    """At a tenth of the exposure a loss of 1.2 % is beyond a VaR of 10 %; without exposure nothing is judged."""
    account = account_rows({"A": _account([100.0, 98.8, 98.8, 98.8], exposure=[0.1, 0.0, 0.0, 0.0])}, {"A": DAYS})
    forecasts = _forecasts([(DAYS[0], DAYS[1], 0.1), (DAYS[1], DAYS[2], 0.1), (DAYS[2], DAYS[3], 0.1)])

    rows = breach_rows(account, forecasts, NOTHING)

    assert rows["is_breach"].tolist() == [True, False]


def test_slippage_is_against_the_open_and_modelled_fills_have_exactly_the_modelled_one():
    fills = pd.DataFrame(
        {
            "date": DAYS[0],
            "symbol": ["X", "X", "Y", "Z"],
            "side": ["buy", "sell", "buy", "buy"],
            "shares": [100.0, 100.0, 100.0, 0.0],
            "price": [10.0, 9.98, 4.0, np.nan],
            "value": [1000.0, 998.0, 400.0, 0.0],
            "cost": [1.25, 0.2495, 0.1, 0.0],
            "origin": ["modelled", "desk.csv", "desk.csv", "modelled"],
        }
    )
    opens = pd.DataFrame({"date": DAYS[0], "symbol": ["X", "Y"], "open": [10.0, 3.99]})

    rows = slippage_rows(fills, opens, 0.001, 0.00025)

    assert rows["realised"].tolist() == [0.001, 0.002, pytest.approx(4.0 / 3.99 - 1.0)]
    assert rows["is_modelled"].tolist() == [True, False, False]


def test_a_duty_is_owed_from_its_first_run_on():
    made = {"decision": {DAYS[0]: True, DAYS[1]: False, DAYS[3]: True}, "drift": {DAYS[2]: True}, "never": {}}

    rows = run_rows(made, "A", DAYS, DAYS[3])

    assert rows[rows["duty"] == "decision"]["is_made"].tolist() == [True, True, False, True]
    assert rows[rows["duty"] == "decision"]["is_in_time"].tolist() == [True, False, False, True]
    assert rows[rows["duty"] == "drift"]["is_made"].tolist() == [True, False]
    assert set(rows["duty"]) == {"decision", "drift"}


def test_residuals_of_a_day_do_not_cancel():
    parts = dict.fromkeys(["spread_capture", "inventory_cost", "hedging_cost", "fees"], 0.0)
    rows = pd.DataFrame({"date": DAYS[0], "adverse_selection_cost": [100.0, -40.0], "residual": [5.0, -5.0], **parts})

    found = attribution_rows(rows, "A")

    assert found[["explained", "residual"]].iloc[0].tolist() == [140.0, 10.0]


def test_a_session_without_holdings_has_nothing_to_explain():
    """Idle sessions are as new as any other; a session that was held and has no rows stays missing."""
    parts = ["spread_capture", "adverse_selection_cost", "inventory_cost", "hedging_cost", "fees", "residual"]
    rows = pd.DataFrame({"date": DAYS[[0, 2]], **dict.fromkeys(parts, 1.0)})

    found = attribution_rows(rows, "A", DAYS[[2, 3]])

    assert found["date"].tolist() == list(DAYS[[0, 2, 3]])
    assert found["explained"].tolist() == [5.0, 5.0, 0.0]

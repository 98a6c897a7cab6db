"""Capacity: real positions against the pool's own limits; what is missing blocks."""

import json

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.capacity import (
    Facts,
    Limits,
    adv_share,
    average_daily_amount,
    capacity_history,
    capacity_report,
    capacity_rows,
    capacity_state,
    limits_of,
)
from etf_platform.core import tables
from etf_platform.core.config.load import load_config
from etf_platform.core.states import State
from etf_platform.core.workspace import packaged_config

SESSIONS = pd.bdate_range("2024-01-01", periods=30)
A, B, C, D, E = "510050.SH", "510300.SH", "510500.SH", "512880.SH", "588000.SH"
FACTS = Facts(
    {A: "broad", B: "broad", C: "broad", D: "finance", E: "broad"},
    {A: "宽基-上证50", B: "宽基-沪深300", C: "宽基-中证500", D: "行业-证券", E: "宽基-科创50"},
)
LIMITS = Limits(7_000_000.0, False, single=0.25, sector=0.40, adv_share=0.05, broad_base=3, adv_window=20)


def bars(amounts, close=1.0):
    rows = [
        {"date": day, "symbol": s, "close": close, "amount": a, "source": "simulated"}
        for s, a in amounts.items()
        for day in SESSIONS
    ]
    return pd.DataFrame(rows)


def rebalance(weights, value=1_000_000.0, decision=27):
    shares = json.dumps({s: w * value for s, w in weights.items()})
    row = {"decision_date": SESSIONS[decision], "date": SESSIONS[decision + 1], "portfolio_value": value}
    return pd.DataFrame([{**row, "positions": shares}])


def test_the_share_of_turnover_of_the_specification():
    assert adv_share(7_000_000, 0.20, 3.05e9) == pytest.approx(0.000459, abs=5e-7)
    assert adv_share(7_000_000, 0.20, 3.05e6) == pytest.approx(0.459, abs=5e-4)


def test_a_small_position_in_a_liquid_fund_passes():
    rows = capacity_rows(rebalance({A: 0.20, D: 0.20}), bars({A: 3.05e9, D: 3.05e9}), LIMITS, FACTS)

    share = rows[(rows["type"] == "adv_constraint") & (rows["item"] == A)].iloc[0]
    assert share["value"] == pytest.approx(0.000459, abs=5e-7)
    assert set(rows["status"]) == {"PASS"}
    assert capacity_state(rows) is State.PASS
    assert tables.CAPACITY.conform(rows).num_rows == len(rows) == 2 + 2 + 1 + 2


def test_every_limit_can_fail():
    weights = {A: 0.26, B: 0.25, C: 0.1, D: 0.1, E: 0.1}

    rows = capacity_rows(rebalance(weights), bars({A: 1e9, B: 1e9, C: 1e9, D: 1e7, E: 1e9}), LIMITS, FACTS)
    report = capacity_report(rows, "A_SHARE", LIMITS, "2024-02-09T10:00:00Z")

    failed = rows[rows["status"] == "FAIL"]
    assert list(zip(failed["type"], failed["item"], failed["value"].round(6), strict=True)) == [
        ("adv_constraint", D, 0.07),
        ("broad_base_count", "宽基", 4.0),
        ("sector_concentration", "broad", 0.71),
        ("single_position", A, 0.26),
    ]
    assert report["status"] == "FAIL"
    assert [v["type"] for v in report["violations"]] == list(failed["type"])
    assert report["violations"][2]["sector"] == "broad"
    assert report["violations"][3]["message"] == f"{A} weighs 26.00%: above the limit of 25.00%"
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_turnover_is_taken_as_of_the_decision_and_over_twenty_sessions():
    frame = bars({A: 1e9})
    frame.loc[frame["date"] > SESSIONS[25], "amount"] = 9e9
    frame.loc[frame["date"] <= SESSIONS[5], "amount"] = 9e9

    assert average_daily_amount(frame, SESSIONS[25], 20) == {A: 1e9}


def test_a_session_without_a_bar_counts_as_no_turnover_but_not_before_listing():
    frame = pd.concat([bars({A: 1e9, B: 1e9}), bars({C: 1e9}).iloc[20:]])
    frame = frame[~((frame["symbol"] == A) & frame["date"].isin(SESSIONS[20:25]))]

    assert average_daily_amount(frame, SESSIONS[29], 20) == {A: 0.75e9, B: 1e9, C: 1e9}


def test_a_fund_without_turnover_blocks():
    frame = bars({A: 1e9, D: 1e9})
    frame = frame[(frame["symbol"] != D) | (frame["date"] < SESSIONS[5])]

    rows = capacity_rows(rebalance({A: 0.2, D: 0.2}), frame, LIMITS, FACTS)

    assert rows.set_index(["type", "item"]).loc[("adv_constraint", D), "status"] == "BLOCKED"
    assert capacity_state(rows) is State.BLOCKED
    assert capacity_report(rows, "A_SHARE", LIMITS, "now")["violations"][0]["value"] is None


@pytest.mark.parametrize("rebalances", [rebalance({}).iloc[:0], rebalance({})], ids=["no rebalance", "all cash"])
def test_no_positions_blocks_instead_of_a_demo_portfolio(rebalances):
    rows = capacity_rows(rebalances, bars({A: 1e9}), LIMITS, FACTS)

    assert list(rows["status"]) == ["BLOCKED"]
    assert tables.CAPACITY.conform(rows).num_rows == 1
    assert capacity_report(rows, "A_SHARE", LIMITS, "now")["status"] == "BLOCKED"


def test_weights_are_those_at_the_close_of_the_fill_session():
    frame = bars({A: 1e9})
    frame.loc[frame["date"] == SESSIONS[28], "close"] = 1.1

    rows = capacity_rows(rebalance({A: 0.2}), frame, LIMITS, FACTS).set_index("type")

    assert rows.loc["single_position", "value"] == pytest.approx(0.22)
    assert rows.loc["single_position", "as_of"] == SESSIONS[28]
    assert rows.loc["adv_constraint", "as_of"] == SESSIONS[27]


def test_the_compatible_report_is_the_bare_list():
    rows = capacity_rows(rebalance({A: 0.26}), bars({A: 1e9}), LIMITS, FACTS)

    report = capacity_report(rows, "A_SHARE", LIMITS, "now", original_compatible=True)

    assert isinstance(report, list)
    assert set(report[0]) == {"type", "symbol", "value", "limit", "message"}


def test_limits_come_from_the_configuration_and_a_pool_without_capital_is_outside():
    config = load_config(packaged_config()).etf_pools

    assert limits_of(config, "A_SHARE") == LIMITS
    assert limits_of(config, "QDII").adv_share == 0.03
    other = limits_of(config, "OTHER")
    assert (other.target_capital, other.outside_portfolio, other.single) == (1_000_000.0, True, 0.20)
    rows = capacity_rows(rebalance({A: 0.2}), bars({A: 1e9}), other, FACTS)
    assert capacity_report(rows, "OTHER", other, "now")["outside_portfolio"] is True


def test_limits_hold_to_rounding():
    rows = capacity_rows(rebalance({A: 0.1 + 0.15}), bars({A: 1e9}), LIMITS, FACTS)

    assert np.all(rows["status"] == "PASS")


def test_bars_of_other_funds_block():
    rows = capacity_rows(rebalance({A: 0.2}), bars({A: 1e9}).iloc[:0], LIMITS, FACTS)

    assert rows.set_index("type").loc[["single_position", "adv_constraint"], "status"].tolist() == ["BLOCKED"] * 2


def test_a_halted_fund_weighs_its_last_close():
    frame = bars({A: 1e9, B: 1e9}, close=2.0)
    frame = frame[(frame["symbol"] != A) | (frame["date"] < SESSIONS[26])]

    rows = capacity_rows(rebalance({A: 0.1}), frame, LIMITS, FACTS).set_index("type")

    assert rows.loc["single_position", "value"] == pytest.approx(0.2)


def test_every_rebalance_is_judged_by_what_was_known_then():
    """Three rebalances: within the limits, too heavy, all cash; the turnover falls to nothing on the last sessions."""
    frame = bars({A: 1e9, B: 1e9})
    frame.loc[frame["date"] > SESSIONS[25], "amount"] = 0.0
    three = pd.concat([rebalance({A: 0.2}, decision=5), rebalance({B: 0.3}, decision=15), rebalance({}, decision=27)])

    history = capacity_history(three, frame, LIMITS, FACTS)

    alone = [capacity_rows(three.iloc[i : i + 1], frame, LIMITS, FACTS) for i in range(3)]
    pd.testing.assert_frame_equal(history.drop(columns="date"), pd.concat(alone, ignore_index=True))
    single = history[history["type"] == "single_position"]
    assert single["date"].tolist() == [SESSIONS[6], SESSIONS[16], SESSIONS[28]]
    assert single["status"].tolist() == ["PASS", "FAIL", "BLOCKED"]

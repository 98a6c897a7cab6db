"""Fill attribution: the specification's example, published market making, cases by hand, and bad input."""

import json

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.core.tables import FILL_ATTRIBUTION
from etf_platform.measures.attribution import FILL_PARTS, attribution_coverage, residual_share
from etf_platform.risk.attribution.fills import attribute_fills, unmatched_fills
from etf_platform.risk.attribution.mids import marks_from_quotes, with_mids

DAY = pd.Timestamp("2024-01-02")


def fill(side="buy", quantity=5_000.0, price=4.012, mid=4.010, after=4.005, fee=5.015, decided=4.006):
    row = {"date": DAY, "symbol": "510300.SH", "side": side, "quantity": quantity, "price": price, "fee": fee}
    return row | {"mid": mid, "mid_after": after, "decision_price": decided}


def mark(position_before=10_000.0, price_before=4.000, growth=1.0, position=15_000.0, price=4.020):
    row = {"date": DAY, "symbol": "510300.SH", "position_before": position_before, "price_before": price_before}
    return row | {"growth": growth, "position": position, "price": price, "source": "by hand"}


def attributed(fills, marks, **more):
    return attribute_fills(pd.DataFrame(fills), pd.DataFrame(marks), "close", "rotation", **more).iloc[0]


def test_the_example_of_the_specification():
    """pos_prev 10,000, c0 4.000, c 4.020; buy 5,000: m 4.010, f 4.012, m_h 4.005, fee 5.015."""
    row = attributed([fill()], [mark()])

    expected = {"spread_capture": -10, "adverse_selection_cost": -25, "inventory_cost": 275, "fees": -5.015}
    assert {name: round(row[name], 9) for name in expected} == expected
    assert row["net_pnl"] == pytest.approx(234.985, abs=1e-9)
    assert row["residual"] == pytest.approx(0.0, abs=1e-9)
    assert (row["hedging_cost"], row["reason"]) == (0.0, "no_hedge")
    assert row["delay"] == pytest.approx(5_000 * (4.006 - 4.010))


def test_coverage_of_the_specification():
    assert attribution_coverage(np.array([100.0, -40.0]), 10.0) == pytest.approx(0.9333, abs=5e-5)
    assert attribution_coverage(np.zeros(5), 0.0) == 1.0


def test_the_residual_is_a_check_and_no_plug():
    """An account that reports 100 shares fewer than the fills explain is off by their value."""
    row = attributed([fill()], [mark(position=14_900.0)])

    assert row["residual"] == pytest.approx(-100 * 4.020)


def test_a_sale_and_a_purchase_of_a_day_by_hand():
    """Sell 1,000 at 4.009 (mid 4.010), buy 2,000 at 4.011 (mid 4.010); the mid then is 4.000, the close 4.020."""
    fills = [fill("sell", 1_000.0, 4.009, 4.010, 4.000, 1.0), fill("buy", 2_000.0, 4.011, 4.010, 4.000, 2.0)]

    row = attributed(fills, [mark(position=11_000.0)])

    assert row["n_fills"] == 2
    assert row["spread_capture"] == pytest.approx(-1.0 - 2.0)
    assert row["adverse_selection_cost"] == pytest.approx(10.0 - 20.0)
    assert row["inventory_cost"] == pytest.approx(200.0 - 20.0 + 40.0)
    assert row["net_pnl"] == pytest.approx(11_000 * 4.020 - 10_000 * 4.000 + 1_000 * 4.009 - 2_000 * 4.011 - 3.0)
    assert row["residual"] == pytest.approx(0.0, abs=1e-9)


def test_a_split_is_no_loss():
    """Ten thousand shares at 4.000 become twenty thousand at 2.010: holding earned 200."""
    row = attributed([fill(price=2.012, mid=2.010, after=2.010)], [mark(growth=2.0, position=25_000.0, price=2.010)])

    assert row["inventory_cost"] == pytest.approx(200.0)
    assert row["residual"] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("missing", ["mid", "after"])
def test_a_missing_mid_sends_the_fill_to_the_residual_and_lists_it(missing):
    fills = [fill(), fill(quantity=1_000.0, fee=1.0, **{missing: np.nan})]

    row = attributed(fills, [mark(position=16_000.0)])

    assert row["residual"] == pytest.approx(1_000 * (4.020 - 4.012))
    assert (row["n_unmatched"], row["reason"]) == (1, "no_hedge, unmatched")
    assert row["fees"] == pytest.approx(-6.015)
    assert row["spread_capture"] == pytest.approx(-10.0)
    assert unmatched_fills(pd.DataFrame(fills))["quantity"].tolist() == [1_000.0]


def test_a_hedge_leg_counts_net_of_its_costs():
    hedges = pd.DataFrame([{"date": DAY, "symbol": "510300.SH", "pnl": -40.0, "fee": 1.5, "slippage": 0.5}])

    row = attributed([fill()], [mark()], hedges=hedges)

    assert (row["hedging_cost"], row["reason"]) == (-42.0, "")
    assert row["net_pnl"] == pytest.approx(234.985 - 42.0)
    assert row["residual"] == pytest.approx(0.0, abs=1e-9)


def test_a_day_without_fills_is_holding_alone():
    row = attributed([fill()][:0] or pd.DataFrame([fill()]).iloc[:0], [mark(position=10_000.0)])

    assert (row["n_fills"], row["inventory_cost"], row["residual"]) == (0, pytest.approx(200.0), pytest.approx(0.0))
    assert np.isnan(row["delay"])


def test_rows_fit_their_table():
    rows = attribute_fills(pd.DataFrame([fill()]), pd.DataFrame([mark()]), "close", "rotation", {"510300.SH": "broad"})

    assert FILL_ATTRIBUTION.conform(rows).num_rows == 1
    assert rows["sector"].tolist() == ["broad"]


@pytest.mark.parametrize(
    ("fills", "marks", "says"),
    [
        ([fill(side="short")], [mark()], "a side is 'short'"),
        ([fill(quantity=0.0)], [mark()], "no positive number"),
        ([fill(price=np.nan)], [mark()], "no positive number"),
        ([fill(fee=-1.0)], [mark()], "no positive number"),
        ([fill()], [mark(), mark()], "two marks on 2024-01-02"),
        ([fill()], [mark(price=np.nan)], "510300.SH has no mark on 2024-01-02"),
        ([fill()], [mark(price_before=np.nan)], "510300.SH has no mark on 2024-01-02"),
        ([fill() | {"symbol": "510500.SH"}], [mark()], "510500.SH has no mark on 2024-01-02"),
    ],
)
def test_bad_input_is_one_sentence(fills, marks, says):
    with pytest.raises(BadInputError, match=says):
        attributed(fills, marks)


def test_a_missing_column_is_named():
    with pytest.raises(BadInputError, match="the fills have no column fee"):
        attribute_fills(pd.DataFrame([fill()]).drop(columns="fee"), pd.DataFrame([mark()]), "close", "x")


def test_residual_share_of_nothing():
    assert residual_share(np.zeros((1, 2)), np.zeros(1)) == 0.0
    assert residual_share(np.zeros((1, 2)), np.ones(1)) == float("inf")


def test_the_published_provider(shared):
    """Case provider_pnl_identity: the other side of every trade that has a mid 300 trades later, marked at the end."""
    case = next(
        c
        for c in json.loads(shared("golden/17_attr_market_making.json").read_text())["cases"]
        if c["id"] == "provider_pnl_identity"
    )
    trades = pd.read_csv(shared("golden/17_attr_tq_matched.csv.gz"))
    mid = (trades["bid"] + trades["ask"]) / 2
    fills = pd.DataFrame(
        {
            "date": DAY,
            "symbol": "XXX.US",
            "side": np.where(trades["dir_R"] > 0, "sell", "buy"),
            "quantity": trades["size"],
            "price": trades["price"],
            "fee": 0.0,
            "mid": mid,
            "mid_after": mid.shift(-300),
        }
    ).iloc[:-300]
    position = float(-(trades["dir_R"] * trades["size"]).iloc[:-300].sum())
    marks = mark(0.0, np.nan, 1.0, position, float(mid.iloc[-1])) | {"symbol": "XXX.US"}

    row = attributed(fills, [marks])

    parts = case["components"]
    assert row["net_pnl"] == pytest.approx(case["expected"]["total"], abs=case["abs_tol"])
    assert row["spread_capture"] == pytest.approx(parts["spread_capture"], rel=1e-8)
    assert row["adverse_selection_cost"] == pytest.approx(parts["adverse_selection"], rel=1e-8)
    assert row["inventory_cost"] == pytest.approx(parts["inventory"], rel=1e-8)
    assert row["hedging_cost"] == parts["hedging"]
    assert abs(row["residual"]) <= case["abs_tol"]


def at(clock, day="2024-01-02"):
    return pd.Timestamp(f"{day} {clock}")


@pytest.fixture
def quotes():
    rows = [("09:30:00", 9.9, 10.1), ("09:30:05", 10.0, 10.2), ("09:31:00", 10.4, 10.6), ("15:00:00", 10.9, 11.1)]
    return pd.DataFrame([{"time": at(c), "symbol": "A", "bid": b, "ask": a} for c, b, a in rows])


def trade(clock, side="buy", quantity=100.0, price=10.1, symbol="A", day="2024-01-02"):
    return {
        "time": at(clock, day), "symbol": symbol, "side": side, "quantity": quantity, "price": price, "fee": 0.0
    }  # fmt: skip


@pytest.mark.parametrize(
    ("horizon", "after"), [("4s", 10.0), ("5s", 10.1), ("60s", 10.5), ("5h", 10.5), ("10h", 11.0), ("close", 11.0)]
)
def test_the_mid_after_the_horizon_is_the_last_quote_then(quotes, horizon, after):
    """A horizon beyond the last quote ends at it."""
    priced = with_mids(pd.DataFrame([trade("09:30:00")]), quotes, horizon)

    assert priced["mid"].tolist() == [10.0]
    assert priced["mid_after"].iloc[0] == pytest.approx(after)


def test_a_fill_before_the_first_quote_has_no_mid_and_the_next_day_does_not_lend_one(quotes):
    fills = pd.DataFrame([trade("09:29:59"), trade("09:31:00"), trade("09:30:00", day="2024-01-03")])

    priced = with_mids(fills, quotes, "1s")

    assert priced["mid"].isna().tolist() == [True, False, True]


def test_positions_of_a_quotes_file_begin_flat_and_carry_their_marks(quotes):
    later = quotes.assign(time=quotes["time"] + pd.Timedelta(days=1), bid=quotes["bid"] + 1, ask=quotes["ask"] + 1)
    both = pd.concat([quotes, later], ignore_index=True)
    fills = with_mids(pd.DataFrame([trade("09:30:01"), trade("09:31:01", "sell", 40.0, 10.4)]), both, "close")

    rows = attribute_fills(fills, marks_from_quotes(fills, both, "file"), "close", "passive")

    assert rows["date"].dt.day.tolist() == [2, 3]
    assert rows["inventory_cost"].tolist() == [pytest.approx(0.0), pytest.approx(60.0)]
    assert rows["net_pnl"].tolist() == [pytest.approx(60 * 11.0 - 1010.0 + 416.0), pytest.approx(60.0)]
    assert rows["residual"].abs().max() < 1e-9


@pytest.mark.parametrize(
    ("horizon", "says"), [("soon", "the horizon is 'soon'"), ("-1s", "positive span"), ("0s", "positive span")]
)
def test_a_horizon_that_is_none_is_refused(quotes, horizon, says):
    with pytest.raises(BadInputError, match=says):
        with_mids(pd.DataFrame([trade("09:30:00")]), quotes, horizon)


def test_unsorted_quotes_and_symbols_without_a_quote_are_refused(quotes):
    priced = with_mids(pd.DataFrame([trade("09:30:00", symbol="B")]), quotes, "close")

    with pytest.raises(BadInputError, match="not sorted"):
        with_mids(pd.DataFrame([trade("09:30:00")]), quotes.iloc[::-1], "1s")
    with pytest.raises(InsufficientDataError, match="B has no quote"):
        marks_from_quotes(priced, quotes, "file")


def test_parts_are_those_of_the_table():
    money = [c.name for c in FILL_ATTRIBUTION.columns if c.type == "float64"]

    assert money == [*FILL_PARTS, "residual", "net_pnl", "delay"]

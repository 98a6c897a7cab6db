"""Brinson and factor rows of an account, and their sums."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.core.tables import BRINSON, FACTOR_ATTRIBUTION
from etf_platform.risk.attribution.brinson import TRADING, brinson_rows
from etf_platform.risk.attribution.factors import factor_attribution_rows, standardised
from etf_platform.risk.attribution.summary import brinson_totals, by_period, factor_totals, period_labels
from etf_platform.risk.attribution.weights import account_returns, active_weights, fund_returns

DAYS = pd.bdate_range("2024-01-01", periods=3)
LINKED = ["linked_allocation", "linked_selection", "linked_interaction"]


def weights_of(*rows):
    columns = ["date", "symbol", "portfolio_weight", "benchmark_weight", "return"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="module")
def weights(account, bars):
    return active_weights(account.positions, account.equity, fund_returns(bars))


@pytest.mark.parametrize("actual", [True, False])
def test_linked_effects_sum_to_the_active_return_of_the_whole_span(account, weights, sectors, actual):
    own = account_returns(account.equity)
    rows = brinson_rows(weights, sectors, "simulated", own if actual else None)

    held = (weights["portfolio_weight"] * weights["return"]).groupby(weights["date"]).sum()
    pool = (weights["benchmark_weight"] * weights["return"]).groupby(weights["date"]).sum()
    total = np.prod(1 + (own if actual else held)) - np.prod(1 + pool)
    assert rows[LINKED].to_numpy().sum() == pytest.approx(total, abs=1e-12)
    assert BRINSON.conform(rows).num_rows == len(rows)
    assert (TRADING in set(rows["group"])) == actual


def test_effects_of_a_session_sum_to_its_active_return(account, weights, sectors):
    own = account_returns(account.equity)
    rows = brinson_rows(weights, sectors, "simulated", own)

    pool = (weights["benchmark_weight"] * weights["return"]).groupby(weights["date"]).sum()
    daily = rows.groupby("date")[["allocation", "selection", "interaction"]].sum().sum(axis=1)
    np.testing.assert_allclose(daily, own.reindex(daily.index) - pool.reindex(daily.index), atol=1e-14)


def test_weights_are_of_the_close_before(account, bars, weights):
    """The account's holdings of one close and the funds that had a bar then, each with the same weight."""
    eve, day = account.equity["date"].iloc[40], account.equity["date"].iloc[41]
    held = account.positions[account.positions["date"] == eve].set_index("symbol")["weight"]
    pool = bars.loc[bars["date"] == eve, "symbol"]

    seen = weights[weights["date"] == day].set_index("symbol")

    assert seen.loc[seen["portfolio_weight"] > 0, "portfolio_weight"].to_dict() == pytest.approx(held.to_dict())
    expected = dict.fromkeys(pool, 1 / len(pool))
    assert seen.loc[seen["benchmark_weight"] > 0, "benchmark_weight"].to_dict() == pytest.approx(expected)


def test_a_group_that_one_side_does_not_hold_is_a_bet_of_allocation():
    """All in A against half A, half B: no selection; cash beside it is a group too."""
    rows = brinson_rows(
        weights_of((DAYS[0], "A", 0.8, 0.5, 0.02), (DAYS[0], "B", 0.0, 0.5, -0.01)), {"A": "a", "B": "b"}, "by hand"
    ).set_index("group")

    assert rows["allocation"].to_dict() == pytest.approx({"a": 0.3 * 0.015, "b": -0.5 * -0.015, "cash": 0.2 * -0.005})
    assert rows[["selection", "interaction"]].abs().to_numpy().max() == 0.0
    assert rows["allocation"].sum() == pytest.approx(0.8 * 0.02 - 0.005)


def test_given_benchmark_weights_are_used(account, bars):
    day = account.equity["date"].iloc[50]
    symbol = bars["symbol"].iloc[0]
    given = pd.DataFrame({"date": [day], "symbol": [symbol], "weight": [1.0]})

    seen = active_weights(account.positions, account.equity, fund_returns(bars), given)

    assert seen.loc[seen["benchmark_weight"] > 0, ["date", "symbol"]].to_numpy().tolist() == [[day, symbol]]


def test_symbols_without_a_group_are_unknown_and_lost_returns_are_refused():
    rows = brinson_rows(weights_of((DAYS[0], "A", 1.0, 1.0, 0.02)), {}, "by hand")

    assert rows["group"].tolist() == ["unknown"]
    with pytest.raises(BadInputError, match="A on 2024-01-01 has no weight or no return"):
        brinson_rows(weights_of((DAYS[0], "A", 1.0, 1.0, np.nan)), {}, "by hand")
    with pytest.raises(BadInputError, match="there are no weights"):
        brinson_rows(weights_of(), {}, "by hand")


def test_an_account_of_one_session_has_no_active_return(account, bars):
    with pytest.raises(InsufficientDataError, match="1 sessions"):
        active_weights(account.positions, account.equity.head(1), fund_returns(bars))


def panel_of(bars, seed=3):
    """Two random factors; the second one is missing for every third fund."""
    rng = np.random.default_rng(seed)
    panel = bars[["date", "symbol"]].assign(
        source="simulated", F1=rng.normal(size=len(bars)), F2=rng.normal(size=len(bars))
    )
    third = panel["symbol"].astype("category").cat.codes % 3 == 0
    return panel.assign(F2=panel["F2"].mask(third))


def test_contributions_and_residual_sum_to_the_active_return(account, bars, weights):
    own = account_returns(account.equity)
    returns = fund_returns(bars)

    rows = factor_attribution_rows(panel_of(bars), weights, returns, ["F1", "F2"], own)

    wide = rows.pivot(index="date", columns="factor", values="contribution")
    pool = (weights["benchmark_weight"] * weights["return"]).groupby(weights["date"]).sum()
    np.testing.assert_allclose(wide["total"], own.reindex(wide.index) - pool.reindex(wide.index), atol=1e-12)
    np.testing.assert_allclose(wide[["market", "F1", "F2", "residual"]].sum(axis=1), wide["total"], atol=1e-12)
    assert FACTOR_ATTRIBUTION.conform(rows).num_rows == len(rows)
    assert set(rows["reason"]) == {""}


def test_returns_made_of_a_factor_are_explained_by_it():
    """Return = 1 % + 2 % * standardised F1, by hand: nothing is left over."""
    symbols, f1 = list("ABCDE"), np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    z = f1 / np.sqrt(2.0)
    panel = pd.DataFrame({"date": DAYS[0], "symbol": symbols, "source": "by hand", "F1": f1})
    returns = pd.DataFrame({"date": DAYS[1], "symbol": symbols, "return": 0.01 + 0.02 * z})
    weights = weights_of((DAYS[1], "E", 0.9, 0.5, np.nan), (DAYS[1], "A", 0.0, 0.5, np.nan))

    rows = factor_attribution_rows(panel, weights, returns, ["F1"]).set_index("factor")

    assert rows.loc["F1", "exposure"] == pytest.approx(0.4 * z[4] - 0.5 * z[0])
    assert rows.loc["F1", "factor_return"] == pytest.approx(0.02)
    assert rows.loc["market", "contribution"] == pytest.approx(-0.1 * 0.01)
    assert rows.loc["residual", "contribution"] == pytest.approx(0.0, abs=1e-15)
    assert rows.loc["total", "contribution"] == pytest.approx(0.9 * (0.01 + 0.02 * z[4]) - 0.01)


def test_too_few_funds_are_told_and_not_guessed():
    """Three funds with a value cannot carry two factors and a constant."""
    panel = pd.DataFrame({"date": DAYS[0], "symbol": list("ABC"), "source": "x", "F1": [1.0, 2.0, 3.0], "F2": 1.0})
    returns = pd.DataFrame({"date": DAYS[1], "symbol": list("ABC"), "return": [0.01, 0.02, 0.03]})
    weights = weights_of((DAYS[1], "A", 1.0, 0.5, np.nan), (DAYS[1], "B", 0.0, 0.5, np.nan))

    rows = factor_attribution_rows(panel, weights, returns, ["F1", "F2"]).set_index("factor")

    assert rows.loc[["F1", "F2", "market", "residual"], "contribution"].isna().all()
    assert set(rows.loc[["F1", "F2", "market", "residual"], "reason"]) == {"insufficient"}
    assert rows.loc["total", "contribution"] == pytest.approx(0.01 - 0.015)


def test_a_missing_exposure_counts_as_zero_and_is_told():
    values = np.array([[1.0, 5.0], [3.0, 5.0], [np.nan, 5.0]])

    z = standardised(values)

    np.testing.assert_allclose(z, [[-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])


def test_coverage_counts_the_missing_exposures(account, bars, weights):
    rows = factor_attribution_rows(panel_of(bars), weights, fund_returns(bars), ["F1", "F2"])

    seen = rows[rows["factor"] == "F2"]["coverage"]
    assert seen.between(0.5, 0.85).all()


def test_an_unknown_factor_is_named(account, bars, weights):
    panel, returns = panel_of(bars), fund_returns(bars)

    with pytest.raises(BadInputError, match="no column F9"):
        factor_attribution_rows(panel, weights, returns, ["F1", "F9"])
    with pytest.raises(BadInputError, match="no factor is named"):
        factor_attribution_rows(panel, weights, returns, [])
    with pytest.raises(BadInputError, match="there are no weights"):
        factor_attribution_rows(panel, weights.head(0), returns, ["F1"])


def test_a_session_uses_the_panel_of_the_close_before(account, bars, weights):
    """Changing the panel of the day itself changes nothing of the day."""
    day = account.equity["date"].iloc[60]
    panel, returns = panel_of(bars), fund_returns(bars)
    changed = panel.assign(F1=panel["F1"].where(panel["date"] != day, 100.0))
    mine = weights[weights["date"] == day]

    before = factor_attribution_rows(panel, mine, returns, ["F1", "F2"])

    pd.testing.assert_frame_equal(before, factor_attribution_rows(changed, mine, returns, ["F1", "F2"]))


def attribution_rows():
    base = {"strategy": "s", "symbol": "A", "sector": "x", "horizon": "close", "n_fills": 1, "n_unmatched": 0}
    base |= {"reason": "no_hedge", "source": "by hand"}
    zero = dict.fromkeys(("adverse_selection_cost", "inventory_cost", "hedging_cost", "fees"), 0.0)
    days = ["2024-12-30", "2025-01-02", "2025-01-06"]
    gaps = [10.0, -10.0, 0.0]
    return pd.DataFrame(
        [
            base
            | zero
            | {"date": pd.Timestamp(d), "spread_capture": 90.0, "residual": g, "net_pnl": 90.0 + g, "delay": np.nan}
            for d, g in zip(days, gaps, strict=True)
        ]
    )


def test_weeks_are_iso_weeks_and_gaps_do_not_mend_each_other():
    """2024-12-30 and 2025-01-02 are both in 2025-W01; +10 and -10 leave a coverage of 180 / 200."""
    table = by_period(attribution_rows(), "W", by=("strategy", "sector"))

    assert table["period"].tolist() == ["2025-W01", "2025-W02"]
    assert table["coverage"].tolist() == pytest.approx([0.9, 1.0])
    assert table["net_pnl"].tolist() == [180.0, 90.0]
    assert table["delay"].isna().all()


def test_horizons_stand_in_the_order_of_time():
    rows = pd.concat([attribution_rows().assign(horizon=name) for name in ("close", "60s", "10s", "1s")])

    assert by_period(rows, "all")["horizon"].tolist() == ["1s", "10s", "60s", "close"]


@pytest.mark.parametrize(
    ("freq", "label"), [("D", "2024-12-30"), ("W", "2025-W01"), ("M", "2024-12"), ("Y", "2024"), ("all", "all")]
)
def test_labels_of_periods(freq, label):
    assert period_labels(attribution_rows()["date"], freq).iloc[0] == label


def test_unknown_periods_and_columns_are_refused():
    with pytest.raises(BadInputError, match="the period is 'Q'"):
        by_period(attribution_rows(), "Q")
    with pytest.raises(BadInputError, match="no column pool"):
        by_period(attribution_rows(), "W", by=("pool",))
    assert len(by_period(attribution_rows().assign(pool="QDII"), "all", by=("pool",))) == 1


def test_a_part_that_is_not_defined_is_not_added_up_as_zero():
    table = by_period(attribution_rows().assign(fees=[0.0, np.nan, 0.0]), "W")

    assert table["fees"].isna().tolist() == [True, False]
    assert table["coverage"].isna().tolist() == [True, False]
    assert (table["reason"].iloc[0], table["source"].iloc[0]) == ("no_hedge", "by hand")


def test_totals_by_group_sum_to_the_active_return(account, weights, sectors):
    rows = brinson_rows(weights, sectors, "simulated", account_returns(account.equity))

    table = brinson_totals(rows)

    assert table["total"].sum() == pytest.approx(rows[LINKED].to_numpy().sum(), abs=1e-12)
    assert table["portfolio_weight"].sum() == pytest.approx(1.0)
    assert table["total"].abs().is_monotonic_decreasing


def test_totals_by_factor_leave_out_sessions_that_could_not_be_explained(account, bars, weights):
    rows = factor_attribution_rows(panel_of(bars), weights, fund_returns(bars), ["F1", "F2"])
    gone = rows["date"] == rows["date"].min()
    rows["contribution"] = rows["contribution"].mask(gone & (rows["factor"] != "total"))

    table = factor_totals(rows).set_index("factor")["contribution"]

    assert table.index[-2:].tolist() == ["residual", "total"]
    assert table.drop("total").sum() == pytest.approx(table["total"], abs=1e-12)
    assert set(factor_totals(rows)["n_insufficient"]) == {1}

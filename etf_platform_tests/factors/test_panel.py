"""The panel of a pool: layout, adjustment, failures."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError, UnknownUnitError
from etf_platform.core.units.factor import factor
from etf_platform.factors.aliases import panel_columns
from etf_platform.factors.panel import compute_panel, find_factors


def raising(close, out):
    """Asks for an index that the series does not have."""
    if close.size > 0:
        raise IndexError("no such row")


def untypable(close, out):
    """Cannot be compiled."""
    out[0] = close + "text"


BROKEN = factor(inputs=("close",), name="broken", unit="none", direction=0, bucket="trend", warmup=lambda: 1)(raising)
UNTYPABLE = factor(inputs=("close",), name="untypable", unit="none", direction=0, bucket="trend", warmup=lambda: 1)(
    untypable
)


def test_has_one_float32_column_per_computation_sorted_by_date_and_symbol(bars):
    panel = compute_panel(bars.sample(frac=1, random_state=1)).frame

    assert list(panel.columns) == ["date", "symbol", *panel_columns()]
    assert set(panel.dtypes.iloc[2:]) == {np.dtype("float32")}
    pd.testing.assert_frame_equal(panel[["date", "symbol"]], bars[["date", "symbol"]])


def test_a_price_level_is_in_traded_prices_of_its_own_row(bars):
    panel = compute_panel(bars, ["sma_5"]).frame

    one = bars[bars["symbol"] == "510003.SH"].reset_index(drop=True)
    adjusted = one["close"] * one["adj_factor"]
    expected = adjusted.rolling(5).mean() / one["adj_factor"]
    np.testing.assert_allclose(panel.loc[panel["symbol"] == "510003.SH", "sma_5"], expected, rtol=1e-6)


def test_a_later_dividend_moves_no_earlier_row(bars):
    later = bars.copy()
    late = later["date"] > "2023-03-01"
    later.loc[late, "adj_factor"] *= 1.1

    before, after = compute_panel(bars).frame, compute_panel(later).frame

    early = before["date"] <= "2023-03-01"
    pd.testing.assert_frame_equal(before[early], after[early])


def test_failed_factors_are_reported_with_their_error_and_the_rest_is_computed(bars):
    result = compute_panel(bars, ["sma_5", "momentum_1"], extra=(*BROKEN, *UNTYPABLE))

    assert {f.column for f in result.failures} == {"broken", "untypable"}
    assert "no such row" in next(f.error for f in result.failures if f.column == "broken")
    assert result.failed_share == 0.5
    assert result.frame["broken"].isna().all() and result.frame["untypable"].isna().all()
    assert result.frame["sma_5"].notna().any()


def test_one_thread_and_three_give_the_same_bits(bars):
    columns = ["sma_20", "std_20", "rank_20", "obv", "macd_ema_12_26_9"]

    one, three = compute_panel(bars, columns, threads=1).frame, compute_panel(bars, columns, threads=3).frame

    pd.testing.assert_frame_equal(one, three, check_exact=True)


@pytest.mark.parametrize("sessions", [1, 2, 40, 300, 420])
def test_the_last_sessions_alone_are_the_same_bits_as_those_of_the_whole_panel(bars, sessions):
    """Every column of the stored panel, with late listings and absent days."""
    since = bars["date"].drop_duplicates().nlargest(sessions).min()

    alone = compute_panel(bars, since=since.date()).frame

    whole = compute_panel(bars).frame
    expected = whole[whole["date"] >= since].reset_index(drop=True)
    assert alone[["date", "symbol"]].equals(expected[["date", "symbol"]])
    bits = [frame.iloc[:, 2:].to_numpy().view(np.uint32) for frame in (alone, expected)]
    assert bits[0].shape[1] == len(panel_columns()) and np.array_equal(*bits)


def test_a_recursive_factor_that_does_not_say_so_would_differ(bars):
    """The declaration matters: without it a running total over the last bars only is another number."""
    silent = [replace(unit, is_recursive=False) for unit in find_factors(["obv"])]
    since = bars["date"].max().date()

    alone = compute_panel(bars, [], extra=silent, since=since).frame["obv"]

    assert (alone.to_numpy() != compute_panel(bars, ["obv"], since=since).frame["obv"].to_numpy()).any()


def test_since_a_day_after_the_last_bar_gives_an_empty_panel(bars):
    panel = compute_panel(bars, ["sma_5", "obv"], since=bars["date"].max().date() + timedelta(days=1)).frame

    assert len(panel) == 0 and list(panel.columns) == ["date", "symbol", "sma_5", "obv"]


def test_no_bars_give_an_empty_panel(bars):
    panel = compute_panel(bars.iloc[:0], ["sma_5"]).frame

    assert len(panel) == 0 and list(panel.columns) == ["date", "symbol", "sma_5"]


def test_a_repeated_row_is_refused(bars):
    with pytest.raises(BadInputError, match="stands twice"):
        compute_panel(pd.concat([bars, bars.iloc[:1]]), ["sma_5"])


def test_missing_bar_columns_are_named(bars):
    with pytest.raises(BadInputError, match="volume"):
        compute_panel(bars.drop(columns="volume"), ["obv"])


def test_an_unknown_column_is_refused(bars):
    with pytest.raises(UnknownUnitError, match="sma_7"):
        compute_panel(bars, ["sma_7"])

"""Kernels against published tables: TA-Lib's regression test and StockCharts' sheets."""

import json

import numpy as np
import pandas as pd
import pytest

from etf_platform.factors.compute import compute_arrays
from etf_platform.factors.panel import find_factors
from etf_platform.factors.series import BAR_COLUMNS

TALIB = {
    "rsi14": "rsi_14",
    "adx14": "adx_14",
    "macd_line": "macd_ema_12_26_9",
    "macd_signal": "macd_ema_signal_12_26_9",
    "macd_hist": "macd_ema_hist_12_26_9",
    "natr14": "atr_rel_14",
    "bb_upper": "bb_upper_20_2",
    "bb_mid": "sma_20",
    "bb_low": "bb_lower_20_2",
    "sma30": "sma_30",
    "ema10_classic": "ema_seeded_10",
}


def values(column, frame):
    """One column on one symbol; bar columns that the sheet lacks are taken from its close."""
    bars = {name: frame.get(name, frame["close"]).to_numpy(float).copy() for name in BAR_COLUMNS}
    result, failures = compute_arrays(find_factors([column]), np.array([0, len(frame)]), bars)
    assert not failures
    return result[0]


@pytest.fixture(scope="module")
def sheets(shared):
    def read(name):
        frame = pd.read_csv(shared(f"golden/{name}"))
        return frame.rename(columns=str.lower)

    return read


@pytest.mark.parametrize("case", TALIB)
def test_agrees_with_the_regression_table_of_talib(case, sheets, shared):
    cases = json.loads(shared("golden/08_ind_talib_regtest.json").read_text(encoding="utf-8"))["cases"]
    wanted = next(entry for entry in cases if entry["id"] == case)
    begin = wanted["expected"].pop("begin_index")

    ours = values(TALIB[case], sheets("08_ind_talib_regtest.csv")) * (100 if case == "natr14" else 1)

    for offset, expected in wanted["expected"].items():
        assert ours[begin + int(offset)] == pytest.approx(expected, abs=wanted["abs_tol"])


def test_an_exponential_mean_seeded_with_the_first_bar_has_the_published_values(sheets):
    ours = values("ema_10", sheets("08_ind_talib_regtest.csv"))

    assert ours[[10, 11, 30, 251]] == pytest.approx([93.24, 93.97, 86.23, 108.97], abs=0.0101)


def test_macd_seeded_with_the_first_close_follows_the_sheet(sheets):
    sheet = sheets("07_ind_ewm_macd.csv")

    line, signal = values("macd_ewm_12_26_9", sheet), values("macd_ewm_signal_12_26_9", sheet)

    np.testing.assert_allclose(line[25:], sheet["macd_line"][25:], atol=1e-8)
    assert signal[-1] == pytest.approx(0.9603537089, abs=1e-8)


def test_bollinger_bands_follow_the_sheet(sheets):
    sheet = sheets("07_ind_stockcharts_bbands.csv")
    columns = {
        "sma_20": "middleband",
        "bb_upper_20_2": "highband",
        "bb_lower_20_2": "lowband",
        "bb_percent_20_2": "percentageband",
    }

    for column, published in columns.items():
        np.testing.assert_allclose(values(column, sheet)[19:], sheet[published][19:], atol=1e-6)
    width = values("bb_width_20_2", sheet)[19:] * 100
    np.testing.assert_allclose(width, sheet["widthband"][19:], atol=1e-5)


def test_relative_strength_has_the_published_values(sheets, shared):
    cases = json.loads(shared("golden/07_ind_stockcharts.json").read_text(encoding="utf-8"))["cases"]
    published = next(c for c in cases if c["id"] == "stockcharts_rsi14_wilder")["expected"]["RSI_from_row_14"]

    ours = values("rsi_14", sheets("07_ind_rsi_two_definitions.csv"))

    np.testing.assert_allclose(ours[14 : 14 + len(published)], published, atol=0.011)


def test_directional_movement_meets_the_sheet_once_its_seed_is_forgotten(sheets):
    """StockCharts seeds the sums with 14 values, TA-Lib and we with 13: 8e-8 apart from bar 300 on."""
    sheet = sheets("07_ind_stockcharts_adx.csv")

    np.testing.assert_allclose(values("adx_14", sheet)[300:], sheet["adx"][300:], atol=2e-7)

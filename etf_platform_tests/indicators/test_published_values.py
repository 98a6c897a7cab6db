"""Indicators against published tables: StockCharts' sheets, the ta library's, TA-Lib's regression test."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from etf_platform.indicators.names import find_column

INPUTS = ("open", "high", "low", "close", "volume")

# case of the regression table -> our column; every case of the file stands here
TALIB = {
    "rsi14": "rsi_14",
    "macd_line": None,
    "macd_signal": None,
    "macd_hist": None,
    "adx14": "adx_talib_14",
    "dx14": "dx_talib_14",
    "plus_di14": "plus_di_talib_14",
    "minus_di14": "minus_di_talib_14",
    "adxr14": "adxr_talib_14",
    "plus_dm14": "plus_dm_14",
    "minus_dm14": "minus_dm_14",
    "natr14": "natr_14",
    "willr14": "willr_14",
    "cci11": "cci_11",
    "ultosc": "ultosc",
    "bb_upper": "boll_upper_20",
    "bb_mid": "boll_mid_20",
    "bb_low": "boll_lower_20",
    "sma30": "sma_30",
    "sma2": "sma_2",
    "stddev5": "stddev_5",
    "kama10": "kama_10",
    "ema2_classic": "ema_seeded_2",
    "ema10_classic": "ema_seeded_10",
    "macdfix_metastock_line": "macd_fix_line",
    "macdfix_metastock_signal": "macd_fix_signal",
    "rsi14_metastock": "rsi_metastock_14",
    "ema2_first_bar_seed_(ewm_adjust_false)": "ema_2",
    "ema10_first_bar_seed_(ewm_adjust_false)": "ema_10",
}
# this layer's MACD is seeded with the first close, these cases with means: the factors macd_ema_* are held to them
ELSEWHERE = Path(__file__).parents[1] / "factors/test_published_values.py"


@pytest.fixture(scope="module")
def sheet(shared):
    def read(name):
        frame = pd.read_csv(shared(f"golden/{name}")).rename(columns=str.lower)
        return frame, {column: frame[column].to_numpy(dtype=float) for column in INPUTS if column in frame}

    return read


@pytest.fixture(scope="module")
def cases(shared):
    def read(name):
        entries = json.loads(shared(f"golden/{name}").read_text(encoding="utf-8"))["cases"]
        return {entry["id"]: entry for entry in entries if entry.get("status") != "rejected"}

    return read


def cut(value, decimals):
    """Truncated towards zero, as the table was printed."""
    return math.trunc(value * 10**decimals + 1e-9) / 10**decimals


def test_every_case_of_both_files_is_named_here(cases):
    """A new case in the files fails until somebody decides about it."""
    sheets = {name.removeprefix("test_").partition("__")[2] for name in globals() if name.startswith("test_sheet__")}

    assert set(cases("08_ind_talib_regtest.json")) == set(TALIB)
    assert set(cases("07_ind_stockcharts.json")) == {name for name in sheets if name}


@pytest.mark.parametrize("case", [case for case, column in TALIB.items() if column is None])
def test_cases_of_no_indicator_are_asserted_for_the_factors(case):
    assert f'"{case}": "macd_ema_' in ELSEWHERE.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", [case for case, column in TALIB.items() if column])
def test_agrees_with_the_regression_table_of_talib(case, cases, sheet):
    wanted = cases("08_ind_talib_regtest.json")[case]
    begin = wanted["expected"].pop("begin_index", 0)
    decimals = wanted.get("published_truncated_to_decimals")

    ours = find_column(TALIB[case]).values(sheet("08_ind_talib_regtest.csv")[1])

    for offset, expected in wanted["expected"].items():
        value = ours[begin + int(offset)]
        if decimals is None:
            assert value == pytest.approx(expected, abs=wanted["abs_tol"])
        else:
            assert cut(value, decimals) == expected
            assert value == pytest.approx(wanted["recomputed"][offset], abs=wanted["abs_tol"])


@pytest.mark.parametrize("case", [case for case, column in TALIB.items() if column])
def test_begins_at_the_row_of_the_regression_table(case, cases):
    begin = cases("08_ind_talib_regtest.json")[case]["expected"].get("begin_index")
    if begin is None:
        begin = {"ema_2": 1, "ema_10": 9}[TALIB[case]]

    assert find_column(TALIB[case]).first_row == begin


def test_adx_seeded_with_n_values_meets_talib_once_the_seed_is_forgotten(sheet):
    bars = sheet("08_ind_talib_regtest.csv")[1]
    ours, theirs = find_column("adx_14").values(bars), find_column("adx_talib_14").values(bars)

    assert abs(ours[27] - theirs[27]) > 0.1
    assert np.abs(ours[200:] - theirs[200:]).max() < 1e-3


def test_sheet__stockcharts_adx14(cases, sheet):
    frame, bars = sheet("07_ind_stockcharts_adx.csv")
    wanted = cases("07_ind_stockcharts.json")["stockcharts_adx14"]

    for column, published, first in (("plus_di_14", "+di14", 14), ("minus_di_14", "-di14", 14), ("dx_14", "dx", 14)):
        np.testing.assert_allclose(find_column(column).values(bars)[first:], frame[published][first:], atol=1e-7)
    ours = find_column("adx_14").values(bars)
    assert np.flatnonzero(np.isfinite(ours))[0] == wanted["expected"]["first_index"] == 27
    assert ours[27] == pytest.approx(wanted["expected"]["ADX_first"], abs=wanted["abs_tol"])
    assert ours[-1] == pytest.approx(wanted["expected"]["ADX_last"], abs=wanted["abs_tol"])
    np.testing.assert_allclose(ours[27:], frame["adx"][27:], rtol=0, atol=wanted["abs_tol"])
    assert len(ours) == wanted["rows"] == 504


def check_atr(period, cases, sheet):
    frame, bars = sheet(f"07_ind_stockcharts_atr{period}.csv")
    wanted = cases("07_ind_stockcharts.json")[f"stockcharts_atr{period}"]

    ours = find_column(f"atr_first_bar_{period}").values(bars)

    first = wanted["expected"]["first_index"]
    assert np.isnan(ours[:first]).all()
    assert ours[-1] == pytest.approx(wanted["expected"]["ATR_last"], abs=wanted["abs_tol"])
    np.testing.assert_allclose(ours[first:], frame["atr"][first:], rtol=0, atol=wanted["abs_tol"])


def test_sheet__stockcharts_atr14(cases, sheet):
    check_atr(14, cases, sheet)


def test_sheet__stockcharts_atr10(cases, sheet):
    check_atr(10, cases, sheet)


def test_sheet__ta_macd_12_26_9_adjustFalse(cases, sheet):
    """The sheet's signal was started from another value: 1e-6 away at the row that the case names, 1e-8 in the end."""
    frame, bars = sheet("07_ind_ewm_macd.csv")
    wanted = cases("07_ind_stockcharts.json")["ta_macd_12_26_9_adjustFalse"]
    settled, tolerance = wanted["signal_valid_from_row"], wanted["abs_tol"]

    line, signal, hist = (find_column(f"macd_{part}").values(bars) for part in ("line", "signal", "hist"))

    np.testing.assert_allclose(line[25:], frame["macd_line"][25:], rtol=0, atol=tolerance)
    np.testing.assert_allclose(signal[settled:], frame["macd_signal"][settled:], rtol=0, atol=1e-6)
    np.testing.assert_allclose(hist[settled:], frame["macd_diff"][settled:], rtol=0, atol=1e-6)
    assert line[-1] == pytest.approx(wanted["expected"]["MACD_line_last"], abs=tolerance)
    assert signal[-1] == pytest.approx(wanted["expected"]["MACD_signal_last"], abs=tolerance)
    assert hist[-1] == pytest.approx(wanted["expected"]["MACD_diff_last"], abs=tolerance)
    whole = find_column("macd_line", original_compatible=True).values(bars)
    np.testing.assert_allclose(whole[1:], frame["macd_line"][1:], rtol=0, atol=tolerance)


def test_sheet__ta_rsi14_ewm_alpha_1_14(cases, sheet):
    frame, bars = sheet("07_ind_rsi_two_definitions.csv")
    tolerance = cases("07_ind_stockcharts.json")["ta_rsi14_ewm_alpha_1_14"]["abs_tol"]

    ours = find_column("rsi_ewm_14").values(bars)

    np.testing.assert_allclose(ours[14:], frame["rsi"][14:], rtol=0, atol=tolerance)
    assert ours[14] == pytest.approx(71.862114, abs=tolerance)


def test_sheet__stockcharts_rsi14_wilder(cases, sheet):
    wanted = cases("07_ind_stockcharts.json")["stockcharts_rsi14_wilder"]
    published = wanted["expected"]["RSI_from_row_14"]

    ours = find_column("rsi_14").values(sheet("07_ind_rsi_two_definitions.csv")[1])[14 : 14 + len(published)]

    np.testing.assert_allclose(ours, published, rtol=0, atol=wanted["abs_tol"])
    np.testing.assert_allclose(ours, wanted["talib_exact"], rtol=0, atol=1e-9)


def test_sheet__stockcharts_bbands_20_2(cases, sheet):
    frame, bars = sheet("07_ind_stockcharts_bbands.csv")
    tolerance = cases("07_ind_stockcharts.json")["stockcharts_bbands_20_2"]["abs_tol"]
    published = {
        "boll_mid_20": "middleband",
        "boll_upper_20": "highband",
        "boll_lower_20": "lowband",
        "boll_percent_20": "percentageband",
    }

    for column, name in published.items():
        np.testing.assert_allclose(find_column(column).values(bars)[19:], frame[name][19:], rtol=0, atol=tolerance)

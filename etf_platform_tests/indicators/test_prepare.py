"""The one preparation: expected values, alignment, degenerate series, refusals."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError, UnknownUnitError
from etf_platform.core.tables import INDICATORS
from etf_platform.indicators.moving_averages import first_close_weight
from etf_platform.indicators.names import STANDARD, describe, find_column, indicators
from etf_platform.indicators.prepare import indicator_rows, prepare
from etf_platform.indicators.vix import align_vix
from etf_platform.indicators.volume import classes


def test_the_expected_values_of_the_specification(expected_series):
    names = ["adx_14", "macd_line", "macd_signal", "macd_hist", "rsi_14", "rsi_simple_14"]

    rows = prepare(expected_series, names)

    assert rows["adx_14"].first_valid_index() == 27
    assert rows["adx_14"][[27, 40, 59]].tolist() == pytest.approx([15.7330, 41.5233, 26.4837], abs=5e-5)
    last = rows.iloc[-1]
    assert [last["macd_line"], last["macd_signal"], last["macd_hist"]] == pytest.approx(
        [-0.95663, -0.34626, -0.61037], abs=5e-6
    )
    assert [last["rsi_14"], last["rsi_simple_14"]] == pytest.approx([51.3592, 28.0308], abs=5e-5)


def test_the_expected_values_as_the_original_computes_them(expected_series):
    rows = prepare(expected_series, ["ema_80", "adx_14", "rsi_14", "sma_20"], original_compatible=True)

    assert rows["ema_80"].iloc[-1] == pytest.approx(107.7738, abs=5e-5)
    assert rows["adx_14"].first_valid_index() == 13
    assert rows["rsi_14"].iloc[-1] == pytest.approx(28.0308, abs=5e-5)
    assert (rows["rsi_14"][:13] == 50).all()
    assert rows["sma_20"][0] == expected_series["close"][0]
    assert rows["sma_20"][1] == pytest.approx(expected_series["close"][:2].mean())


def test_the_macd_of_the_original_is_empty_below_26_rows_and_whole_from_there_on(walk):
    names = ["macd_line", "macd_signal", "macd_hist"]

    assert prepare(walk(25), names, original_compatible=True)[names].isna().all().all()
    assert prepare(walk(26), names, original_compatible=True)[names].notna().all().all()


def test_the_adx_of_the_original_is_points_off_at_first_and_the_same_from_row_200(walk):
    bars = walk(400)
    ours = prepare(bars, ["adx_14"])["adx_14"]
    theirs = prepare(bars, ["adx_14"], original_compatible=True)["adx_14"]

    assert abs(ours[27] - theirs[27]) > 0.5
    assert (ours - theirs)[200:].abs().max() < 0.01


def test_adx_from_a_short_window_meets_the_whole_history_once_stable(qqq):
    """On QQQ, 400 rows: every window's end agrees within 1e-6 points; its 150th row within 0.3."""
    whole = prepare(qqq, ["adx_14"])["adx_14"].to_numpy()
    begins = range(0, len(qqq) - 400, 250)

    parts = {b: prepare(qqq.iloc[b : b + 400], ["adx_14"])["adx_14"].to_numpy() for b in begins}

    assert max(np.abs(part[350:] - whole[b + 350 : b + 400]).max() for b, part in parts.items()) < 1e-6
    assert max(abs(part[150] - whole[b + 150]) for b, part in parts.items()) < 0.3


def test_the_first_close_keeps_the_published_weight():
    assert first_close_weight(200, 200) == pytest.approx(0.137, abs=5e-4)
    assert first_close_weight(275, 200) == pytest.approx(0.065, abs=5e-4)
    assert first_close_weight(600, 200) == pytest.approx(0.0025, abs=5e-5)
    assert first_close_weight(1, 200) == 1.0


def test_that_weight_is_what_the_first_close_moves_the_mean_by(walk):
    bars = walk(600)
    moved = bars.assign(close=bars["close"].where(bars.index > 0, bars["close"] + 1.0))

    shift = prepare(moved, ["ema_200"])["ema_200"] - prepare(bars, ["ema_200"])["ema_200"]

    assert shift[599] == pytest.approx(first_close_weight(600, 200), abs=1e-10)
    assert shift[274] == pytest.approx(first_close_weight(275, 200), abs=1e-10)


def test_a_day_alone_and_the_same_day_in_a_longer_run_are_the_same_bits(qqq):
    vix = pd.DataFrame({"date": qqq["date"], "close": 20.0})
    whole = prepare(qqq, STANDARD, vix)

    for end in (30, 201, 1000, 1001, 1019, 4000):
        pd.testing.assert_frame_equal(prepare(qqq[:end], STANDARD, vix), whole[:end], check_exact=True)


def test_constant_prices_have_the_documented_values(walk):
    bars = walk(300).assign(open=100.1, high=100.1, low=100.1, close=100.1)

    last = prepare(bars, STANDARD).iloc[-1]

    assert (last["rsi_14"], last["kdj_k"], last["kdj_d"], last["kdj_j"]) == (50, 50, 50, 50)
    assert np.isnan([last["adx_14"], last["plus_di_14"], last["minus_di_14"]]).all()
    assert (last["macd_line"], last["macd_hist"], last["vol_20"], last["atr_14"], last["ma_slope"]) == (0, 0, 0, 0, 0)
    assert (last[["sma_200", "ema_80", "ema_200", "boll_upper_20", "boll_lower_20"]] == 100.1).all()
    assert (last["market_env"], last["trend_dir"]) == ("oscillate", "side")


def test_a_market_that_only_rises_has_no_losses_and_no_downward_movement(walk):
    close = 100.0 * 1.01 ** np.arange(120)
    bars = walk(120).assign(open=close, high=close * 1.001, low=close * 0.999, close=close)

    last = prepare(bars, [*STANDARD, "rsi_simple_14"]).iloc[-1]

    assert (last["rsi_14"], last["rsi_simple_14"], last["minus_di_14"], last["adx_14"]) == (100, 100, 0, 100)
    assert (last["market_env"], last["trend_dir"]) == ("bull", "up")


@pytest.mark.parametrize("volume", [None, 0.0, np.nan])
def test_a_symbol_without_volume_has_only_undefined_volume_columns(walk, volume):
    bars = walk(120).drop(columns="volume") if volume is None else walk(120).assign(volume=volume)

    rows = prepare(bars, STANDARD)

    assert rows[["volume_ratio", "obv", "volume_class"]].isna().all().all()
    assert rows["rsi_14"].notna().sum() == 106


def test_volume_classes_include_their_limits():
    ratios = [1.51, 1.5, 1.49, 1.2, 1.19, 0.81, 0.8, 0.51, 0.5, 0.0, np.nan]

    words = classes(np.array(ratios)).tolist()

    heavy, light = ["huge", "huge", "up", "up"], ["down", "down", "ground", "ground"]
    assert words == [*heavy, "normal", "normal", *light, None]


@pytest.mark.parametrize(("last", "heavy", "shrink"), [(1400.0, 1, 0), (1000.0, 0, 0), (700.0, 0, 1), (10.0, 0, 1)])
def test_heavy_and_shrinking_volume(walk, last, heavy, shrink):
    bars = walk(40).assign(volume=[1000.0] * 39 + [last])

    row = prepare(bars, ["volume_heavy", "volume_shrink"]).iloc[-1]

    assert (row["volume_heavy"], row["volume_shrink"]) == (heavy, shrink)


@pytest.mark.parametrize("price", [100.1, 33.3, 87.654321])
def test_a_flat_stretch_has_no_deviation_and_no_position_in_it(walk, price):
    """After prices that moved, where a mean may keep a rounding rest."""
    bars = walk(120)
    bars.loc[90:, ["open", "high", "low", "close"]] = price

    last = prepare(bars, ["stddev_20", "vol_20", "cci_20", "boll_percent_20", "willr_14", "kdj_k"]).iloc[-1]

    assert (last["stddev_20"], last["vol_20"]) == (0.0, 0.0)
    assert np.isnan([last["cci_20"], last["boll_percent_20"], last["willr_14"]]).all()
    assert 0 <= last["kdj_k"] <= 100


def test_ground_volume_is_shrinking_except_for_the_original(walk):
    bars = walk(40).assign(volume=[1000.0] * 39 + [10.0])

    assert prepare(bars, ["volume_shrink"])["volume_shrink"].iloc[-1] == 1
    assert prepare(bars, ["volume_shrink"], original_compatible=True)["volume_shrink"].iloc[-1] == 0


def test_the_volatility_index_is_that_of_the_last_session_strictly_before():
    dates = pd.Series(pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-08", "2024-01-09"]))
    vix = pd.DataFrame(
        {
            "date": pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-05", "2024-01-08"]),
            "close": [13.0, 14.0, 15.0, np.nan],
        }
    )

    found = align_vix(dates, vix)

    assert found["vix"].fillna(-1).tolist() == [-1, 13.0, 15.0, 15.0]
    assert found["vix_date"].tolist()[1:] == list(pd.to_datetime(["2024-01-02", "2024-01-05", "2024-01-05"]))
    assert pd.isna(found["vix_date"][0])


def test_without_a_volatility_index_its_columns_are_there_and_empty(walk):
    rows = prepare(walk(5), ["sma_2", "vix"])

    assert rows.columns.is_unique
    assert rows[["vix", "vix_date"]].isna().all().all()
    assert rows["vix_date"].dtype.kind == "M"


def test_a_volatility_index_in_disorder_is_refused(walk):
    vix = pd.DataFrame({"date": pd.to_datetime(["2024-01-03", "2024-01-03"]), "close": [13.0, 14.0]})

    with pytest.raises(BadInputError, match="2024-01-03"):
        prepare(walk(5), ["sma_2"], vix)


def spoilt(bars, row, **values):
    out = bars.copy()
    for name, value in values.items():
        out.loc[row, name] = value
    return out


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda b: b.iloc[:0], "no bars"),
        (lambda b: spoilt(b, 3, close=np.nan), "close is missing on 2015-01-06"),
        (lambda b: spoilt(b, 3, close=0.0), "close is 0 on 2015-01-06"),
        (lambda b: spoilt(b, 3, high=-2.5), "high is -2.5 on 2015-01-06"),
        (lambda b: spoilt(b, 3, low=np.inf), "low is inf on 2015-01-06"),
        (lambda b: spoilt(b, 3, date=b["date"][2]), "2015-01-05 stands twice"),
        (lambda b: b.iloc[[0, 2, 1, 3]], "2015-01-02 stands after a later date"),
        (lambda b: spoilt(b, 3, date=pd.NaT), "a date is missing"),
        (lambda b: b.assign(date=b["date"].astype(str)), "no time stamps"),
        (lambda b: b.assign(date=b["date"].dt.tz_localize("UTC")), "no time stamps"),
        (lambda b: b.drop(columns="high"), "no column high"),
        (lambda b: b.drop(columns="date"), "no column date"),
    ],
)
def test_bad_bars_are_refused_and_the_date_is_named(walk, spoil, words):
    with pytest.raises(BadInputError, match=words):
        prepare(spoil(walk(6)), ["adx_2"])


def test_the_recorded_index_with_duplicated_dates_is_refused(shared):
    frame = pd.read_csv(shared("data/us/NDX_index_raw_with_duplicates.csv")).rename(columns=str.lower)
    frame["date"] = pd.to_datetime(frame["date"], format="%m/%d/%Y")

    with pytest.raises(BadInputError, match="2004-04-13 stands"):
        prepare(frame.sort_values("date", kind="stable"), ["sma_50"])


def test_prices_that_no_indicator_needs_may_be_missing(walk):
    rows = prepare(spoilt(walk(6), 3, high=np.nan)[["date", "high", "close"]], ["sma_2"])

    assert rows["sma_2"].notna().sum() == 5


def test_fewer_rows_than_the_warm_up_are_no_error(walk):
    rows = prepare(walk(3), STANDARD)

    assert rows[["sma_200", "adx_14", "market_env"]].isna().all().all()
    assert len(prepare(walk(1), STANDARD, original_compatible=True)) == 1


@pytest.mark.parametrize(
    ("name", "near"), [("emma_20", "ema_"), ("rsi", "rsi_"), ("sma_0", "sma_"), ("macd", "macd_"), ("kdjk", "kdj_k")]
)
def test_an_unknown_name_is_refused_with_the_nearest(walk, name, near):
    with pytest.raises(UnknownUnitError, match=near):
        prepare(walk(5), [name])


def test_names_carry_their_parameters():
    assert dict(find_column("macd_line").params) == {"fast": 12, "slow": 26, "signal": 9}
    assert dict(find_column("macd_line_5_35_7").params) == {"fast": 5, "slow": 35, "signal": 7}
    assert dict(find_column("boll_upper_20_1_5").params) == {"n": 20, "k": 1.5}
    assert find_column("macd_hist_5_35_7").first_row == 40


def universe(walk):
    index = walk(90, seed=3).assign(symbol="^NDX", volume=0.0, adj_factor=1.0)
    fund = walk(80, seed=4).assign(symbol="QQQ.US", adj_factor=np.linspace(0.5, 1.0, 80))
    return pd.concat([index, fund]).assign(source="simulated").sort_values(["date", "symbol"], ignore_index=True)


def test_rows_of_a_universe_fit_the_table_and_equal_each_symbol_alone(walk):
    bars = universe(walk)
    fund = bars[bars["symbol"] == "QQQ.US"]
    scaled = {name: fund[name] * fund["adj_factor"] for name in ("open", "high", "low", "close")}
    vix = walk(90).assign(close=17.5)[["date", "close"]]

    rows = indicator_rows(bars, STANDARD, vix)

    stored = INDICATORS.conform(rows)
    assert stored.num_rows == 170
    assert set(STANDARD) | {"vix", "vix_date", "source", "close"} <= set(stored.column_names)
    alone = prepare(fund.assign(**scaled), STANDARD, vix)
    both = rows[rows["symbol"] == "QQQ.US"].reset_index(drop=True)
    pd.testing.assert_frame_equal(both[[*STANDARD, "close"]], alone[[*STANDARD, "close"]], check_exact=True)


def test_the_words_that_the_table_declares_are_there_unasked(walk):
    stored = INDICATORS.conform(indicator_rows(universe(walk), ["sma_5"]))

    assert {"market_env", "trend_dir", "volume_class", "sma_5"} <= set(stored.column_names)


def test_no_rows_of_a_universe_are_refused(walk):
    with pytest.raises(BadInputError, match="no bars"):
        indicator_rows(universe(walk).iloc[:0])


def test_one_symbol_s_bad_bar_is_reported_with_its_name(walk):
    bars = universe(walk)
    bars.loc[bars["symbol"] == "^NDX", "close"] = np.nan

    with pytest.raises(BadInputError, match=r"\^NDX: close is missing"):
        indicator_rows(bars)


def test_every_definition_has_a_row_for_the_documentation():
    rows = describe()

    assert len(rows) == len(indicators())
    assert all(row["meaning"] and row["unit"] and row["name"] for row in rows)

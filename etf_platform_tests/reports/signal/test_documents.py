"""Documents: exact keys in order, nulls, errors; series of closes; back-test table and document; hit rates by hand."""

import json
from math import nan

import pandas as pd
import pytest

from etf_platform.reports.signal import (
    backtest_document,
    backtest_text,
    condition_hit_rates,
    report_dict,
    timeseries,
)

TAIL = ["derivation", "action", "stop_loss", "take_profit"]


def test_v3_document(facts):
    made = report_dict(facts(conditions="10-01", indicators={"adx_14": nan}))

    assert list(made.items()) == [
        ("date", "2026-02-13"),
        ("symbol", "QQQ"),
        ("strategy", "EMA_trend_v3"),
        ("close", 600.64),
        ("ema_fast", 611.25),
        ("ema_slow", 584.31),
        ("sma_200", 580.0),
        ("adx_14", None),
        ("macd_line", -1.234),
        ("conditions_met", [True, False, None, False, True]),
        ("derivation", "80EMA > 200EMA → 做多，其余条件供参考"),
        ("action", "满仓持有"),
        ("stop_loss", 570.608),
        ("take_profit", 720.768),
    ]
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_v3_document_names_its_filters_when_they_are_on(facts):
    made = report_dict(facts(settings={"use_vix_filter": True, "use_vol_filter": True}))

    assert list(made)[-3:] == ["vix", "vol_20", "vol_threshold"]
    assert (made["vix"], made["vol_20"], made["vol_threshold"]) == (18.234, 0.0119, 0.02)


@pytest.mark.parametrize(
    ("strategy", "middle"),
    [
        ("EMA_trend_v2", ["ema_fast", "ema_slow", "vol_20"]),
        ("EMA_cross_v1", ["ema_fast", "ema_slow"]),
        ("NDX_MA50_Volume_RSI", ["sma_50", "trend_type", "rsi_14", "volume_ratio"]),
        ("NDX_short_term", ["ma_50", "rsi_9", "rsi_24", "volume_ratio"]),
    ],
)
def test_keys_of_the_other_strategies(facts, strategy, middle):
    made = report_dict(facts(strategy, reason="transition", conditions=""))

    assert list(made) == ["date", "symbol", "strategy", "close", *middle, *TAIL]
    assert all(made[key] is not None for key in made)


def test_levels_that_are_not_open_are_null(facts):
    made = report_dict(facts(stop_loss=nan, take_profit=nan))

    assert (made["stop_loss"], made["take_profit"]) == (None, None)


def test_errors(facts):
    assert report_dict(None) == {"error": "insufficient_data"}
    assert report_dict(facts(reason="insufficient_data")) == {"error": "insufficient_data"}
    assert report_dict(facts("Nope")) == {"error": "unsupported_strategy", "strategy": "Nope"}


def test_simulated_data_are_marked_in_the_document(facts):
    assert list(report_dict(facts(source="simulated")).items())[-1] == ("simulated", True)


def test_timeseries_holds_five_years_with_four_decimals():
    days = pd.to_datetime(["2020-02-13", "2021-02-12", "2021-02-16", "2026-02-12", "2026-02-13"])
    closes = pd.DataFrame({"date": days, "symbol": "QQQ.US", "close": [1.0, 2.0, 3.123456, nan, 5.0], "source": "us"})

    assert timeseries(closes) == {
        "symbol": "QQQ",
        "from": "2021-02-16",
        "to": "2026-02-13",
        "series": [["2021-02-16", 3.1235], ["2026-02-13", 5.0]],
    }
    assert timeseries(closes.iloc[:0]) == {"error": "insufficient_data"}
    assert timeseries(closes.assign(source="simulated"))["simulated"] is True


TABLE = """\
========================================================
  Backtest 策略 vs 基准（买入持有）
========================================================
  指标                      策略        基准        差异
--------------------------------------------------------
  累计收益率             250.00%     200.00%     +50.00%
  最大回撤               -18.00%     -35.00%     +17.00%
  夏普比率                1.0500      0.8000     +0.2500
--------------------------------------------------------
  策略额外: 胜率 62.50% | 交易次数 8 | 盈亏比 N/A
========================================================"""


def test_backtest_table_line_by_line(metrics):
    assert backtest_text(metrics()) == TABLE


def test_the_columns_of_the_table_stand_under_each_other_in_a_terminal():
    """A Chinese character takes two cells: every line of figures ends with the frame."""
    cells = [sum(1 + (ord(letter) > 0x2E80) for letter in line) for line in TABLE.splitlines()]

    assert [cells[i] for i in (0, 3, 5, 6, 7)] == [56] * 5


@pytest.mark.parametrize("mode", ["same_close", "original_compatible"])
def test_backtest_table_marks_fills_that_knew_their_price(metrics, mode):
    marked = backtest_text(metrics(f"us_total_return [{mode}]")).splitlines()

    assert marked[-2] == f"  成交方式: {mode}（按信号当根收盘价成交，并非可执行价格）"


def test_backtest_table_marks_simulated_data_and_says_when_there_is_nothing(metrics):
    assert backtest_text(metrics("simulated")).splitlines()[-2] == "  模拟数据（simulated），并非真实行情"
    assert backtest_text(metrics().iloc[:0]) == "【无数据】无法生成报告。"


def test_backtest_document(metrics):
    trades = pd.DataFrame(
        {"entry_date": [pd.Timestamp("2020-01-02")], "exit_date": [pd.NaT], "net_return": [nan], "sessions": [3]}
    )

    made = backtest_document(metrics(), trades, start_effective=pd.Timestamp("2003-01-02"))

    strategy = {
        "total_return": 2.5,
        "max_drawdown": -0.18,
        "sharpe_ratio": 1.05,
        "win_rate": 0.625,
        "total_trades": 8,
        "profit_factor": None,
    }
    assert made["strategy"] == strategy
    assert {key: made[key] for key in strategy} == strategy
    assert made["benchmark"] == {"total_return": 2.0, "max_drawdown": -0.35, "sharpe_ratio": 0.8}
    assert made["benchmark_exposure_matched"] == {"total_return": 1.2, "max_drawdown": -0.25, "sharpe_ratio": 0.82}
    assert (made["annual_return"], made["exposure"], made["turnover"]) == (0.16, 0.7, 1.2)
    assert list(made["variants"]) == ["condition_1", "all_conditions"]
    assert made["variants"]["all_conditions"]["max_drawdown"] == -0.12
    assert made["trades"] == [{"entry_date": "2020-01-02", "exit_date": None, "net_return": None, "sessions": 3}]
    assert made["start_effective"] == "2003-01-02"
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_backtest_document_of_the_original(metrics):
    made = backtest_document(metrics(), original_compatible=True)

    assert (made["max_drawdown"], made["profit_factor"]) == (0.18, 99)


def test_too_little_data_is_the_original_error(metrics):
    assert backtest_document(metrics().iloc[:0]) == {"error": "insufficient_data", "win_rate": 0, "max_drawdown": 0}


def test_hit_rates_by_hand():
    """Two sessions ahead: 10 -> 12 up 20 %, 11 -> 9.9 down 10 %, 12 -> 12.6 up 5 %; the last two have no return yet."""
    days = pd.bdate_range("2024-01-01", periods=5)
    bars = pd.DataFrame({"date": days, "close": [10.0, 11.0, 12.0, 9.9, 12.6]})
    signals = pd.DataFrame({"date": days, "conditions": ["11", "10", "0-", "11", "11"]})

    rates = condition_hit_rates(signals, bars, ahead=2)

    assert rates[["condition", "is_met", "signals"]].to_numpy().tolist() == [
        [1, True, 2],
        [1, False, 1],
        [2, True, 1],
        [2, False, 1],
    ]
    assert rates["hit_rate"].tolist() == [0.5, 1.0, 1.0, 0.0]
    assert rates["mean_return"].tolist() == pytest.approx([0.05, 0.05, 0.2, -0.1])


def test_hit_rates_without_enough_rows_are_not_defined():
    days = pd.bdate_range("2024-01-01", periods=3)
    bars = pd.DataFrame({"date": days, "close": [10.0, 11.0, 12.0]})

    rates = condition_hit_rates(pd.DataFrame({"date": days, "conditions": "1"}), bars)

    assert rates["signals"].tolist() == [0, 0]
    assert rates["hit_rate"].isna().all()

"""The text report: whole reports line by line, every derivation and action, number formats, no data."""

from math import nan

import pytest

from etf_platform.reports.signal import report_text
from etf_platform.reports.signal.wording import action, derivation, number, volatility

NONE = {"stop_loss": nan, "take_profit": nan}

V3 = """\
=======================================================
【QQQ 纳指机构级(v3) 信号 - 2026-02-13】
  收盘价: 600.64
  EMA80: 611.25
  EMA200: 584.31
  SMA200: 580.00
  ADX(14): 27.46  (阈值: 25)
  MACD线: -1.23  (0轴下方)
  条件1 80EMA>200EMA: 是  |  条件2 收盘>80EMA: 否  |  条件3 ADX>25: 是  |  条件4 MACD>0: 否  |  条件5 收盘>SMA200: 是
  推导逻辑: 80EMA > 200EMA → 做多，其余条件供参考
  操作建议: 满仓持有
  止损: 570.61
  止盈: 720.77
======================================================="""

V3_FILTERS = """\
=======================================================
【^NDX 纳指机构级(v3) 信号 - 2026-02-13】
  收盘价: 2.123e+04
  EMA50: 605.10
  EMA150: N/A
  SMA200: 580.00
  ADX(14): N/A  (阈值: 22.5)
  MACD线: 1.23  (0轴上方)
  条件1 50EMA>150EMA: 是  |  条件2 收盘>50EMA: 否  |  条件3 ADX>22.5: —  |  条件4 MACD>0: 是  |  条件5 收盘>SMA200: 是
  VIX: 31.00  (阈值: 30, 日期: 2026-02-12)  满足: 否
  30日波动率: 0.0119  (阈值: 0.015)  满足: 是
  推导逻辑: VIX ≥ 30 → 空仓
  操作建议: 空仓观望
======================================================="""

V2 = """\
=======================================================
【QQQ EMA趋势增强(v2) 信号 - 2026-02-13】
  收盘价: 600.64
  EMA80: 611.25
  EMA200: 584.31
  20日波动率: 0.0119  (阈值: 0.02)
  推导逻辑: EMA80(611.25) > EMA200(584.31) → 上升趋势；vol_20(0.0119) < 0.02 → 低波动；上升+低波动 → 满仓持有
  操作建议: 满仓持有
  止损: 570.61
  止盈: 720.77
======================================================="""

V1 = """\
=======================================================
【QQQ EMA均线交叉(v1) 信号 - 2026-02-13】
  收盘价: 600.64
  EMA50: 605.10
  EMA200: 584.31
  推导逻辑: EMA50(605.10) 上穿 EMA200(584.31) → 黄金交叉 → 建议买入/持有
  操作建议: 满仓持有
  止损: 570.61
  止盈: 720.77
======================================================="""

MA50 = """\
=======================================================
【QQQ NDX_MA50_Volume_RSI 信号 - 2026-02-13】
  收盘价: 600.64
  SMA50: 598.40
  趋势类型: 上升趋势
  RSI(14): 58.90  量能比(20日均量): 0.88
  推导逻辑: 上升趋势 | RSI(14)=58.90 量能比=0.88 → bull_hold
  操作建议: 观望/维持
  止损: 570.61
  止盈: 720.77
======================================================="""

SHORT = """\
=======================================================
【QQQ NDX短线 信号 - 2026-02-13】
  收盘价: 600.64
  MA50: 598.40
  RSI(9): 61.23
  RSI(24): 55.50
  量能比: 0.88
  推导逻辑: RSI/均线/量能未触发买卖条件 → 观望
  操作建议: 观望
======================================================="""


def test_v3_line_by_line(facts):
    assert report_text(facts()) == V3


def test_v3_with_both_filters_and_other_windows(facts):
    given = facts(
        symbol="^NDX",
        close=21234.5,
        position=0.0,
        reason="vix_above_30",
        conditions="10-11",
        indicators={"adx_14": nan, "macd_line": 1.234, "vix": 31.0, "vol_30": 0.0119},
        settings={
            "ema_fast": 50,
            "ema_slow": 150,
            "vol_window": 30,
            "vol_threshold": 0.015,
            "adx_threshold": 22.5,
            "use_vix_filter": True,
            "use_vol_filter": True,
            "vix_threshold": 30.0,
        },
        **NONE,
    )

    assert report_text(given) == V3_FILTERS


def test_v2_line_by_line(facts):
    assert report_text(facts("EMA_trend_v2", reason="uptrend_low_vol", conditions="")) == V2


def test_v1_line_by_line(facts):
    assert report_text(facts("EMA_cross_v1", reason="golden_cross", conditions="")) == V1


def test_ma50_volume_rsi_line_by_line(facts):
    assert report_text(facts("NDX_MA50_Volume_RSI", reason="bull_hold", conditions="")) == MA50


def test_short_term_line_by_line(facts):
    assert report_text(facts("NDX_short_term", reason="no_signal", position=nan, conditions="", **NONE)) == SHORT


def test_a_missing_vix_reads_not_available(facts):
    given = facts(
        reason="missing_indicators",
        position=nan,
        settings={"use_vix_filter": True},
        indicators={"vix": nan, "vix_date": None},
        **NONE,
    )

    lines = report_text(given).splitlines()

    assert lines[9] == "  VIX: N/A  (阈值: 25, 日期: N/A)  满足: —"
    assert lines[10:12] == ["  推导逻辑: 指标缺失 → 无法出信号", "  操作建议: 观望"]


def test_all_conditions_are_a_strong_buy(facts):
    lines = report_text(facts(reason="all_conditions_met", conditions="11111")).splitlines()

    assert lines[9:11] == ["  推导逻辑: 五条件均满足 → 强烈买入", "  操作建议: 强烈买入"]


@pytest.mark.parametrize(
    ("strategy", "reason", "sentence"),
    [
        ("EMA_trend_v3", "all_conditions_met", "五条件均满足 → 强烈买入"),
        ("EMA_trend_v3", "uptrend", "80EMA > 200EMA → 做多，其余条件供参考"),
        ("EMA_trend_v3", "ema_not_uptrend", "80EMA ≤ 200EMA → 空仓"),
        ("EMA_trend_v3", "vix_above_25", "VIX ≥ 25 → 空仓"),
        ("EMA_trend_v3", "vol_above_threshold", "20日波动率超阈值 → 空仓"),
        ("EMA_trend_v3", "missing_indicators", "指标缺失 → 无法出信号"),
        ("EMA_trend_v3", "insufficient_data", "数据不足 → 无法出信号"),
        ("EMA_trend_v3", "conditions_not_met", "原因: conditions_not_met"),
        ("EMA_trend_v2", "missing_indicators", "指标缺失 → 无法出信号"),
        (
            "EMA_trend_v2",
            "no_uptrend_or_high_vol",
            "EMA80(611.25) vs EMA200(584.31)；vol_20(0.0119) 阈值0.02；未满足「上升+低波动」→ 空仓/减仓",
        ),
        ("EMA_cross_v1", "death_cross", "EMA50(605.10) 下穿 EMA200(584.31) → 死亡交叉 → 建议卖出/空仓"),
        ("EMA_cross_v1", "monthly_rebalance_bull", "月末调仓：EMA50 vs EMA200 → 做多"),
        ("EMA_cross_v1", "monthly_rebalance_bear", "月末调仓：EMA50 vs EMA200 → 空仓"),
        ("EMA_cross_v1", "hold_until_month_end", "未到月末调仓日 → 维持当前仓位"),
        ("EMA_cross_v1", "hold", "EMA50(605.10) > EMA200(584.31)，趋势向上，未发生交叉 → 维持持有"),
        ("NDX_MA50_Volume_RSI", "osc_buy", "震荡趋势 | RSI(14)=58.90 量能比=0.88 → osc_buy"),
        ("NDX_MA50_Volume_RSI", "bear_hold", "下降趋势 | RSI(14)=58.90 量能比=0.88 → bear_hold"),
        ("NDX_MA50_Volume_RSI", "transition", "趋势过渡（无明确方向） | RSI(14)=58.90 量能比=0.88 → transition"),
        ("NDX_short_term", "no_signal", "RSI/均线/量能未触发买卖条件 → 观望"),
        ("NDX_short_term", "extreme_market", "极端行情 → 观望"),
        ("NDX_short_term", "insufficient_data", "数据不足 → 无法出信号"),
        ("NDX_short_term", "golden_cross", "RSI 金叉 + 量能确认 → 建议加仓"),
        ("NDX_short_term", "death_cross", "RSI 死叉 → 建议减仓/空仓"),
        ("NDX_short_term", "close_overbought_exit", "超买区平仓退出 → 减仓"),
        ("NDX_short_term", "close_oversell_exit", "超卖区平仓退出 → 观望或回补"),
        ("NDX_short_term", "overbought", "RSI 超买 → 减仓/观望"),
        ("NDX_short_term", "strong_overbought", "RSI 超买 → 减仓/观望"),
        ("NDX_short_term", "oversell", "RSI 超卖 → 考虑加仓"),
        ("NDX_short_term", "strong_oversell", "RSI 超卖 → 考虑加仓"),
        ("NDX_short_term", "bullish_divergence", "底背离 → 看多"),
        ("NDX_short_term", "bearish_divergence", "顶背离 → 看空"),
        ("NDX_short_term", "trend_pullback", "趋势回踩 + 量能 → 轻仓试多"),
        ("NDX_short_term", "pullback_volume_reject", "回踩量能不足 → 观望"),
        ("NDX_short_term", "overbought_with_volume_ignore", "超买但量能支撑 → 暂持"),
        ("NDX_short_term", "trend_bounce_sell", "反弹遇阻 → 减仓"),
        ("NDX_short_term", "trend_bounce_sell_light", "反弹遇阻 → 轻减仓"),
    ],
)
def test_every_reason_has_its_sentence(facts, strategy, reason, sentence):
    assert derivation(facts(strategy, reason=reason)) == sentence


@pytest.mark.parametrize(
    ("reason", "weight", "words"),
    [("hold", 1.0, "满仓持有"), ("hold", 0.0, "空仓观望"), ("hold_until_month_end", 1.0, "满仓持有")],
)
def test_v1_without_a_cross_advises_the_position_that_it_keeps(facts, reason, weight, words):
    assert action(facts("EMA_cross_v1", reason=reason, position=nan, weight=weight)) == words


def test_v1_below_without_a_cross_stays_out(facts):
    given = facts("EMA_cross_v1", reason="hold", weight=0.0, indicators={"ema_50": 570.0})

    assert derivation(given) == "EMA50(570.00) < EMA200(584.31)，趋势向下，未发生交叉 → 维持空仓"


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (1.0, "满仓持有"),
        (0.99, "满仓持有"),
        (0.35, "部分持仓(35%)"),
        (0.0, "空仓观望"),
        (-0.3, "轻空仓(-30%)"),
        (-1.0, "空仓/做空"),
        (nan, "观望"),
        (None, "观望"),
    ],
)
def test_the_action_follows_the_position(facts, position, words):
    assert action(facts("NDX_short_term", position=position, reason="x")) == words


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("bull_pullback_volume_ok", "加仓30-40%，止损MA50下方2%"),
        ("bull_overbought_volume_weak", "轻仓减仓20-30%，不做空"),
        ("bull_overbought_volume_ok", "继续持仓，忽略超买"),
        ("bull_hold", "观望/维持"),
        ("bear_rally_volume_heavy", "减仓40-50%，不做多"),
        ("bear_oversold_volume_light", "轻仓试多30%，止损MA20下方3%"),
        ("bear_oversold_no_bottom", "观望，不抄底"),
        ("bear_hold", "观望"),
        ("osc_sell", "减仓30-40%，止盈RSI回50附近"),
        ("osc_buy", "加仓30-40%，止盈RSI回50附近"),
        ("osc_hold", "观望"),
        ("transition", "观望"),
        ("missing_indicators", "观望"),
    ],
)
def test_operations_of_the_ma50_strategy(facts, reason, words):
    assert action(facts("NDX_MA50_Volume_RSI", reason=reason)) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (600.638, "600.64"),
        (0.0001, "0.00"),
        (0.00009, "9e-05"),
        (9999.994, "9999.99"),
        (12345.6, "1.235e+04"),
        (None, "N/A"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


def test_volatility_has_four_decimals():
    assert (volatility(0.01189), volatility(None)) == ("0.0119", "N/A")


def test_no_bars_and_too_few_bars_are_one_sentence(facts):
    assert report_text(None) == "【无数据】无法生成报告。"
    assert report_text(facts(reason="insufficient_data", warmup_bars=600)) == "【无数据】需要至少 600 根 K 线。"


def test_a_strategy_without_its_own_lines_still_gets_a_report(facts):
    lines = report_text(facts("New_one", reason="because", **NONE)).splitlines()

    assert lines[2:5] == ["  收盘价: 600.64", "  推导逻辑: 原因: because", "  操作建议: 满仓持有"]


def test_simulated_data_are_named_before_the_closing_frame(facts):
    lines = report_text(facts(source="sample_simulated")).splitlines()

    assert lines[-2:] == ["  数据来源: 模拟数据（simulated），并非真实行情", "=" * 55]

"""Markdown and HTML: the same lines as the text report, evidence beside them, no outside resource; plots are PNG."""

from io import BytesIO

import pandas as pd
import pytest
from PIL import Image

from etf_platform.reports.plots import trend
from etf_platform.reports.signal import Evidence, report_html, report_markdown
from etf_platform.reports.signal.targets import alert_rows, reading_aids, target_rows


def test_markdown_shows_lines_evidence_targets_and_alerts(facts, evidence):
    text = report_markdown(facts(), evidence)

    lines = text.splitlines()
    assert lines[0] == "# 【QQQ 纳指机构级(v3) 信号 - 2026-02-13】 PASS"
    assert "- 推导逻辑: 80EMA &gt; 200EMA → 做多，其余条件供参考" in lines
    assert "- 执行后持仓: 100%（入场价 590.00，入场原因 uptrend）" in lines
    assert "| 条件1 80EMA&gt;200EMA | 满足 | 300 | 61.00 % | +1.51 % |" in lines
    assert "| condition_1 | 全部 | 策略 | 250.00 % | 16.00 % | -18.00 % | 1.05 | 70.00 % |" in lines
    assert "| 最大回撤 | -18.00 % | ≥ -15.00 %（放宽 -20.00 %） | WARN |" in lines
    assert "SIMULATED" not in text


def test_html_is_one_file_with_inline_plots(facts, evidence):
    html = report_html(facts(), evidence)

    assert html.count("data:image/png;base64,") == 3
    assert "http://" not in html and "https://" not in html
    assert "<script" not in html
    assert "条件1 80EMA&gt;200EMA: 是" in html
    assert '<span class="state WARN">WARN</span>' in html


@pytest.mark.parametrize("strategy", ["EMA_trend_v2", "EMA_cross_v1", "NDX_MA50_Volume_RSI", "NDX_short_term"])
def test_every_strategy_has_both_forms(facts, evidence, strategy):
    given = facts(strategy, reason="transition", conditions="")

    assert report_markdown(given, evidence).startswith("# 【QQQ ")
    assert report_html(given, evidence).count("data:image/png;base64,") == 2


def test_simulated_data_are_labelled_in_both_forms(facts, evidence):
    given = facts(source="sample_simulated")

    assert "SIMULATED DATA" in report_markdown(given, evidence)
    assert "SIMULATED DATA" in report_html(given, evidence)


def test_no_rows_and_too_few_rows_say_so(facts):
    assert report_markdown(None) == "【无数据】无法生成报告。\n"
    assert "需要至少 600 根 K 线" in report_html(facts(reason="insufficient_data"))


def test_without_evidence_the_report_says_what_is_missing(facts):
    text = report_markdown(facts())

    assert "- 尚无回测。" in text
    assert "| 夏普比率 | n/a | ≥ 1.20 | BLOCKED |" in text


def test_targets_compare_with_the_declared_goals(metrics):
    assert {name: state for name, _, _, state in target_rows(metrics())} == {
        "年化收益率": "PASS",
        "平均盈亏比": "PASS",
        "最大回撤": "WARN",
        "夏普比率": "FAIL",
        "胜率": "PASS",
        "假信号率": "BLOCKED",
    }


def test_alerts_name_what_is_raised(facts, evidence):
    """The last two closed trades were stopped out, a win rate of 62.5 % is fine, a VIX of 41 is not."""
    rows = {row[0]: (row[1], row[3]) for row in alert_rows(facts(indicators={"vix": 41.0}), evidence)}

    assert rows["数据缺口（周期）"] == ("0", "PASS")
    assert rows["连续止损次数"] == ("2", "PASS")
    assert rows["VIX"] == ("41", "FAIL")
    assert rows["最大回撤"] == ("-18.00 %", "PASS")
    assert rows["胜率"] == ("62.50 %", "PASS")


def test_three_stops_in_a_row_raise_the_alert(facts):
    trades = pd.DataFrame({"exit_reason": ["x", "stop_loss", "stop_loss", "stop_loss"]})

    rows = {row[0]: row[3] for row in alert_rows(facts(), Evidence(trades=trades))}

    assert rows["连续止损次数"] == "FAIL"
    assert rows["胜率"] == "BLOCKED"


def test_reading_aids_name_the_band(facts):
    lines = reading_aids(facts(indicators={"adx_14": 31.0, "rsi_14": 45.0, "vix": 25.0}))

    assert [line.split("（")[0] for line in lines] == ["ADX 31.0: 主升浪", "RSI 45.0: 健康区间之外", "VIX 25.00: 谨慎"]


def image(png: bytes) -> Image.Image:
    return Image.open(BytesIO(png)).convert("RGB")


def has_colour(png: bytes, colour: str) -> bool:
    wanted = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    near = [sum(abs(a - b) for a, b in zip(found, wanted, strict=True)) for _, found in image(png).getcolors(1 << 24)]
    return min(near) <= 24


def test_the_comparison_chart_is_14_by_7_inches_at_150_dots_in_the_named_colours(evidence):
    days = evidence.equity["date"]
    curves = pd.DataFrame({name: range(1, 501) for name in "abcde"}, index=days)
    curves = curves.mul([1.0, 1.3, 1.7, 2.2, 2.9])

    png = trend.comparison(curves, "QQQ")

    assert image(png).size == (2100, 1050)
    assert all(has_colour(png, c) for c in ("#2196F3", "#888888", "#FF9800", "#4CAF50", "#9C27B0"))


def test_the_saved_plot_has_the_size_of_the_specification(evidence):
    assert image(trend.equity_against_hold(evidence.equity, wide=True)).size == (2100, 1050)


def test_plots_are_small_enough_to_stand_inline(evidence):
    drawn = [
        trend.price_and_position(evidence.history, ("ema_80", "ema_200"), "QQQ"),
        trend.trend_strength(evidence.history, subject="QQQ"),
        trend.equity_against_hold(evidence.equity, "QQQ"),
    ]

    assert all(1_000 < len(png) < 60_000 for png in drawn)


def test_empty_tables_give_a_picture_that_says_so():
    empty = pd.DataFrame()

    for png in (
        trend.price_and_position(empty, ()),
        trend.trend_strength(empty),
        trend.equity_against_hold(empty),
        trend.comparison(empty),
    ):
        assert png.startswith(b"\x89PNG")

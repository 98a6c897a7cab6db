"""Messages read as specified, on every channel and in every length."""

import datetime as dt

import pytest

from etf_platform.alerts.events import Block, Event, Severity
from etf_platform.alerts.layout import Paper, fitting, message_of, one_line
from etf_platform.alerts.wording import LimitUp, limit_up_opened, limit_up_signal, trend_signal

NOW = dt.datetime(2026, 1, 5, 10, 2, 11, tzinfo=dt.UTC)


def test_one_event_in_three_forms(event):
    made = message_of([event(link="/runs/r1")], "n", Paper(4000, link="https://dagster.example.org/"))

    assert made.markdown == (
        "### panel_coverage failed a\n\n**Check**\n\n- observed: 0.71\n- limit: 0.80"
        "\n\n[Dagster](https://dagster.example.org/runs/r1)"
    )
    assert made.plain == (
        "panel_coverage failed a\n\nCheck\n  observed: 0.71\n  limit: 0.80\n\nhttps://dagster.example.org/runs/r1"
    )
    assert "<h3>Check</h3>" in made.html and 'href="https://dagster.example.org/runs/r1"' in made.html


def test_a_long_event_is_cut_and_keeps_its_link(event):
    long = event(blocks=(Block("日志", ("涨停板" * 900,)),), link="/runs/r1")

    made = message_of([long], "n", Paper(2048, link="https://d"))
    assert 2044 < len(made.markdown.encode()) <= 2048
    assert made.markdown.endswith("…\n\n[Dagster](https://d/runs/r1)")


def test_a_digest_lists_every_event_on_a_line(event):
    made = message_of([event("a"), event("b", severity=Severity.WARNING)], "n", Paper(4096))

    assert made.subject == "[etf_platform] 2 messages: 1 error, 1 warning"
    assert made.markdown.splitlines()[2:] == [
        "- 01-05 18:02:11 panel_coverage failed a",
        "- 01-05 18:02:11 panel_coverage failed b",
    ]


@pytest.mark.parametrize("most", [2048, 4096, 18_000])
def test_a_digest_takes_as_many_events_as_it_can_list_whole(event, most):
    events = [event(f"{i} 因子面板覆盖率不足", subject=f"[FAIL] 因子面板覆盖率不足 {i:04d}") for i in range(900)]
    number = fitting(events, Paper(most))

    made = message_of(events[:number], "n", Paper(most))
    assert len(made.markdown.encode()) <= most and not made.markdown.endswith("…")
    assert all(f"{i:04d}" in made.markdown for i in range(number))
    assert number >= (most - 400) // 70


def test_what_people_wrote_cannot_become_markup_links_or_headers(event):
    bad = event(subject="x\r\nBcc: all@example.com <b>", blocks=(Block("<i>", ("[pay](https://evil)", ("k", "<u>"))),))

    made = message_of([bad], "n", Paper(4000))
    assert made.subject == "x Bcc: all@example.com <b>"
    assert "<i>" not in made.html and "<u>" not in made.html and "&lt;u&gt;" in made.html
    assert "](https://evil)" not in made.markdown


def test_one_line_removes_what_does_not_print():
    assert one_line(" a\x00b\n\tc\u2028d ") == "a b c d"


def test_an_event_survives_its_storage(event):
    made = event(blocks=(Block("h", ("text", ("k", "v"))),), about="510300.SH")

    assert Event.from_dict(made.to_dict()) == made


def test_a_time_without_zone_is_refused(event):
    with pytest.raises(ValueError, match="has no time zone"):
        event(occurred_at=NOW.replace(tzinfo=None))


def test_push_text_of_a_limit_up_signal():
    signal = LimitUp(
        "SIG_20260105100211_600519_0001", NOW, "600519.SH", "贵州茅台", 1437.10, 2.32e8, "510300.SH", "沪深300ETF",
        4.1234, 0.0523, -0.0012, "高", "低", "权重第 1", True,
    )  # fmt: skip

    made = message_of([limit_up_signal(signal, NOW)], "n", Paper(4096))
    assert made.subject == "📈 涨停ETF套利信号 - 贵州茅台"
    assert made.markdown == (
        "### 📈 涨停ETF套利信号 - 贵州茅台\n\n**⏰ 时间**\n\n2026-01-05 18:02:11\n\n"
        "**🔴 涨停股票**\n\n- 代码: 600519.SH\n- 名称: 贵州茅台\n- 价格: ¥1437.10\n- 封单: ¥2.32亿\n\n"
        "**💰 建议买入ETF**\n\n- 代码: 510300.SH\n- 名称: 沪深300ETF\n- 当前价: ¥4.123\n"
        "- 权重: 5.23%\n- 溢价: -0.12%\n\n"
        "**📊 信号评估**\n\n- 置信度: 高 💪\n- 风险: 低 🟢\n\n**💡 说明**\n\n权重第 1\n\n---\n\n"
        "⚠️ 风险提示: 本信号仅供参考，不构成投资建议。请根据自身情况谨慎决策。"
    )


def test_unknown_values_are_dashes_and_observation_is_no_advice():
    signal = LimitUp(
        "SIG_1", NOW, "600519.SH", "贵州茅台", None, float("nan"), "510300.SH", "沪深300ETF",
        None, 0.05, None, "低", "高", "—", False,
    )  # fmt: skip

    text = message_of([limit_up_signal(signal, NOW)], "n", Paper(4096)).plain
    assert "建议买入" not in text and "💰 观察信号" in text
    assert [line for line in text.splitlines() if line.endswith(": —")] == [
        "  价格: —", "  封单: —", "  当前价: —", "  溢价: —",
    ]  # fmt: skip


def test_push_text_when_a_board_opens():
    made = limit_up_opened(
        "2026-01-05:600519.SH:1", "600519.SH", "贵州茅台", 1425.0, [("510300.SH", "沪深300ETF")], NOW
    )

    text = message_of([made], "n", Paper(4096)).markdown
    assert (made.subject, made.key) == ("⚠️ 涨停打开 - 贵州茅台", "limit_up_opened:2026-01-05:600519.SH:1")
    assert "- 代码: 600519.SH\n- 名称: 贵州茅台\n- 价格: ¥1425.00" in text
    assert "**💰 失效信号**\n\n- 510300.SH: 沪深300ETF" in text and "建议买入" not in text


def test_the_trend_report_goes_out_as_it_stands():
    made = trend_signal("QQQ", dt.date(2026, 1, 5), "EMA_trend_v3", "信号: 持有\n价格: 620.10\n", NOW)

    assert made.subject == "QQQ 信号 - 2026-01-05"
    assert message_of([made], "n", Paper(4096)).plain == "QQQ 信号 - 2026-01-05\n\n信号: 持有\n价格: 620.10"

"""The market report as a message: recommendations first, the disclaimer last, whatever the limit in bytes."""

import datetime as dt

import pytest

from etf_platform.alerts.events import Event, Kind, Severity
from etf_platform.alerts.layout import Paper, message_of
from etf_platform.alerts.wording import market_report

NOW = dt.datetime(2025, 5, 30, 8, 45, tzinfo=dt.UTC)
DISCLAIMER = "免责声明: 本报告仅供参考,不构成投资建议。投资有风险,入市需谨慎。"
LISTS = (("✅✅ 强烈看多 (建议积极配置)", ("A股白酒、A股银行",)), ("✅ 看多 (可以适度配置)", ("沪深300",)))


def made(assets: int = 29, closing: str = DISCLAIMER) -> Event:
    rows = tuple((f"资产{i}⚖️", "看多✅ 65.0 (6/6) | 3840.23 -0.48% 🟢 | 20日 62.0% 🔴 | 低风险") for i in range(assets))
    return market_report(
        "ASSETS", dt.date(2025, 5, 30), "市场洞察报告 2025-05-30", (*LISTS, ("📊 标的汇总", rows)), closing, NOW
    )


def test_a_report_is_told_once_per_session():
    event = made()

    assert (event.key, event.kind, event.severity) == ("report:ASSETS:2025-05-30", Kind.REPORT, Severity.WARNING)
    assert event.asset == "reports/ASSETS/market"
    assert Event.from_dict(event.to_dict()) == event


def test_events_stored_before_there_was_a_closing_are_read():
    stored = made().to_dict()
    del stored["closing"]

    assert Event.from_dict(stored).closing == ""


def test_a_short_report_is_whole():
    message = message_of([made(1)], "n", Paper(4096))

    assert message.markdown == (
        "### 市场洞察报告 2025-05-30\n\n**✅✅ 强烈看多 (建议积极配置)**\n\nA股白酒、A股银行\n\n"
        "**✅ 看多 (可以适度配置)**\n\n沪深300\n\n**📊 标的汇总**\n\n"
        "- 资产0⚖️: 看多✅ 65.0 (6/6) | 3840.23 -0.48% 🟢 | 20日 62.0% 🔴 | 低风险\n\n" + DISCLAIMER
    )
    assert message.html.endswith(f"<p>{DISCLAIMER}</p>")


@pytest.mark.parametrize("most", range(4064, 4097))
def test_a_cut_report_begins_with_the_lists_and_ends_with_the_disclaimer(most):
    message = message_of([made(200)], "n", Paper(most))

    for text in (message.markdown, message.plain):
        assert most - 8 <= len(text.encode()) <= most
        assert text.index("强烈看多") < text.index("沪深300") < text.index("标的汇总")
        assert text.endswith(f"…\n\n{DISCLAIMER}")


@pytest.mark.parametrize("most", range(1200, 1300))
def test_no_character_is_ever_cut(most):
    whole = message_of([made(200)], "n", Paper(200_000)).markdown

    cut = message_of([made(200)], "n", Paper(most)).markdown
    kept = cut.removesuffix(f"…\n\n{DISCLAIMER}")
    assert whole.startswith(kept) and "\ufffd" not in cut
    assert whole[len(kept)] != "\ufe0f"


def test_the_link_stands_below_the_disclaimer():
    event = Event.from_dict({**made(200).to_dict(), "link": "/runs/r1"})

    message = message_of([event], "n", Paper(2048, link="https://d"))
    assert message.markdown.endswith(f"…\n\n{DISCLAIMER}\n\n[Dagster](https://d/runs/r1)")
    assert len(message.markdown.encode()) <= 2048

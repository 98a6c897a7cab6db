"""HTML, text and the message: what holds for every form, and the limits of each."""

import datetime as dt
import re
import unicodedata
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser

import pytest

from etf_platform.reports.scoring import document as d
from etf_platform.reports.scoring import (
    message_blocks,
    message_closing,
    message_subject,
    report_html,
    report_markdown,
    report_text,
)
from etf_platform.reports.scoring.text import width, wrapped

FORMS = (report_markdown, report_html, report_text)
HOLES = re.compile(r"\bNone\b|\bnan\b|\bNaN\b|\bNaT\b|\binf\b", re.IGNORECASE)
DISCLAIMER = "免责声明: 本报告仅供参考,不构成投资建议。投资有风险,入市需谨慎。"


def visible(html: str) -> str:
    """Text of a page without its styles."""

    class Reader(HTMLParser):
        told: tuple[str, ...] = ()
        is_style = False

        def handle_starttag(self, tag, attrs):
            self.is_style = tag == "style"

        def handle_endtag(self, tag):
            self.is_style = False

        def handle_data(self, data):
            if not self.is_style:
                self.told = (*self.told, data)

    reader = Reader()
    reader.feed(html)
    return "".join(reader.told)


def holed(value: object):
    """Every variant of a tree in which one optional value is unknown."""
    for f in fields(value):
        inner = getattr(value, f.name)
        if is_dataclass(inner):
            yield from (replace(value, **{f.name: variant}) for variant in holed(inner))
        if isinstance(inner, tuple):
            for place, one in enumerate(inner):
                if is_dataclass(one):
                    yield from (
                        replace(value, **{f.name: (*inner[:place], variant, *inner[place + 1 :])})
                        for variant in holed(one)
                    )
        if "None" in str(f.type) and inner is not None:
            yield replace(value, **{f.name: None})


@pytest.mark.parametrize("form", FORMS)
def test_no_form_ever_shows_a_hole(report, empty, form):
    for made in (report, empty):
        text = visible(form(made)) if form is report_html else form(made)
        assert not HOLES.search(text)


def test_whatever_is_unknown_no_hole_is_shown(report):
    """Each optional value of the whole tree is taken away, one at a time."""
    variants = list(holed(report))

    assert len(variants) > 250
    for variant in variants:
        told = report_markdown(variant)
        assert not HOLES.search(told), variant


def test_whatever_is_unknown_no_line_of_the_text_is_wider_than_80(report):
    for variant in (report, *list(holed(report))[::25]):
        assert max(columns(line) for line in report_text(variant).splitlines()) <= 80


def columns(text: str) -> int:
    """Slow and plain: wide and full-width characters are two, a variation selector makes the one before it two."""
    total = 0
    for character in text:
        if character == "\ufe0f":
            total += 1
        elif not unicodedata.combining(character):
            total += 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
    return total


def test_frames_of_the_text_are_80_wide(report):
    lines = report_text(report).splitlines()

    assert lines[0] == lines[2] == lines[-1] == "=" * 80
    assert lines[1].strip() == "📊 市场洞察报告"
    assert {len(line) for line in lines if set(line) == {"-"}} == {80}


def test_the_text_says_what_the_markdown_says(report):
    text = report_text(report)

    for line in ("- 建议仓位: 7-9成 (70%-90%)", "[✅ 看多 (可以适度配置)]", "- A股白酒", DISCLAIMER):
        assert line in text
    assert "总分      61.5    65.0   100%    65.0  看多✅" in text


def test_the_text_of_simulated_data_is_labelled(report):
    lines = report_text(replace(report, source="simulated")).splitlines()

    assert lines[3].startswith("!! SIMULATED DATA 模拟数据")


def test_columns_are_counted_as_a_terminal_shows_them():
    assert [width(text) for text in ("abc", "沪深300", "⚖️", "✅✅", "é")] == [3, 7, 2, 4, 1]


def test_lines_are_broken_between_words():
    lines = wrapped("a" * 50 + " " + "b" * 50)

    assert lines == ["a" * 50, "b" * 50]
    assert wrapped("沪" * 41) == ["沪" * 40, "沪"]
    assert wrapped("x" * 100) == ["x" * 80, "x" * 20]


def test_a_last_column_that_is_too_wide_goes_on_below_itself(report):
    long = replace(report.panic[1], reason="没有收录VHSI数据; HKVI需要恒生科技: 截至2025-05-30没有3032.HK的行情")

    lines = report_text(replace(report, panic=(long,))).splitlines()
    assert "港股  -     不可用  不可用  没有收录VHSI数据; HKVI需要恒生科技: 截至2025-05-30没" in lines
    assert " " * 28 + "有3032.HK的行情" in lines


def test_the_page_escapes_names(report):
    asset = replace(report.assets[3], name="<script>alert(1)</script>&", reason="<i>")

    html = report_html(replace(report, assets=(asset,), failures=(d.Failure("<u>x", '"<s>'),)))
    assert "<script" not in html and "<u>" not in html and "<s>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in html


def test_the_page_needs_nothing_from_outside_and_follows_the_reader(report):
    html = report_html(report)

    assert not re.search(r'(src|href)="(?!#|data:)', html)
    assert "prefers-color-scheme: dark" in html and 'name="viewport"' in html
    assert html.count("<section") == html.count("</section>")


def test_links_of_the_page_lead_to_its_sections(report):
    html = report_html(report)

    targets = re.findall(r'href="#([^"]+)"', html)
    assert len(targets) == 15
    assert all(html.count(f'id="{target}"') == 1 for target in targets)


def test_rises_are_red_and_falls_green_in_the_page(report):
    html = report_html(report)

    assert '<td class="up n">+1.23% 🔴</td>' in html
    assert '<td class="down n">-0.48% 🟢</td>' in html
    assert '<td class="">看空🔴</td>' in html


def test_every_form_ends_with_the_disclaimer(report):
    assert DISCLAIMER in visible(report_html(report)) and DISCLAIMER in report_text(report)


def test_the_message_begins_with_the_lists(report):
    blocks = message_blocks(report)

    assert [heading for heading, _ in blocks][:4] == [
        "✅✅ 强烈看多 (建议积极配置)",
        "✅ 看多 (可以适度配置)",
        "⚖️ 中性偏多 (观望或少量配置)",
        "🔴 看空 (暂不建议参与)",
    ]
    assert blocks[0][1] == ("A股白酒",)
    assert message_subject(report) == "市场洞察报告 2025-05-30: 4/6个资产"
    assert message_closing(report) == DISCLAIMER


def test_the_message_without_any_judgement_says_so(empty):
    blocks = message_blocks(empty)

    assert blocks[0] == ("数据不足", ("没有一个资产可以评分",))
    assert not any("中性" in str(block) for block in blocks)


def test_the_message_of_simulated_data_says_so_where_it_is_not_cut(report):
    simulated = replace(report, source="simulated")

    assert message_subject(simulated).endswith("(simulated)")
    assert message_closing(simulated).startswith("SIMULATED DATA") and message_closing(simulated).endswith(DISCLAIMER)


def test_a_number_that_is_not_defined_is_unknown():
    class Block:
        horizon, up_prob, low = 20, float("nan"), float("inf")

    assert d.like(d.Chance, Block()) == d.Chance(20)


def test_fields_of_the_same_name_are_taken_from_any_value():
    class Block:
        name, value, status, action, as_of, age = "VIX", 19.0, "😊 正常区间", "", dt.date(2025, 5, 29), 1

    assert d.like(d.Fear, Block()) == d.Fear("VIX", 19.0, "😊 正常区间", "", dt.date(2025, 5, 29))
    assert d.like(d.Fear, Block(), name="CNVI").name == "CNVI"

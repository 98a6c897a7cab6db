import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from etf_platform.core.states import State
from etf_platform.reports.daily import DailyReport, overall, render_daily


class Cells(HTMLParser):
    """Rows of all tables of a page as lists of cell texts; tags that were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self._inside = False

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "data", "action")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.rows[-1][-1] += data


def read(html: str) -> Cells:
    cells = Cells()
    cells.feed(html)
    return cells


def markdown_rows(markdown: str) -> list[list[str]]:
    lines = [line for line in markdown.splitlines() if line.startswith("|") and "---" not in line]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def row_of(rows: list[list[str]], *start: str) -> list[str]:
    return next(row for row in rows if tuple(row[: len(start)]) == start)


def change(frame: pd.DataFrame, where: pd.Series, **values: object) -> pd.DataFrame:
    changed = frame.copy()
    for name, value in values.items():
        changed.loc[where, name] = value
    return changed


def texts(report: DailyReport) -> tuple[str, str]:
    return render_daily(report, with_plots=False)


@pytest.fixture(scope="module")
def pages(report):
    return render_daily(report)


def test_figures_stand_in_both_texts_in_percent_and_with_units(pages):
    markdown, html = pages
    expected = ["28.71 %", "-19.40 %", "1.09", "52.38 %", "4.62 per year", "56.79 %", "1.785 years", "429"]

    assert row_of(read(html).rows, "A_SHARE", "PASS")[2:10] == expected
    assert row_of(markdown_rows(markdown), "A_SHARE", "PASS")[2:10] == expected
    assert row_of(read(html).rows, "OTHER", "WARN")[4] == "n/a"


def test_every_figure_of_the_summary_can_be_read_back_from_the_page(report, pages):
    rows = read(pages[1]).rows

    for pool in report.summary.itertuples():
        cells = row_of(rows, pool.pool, pool.status)
        for text, value in zip((cells[2], cells[3], cells[5], cells[7]),
                               (pool.annual_return, pool.max_drawdown, pool.monthly_win_rate, pool.total_return),
                               strict=True):  # fmt: skip
            assert float(text.removesuffix(" %")) / 100 == pytest.approx(value, abs=5.1e-5)


def test_labels_keep_the_chinese_names_of_the_original(pages):
    for text in pages:
        for label in ("年化收益", "最大回撤", "夏普比率", "月胜率", "年化换手", "总收益"):
            assert label in text


def test_says_what_to_hold_and_what_changes(pages):
    rows = read(pages[1]).rows

    assert row_of(rows, "510300.SH")[:7] == [
        "510300.SH", "沪深300ETF华泰柏瑞", "keep", "20.00 %", "+0.44 %", "19.56 %", "19.91 %",
    ]  # fmt: skip
    assert row_of(rows, "512880.SH")[2:6] == ["buy", "20.00 %", "+20.00 %", "0.00 %"]
    assert row_of(rows, "159915.SZ")[2:6] == ["sell", "0.00 %", "-22.34 %", "22.34 %"]
    assert "Against it: enters 512880.SH; leaves 159915.SZ." in pages[0]
    assert "filled 2025-09-01, 2 funds, cost 1,234 CNY" in pages[0]


def test_a_day_without_decision_says_that_nothing_is_traded(report):
    markdown, _ = texts(replace(report, targets=report.targets.assign(is_decision=False)))

    assert "nothing is traded" in markdown
    assert "Decision day:" not in markdown


def test_a_fund_bought_and_gone_since_the_last_rebalance_is_listed_as_sold(report):
    day = report.positions["date"].max()
    kept = report.positions[(report.positions["date"] < day) | (report.positions["symbol"] == "510300.SH")]

    rows = read(texts(replace(report, positions=kept))[1]).rows

    assert row_of(rows, "159915.SZ")[2:7] == ["sold", "0.00 %", "+0.00 %", "0.00 %", "19.87 %"]


def test_an_account_of_cash_alone_holds_nothing_even_if_older_positions_are_stored(report):
    old = report.positions[report.positions["date"] < report.as_of]

    rows = read(texts(replace(report, positions=old))[1]).rows

    assert row_of(rows, "510300.SH")[2:6] == ["buy", "20.00 %", "+20.00 %", "0.00 %"]


def test_first_line_is_the_state_and_one_reason(pages):
    first = "WARN: A_SHARE zero_variance: 3 columns are constant (and 2 more findings below)."

    assert pages[0].splitlines()[0] == f"# {first}"
    assert "<b>WARN</b><span>: " + first.removeprefix("WARN: ") in pages[1]


def test_everything_in_order_is_pass_with_the_number_of_judgements(report):
    fine = replace(
        report,
        watched=(),
        summary=report.summary.assign(status="PASS"),
        verdicts=report.verdicts.assign(state="PASS", reason=""),
    )

    assert overall(fine) == (State.PASS, "all 12 judgements hold on 2025-09-30.")


def test_a_failure_of_a_watched_pool_warns_and_of_any_other_fails(report):
    verdicts = report.verdicts
    moved = change(verdicts, verdicts["universe"] == "OTHER", universe="QDII")

    assert overall(report)[0] is State.WARN
    assert overall(replace(report, verdicts=moved)) == (
        State.FAIL,
        "QDII panel_coverage: mean coverage is 0.6512 (and 2 more findings below).",
    )


def test_a_blocked_pool_says_so_and_why_instead_of_an_empty_table(report):
    why = "the fuse look_ahead failed: row 2025-09-30 depends on later data"

    markdown, html = texts(replace(report, blocked={"QDII": why}))

    assert markdown.startswith(f"# BLOCKED: QDII: {why}")
    assert f"## QDII: what to hold (BLOCKED)\n\nBLOCKED: {why}\n" in markdown
    assert f"<p>BLOCKED: {why}</p>" in html
    assert not any(row[0] == "513100.SH" for row in read(html).rows)


def test_a_pool_without_targets_is_blocked_without_being_told(report):
    without = report.targets[report.targets["universe"] != "QDII"]

    state, why = overall(replace(report, targets=without))

    assert state is State.BLOCKED
    assert why.startswith("QDII: no targets are stored for 2025-09-30")


def test_a_verdict_of_an_older_day_says_nothing_about_today(report):
    stale = change(report.verdicts, report.verdicts["universe"] == "QDII", as_of=pd.Timestamp("2025-09-29"))
    old = replace(report, verdicts=stale)

    assert overall(old)[1].startswith("QDII panel_coverage: last judged on 2025-09-29 (PASS then)")
    assert row_of(read(texts(old)[1]).rows, "QDII", "panel_coverage")[2] == "BLOCKED"


def test_missing_key_figures_are_blocked(report):
    state, why = overall(replace(report, kpi=report.kpi.head(0)))

    assert state is State.BLOCKED
    assert why.startswith("portfolio key figures: none are stored for 2025-09-30")


def test_nothing_stored_is_blocked_and_never_pass(report):
    markdown, html = texts(DailyReport(report.as_of, report.generated_at, report.pools))

    assert markdown.startswith("# BLOCKED: A_SHARE: no targets are stored")
    assert "BLOCKED: no fuse has been evaluated." in html
    assert "PASS" not in markdown
    assert "SIMULATED" not in markdown


def test_tables_with_columns_and_no_rows_read_like_missing_ones(report):
    empty = {name: frame.head(0) for name, frame in vars(report).items() if isinstance(frame, pd.DataFrame)}

    markdown, _ = texts(replace(report, **empty))

    assert markdown.startswith("# BLOCKED: A_SHARE: no targets are stored")


def test_fuses_that_do_not_hold_are_listed_worst_first_with_limit_and_reason(pages):
    rows = read(pages[1]).rows
    at = rows.index(row_of(rows, "OTHER", "panel_coverage"))

    assert rows[at] == ["OTHER", "panel_coverage", "FAIL", "0.6512", "0.8", "stops the pool", "mean coverage is 0.6512"]
    assert rows[at + 1][:3] == ["A_SHARE", "zero_variance", "WARN"]
    assert "Verdicts that are PASS: 3 of 5" in pages[0]


def test_extreme_months_are_the_three_worst_and_best_complete_ones_with_parts(pages):
    rows = [row for row in read(pages[1]).rows if len(row) == 5 and row[0] == "A_SHARE" and row[1].startswith("2025")]

    assert [row[1] for row in rows] == ["2025-01", "2025-02", "2025-03", "2025-08", "2025-07", "2025-06"]
    assert rows[3][2:] == ["+4.00 %", "+2.22 %", "510300.SH +3.13 %, 159915.SZ +0.99 %, cost -0.12 %"]


def test_capacity_lists_violations_first_and_small_shares_keep_their_digits(pages):
    rows = read(pages[1]).rows
    at = rows.index(row_of(rows, "A_SHARE", "single_position", "159915.SZ"))

    assert rows[at][3:6] == ["FAIL", "25.34 %", "25.00 %"]
    assert row_of(rows, "A_SHARE", "adv_constraint", "510300.SH")[4:6] == ["0.0459 %", "5.00 %"]
    assert row_of(rows, "A_SHARE", "broad_base_count")[4:6] == ["2 funds", "3 funds"]
    assert at < rows.index(row_of(rows, "A_SHARE", "adv_constraint"))


def test_excluded_funds_carry_their_reason(pages):
    rows = read(pages[1]).rows

    assert row_of(rows, "A_SHARE", "159919.SZ")[3:] == ["no_data", "the source has no file"]
    assert row_of(rows, "A_SHARE", "159915.SZ")[3:] == ["not eligible", "closed at limit-up"]


def test_the_foot_says_what_the_numbers_were_made_from(pages):
    for text in pages:
        assert "9f1c2ab4" in text and "0ddba11" in text
    assert row_of(read(pages[1]).rows, "market/A_SHARE/bars") == ["market/A_SHARE/bars", "12"]
    assert ["strategies/A_SHARE/targets", "7"] in markdown_rows(pages[0])


def test_simulated_data_are_labelled_and_real_data_are_not(pages, real):
    for text in pages:
        assert "SIMULATED DATA" in text
    for text in texts(real):
        assert "simulated" not in text.lower().replace('class="simulated"', "").split("</style>")[-1]


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", 'x" onload="y', "a | b\n## c", "[a](javascript:x) `*`"])
def test_a_name_cannot_become_markup(report, evil):
    named = change(report.members, report.members["symbol"] == "510300.SH", name=evil, status="no_data", reason=evil)

    markdown, html = texts(replace(report, members=named))

    assert read(html).tags.isdisjoint({"script", "a", "iframe", "object", "link"})
    assert row_of(read(html).rows, "510300.SH")[1] == evil
    assert len(row_of(markdown_rows(markdown), "510300.SH")) == 9
    assert "<script" not in markdown and "\n## c" not in markdown and "](javascript" not in markdown.replace("\\]", "")


def test_the_page_is_one_file_that_asks_nobody_for_anything(pages):
    page = read(pages[1])

    assert page.addresses and all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert not re.search(r"https?://|@import|url\(|<link|<script", pages[1])
    assert 'name="viewport"' in pages[1] and "prefers-color-scheme: dark" in pages[1]
    assert len(pages[1]) < 1_000_000


def test_plots_can_be_left_out_and_change_no_word(report, pages):
    markdown, html = texts(report)

    assert "<img" not in html
    assert markdown == pages[0]
    assert read(html).rows == read(pages[1]).rows


def test_the_same_report_gives_the_same_text(report):
    assert texts(report) == texts(report)


def test_templates_ship_inside_the_package():
    from importlib.resources import files

    folder = files("etf_platform.reports") / "templates"

    assert {"daily.md.j2", "daily.html.j2", "daily.css"} <= {entry.name for entry in folder.iterdir()}

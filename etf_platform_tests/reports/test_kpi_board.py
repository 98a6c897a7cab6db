"""The KPI board: what stands on it, what it says of gaps and age, and that it needs nothing from outside."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from etf_platform.reports.kpi import Board, Standing, render_board
from etf_platform.reports.kpi.contents import quantity
from etf_platform.reports.kpi.sparkline import sparkline

SESSIONS = pd.bdate_range("2024-09-02", periods=60)
DAY = SESSIONS[-1]
METRICS = pd.DataFrame(
    [
        ("nav_return", "Return", "fraction", "up", "yes", "NAV_t / NAV_{t-1} - 1"),
        ("error_rate", "Error rate", "fraction", "down", "", "missed / due"),
    ],
    columns=["kpi", "title", "unit", "better", "core", "formula"],
)


def _row(date, strategy, kpi, value, **changed):
    known = {"baseline": 0.001, "trend": "up", "warn": np.nan, "major": np.nan, "status": "PASS", "reason": ""}
    return {
        "date": date,
        "strategy": strategy,
        "kpi": kpi,
        "value": value,
        "as_of": date,
        "source": "sample (simulated); 9 runs due",
    } | known | changed  # fmt: skip


def _values():
    returns = [_row(day, "A_SHARE", "nav_return", 0.001 * i - 0.02) for i, day in enumerate(SESSIONS[:-1])]
    broken = _row(
        DAY, "A_SHARE", "nav_return", -0.12, trend="down", warn=-0.05, major=-0.1, status="FAIL", reason="a < b"
    )
    missing = _row(DAY, "A_SHARE", "error_rate", np.nan, status="BLOCKED", reason="missing: <b>", as_of=pd.NaT)
    return pd.DataFrame([*returns, broken, missing])


@pytest.fixture
def board():
    standing = Standing("A_SHARE", "REL-1 (EXP-20241101-001)", "S20, exposure 20%", "since 2024-11-04: major", "NORMAL")
    return Board(DAY, _values(), METRICS, (standing, Standing("QDII")), SESSIONS, "c0ffee", "1.0+abc")


def test_the_first_line_says_the_state_of_the_core_metrics(board):
    markdown, html = render_board(replace(board, standings=board.standings[:1]))

    assert markdown.splitlines()[0] == "# FAIL: A_SHARE: nav_return"
    assert "<title>FAIL: KPI board 2024-11-22 (simulated)</title>" in html


def test_what_holds_a_strategy_back_stands_at_the_top(board):
    halted = replace(board.standings[0], freeze="", breaker="HALTED", drift="NORMAL")

    markdown, html = render_board(
        replace(board, standings=(halted, Standing("QDII", freeze="since 2024-11-04: major")))
    )
    calm, _ = render_board(replace(board, standings=(replace(halted, breaker="NORMAL"),)))

    assert "**In force: A_SHARE breaker HALTED; QDII freeze.**" in markdown
    assert "In force: A_SHARE breaker HALTED; QDII freeze." in html.partition("</header>")[0]
    assert "In force" not in calm


def test_every_metric_has_its_row_with_value_threshold_trend_reason_and_age(board):
    markdown, html = render_board(board)

    line = next(row for row in markdown.splitlines() if row.startswith("| Return"))
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells[1:3] == ["FAIL", "-12.00 %"]
    assert [cell.replace("\u00a0", " ") for cell in cells[3:6]] == [
        "warn &lt; -5.00 %, fail &lt; -10.00 %", "0.10 %", "↓ worse",
    ]  # fmt: skip
    assert cells[7] == "2024-11-22"
    assert "missing: &lt;b&gt;" in html and "missing: <b>" not in html
    assert "9 runs due" in html


def test_what_is_in_force_stands_above_the_strategy(board):
    html = render_board(board)[1]

    for text in ("REL-1 (EXP-20241101-001)", "S20, exposure 20%", "since 2024-11-04: major", "NORMAL"):
        assert f"<dd>{text}</dd>" in html


def test_a_strategy_without_values_is_blocked_and_says_so(board):
    group = board.groups[1]

    assert (group.standing.strategy, group.state, group.lines) == ("QDII", "BLOCKED", [])
    assert "No values yet." in render_board(board)[1]


def test_values_of_an_earlier_session_are_stale_after_one(board):
    rows = board.values

    late, old = (replace(board, values=rows[rows["date"] <= SESSIONS[-back]]).groups[0] for back in (2, 3))

    assert late.is_late and {line.state for line in late.lines} == {"PASS"}
    assert {(line.state.value, line.reason) for line in old.lines} == {("BLOCKED", "stale: values of 2024-11-20")}


def test_an_empty_board_says_what_makes_it(board):
    markdown, html = render_board(replace(board, values=board.values.head(0), standings=()))

    assert markdown.startswith("# BLOCKED: no strategy has values yet")
    assert "etf-platform ops replay" in html


def test_the_page_asks_for_nothing_outside_itself_and_is_the_same_every_time(board):
    html = render_board(board)[1]

    assert not re.findall(r"(?:src|href|url)\s*[=(]\s*['\"]?(?!#)[^'\"\s>]", html)
    assert "<script" not in html
    assert html == render_board(board)[1]


def test_simulated_data_are_labelled_and_real_ones_are_not(board):
    real = replace(board, values=board.values.assign(source="local:x"))

    assert "SIMULATED DATA" in render_board(board)[1]
    markdown, html = render_board(real)
    assert "imulated" not in markdown + html.partition("</style>")[2]


def test_a_line_is_broken_by_gaps_and_shows_its_limit_only_near_by():
    """Two runs of three values: two lines; 10 lies beyond the range of the values."""
    values = np.array([1.0, 2.0, 3.0, np.nan, 2.0, 1.0, 2.0])

    near, far = sparkline(values, 0.5), sparkline(values, 10.0)

    assert near.count("<polyline") == far.count("<polyline") == 2
    assert ('class="limit"' in near, 'class="limit"' in far) == (True, False)
    assert sparkline(np.full(4, np.nan)) == ""
    assert sparkline(np.array([np.nan, 2.0, np.nan])).count('class="dot"') == 1
    assert "&lt;" in sparkline(values, title="a < b")


def test_points_of_a_line_by_hand():
    """0, 1, 0.5 over 132 by 30 with a margin of 3: left bottom, middle top, right centre."""
    assert 'points="3.0,27.0 66.0,3.0 129.0,15.0"' in sparkline(np.array([0.0, 1.0, 0.5]))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.9967, "fraction", "99.67 %"),
        (1.0, "flag", "yes"),
        (-34691.6, "CNY", "-34,692 CNY"),
        (0.351276, "probability", "0.3513"),
        (-1.1746, "ratio per year", "-1.17"),
        (12.5, "bps", "12.5 bps"),
        (float("nan"), "CNY", "n/a"),
    ],
)
def test_quantities_carry_their_unit(value, unit, text):
    assert quantity(value, unit) == text


def test_rounding_is_no_movement_and_means_of_flags_are_shares(board):
    """Ones that differ in the last bit are a level line in the middle."""
    values = np.array([1.0, 1.0 - 1e-16, 1.0, 1.0 + 2e-16])
    flags = board.values.assign(baseline=0.2)

    markdown = render_board(replace(board, values=flags, metrics=METRICS.assign(unit="flag")))[0]

    assert set(re.findall(r",([0-9.]+)[ \"]", re.search(r'points="[^"]+"', sparkline(values)).group())) == {"15.0"}
    assert "20.00 %" in markdown

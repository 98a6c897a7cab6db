import json
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import BARS, PANEL, POOL_SUMMARY
from etf_platform.reports.display import shown
from etf_platform.reports.tables import format_frame


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "date": pd.to_datetime(["2025-09-29", "2025-09-30"]),
            "symbol": ["510300.SH", "510500.SH"],
            "close": [4.123456789, np.nan],
            "amount": [3_050_000_000.0, 1.0],
            "amount_estimated": [False, True],
            "fetched_at": pd.to_datetime(["2025-09-29T10:00:00Z", "2025-09-30T10:00:00Z"]),
            "revision": [0, 2],
        }
    )


def test_json_is_a_list_with_iso_dates_and_null(rows):
    assert json.loads(format_frame(rows, BARS, "json")) == [
        {"date": "2025-09-29", "symbol": "510300.SH", "close": 4.123456789, "amount": 3.05e9, "amount_estimated": False,
         "fetched_at": "2025-09-29T10:00:00Z", "revision": 0},
        {"date": "2025-09-30", "symbol": "510500.SH", "close": None, "amount": 1.0, "amount_estimated": True,
         "fetched_at": "2025-09-30T10:00:00Z", "revision": 2},
    ]  # fmt: skip


def test_json_gives_back_every_double_bit_for_bit():
    values = np.random.default_rng(5).normal(size=200) * 10.0 ** np.arange(-100, 100)

    back = json.loads(format_frame(pd.DataFrame({"x": values}), None, "json"))

    assert [row["x"] for row in back] == values.tolist()


def test_json_has_no_infinity_and_short_float32():
    frame = pd.DataFrame({"MA_5": np.array([0.1, np.inf, np.nan], dtype="float32")})

    assert json.loads(format_frame(frame, PANEL, "json")) == [{"MA_5": 0.1}, {"MA_5": None}, {"MA_5": None}]


def test_json_keeps_chinese_names_readable_and_nullable_integers_whole():
    frame = pd.DataFrame({"name": ["沪深300ETF", None], "n": pd.array([3, None], dtype="Int64")})
    text = format_frame(frame, None, "json")

    assert "沪深300ETF" in text
    assert json.loads(text) == [{"name": "沪深300ETF", "n": 3}, {"name": None, "n": None}]


def test_csv_reads_back_as_the_same_rows(rows):
    back = pd.read_csv(StringIO(format_frame(rows, BARS, "csv")), parse_dates=["date", "fetched_at"])

    pd.testing.assert_frame_equal(back, rows, check_dtype=False)


def test_csv_dates_have_no_time(rows):
    assert "2025-09-29,510300.SH,4.123456789," in format_frame(rows, BARS, "csv")


def test_terminal_table_has_units_percent_and_rounded_numbers():
    frame = pd.DataFrame({"pool": ["A_SHARE"], "annual_return": [0.28714], "sharpe": [np.nan], "years": [1.78]})
    head, units, _, row, foot = format_frame(frame, POOL_SUMMARY, "table").splitlines()

    assert head.split() == ["annual_return", "sharpe", "years"]
    assert units.split() == ["pool", "%", "ratio", "years"]
    assert row.split() == ["A_SHARE", "28.71", "n/a", "1.78"]
    assert foot == "1 row"


def test_terminal_table_wraps_long_reasons_without_losing_a_word():
    reason = " ".join(f"word{i}" for i in range(60))

    text = format_frame(pd.DataFrame({"reason": [reason], "symbol": ["510300.SH"]}), None, "table")

    assert all(f"word{i}" in text for i in range(60))
    assert max(map(len, text.splitlines())) < 90


def test_terminal_table_prints_brackets_as_they_are():
    assert "[red]x[/red]" in format_frame(pd.DataFrame({"row": ["[red]x[/red]"]}), None, "table")


@pytest.mark.parametrize(("fmt", "expected"), [("json", "[]\n"), ("csv", "symbol\n"), ("table", "0 rows")])
def test_no_rows_are_said_in_every_format(fmt, expected):
    assert expected in format_frame(pd.DataFrame({"symbol": pd.Series(dtype=str)}), None, fmt)


def test_columns_that_a_query_added_have_no_unit():
    text = format_frame(pd.DataFrame({"symbol": ["510300.SH"], "n_rows": [3]}), BARS, "table")

    assert text.splitlines()[0].split() == ["symbol", "n_rows"]


def test_an_unknown_format_is_refused_with_the_known_ones(rows):
    with pytest.raises(BadInputError, match="xml"):
        format_frame(rows, BARS, "xml")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.2871, "fraction", "28.71 %"),
        (-0.00046, "fraction", "-0.0460 %"),
        (0.0, "fraction", "0.00 %"),
        (7_000_000.0, "CNY", "7,000,000 CNY"),
        (3.8634, "1 per year", "3.86 per year"),
        (1.184, "ratio", "1.18"),
        (12, "count", "12"),
        (2, "sessions", "2 sessions"),
        (12345.6, "", "12,346"),
        (np.float64("nan"), "fraction", "n/a"),
        (None, "CNY", "n/a"),
        (pd.NaT, "session", "n/a"),
        (np.bool_(True), "flag", "yes"),
        (pd.Timestamp("2025-09-30"), "session", "2025-09-30"),
        (pd.Timestamp("2025-09-30T10:05:00Z"), "UTC", "2025-09-30T10:05:00Z"),
    ],
)
def test_values_read_with_their_unit(value, unit, text):
    assert shown(value, unit) == text

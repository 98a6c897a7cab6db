"""Counts over limit-up states agree with a table made by hand."""

import numpy as np
import pandas as pd

from etf_platform.arbitrage.boards import board_counts, ladder, yearly_counts
from etf_platform.core.tables import BOARD_COUNTS

COLUMNS = [
    "date",
    "symbol",
    "board",
    "basis",
    "rate",
    "at_limit",
    "opened",
    "one_word",
    "boards_in_row",
    "is_st",
    "source",
]
ROWS = [
    ("2024-12-31", "600000.SH", "main", "computed", 0.10, True, False, True, 3, pd.NA, "a"),
    ("2024-12-31", "600001.SH", "main", "computed", 0.10, False, True, False, 0, pd.NA, "a"),
    ("2024-12-31", "600002.SH", "main", "unknown", np.nan, pd.NA, pd.NA, pd.NA, 0, pd.NA, "b"),
    ("2024-12-31", "300001.SZ", "chinext", "feed", 0.20, True, False, False, 1, False, "a"),
    ("2024-12-31", "688001.SH", "star", "no_limit", np.nan, False, False, False, 0, False, "a"),
    ("2025-01-02", "600000.SH", "main", "computed", 0.44, True, False, False, 1, False, "a"),
    ("2025-01-02", "600001.SH", "main", "computed", 0.05, True, False, False, 1, True, "a"),
    ("2025-01-02", "300001.SZ", "chinext", "computed", 0.20, True, False, False, 1, True, "a"),
    ("2025-01-02", "830799.BJ", "bse", "computed", 0.30, True, False, False, 2, False, "a"),
    ("2025-01-02", "688001.SH", "star", "computed", 0.20, True, False, False, 1, False, "a"),
]


def states(rows=ROWS):
    made = pd.DataFrame(rows, columns=COLUMNS).assign(date=lambda f: pd.to_datetime(f["date"]).astype("datetime64[ns]"))
    return made.astype({"rate": float} | dict.fromkeys(("at_limit", "opened", "one_word", "is_st"), "boolean"))


def test_counts_per_day_and_board():
    counts = board_counts(states())

    BOARD_COUNTS.conform(counts)
    first = counts[counts["date"] == "2024-12-31"].drop(columns=["date"]).set_index("board")
    expected = pd.DataFrame(
        {
            "stocks": [5, 1, 3, 1],
            "at_limit": [2, 1, 1, 0],
            "opened": [1, 0, 1, 0],
            "one_word": [1, 0, 1, 0],
            "seal_rate": [2 / 3, 1.0, 0.5, np.nan],
            "longest_row": [3, 1, 3, 0],
            "unknown": [1, 0, 1, 0],
            "no_limit": [1, 0, 0, 1],
            "source": ["a; b", "a; b", "a; b", "a; b"],
        },
        index=pd.Index(["all", "chinext", "main", "star"], name="board"),
    )
    pd.testing.assert_frame_equal(first, expected, check_dtype=False)
    assert counts[counts["date"] == "2025-01-02"]["board"].tolist() == ["all", "bse", "chinext", "main", "star"]


def test_a_day_counts_alone_as_among_others():
    whole = board_counts(states())

    for day, one in states().groupby("date"):
        pd.testing.assert_frame_equal(board_counts(one), whole[whole["date"] == day].reset_index(drop=True))


def test_years_count_the_boards_of_10_and_20_percent_without_known_special_treatment():
    years = yearly_counts(states())

    assert years["closes"].to_dict() == {2024: 2, 2025: 1}
    assert years["opened"].to_dict() == {2024: 1, 2025: 0}
    assert years["stock_days"].to_dict() == {2024: 3, 2025: 1}


def test_the_ladder_has_the_most_boards_first():
    day = states()[lambda f: f["date"] == "2025-01-02"]

    assert list(ladder(day).items()) == [(2, ["830799.BJ"]), (1, ["300001.SZ", "600000.SH", "600001.SH", "688001.SH"])]


def test_no_states_give_no_counts():
    assert board_counts(states()[:0]).empty
    assert yearly_counts(states()[:0]).empty
    assert ladder(states()[:0]) == {}

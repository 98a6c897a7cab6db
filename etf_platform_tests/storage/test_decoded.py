"""Kept columns of files: what a file says, read once, within bounds."""

import datetime as dt

import pandas as pd
import pyarrow as pa

from etf_platform.core.schema import Column, Table
from etf_platform.storage.decoded import Decoded
from etf_platform.storage.lake import Lake

CLOSES = Table(
    "market",
    "closes",
    "closes",
    (Column("date", "date", "session", "day"), Column("close", "float64", "CNY", "close")),
    key=("date",),
)
WHOLE = pa.table({"a": [1, 2], "b": [3, 4], "c": [5, 6]})


def closes(start, *values):
    return pd.DataFrame({"date": pd.date_range(start, periods=len(values), unit="ns"), "close": values})


def reader(asked):
    def read(names):
        asked.append(list(names))
        return WHOLE.select([name for name in names if name in WHOLE.schema.names])

    return read


def test_only_columns_that_are_not_kept_are_read():
    decoded, asked = Decoded(), []
    decoded.columns("f", ["a", "c"], reader(asked))

    rows = decoded.columns("f", ["b", "a"], reader(asked))

    assert asked == [["a", "c"], ["b"]]
    assert rows.equals(WHOLE.select(["b", "a"]))


def test_a_column_that_the_file_does_not_have_is_left_out():
    decoded, asked = Decoded(), []
    decoded.columns("f", ["a"], reader(asked))

    assert decoded.columns("f", ["a", "new"], reader(asked)).schema.names == ["a"]


def test_the_file_used_longest_ago_leaves_first():
    decoded, asked = Decoded(kept_bytes=100), []
    for path in ("f", "g", "f", "h"):  # 48 bytes each: two fit
        decoded.columns(path, ["a", "b", "c"], reader(asked))
    asked.clear()

    decoded.columns("f", ["a"], reader(asked))
    decoded.columns("g", ["a"], reader(asked))

    assert asked == [["a"]]


def test_the_newest_day_follows_the_writes_of_this_and_of_another_lake(tmp_path):
    lake, other = Lake(tmp_path), Lake(tmp_path)
    lake.write(CLOSES, "A", closes("2023-12-30", 1.0, 2.0, 3.0, 4.0))
    first = lake.last_day(CLOSES, "A")
    other.write(CLOSES, "A", closes("2024-01-03", 5.0), "2024-01-03", "2024-01-03")

    assert first == dt.date(2024, 1, 2)
    assert lake.last_day(CLOSES, "A") == dt.date(2024, 1, 3)
    other.write(CLOSES, "A", closes("2024-01-03"), "2023-01-01", None)
    assert lake.last_day(CLOSES, "A") is None


def test_a_commit_is_known_without_reading_the_log_as_the_log_says_it(tmp_path):
    lake = Lake(tmp_path)
    lake.write(CLOSES, "A", closes("2023-12-30", 1.0, 2.0, 3.0, 4.0))
    lake.write(CLOSES, "A", closes("2024-01-02", 7.0), "2024-01-02", "2024-01-02")

    assert lake.listing(CLOSES, "A") == Lake(tmp_path).listing(CLOSES, "A")

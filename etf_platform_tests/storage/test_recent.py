"""Kept tables: the same rows, never a caller's changes, never an old version."""

import shutil

import pandas as pd
from pandas.testing import assert_frame_equal

from etf_platform.core.schema import Column, Table
from etf_platform.storage.lake import Lake
from etf_platform.storage.listings import Listings
from etf_platform.storage.recent import Recent

CLOSES = Table(
    "market",
    "closes",
    "closes",
    (Column("date", "date", "session", "day"), Column("close", "float64", "CNY", "close")),
    key=("date",),
)


def closes(*values: float) -> pd.DataFrame:
    return pd.DataFrame({"date": pd.date_range("2024-01-02", periods=len(values), unit="ns"), "close": values})


def test_a_callers_change_does_not_reach_the_next_reader(tmp_path):
    lake = Lake(tmp_path)
    lake.write(CLOSES, "A", closes(1.0, 2.0))
    first = lake.read(CLOSES, "A")
    first.loc[0, "close"] = 9.0
    second = lake.read(CLOSES, "A")
    second["close"] *= 7.0

    assert lake.read(CLOSES, "A")["close"].tolist() == [1.0, 2.0]


def test_a_new_version_is_read_at_once_and_the_old_one_by_number(tmp_path):
    lake = Lake(tmp_path)
    old = lake.write(CLOSES, "A", closes(1.0, 2.0))
    lake.read(CLOSES, "A")
    Lake(tmp_path).write(CLOSES, "A", closes(3.0))

    assert lake.read(CLOSES, "A")["close"].tolist() == [3.0]
    assert lake.read(CLOSES, "A", version=old)["close"].tolist() == [1.0, 2.0]


def test_kept_tables_have_a_limit_in_bytes_and_the_oldest_leaves():
    recent, frame = Recent(kept_bytes=100), closes(1.0, 2.0)  # 2 rows of 16 bytes
    for universe in "ABCDE":
        recent.keep(universe, 0, frame, int(frame.memory_usage(index=False).sum()))

    assert [universe for universe in "ABCDE" if recent.get(universe, 0) is not None] == ["C", "D", "E"]


def test_a_part_of_a_kept_table_is_what_a_read_of_the_part_gives(tmp_path):
    lake = Lake(tmp_path)
    lake.write(CLOSES, "A", closes(1.0, 2.0, 3.0, 4.0))
    lake.read(CLOSES, "A")
    part = {"start": "2024-01-03", "end": "2024-01-04", "columns": ["close"]}

    assert lake.read(CLOSES, "A", **part)["close"].tolist() == [2.0, 3.0]
    assert_frame_equal(lake.read(CLOSES, "A", **part), Lake(tmp_path).read(CLOSES, "A", **part))


def test_a_table_that_was_removed_and_written_anew_is_listed_anew(tmp_path):
    listings, lake = Listings(), Lake(tmp_path)
    lake.write(CLOSES, "A", closes(1.0))
    before = listings.of(lake.place(CLOSES, "A"))
    shutil.rmtree(tmp_path / "market")
    Lake(tmp_path).write(CLOSES, "A", closes(2.0))

    assert listings.of(lake.place(CLOSES, "A")).parts != before.parts

"""Kept tables: the same rows, never a caller's changes, never an old version."""

import pandas as pd

from etf_platform.core.schema import Column, Table
from etf_platform.storage.lake import Lake

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


def test_only_a_few_tables_are_kept(tmp_path):
    lake = Lake(tmp_path)
    for universe in "ABCDE":
        lake.write(CLOSES, universe, closes(1.0))
        lake.read(CLOSES, universe)

    assert len(lake._recent._frames) == 3

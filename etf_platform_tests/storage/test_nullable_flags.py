"""Flags that may be unknown keep their three values through the lake."""

import numpy as np
import pandas as pd

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables.columns import DATE, SYMBOL, flag

FLAGS = Table(
    "test",
    "flags",
    "one flag of each kind",
    (DATE, SYMBOL, flag("sure", "yes or no"), Column("unsure", "bool", "flag", "or null", True)),
    key=("date", "symbol"),
)


def rows(values):
    days = pd.date_range("2024-06-03", periods=len(values)).as_unit("ns")
    return pd.DataFrame({"date": days, "symbol": "600000.SH", "sure": True, "unsure": pd.array(values, "boolean")})


def test_yes_no_and_unknown_come_back(lake):
    written = rows([True, None, False])

    lake.write(FLAGS, "T", written)

    back = lake.read(FLAGS, "T")
    assert back["unsure"].dtype == "boolean"
    assert back["unsure"].tolist() == [True, pd.NA, False]
    assert back["sure"].dtype == np.dtype(bool)
    pd.testing.assert_frame_equal(
        lake.read(FLAGS, "T", "2024-06-04", "2024-06-04"), back.iloc[1:2].reset_index(drop=True)
    )


def test_the_type_is_the_same_when_nothing_is_unknown(lake):
    lake.write(FLAGS, "T", rows([True, False]))

    assert lake.read(FLAGS, "T", columns=["unsure"])["unsure"].dtype == "boolean"


def test_what_was_read_can_be_written_again(lake):
    lake.write(FLAGS, "T", rows([None, None]))
    version = lake.write(FLAGS, "T", lake.read(FLAGS, "T"))

    assert version == 0
    assert lake.read(FLAGS, "T")["unsure"].isna().all()

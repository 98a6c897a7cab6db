"""Tables check what is written to them."""

import pandas as pd
import pytest

from etf_platform.core.errors import SchemaError
from etf_platform.core.schema import Column, Table
from etf_platform.core.tables import TABLES

PRICES = Table(
    "market",
    "prices",
    "closes",
    (
        Column("date", "date", "session", "day"),
        Column("symbol", "string", "code", "fund"),
        Column("close", "float64", "CNY", "close", nullable=True),
        Column("volume", "int64", "shares", "shares traded"),
    ),
    key=("date", "symbol"),
)


def frame(**changes) -> pd.DataFrame:
    dates = pd.to_datetime(["2024-01-03", "2024-01-02"])
    rows = {"date": dates, "symbol": ["B", "A"], "close": [1.5, None], "volume": [1, 2]}
    return pd.DataFrame(rows | changes)


def test_rows_are_sorted_by_key_and_typed():
    table = PRICES.conform(frame())

    assert table.column("symbol").to_pylist() == ["A", "B"]
    assert table.column("close").to_pylist() == [None, 1.5]
    assert str(table.schema.field("date").type) == "date32[day]"


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (frame(volume=["x", "y"]), "convert"),
        (frame(volume=[1.5, 2.0]), "convert"),
        (frame(symbol=["A", None]), "nulls"),
        (frame(date=pd.to_datetime(["2024-01-02"] * 2), symbol=["A", "A"]), "stands twice"),
        (frame().drop(columns="close"), "missing"),
        (frame().assign(extra=1), "unknown"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(bad, word):
    with pytest.raises(SchemaError, match=word):
        PRICES.conform(bad)


def test_every_table_declares_key_unit_and_meaning():
    for table in TABLES:
        names = [c.name for c in table.columns]
        assert set(table.key) <= set(names) and len(set(names)) == len(names)
        assert all(c.unit and c.meaning for c in table.columns)
        assert table.range_column is None or table.range_column in names


def test_addresses_are_unique():
    addresses = [t.address("A_SHARE") for t in TABLES]

    assert len(addresses) == len(set(addresses))

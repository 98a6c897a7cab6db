"""Fills from a broker's file: what a good one gives, and the sentence for every bad one."""

import math

import pandas as pd
import pytest

from etf_platform.core.tables import PAPER_FILLS
from etf_platform.paper.imports import FillImportError, fills_of

HEADER = "date,symbol,order_id,decision_date,side,ordered,shares,price,cost"
GOOD = "2024-10-09,510300.SH,A-1,2024-10-08,buy,1000,900,4.012,1.5"


def file(*lines, header=HEADER):
    return "\n".join([header, *lines]).encode()


def test_a_good_file_gives_rows_of_the_table():
    (row,) = fills_of(file(GOOD), "broker.csv").to_dict("records")

    assert row == {
        "date": pd.Timestamp("2024-10-09"),
        "symbol": "510300.SH",
        "order_id": "A-1",
        "decision_date": pd.Timestamp("2024-10-08"),
        "side": "buy",
        "ordered": 1000.0,
        "shares": 900.0,
        "price": 4.012,
        "value": 900.0 * 4.012,
        "cost": 1.5,
        "status": "filled",
        "origin": "broker.csv",
        "source": "import:broker.csv",
    }
    PAPER_FILLS.conform(fills_of(file(GOOD), "broker.csv"))


def test_an_order_that_was_not_filled_has_no_price():
    line = "2024-10-09,510300.SH,A-1,2024-10-08,sell,1000,0,,0"

    (row,) = fills_of(file(line), "broker.csv").to_dict("records")

    assert (row["status"], row["value"]) == ("no_trade", 0.0)
    assert math.isnan(row["price"])


def test_a_status_a_byte_order_mark_and_spaces_are_read():
    line = "2024-10-09, 510300.SH ,A-1,2024-10-08,sell,1000,0,,0,limit_down"

    rows = fills_of(b"\xef\xbb\xbf" + file(line, header=HEADER + ", status"), "broker.csv")

    assert rows["status"].tolist() == ["limit_down"]
    assert rows["symbol"].tolist() == ["510300.SH"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"", "missing columns"),
        (file(header="date,symbol"), "missing columns"),
        (file(GOOD + ",1", header=HEADER + ",broker"), "unknown or repeated"),
        (file(header=HEADER), "no row"),
        (file(GOOD, GOOD), "stands twice"),
        (file(GOOD, GOOD.rpartition(",")[0]), "line 3: it has more or fewer fields"),
        (file(GOOD + ",7"), "more or fewer fields"),
        (file(GOOD.replace("2024-10-09", "09.10.2024")), "no ISO date"),
        (file(GOOD.replace("4.012", "four")), "no number"),
        (file(GOOD.replace("4.012", "nan")), "without a price"),
        (file(GOOD.replace("900", "inf")), "shares is inf"),
        (file(GOOD.replace("900", "")), "shares is empty"),
        (file(GOOD.replace("1.5", "-1.5")), "cost is -1.5"),
        (file(GOOD.replace("buy", "BUY")), "neither buy nor sell"),
        (file(GOOD.replace("510300.SH", "510300")), "no symbol with exchange suffix"),
        (file(GOOD.replace("A-1", "")), "no id"),
        (file(GOOD.replace("2024-10-08", "2024-10-09")), "not older"),
        (file(GOOD.replace("900", "1100")), "1100 filled of 1000 ordered"),
        (file(GOOD.replace("4.012", "")), "without a price"),
        (file(GOOD.replace("4.012", "0")), "without a price"),
        (file(GOOD.replace("900", "0")), "costs something and filled nothing"),
        (file(GOOD + ",limit_up", header=HEADER + ",status"), "status limit_up with 900 shares"),
        (file(GOOD + ",done", header=HEADER + ",status"), "none of filled"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(data, said):
    with pytest.raises(FillImportError, match=said):
        fills_of(data, "broker.csv")


@pytest.mark.parametrize("origin", ["", "modelled"])
def test_an_import_is_never_called_modelled(origin):
    with pytest.raises(FillImportError, match="origin"):
        fills_of(file(GOOD), origin)

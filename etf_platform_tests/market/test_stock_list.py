"""The list of all stocks out of a CSV, a provider's pages, or bars."""

import pandas as pd
import pytest

from etf_platform.core.config.arbitrage import StockList
from etf_platform.core.errors import BadInputError, SourceError
from etf_platform.core.tables import STOCK_LIST
from etf_platform.market.stock_list import from_quotes, listed_symbols, read_stock_list

SETTINGS = StockList(
    path="list.csv", columns={"symbol": "ts_code", "name": "name", "industry": "industry", "list_date": "list_date"}
)
HEADER = "\ufeffts_code,symbol,name,industry,list_date\n"


def _list(tmp_path, text, settings=SETTINGS):
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    return read_stock_list(settings, tmp_path, "local:list.csv")


def test_a_list_has_boards_by_code_and_dates(tmp_path):
    rows = (
        "688981.SH,688981,中芯国际,半导体,20200716\n000001.SZ,000001,平安银行,银行,19910403\n920002.BJ,920002,万达,,\n"
    )

    listed = _list(tmp_path, HEADER + rows)
    found = listed.rows.set_index("symbol")
    assert found.index.tolist() == ["000001.SZ", "688981.SH", "920002.BJ"]
    assert found["board"].tolist() == ["main", "star", "bse"]
    assert found["list_date"].tolist()[:2] == [pd.Timestamp("1991-04-03"), pd.Timestamp("2020-07-16")]
    assert pd.isna(found.loc["920002.BJ", "list_date"])
    assert found.loc["920002.BJ", "industry"] == ""
    assert listed.refused.empty
    assert STOCK_LIST.conform(listed.rows).num_rows == 3


def test_rows_that_cannot_be_used_are_named_with_the_reason(tmp_path):
    rows = ["900901.SH,900901,B,x,20000101", "600001.SH,600001,a,x,1999-01-01", "600002.SH,600002,b,x,20000101"]
    rows += ["600003.SH,600003,c,x,20000101", "600003.SH,600003,d,x,20000101"]

    listed = _list(tmp_path, HEADER + "\n".join(rows))
    reasons = dict(zip(listed.refused["symbol"], listed.refused["reason"], strict=True))
    assert listed.rows["symbol"].tolist() == ["600002.SH"]
    assert "B shares" in reasons["900901.SH"]
    assert "first day" in reasons["600001.SH"]
    assert "more than once" in reasons["600003.SH"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "No columns to parse"),
        (HEADER, "no row"),
        ("ts_code,symbol,name,list_date\n600001.SH,600001,a,20000101\n", "no column industry"),
    ],
    ids=["empty", "header only", "missing column"],
)
def test_a_file_that_is_no_list_is_an_error_that_names_it(tmp_path, text, words):
    with pytest.raises(BadInputError, match=words) as error:
        _list(tmp_path, text)

    assert "list.csv" in str(error.value)


def test_a_file_that_is_not_there_and_no_data_folder_are_told_apart(tmp_path):
    with pytest.raises(SourceError, match="there is no file"):
        read_stock_list(SETTINGS, tmp_path, "x")
    with pytest.raises(SourceError, match="no data folder"):
        read_stock_list(SETTINGS, None, "x")


def test_pages_give_names_and_an_older_list_the_rest():
    known = listed_symbols(["600001.SH"], "old").rows
    known["industry"], known["list_date"] = "钢铁", pd.Timestamp("1998-01-22")
    quotes = pd.DataFrame(
        {"symbol": ["600001.SH", "300001.SZ", "600001.SH"], "name": ["甲", "乙", "甲甲"], "source": "live:eastmoney"}
    )

    rows = from_quotes(quotes, known).rows.set_index("symbol")
    assert rows.loc["600001.SH", ["name", "industry", "board"]].tolist() == ["甲甲", "钢铁", "main"]
    assert rows.loc["600001.SH", "list_date"] == pd.Timestamp("1998-01-22")
    assert rows.loc["300001.SZ", "industry"] == ""
    assert pd.isna(rows.loc["300001.SZ", "list_date"])


def test_the_real_list_is_read_whole(shared):
    """5,477 rows of 2026: nothing is refused, and the counts by board are those of a plain count of prefixes."""
    path = shared("data/meta/stock_list.csv")

    listed = read_stock_list(SETTINGS.model_copy(update={"path": str(path)}), None, "local:list")
    codes = pd.read_csv(path, dtype=str)["ts_code"]
    counts = listed.rows["board"].value_counts()
    assert listed.refused.empty
    assert len(listed.rows) == len(codes)
    assert counts["star"] == codes.str.match(r"68[89]").sum()
    assert counts["chinext"] == codes.str.match(r"30.*SZ").sum()
    assert counts["bse"] == codes.str.endswith(".BJ").sum()

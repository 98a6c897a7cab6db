"""Files of weights: what is read, from when it may be used, and a clear word for everything wrong."""

import io
import json
import zipfile
from datetime import UTC, datetime

import pandas as pd
import pytest

from etf_platform.core.config.arbitrage import HoldingsFile
from etf_platform.core.errors import BadInputError, SourceError
from etf_platform.core.tables import FUND_HOLDINGS
from etf_platform.market.calendar import sessions
from etf_platform.market.holdings import CSV_COLUMNS, merged, parse_holdings, read_holdings, together, upload

SESSIONS = sessions("XSHG")
STAMP = datetime(2024, 1, 5, 8, tzinfo=UTC)
JSON = HoldingsFile(path="weights.json", format="weights_json", as_of="2023-12-29", refused_funds=("159949.SZ",))
CSV = HoldingsFile(path="weights.csv", format="csv")
SHEET = HoldingsFile(path="weights.xls", format="csi_xls", funds=("510300.SH", "510330.SH"))
TWO = {"510300": {"600519": 0.06, "000001": 0.01}}
HEADINGS = ["日期Date", "指数代码 Index Code", "成份券代码Constituent Code", "成份券名称Constituent Name"]
HEADINGS += ["成份券英文名称Constituent Name(Eng)", "权重(%)weight"]

SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
CELL = '<c t="inlineStr"><is><t>{}</t></is></c>'
RELATION = (
    f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{RELATIONS}/{{}}" Target="{{}}"/></Relationships>'
)


def _parse(body, file=JSON, name="weights.x"):
    return parse_holdings(body if isinstance(body, bytes) else body.encode(), file, name, STAMP, SESSIONS)


def _json(whole, **how):
    return _parse(json.dumps(whole), JSON.model_copy(update=how))


def _sheet(rows, headings=HEADINGS):
    """A workbook of one sheet, made by hand: cells as inline text."""
    body = "".join(f"<row>{''.join(CELL.format(value) for value in row)}</row>" for row in [headings, *rows])
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/s.xml" ContentType="{KIND}.worksheet+xml"/></Types>',
        "_rels/.rels": RELATION.format("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{SPACE}" xmlns:r="{RELATIONS}">'
        '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": RELATION.format("worksheet", "s.xml"),
        "xl/s.xml": f'<worksheet xmlns="{SPACE}"><sheetData>{body}</sheetData></worksheet>',
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for path, text in files.items():
            packed.writestr(path, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return buffer.getvalue()


def _line(code="600519", weight="5.5", day="20260430"):
    return [day, "000300", code, "茅台", "Moutai", weight]


def test_json_weights_become_rows_with_suffixes_and_ranks():
    holdings = _json({"510300": {"000001": 0.01, "600519": 0.06, "300750": 0.01}})

    rows = holdings.rows.sort_values("rank")
    assert rows["stock"].tolist() == ["600519.SH", "000001.SZ", "300750.SZ"]
    assert rows["rank"].tolist() == [1, 2, 3]
    assert rows["weight"].tolist() == [0.06, 0.01, 0.01]
    assert rows["weight_sum"].tolist() == pytest.approx([0.08] * 3)
    assert set(rows["completeness"]) == {"top10"}
    assert set(rows["symbol"]) == {"510300.SH"}
    assert not rows["from_issuer"].any()
    assert FUND_HOLDINGS.conform(holdings.rows).num_rows == 3


def test_without_a_day_of_publication_the_first_session_after_counts_and_is_flagged():
    """2023-12-29 was a Friday, and the exchange opened again on Tuesday."""
    guessed = _json(TWO).rows
    told = _json(TWO, published_at="2024-01-20").rows

    assert set(guessed["published_at"]) == {pd.Timestamp("2024-01-02")}
    assert guessed["published_estimated"].all()
    assert set(told["published_at"]) == {pd.Timestamp("2024-01-20")}
    assert not told["published_estimated"].any()


def test_a_list_of_more_than_ten_stocks_or_of_nearly_everything_is_full():
    eleven = {f"6000{k:02d}": 0.01 for k in range(10, 21)}
    nearly_all = {"600519": 0.5, "600036": 0.35}

    holdings = _json({"510300": eleven, "512880": nearly_all, "512010": {"600276": 0.1}})
    found = holdings.rows.groupby("symbol")["completeness"].first().to_dict()
    assert found == {"510300.SH": "full", "512880.SH": "full", "512010.SH": "top10"}


def test_codes_that_are_no_stocks_are_named_and_the_rest_stays():
    holdings = _json({"510300": {"600519": 0.06, "900901": 0.02, "abc": 0.01}})

    assert holdings.rows["stock"].tolist() == ["600519.SH"]
    assert set(holdings.refused["stock"]) == {"900901", "abc"}
    assert set(holdings.refused["reason"]) == {"no stock of the code table"}


def test_a_fund_that_nobody_knows_and_a_refused_one_have_no_rows_but_a_reason():
    holdings = _json({"999999": {"600519": 0.06}, "159949": {"300750": 0.1}, **TWO})

    reasons = dict(zip(holdings.refused["fund"], holdings.refused["reason"], strict=True))
    assert set(holdings.rows["symbol"]) == {"510300.SH"}
    assert "no fund" in reasons["999999"]
    assert "another index" in reasons["159949.SZ"]


def test_a_file_of_refused_funds_only_gives_no_rows():
    holdings = _json({"159949": {"300750": 0.1}})

    assert holdings.rows.empty
    assert holdings.refused["fund"].tolist() == ["159949.SZ"]


def test_weights_that_sum_to_more_than_105_percent_refuse_that_fund_only():
    holdings = _json({"510500": {"600519": 0.6, "600036": 0.46}, **TWO})

    assert set(holdings.rows["symbol"]) == {"510300.SH"}
    assert holdings.refused["fund"].tolist() == ["510500.SH"]
    assert "sum to 1.0600" in holdings.refused["reason"].iloc[0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "no JSON"),
        ('{"510300": {"600519": 0.06', "no JSON"),
        ("[1, 2]", "no object of objects"),
        ("{}", "no row with a weight"),
        ('{"510300": {"600519": 6.24}}', "percent"),
        ('{"510300": {"600519": "six"}}', "'six'"),
        ('{"510300": {"600519": true}}', "'True'"),
        ('{"510300": {"600519": -0.1}}', "-0.1"),
        ('{"510300": {"600519": NaN}}', "'nan'"),
        ('{"510300": {"600519": 0.1, "600519": 0.2}}', "twice"),
        (b"\xff\xfe\x00", "no JSON"),
    ],
    ids=["empty", "cut", "a list", "no funds", "percent", "text", "bool", "negative", "nan", "twice", "no text"],
)
def test_json_that_cannot_be_used_is_an_error_that_says_why(body, words):
    with pytest.raises(BadInputError, match=words):
        _parse(body)


def test_the_official_sheet_counts_for_every_fund_of_its_index():
    holdings = _parse(_sheet([_line(), _line("000001", "0.425")]), SHEET)

    assert sorted(set(holdings.rows["symbol"])) == ["510300.SH", "510330.SH"]
    assert set(holdings.rows["as_of"]) == {pd.Timestamp("2026-04-30")}
    assert set(holdings.rows["published_at"]) == {pd.Timestamp("2026-05-06")}
    ours = holdings.rows[holdings.rows["symbol"] == "510300.SH"].set_index("stock")
    assert ours["weight"].to_dict() == pytest.approx({"600519.SH": 0.055, "000001.SZ": 0.00425})
    assert set(ours["stock_name"]) == {"茅台"}


@pytest.mark.parametrize(
    ("body", "how", "words"),
    [
        (b"", {}, "no spreadsheet"),
        (b"PK\x03\x04 broken", {}, "no spreadsheet"),
        (_sheet([["a", "b"]], ["Ticker", "Price"]), {}, "no single column"),
        (_sheet([]), {}, "not all of one date|no row"),
        (_sheet([_line(), _line("000001", day="20260331")]), {}, "one date"),
        (_sheet([_line(weight="lots")]), {}, "'lots'"),
        (_sheet([_line(weight="120")]), {}, "'120'"),
        (_sheet([_line()]), {"funds": ()}, "which funds"),
        (_sheet([_line()]), {"as_of": "2026-03-31"}, "as of 2026-04-30"),
    ],
    ids=["empty", "damaged", "another sheet", "no rows", "two dates", "text", "too much", "no funds", "other date"],
)
def test_a_sheet_that_cannot_be_used_is_an_error_that_says_why(body, how, words):
    with pytest.raises(BadInputError, match=words):
        _parse(body, SHEET.model_copy(update=how))


def test_an_upload_has_its_own_dates(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "\ufefffund,stock,weight,as_of,published_at,stock_name\n"
        "510300,600519,0.06,2024-03-29,2024-04-20,茅台\n510300.SH,000001.sz,0.01,2024-03-29,2024-04-20,平安\n"
    )

    rows = upload(path, SESSIONS).rows.set_index("stock")
    assert rows.index.tolist() == ["000001.SZ", "600519.SH"]
    assert set(rows["published_at"]) == {pd.Timestamp("2024-04-20")}
    assert rows["stock_name"].tolist() == ["平安", "茅台"]
    assert set(rows["source"]) == {"file:mine.csv"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "No columns"),
        ("fund,stock,weight,as_of\n", "no row with a weight"),
        ("fund,weight,as_of\n510300,0.1,2024-03-29\n", "no column stock"),
        ("fund,stock,weight,as_of,colour\n510300,600519,0.1,2024-03-29,red\n", "unknown column colour"),
        ("fund,stock,weight,as_of\n510300,600519,6.24,2024-03-29\n", "percent"),
        ("fund,stock,weight,as_of\n510300,600519,6%,2024-03-29\n", "row 2: weight is '6%'"),
        ("fund,stock,weight,as_of\n510300,600519,,2024-03-29\n", "row 2: weight is ''"),
        ("fund,stock,weight,as_of\n510300,600519,inf,2024-03-29\n", "row 2: weight is 'inf'"),
        ("fund,stock,weight,as_of\n510300,600519,0.1,29.3.2024\n", "row 2: as_of"),
        ("fund,stock,weight\n510300,600519,0.1\n", "as of when"),
        ("fund,stock,weight,as_of\n510300,,0.1,2024-03-29\n", "row 2: no stock"),
        ("fund,stock,weight,as_of,completeness\n510300,600519,0.1,2024-03-29,half\n", "'half'"),
        ("fund,stock,weight,as_of,published_at\n510300,600519,0.1,2024-03-29,2024-03-01\n", "before the end"),
        ("fund,stock,weight,as_of,shares\n510300,600519,0.1,2024-03-29,many\n", "shares is 'many'"),
        (b"fund,stock,weight,as_of\n510300,600519,0.1,2024-03-29,\xff\xff\n", "utf-8|tokeniz|codec"),
    ],
)
def test_an_upload_that_cannot_be_used_is_an_error_that_names_row_and_column(text, words):
    with pytest.raises(BadInputError, match=words):
        _parse(text, CSV, "mine.csv")


def test_a_stock_that_stands_twice_in_one_report_is_refused_both_times():
    text = "fund,stock,weight,as_of\n510300,600519,0.1,2024-03-29\n510300.SH,600519.SH,0.2,2024-03-29\n"

    holdings = _parse(text + "510300,600036,0.1,2024-03-29\n", CSV)
    assert holdings.rows["stock"].tolist() == ["600036.SH"]
    assert set(holdings.refused["reason"]) == {"stands twice"}


def test_of_two_files_about_one_report_the_later_counts_and_the_other_is_named():
    first, second = _json(TWO), _parse("fund,stock,weight,as_of\n510300,600036,0.1,2023-12-29\n", CSV, "mine.csv")

    both = together([first, second])
    assert both.rows["stock"].tolist() == ["600036.SH"]
    assert both.refused["reason"].tolist() == ["replaced by a later file: file:weights.x"]
    assert together([]).rows.empty


def test_a_report_asked_for_again_stays_public_since_the_first_time_and_others_stay():
    stored = pd.concat([_json(TWO, published_at="2024-01-03").rows, _json(TWO, as_of="2023-09-28").rows])
    fresh = _json(TWO, published_at="2024-02-01").rows

    rows = merged(fresh, stored)
    days = rows.groupby("as_of")["published_at"].first().dt.strftime("%Y-%m-%d").to_dict()
    assert len(rows) == 4
    assert days == {pd.Timestamp("2023-09-28"): "2023-10-09", pd.Timestamp("2023-12-29"): "2024-01-03"}


def test_a_file_that_is_not_there_is_told_from_a_folder_that_is_not_given(tmp_path):
    with pytest.raises(SourceError, match="there is no file"):
        read_holdings(JSON, tmp_path, SESSIONS)
    with pytest.raises(SourceError, match="no data folder"):
        read_holdings(JSON, None, SESSIONS)


def test_the_columns_of_an_upload_are_documented():
    assert CSV_COLUMNS[:3] == ("fund", "stock", "weight")


def test_the_real_index_weights_are_read_but_for_the_fund_with_the_wrong_index(shared):
    file = JSON.model_copy(update={"path": str(shared("data/holdings/etf_index_weights_20231229.json"))})

    holdings = read_holdings(file, None, SESSIONS)
    sizes = holdings.rows.groupby("symbol").size().to_dict()
    top = holdings.rows[(holdings.rows["symbol"] == "510300.SH") & (holdings.rows["rank"] == 1)].iloc[0]
    assert sizes == {
        "159915.SZ": 100,
        "510050.SH": 50,
        "510300.SH": 300,
        "510330.SH": 300,
        "510500.SH": 500,
        "512010.SH": 84,
        "512880.SH": 50,
    }
    assert (top["stock"], top["weight"]) == ("600519.SH", 0.06239)
    assert holdings.refused["fund"].tolist() == ["159949.SZ"]


def test_the_real_official_sheet_is_read(shared):
    file = SHEET.model_copy(update={"path": str(shared("data/holdings/000300closeweight.xls"))})

    holdings = read_holdings(file, None, SESSIONS)
    ours = holdings.rows[holdings.rows["symbol"] == "510330.SH"].set_index("stock")
    assert len(ours) == 300
    assert ours.loc["688981.SH", "weight"] == pytest.approx(0.00905)
    assert ours["weight"].sum() == pytest.approx(1.0, abs=1e-3)
    assert set(ours["as_of"]) == {pd.Timestamp("2026-04-30")}
    assert holdings.refused.empty

"""The LOBSTER reader and files of fills and quotes: what is read, and one clear sentence for what is not."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.market.sources.executions import read_fills_file, read_quotes_file
from etf_platform.market.sources.lobster import read_lobster

NAME = "AMZN_2012-06-21_34200000_57600000_{}_1.csv"
MESSAGES = """Time,Type,OrderId,Size,Price,Direction
34200.017459617,5,0,1,2238200,-1
34200.5,1,11,21,2238100,1
34201.0,4,11,20,2238100,1
34201.0,3,12,5,2231800,1
34202.25,4,13,100,2239500,-1
"""
BOOK = """BestAsk,BestAskVolume,BestBid,BestBidVolume
2239500,100,2231800,100
2239500,100,2238100,21
2239500,100,2238100,1
2239500,100,2238100,1
2239900,50,-9999999999,0
"""


@pytest.fixture
def write(tmp_path):
    def make(messages=MESSAGES, book=BOOK):
        (tmp_path / NAME.format("orderbook")).write_text(book)
        path = tmp_path / NAME.format("message")
        path.write_text(messages)
        return path

    return make


def test_executions_are_fills_of_the_limit_order(write):
    fills = read_lobster(write()).fills

    assert fills["side"].tolist() == ["sell", "buy", "sell"]
    assert fills["quantity"].tolist() == [1.0, 20.0, 100.0]
    assert fills["price"].tolist() == [223.82, 223.81, 223.95]
    assert fills["is_hidden"].tolist() == [True, False, False]
    assert fills["time"].iloc[0] == pd.Timestamp("2012-06-21 09:30:00.017459617")
    assert set(fills["symbol"]) == {"AMZN.US"}


def test_the_mid_is_that_of_the_row_before(write):
    """The first row is a hidden execution, which leaves the book as it is: its own row is the quote before."""
    fills = read_lobster(write()).fills

    assert fills["mid"].tolist() == [223.565, 223.88, 223.88]


def test_a_visible_execution_in_the_first_row_has_no_mid(write):
    fills = read_lobster(write(MESSAGES.replace(",5,0,1,", ",4,0,1,"))).fills

    assert fills["mid"].isna().tolist() == [True, False, False]


def test_an_empty_side_is_no_price(write):
    quotes = read_lobster(write()).quotes

    assert np.isnan(quotes["bid"].iloc[-1])
    assert quotes["ask"].iloc[-1] == 223.99


@pytest.mark.parametrize(
    ("messages", "book", "says"),
    [
        (MESSAGES.replace("Direction", "Side"), BOOK, "no column Direction"),
        (MESSAGES.replace("34201.0,3", "34200.0,3"), BOOK, "the time of row 3 is earlier"),
        (MESSAGES.replace("2238200", "dear"), BOOK, "Price of row 0 is 'dear'"),
        (MESSAGES.replace("11,20,2238100,1", "11,20,2238100,0"), BOOK, "a message has direction 0"),
        (MESSAGES.replace("34200.5,1", "34200.5,9"), BOOK, "a message has type 9"),
        (MESSAGES.replace("11,20,", "11,0,"), BOOK, "no positive size or price"),
        (MESSAGES, BOOK.replace("2238100,21", "2239600,21"), "row 1 of the book is crossed"),
        (MESSAGES, "\n".join(BOOK.splitlines()[:-1]), "5 messages, 4 book rows"),
        (MESSAGES, "", "No columns to parse"),
    ],
)
def test_bad_files_are_one_sentence(write, messages, book, says):
    with pytest.raises(BadInputError, match=says):
        read_lobster(write(messages, book))


def test_a_name_without_symbol_and_date_and_a_missing_book_are_told(tmp_path, write):
    with pytest.raises(BadInputError, match="says no symbol and date"):
        read_lobster(tmp_path / "messages.csv")
    path = write()
    path.with_name(NAME.format("orderbook")).unlink()
    with pytest.raises(BadInputError, match="No such file"):
        read_lobster(path)


def test_the_real_day(shared):
    """57,515 messages; 8,974 visible and 2,445 hidden executions; every one has the quote before it."""
    day = read_lobster(shared("data/lob") / NAME.format("message"))

    assert len(day.quotes) == 57_515
    assert day.fills["is_hidden"].value_counts().to_dict() == {False: 8_974, True: 2_445}
    assert day.fills["mid"].notna().all()
    assert (day.quotes["ask"] > day.quotes["bid"]).all()


def test_a_hidden_execution_leaves_the_real_book_as_it_is(shared):
    """What the quote of the first row rests on: true of all 2,444 later hidden executions of the day."""
    messages = pd.read_csv(shared("data/lob") / NAME.format("message"))
    book = pd.read_csv(shared("data/lob") / NAME.format("orderbook")).to_numpy()

    is_same = (book[1:] == book[:-1]).all(axis=1)
    hidden = messages["Type"].to_numpy()[1:] == 5

    assert hidden.sum() == 2_444
    assert is_same[hidden].all()


FILLS = """time,symbol,side,quantity,price,fee,decision_price
2024-01-02 09:30:00,A,Buy,100,10.1,0.5,10.0
2024-01-02 09:30:00.5,A,sell,50,10.2,0,
"""
QUOTES = """time,symbol,bid,ask
2024-01-02 09:30:00,A,10.0,10.2
2024-01-02 09:30:01,A,10.1,10.1
2024-01-02 09:30:02,A,,10.3
"""


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_reads_fills_and_quotes(tmp_path, suffix):
    for name, text in (("fills", FILLS), ("quotes", QUOTES)):
        (tmp_path / f"{name}.csv").write_text(text)
        frame = pd.read_csv(tmp_path / f"{name}.csv")
        frame.assign(time=pd.to_datetime(frame["time"], format="ISO8601")).to_parquet(tmp_path / f"{name}.parquet")

    fills, quotes = read_fills_file(tmp_path / f"fills{suffix}"), read_quotes_file(tmp_path / f"quotes{suffix}")

    assert fills["side"].tolist() == ["buy", "sell"]
    assert fills["decision_price"].iloc[0] == 10.0
    assert np.isnan(fills["decision_price"].iloc[1])
    assert fills["time"].diff().iloc[1] == pd.Timedelta("500ms")
    assert quotes["bid"].isna().tolist() == [False, False, True]
    assert str(quotes["time"].dtype) == str(fills["time"].dtype) == "datetime64[ns]"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("fee,", "cost,"), "no column fee; there are time"),
        (("10.1,0.5", "ten,0.5"), "price of row 0 is 'ten'"),
        (("10.1,0.5", "nan,0.5"), "price of row 0 is nan"),
        (("10.1,0.5", "inf,0.5"), "price of row 0 is 'inf'"),
        ((",100,", ",-100,"), "quantity of row 0 is '-100'"),
        (("10.1,0.5", "10.1,-0.5"), "fee of row 0 is '-0.5'"),
        (("Buy", "long"), "side of row 0 is 'long'"),
        (("09:30:00.5", "09:29:00"), "time of row 1 is '2024-01-02 09:29:00'.*sort the file"),
        (("2024-01-02 09:30:00,", "yesterday,"), "time of row 0 is 'yesterday'"),
        ((",A,Buy", ",,Buy"), "symbol of row 0 is nan"),
        (("10.0\n", "cheap\n"), "decision_price of row 0 is 'cheap'"),
    ],
)
def test_bad_fills_are_one_sentence(tmp_path, change, says):
    path = tmp_path / "fills.csv"
    path.write_text(FILLS.replace(*change, 1))

    with pytest.raises(BadInputError, match=says):
        read_fills_file(path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("bid,", "best,"), "no column bid"),
        (("10.1,10.1", "10.2,10.1"), "bid of row 1 is .*10.2.*above the ask"),
        (("10.1,10.1", "0,10.1"), "bid of row 1 is '0'"),
        (("09:30:02", "09:30:00"), "time of row 2"),
        ((",10.3", ",x"), "ask of row 2 is 'x'"),
    ],
)
def test_bad_quotes_are_one_sentence(tmp_path, change, says):
    path = tmp_path / "quotes.csv"
    path.write_text(QUOTES.replace(*change, 1))

    with pytest.raises(BadInputError, match=says):
        read_quotes_file(path)


def test_times_that_are_numbers_are_refused(tmp_path):
    """A Parquet column of nanoseconds could be seconds as well."""
    path = tmp_path / "quotes.parquet"
    pd.DataFrame({"time": [1, 2], "symbol": "A", "bid": 1.0, "ask": 2.0}).to_parquet(path)

    with pytest.raises(BadInputError, match="time of row 0"):
        read_quotes_file(path)


def test_missing_broken_and_empty_files(tmp_path):
    broken = tmp_path / "fills.parquet"
    broken.write_bytes(b"PAR1 is not enough")
    empty = tmp_path / "fills.csv"
    empty.write_text(FILLS.splitlines()[0] + "\n")

    with pytest.raises(BadInputError, match=r"nothing\.csv"):
        read_fills_file(tmp_path / "nothing.csv")
    with pytest.raises(BadInputError, match=r"fills\.parquet"):
        read_fills_file(broken)
    assert read_fills_file(empty).empty

"""Limits of stocks: the rate of the board and day, first days of listings, special treatment, and whom to believe."""

import json

import numpy as np
import pandas as pd
import pytest

from etf_platform.market.calendar import sessions
from etf_platform.market.limits import stock_limits
from etf_platform.market.rules import value_on

NOBODY = pd.DataFrame({"symbol": pd.Series([], dtype="str"), "start": pd.to_datetime([]), "end": pd.to_datetime([])})


def bars(*rows, **more):
    """Rows of (date, symbol, prev_close)."""
    frame = pd.DataFrame(rows, columns=["date", "symbol", "prev_close"]).assign(**more)
    return frame.assign(date=pd.to_datetime(frame["date"]).astype("datetime64[ns]"))


def limits(rows, stocks=None, st=None, feed=None):
    stocks = (
        pd.DataFrame({"symbol": pd.Series([], dtype="str"), "list_date": pd.to_datetime([])})
        if stocks is None
        else stocks
    )
    return stock_limits(rows, stocks, st, sessions("XSHG").index, feed)


@pytest.mark.parametrize(
    ("date", "symbol", "previous", "up", "down"),
    [
        ("2026-08-06", "600519.SH", 1306.45, 1437.10, 1175.81),
        ("2026-09-24", "688981.SH", 121.39, 145.67, 97.11),
        ("2026-09-24", "001216.SZ", 28.31, 31.14, 25.48),
        ("2026-09-30", "300893.SZ", 12.61, 15.13, 10.09),
        ("2024-09-23", "002583.SZ", 4.33, 4.76, 3.90),
        ("2024-09-23", "600225.SH", 1.79, 1.97, 1.61),
        ("2024-09-23", "300149.SZ", 4.28, 5.14, 3.42),
        ("2024-06-14", "830799.BJ", 7.77, 10.10, 5.44),
        ("2020-08-21", "300059.SZ", 10.05, 11.06, 9.05),
        ("2020-08-24", "300059.SZ", 10.05, 12.06, 8.04),
    ],
)
def test_limits_are_the_published_ones(date, symbol, previous, up, down):
    row = limits(bars((date, symbol, previous))).iloc[0]

    assert (row["basis"], row["limit_up"], row["limit_down"]) == ("computed", up, down)


def test_the_index_of_the_bars_is_kept():
    rows = bars(("2024-06-03", "600000.SH", 10.0), ("2024-06-03", "688001.SH", 10.0)).set_axis([7, 3])

    answer = limits(rows)

    assert answer.index.tolist() == [7, 3]
    assert answer["board"].tolist() == ["main", "star"]
    assert answer["rate"].tolist() == [0.1, 0.2]


def test_special_treatment_counts_on_its_days_only_and_is_unknown_without_a_list():
    """10.05 at 5 % is 10.55; the main board's 5 % ended on 2026-07-06; ChiNext's on 2020-08-24."""
    days = ("2024-04-29", "2024-04-30", "2024-06-28", "2024-07-01", "2026-07-06")
    rows = bars(*((d, "600000.SH", 10.05) for d in days))
    periods = pd.DataFrame(
        {
            "symbol": ["600000.SH", "600000.SH"],
            "start": pd.to_datetime(["2024-04-30", "2026-01-05"]),
            "end": pd.to_datetime(["2024-06-28", None]),
        }
    )

    known, unknown, nobody = limits(rows, st=periods), limits(rows), limits(rows, st=NOBODY)

    assert known["is_st"].tolist() == [False, True, True, False, True]
    assert known["limit_up"].tolist() == [11.06, 10.55, 10.55, 11.06, 11.06]
    assert unknown["is_st"].isna().all()
    assert unknown["limit_up"].tolist() == nobody["limit_up"].tolist() == [11.06] * 5
    assert not nobody["is_st"].any()
    assert nobody["is_st"].dtype == unknown["is_st"].dtype == "boolean"


def test_new_listings_have_no_limit_for_as_many_sessions_as_the_rule_of_their_listing_day_says():
    """Five on STAR, on ChiNext since the reform and on the main boards since 2023-04-10; one in Beijing."""
    cases = {
        "688001.SH": ("2024-04-01", 5),
        "301001.SZ": ("2020-08-24", 5),
        "001328.SZ": ("2023-04-10", 5),
        "601061.SH": ("2023-04-10", 5),
        "920001.BJ": ("2024-04-01", 1),
    }
    index = sessions("XSHG").index
    for symbol, (day, expected) in cases.items():
        first = index.searchsorted(pd.Timestamp(day))
        stocks = pd.DataFrame({"symbol": [symbol], "list_date": [pd.Timestamp(day)]})

        answer = limits(bars(*((d, symbol, 10.0) for d in index[first : first + 8])), stocks)

        assert answer["basis"].tolist() == ["no_limit"] * expected + ["computed"] * (8 - expected)
        assert answer[["rate", "limit_up", "limit_down"]].isna().any(axis=1).sum() == expected


def test_sessions_are_counted_not_rows():
    """Suspended on its second and third day, the stock has its fifth session on its third bar."""
    stocks = pd.DataFrame({"symbol": ["688001.SH"], "list_date": pd.to_datetime(["2024-04-08"])})
    rows = bars(*((d, "688001.SH", 10.0) for d in ("2024-04-08", "2024-04-11", "2024-04-12", "2024-04-15")))

    assert limits(rows, stocks)["basis"].tolist() == ["no_limit", "no_limit", "no_limit", "computed"]


@pytest.mark.parametrize(("symbol", "day"), [("601816.SH", "2020-01-16"), ("300830.SZ", "2020-05-21")])
def test_first_days_before_the_reform_have_44_percent_up_and_36_down_of_the_issue_price(symbol, day):
    """4.88 is the issue price of 601816: 7.0272 and 3.1232."""
    stocks = pd.DataFrame({"symbol": [symbol], "list_date": [pd.Timestamp(day)]})
    index = sessions("XSHG").index
    second = index[index.searchsorted(pd.Timestamp(day)) + 1]

    answer = limits(bars((day, symbol, 4.88), (second, symbol, 4.88)), stocks)

    assert answer["rate"].tolist() == [0.44, 0.1]
    assert answer["limit_up"].tolist() == [7.03, 5.37]
    assert answer["limit_down"].tolist() == [3.12, 4.39]


def test_a_stock_without_a_listing_date_counts_as_listed_long_ago():
    stocks = pd.DataFrame({"symbol": ["688001.SH"], "list_date": [pd.NaT]})

    answer = limits(bars(("2024-04-08", "688001.SH", 10.0), ("2024-04-08", "688002.SH", 10.0)), stocks)

    assert answer["basis"].tolist() == ["computed", "computed"]


def test_the_feeds_limit_comes_before_the_computed_one_unless_it_is_no_price():
    """The feed knows a 5 % stock; -1, 0 and 99999.99 are its ways to say nothing."""
    said = [10.55, -1.0, 0.0, 99_999.99, np.nan]
    symbols = [f"60000{i}.SH" for i in range(6)]
    rows = bars(*(("2024-04-08", s, 10.05) for s in symbols))
    feed = bars(*(("2024-04-08", s, 10.05) for s in symbols[:5]), limit_up=said, limit_down=[9.55, *said[1:]])

    answer = limits(rows, feed=feed)

    assert answer["basis"].tolist() == ["feed"] + ["computed"] * 5
    assert answer["limit_up"].tolist() == [10.55] + [11.06] * 5
    assert answer["limit_down"].tolist() == [9.55] + [9.05] * 5
    assert answer["rate"].tolist() == [0.05] + [0.10] * 5


def test_without_a_reference_price_or_an_a_share_the_limit_is_unknown_and_a_feed_may_still_know():
    rows = bars(
        ("2024-04-08", "600000.SH", np.nan), ("2024-04-08", "900901.SH", 1.0), ("2024-04-08", "600001.SH", np.nan)
    )
    feed = bars(("2024-04-08", "600001.SH", np.nan), limit_up=[11.0], limit_down=[9.0])

    answer = limits(rows, feed=feed)

    assert answer["basis"].tolist() == ["unknown", "unknown", "feed"]
    assert answer["limit_up"].isna().tolist() == [True, True, False]


def test_prices_beyond_a_computed_limit_disprove_it():
    """600610 resumed its listing on 2020-08-17: 3.26 before, 7.04 at the highest. A tick beyond is beyond."""
    rows = bars(
        ("2020-08-17", "600610.SH", 3.26),
        ("2020-08-17", "600611.SH", 10.0),
        ("2020-08-17", "600612.SH", 10.0),
        ("2020-08-17", "600613.SH", 10.0),
        high=[7.04, 11.00, 11.01, 10.0],
        low=[4.89, 9.00, 9.00, 8.99],
    )

    answer = limits(rows)

    assert answer["basis"].tolist() == ["unknown", "computed", "unknown", "unknown"]
    assert answer["limit_up"].isna().tolist() == [True, False, True, True]


def test_a_day_alone_has_the_limits_of_the_whole_history():
    index = sessions("XSHG").index
    span = index[(index >= "2020-08-10") & (index <= "2020-09-10")]
    stocks = pd.DataFrame(
        {"symbol": ["300860.SZ", "300059.SZ"], "list_date": pd.to_datetime(["2020-08-24", "2010-03-19"])}
    )
    rows = bars(
        *((d, s, 20.0) for d in span for s in stocks["symbol"] if s != "300860.SZ" or d >= pd.Timestamp("2020-08-24"))
    )

    whole = limits(rows, stocks)

    for day, one in rows.groupby("date"):
        pd.testing.assert_frame_equal(limits(one, stocks), whole[rows["date"] == day])


def test_no_rows_give_no_rows():
    assert len(limits(bars())) == 0


def test_free_sessions_of_the_main_board_are_the_published_rule(shared):
    records = json.loads(shared("golden/22_market_rules_cn.json").read_text())["records"]
    record = next(r for r in records if r["id"] == "cn.limit.ipo_first5.main.2023-04-10")

    assert record["value"] == "unlimited"
    assert value_on("no_limit_sessions", "main_board", "XSHG", record["effective_from"]) == 5
    assert value_on("no_limit_sessions", "main_board", "XSHG", "2023-04-09") == 0


def test_a_feeds_limit_also_wins_where_the_rules_give_none_or_a_wrong_one():
    """On a first session, and on a day whose prices disprove the computed limit."""
    stocks = pd.DataFrame({"symbol": ["688001.SH"], "list_date": pd.to_datetime(["2024-04-08"])})
    rows = bars(
        ("2024-04-08", "688001.SH", 10.0), ("2024-04-08", "600000.SH", 10.0), high=[11.9, 12.9], low=[10.0, 10.0]
    )
    feed = rows[["date", "symbol"]].assign(limit_up=[12.0, 13.0], limit_down=[8.0, 7.0])

    answer = limits(rows, stocks, feed=feed)

    assert answer["basis"].tolist() == ["feed", "feed"]
    assert answer["limit_up"].tolist() == [12.0, 13.0]
    assert answer["rate"].tolist() == [0.2, 0.3]

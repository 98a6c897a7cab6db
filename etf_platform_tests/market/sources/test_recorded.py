"""Every recorded reply says what a person reads in the file."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.ticks import limit_price
from etf_platform_tests.resources.live_cases import NAMES, Case, violations

UTC = "UTC"


def rows(case: Case) -> pd.DataFrame:
    parsed = case.parse()
    key = next(name for name in ("symbol", "date") if parsed.frame[name].is_unique)
    return parsed.frame.set_index(key)


@pytest.mark.parametrize("name", NAMES)
def test_every_row_of_every_reply_is_accepted_or_refused(cases, name):
    parsed = cases[name].parse()

    assert len(parsed.frame) + len(parsed.refused) == cases[name].n_rows
    assert set(parsed.refused["rule"]) <= {"not_asked"}
    assert violations(cases[name], parsed) == []


def test_every_recorded_file_has_a_case(recorded, shared):
    files = {p.name for p in shared("wire").iterdir() if "utf8" not in p.name and p.name != "README.md"}

    assert len(files) == 18
    assert len(recorded) == 18 + 1 + 4  # the file made for the pre-open, and five pools in one file


def test_tencent_reads_a_stock(cases):
    quote = rows(cases["quotes"]).loc["600519.SH"]

    assert quote["name"] == "贵州茅台"
    expected = {
        "last": 1301.50,
        "prev_close": 1306.45,
        "open": 1310.0,
        "high": 1314.4,
        "low": 1300.01,
        "volume": 1_113_100,
        "amount": 1_451_334_748,
        "turnover": 0.0009,
        "limit_up": 1437.10,
        "limit_down": 1175.81,
        "float_cap": 1_626_981_000_000,
        "bid1": 1301.52,
        "bid1_volume": 100,
        "bid5": 1301.20,
        "bid5_volume": 600,
        "ask1": 1301.95,
        "ask1_volume": 300,
        "ask5": 1302.09,
        "ask5_volume": 100,
    }
    assert quote[list(expected)].astype(float).to_dict() == pytest.approx(expected)
    assert quote["feed_time"] == pd.Timestamp("2026-08-06 02:43:33", tz=UTC)
    assert (quote["date"], quote["status"], quote["is_traded"]) == (pd.Timestamp("2026-08-06"), "normal", True)
    assert np.isnan([quote["iopv"], quote["premium"], quote["nav"]]).all()


@pytest.mark.parametrize(
    ("symbol", "iopv", "percent", "nav"),
    [("510300.SH", 4.7517, -0.01, 4.7111), ("159915.SZ", 3.5625, -0.07, 3.5124), ("161725.SZ", None, None, 0.5606)],
)
def test_premium_is_last_over_iopv_and_a_lof_has_none(cases, symbol, iopv, percent, nav):
    quote = rows(cases["quotes"]).loc[symbol]

    assert quote["nav"] == nav
    assert (quote["iopv"] == iopv) if iopv else np.isnan(quote["iopv"])
    assert (round(quote["premium"] * 100, 2) == percent) if percent else np.isnan(quote["premium"])


@pytest.mark.parametrize(
    ("symbol", "rate", "tick", "limit"),
    [
        ("600519.SH", 0.10, 0.01, 1437.10),
        ("510300.SH", 0.10, 0.001, 5.180),
        ("161725.SZ", 0.10, 0.001, 0.616),
        ("159915.SZ", 0.20, 0.001, 4.217),
        ("300893.SZ", 0.20, 0.01, 15.13),
        ("001216.SZ", 0.10, 0.01, 31.14),
        ("688981.SH", 0.20, 0.01, 145.67),
        ("601166.SH", 0.10, 0.01, 23.11),
        ("000001.SZ", 0.10, 0.01, 12.62),
    ],
)
def test_limits_of_the_feed_are_the_rounded_ones(cases, symbol, rate, tick, limit):
    quote = rows(cases["quotes"]).loc[symbol]

    assert quote["limit_up"] == limit == limit_price(quote["prev_close"], rate, tick)
    assert quote["limit_down"] == limit_price(quote["prev_close"], rate, tick, "down")


def test_a_sealed_board_has_an_empty_ask_side_and_a_known_seal(cases):
    quote = rows(cases["quotes"]).loc["300893.SZ"]

    assert quote["last"] == quote["limit_up"] == quote["bid1"] == 15.13
    assert (quote["ask1_volume"], quote["ask5_volume"]) == (0, 0)
    assert np.isnan(quote["ask1"])
    assert quote["bid1"] * quote["bid1_volume"] == pytest.approx(23_201_855)


def test_star_volume_is_in_shares_and_its_book_is_marked(cases):
    quotes = rows(cases["quotes"])

    assert quotes.loc["688981.SH", "volume"] == 18_660_976
    assert quotes.index[quotes["book_estimated"]].tolist() == ["688981.SH"]


def test_a_delisted_stock_has_neither_limits_nor_a_book_nor_a_trade(cases):
    quote = rows(cases["quotes"]).loc["600001.SH"]

    assert (quote["status"], quote["is_traded"], quote["volume"], quote["last"]) == ("delisted", False, 0, 5.29)
    assert np.isnan([quote[name] for name in ("limit_up", "limit_down", "open", "bid1", "bid1_volume")]).all()


def test_an_index_has_no_limits_and_no_book(cases):
    quote = rows(cases["quotes"]).loc["000001.SH"]

    assert (quote["kind"], quote["last"], quote["amount"]) == ("index", 3888.37, 783_613_001_376)
    assert quote["volume"] == 43_853_041_200
    assert np.isnan([quote[name] for name in ("limit_up", "bid1_volume", "ask1_volume")]).all()


def test_a_code_that_the_provider_leaves_out_is_missing(cases):
    from dataclasses import replace

    case = cases["quotes"]
    parsed = replace(case, ask=replace(case.ask, symbols=(*case.ask.symbols, "601988.SH"))).parse()

    assert parsed.missing == ("601988.SH",)
    assert parsed.completeness == pytest.approx(11 / 12)


def test_sina_reads_a_stock_and_a_fund_in_shares_and_an_index_in_lots(cases):
    quotes = rows(cases["sina"])

    assert quotes["volume"].to_dict() == {"600519.SH": 2_821_830, "000001.SH": 45_235_067_500, "510300.SH": 986_408_900}
    assert quotes.loc["600519.SH", ["open", "prev_close", "last", "high", "low"]].tolist() == [
        1236.0,
        1237.0,
        1243.88,
        1244.01,
        1228.1,
    ]
    assert quotes.loc["510300.SH", ["bid1", "bid1_volume", "ask5", "ask5_volume"]].tolist() == [
        4.417,
        1_329_100,
        4.422,
        414_600,
    ]
    assert quotes.loc["600519.SH", "feed_time"] == pd.Timestamp("2026-09-28 07:34:59", tz=UTC)
    assert quotes["limit_up"].isna().all()


def test_sina_shows_the_previous_close_before_the_opening(cases):
    quote = rows(cases["preopen"]).loc["000001.SZ"]

    assert (quote["last"], quote["is_traded"], quote["volume"]) == (11.3, False, 0)
    assert np.isnan([quote["open"], quote["bid1_volume"]]).all()


@pytest.mark.parametrize(
    ("name", "last", "close", "volume", "previous"),
    [
        ("day", "2026-09-11", 330.51, 27_660_000, 338.06),
        ("day_with_qt", "2026-01-14", 21.13, 42_439_300, 21.01),
        ("week", "2026-09-11", 330.51, 172_436_300, 351.0),
        ("month", "2026-09-11", 330.51, 269_076_200, 363.55),
        ("newfq_day", "2026-09-24", 28.40, 42_858_000, 28.31),
        ("hk_day", "2026-09-11", 428.4, 15_628_379, 425.6),
        ("push2his", "2022-12-21", 12.02, 38_403_300, 12.44),
    ],
)
def test_the_last_bar_of_each_reply(cases, name, last, close, volume, previous):
    bar = rows(cases[name]).loc[pd.Timestamp(last)]

    assert (bar["close"], bar["volume"], bar["prev_close"]) == (close, volume, previous)


def test_the_first_bar_takes_the_close_before_it_from_the_reply(cases):
    firsts = {name: cases[name].parse().frame["prev_close"].iloc[0] for name in ("day", "hk_day", "push2his")}

    assert firsts == {"day": 335.49, "hk_day": 434.0, "push2his": 9.98}


def test_beijing_bars_come_unadjusted_under_a_plain_key_and_say_so(cases):
    parsed = cases["bj_day_unprefixed"].parse()

    assert parsed.notes == ("asked for qfq, got unadjusted prices",)
    assert parsed.frame["volume"].tolist() == [3_426_700]
    assert parsed.frame["amount"].tolist() == pytest.approx([52_811_800])


def test_minutes_are_differences_of_the_sums(cases):
    frame = cases["minute"].parse().frame

    assert frame["volume"].tolist() == [532_800, 1_105_800, 415_800]
    assert frame["amount"].tolist() == pytest.approx([177_454_368.0, 368_156_084.56, 138_558_233.10])
    assert frame["time"].iloc[0] == pd.Timestamp("2026-09-11 01:30", tz=UTC)


def test_a_list_page_says_how_many_rows_it_should_have_and_what_follows(cases):
    parsed = cases["clist"].parse()
    stock = parsed.frame.set_index("symbol").loc["600280.SH"]

    assert (parsed.expected, parsed.next_ask.page, parsed.completeness) == (20, 2, 0.3)
    assert stock[["last", "high", "low", "open", "prev_close", "volume", "amount"]].tolist() == [
        3.83,
        3.83,
        3.2,
        3.2,
        3.48,
        201_066_400,
        709_170_306,
    ]
    assert parsed.frame["feed_time"].isna().all()


def test_the_limit_up_pool_reads_prices_seals_and_ladders(cases):
    parsed = cases["pool"].parse()
    row = parsed.frame.set_index("symbol").loc["600696.SH"]

    assert (parsed.expected, len(parsed.frame), set(parsed.frame["date"])) == (54, 20, {pd.Timestamp("2024-09-23")})
    assert (row["last"], row["limit_price"], row["seal_amount"], row["times_opened"]) == (7.06, 7.06, 4_106_802, 30)
    assert row["change"] == pytest.approx(0.0996884727)
    assert (row["boards_in_row"], row["window_days"], row["window_boards"]) == (3, 3, 3)
    assert row["first_seal"] == pd.Timestamp("2024-09-23 01:39:32", tz=UTC)
    assert row["last_seal"] == pd.Timestamp("2024-09-23 05:57:56", tz=UTC)


def test_a_callback_changes_nothing_but_the_hash(cases):
    plain, wrapped = cases["pool"].parse(), cases["pool_jsonp"].parse()

    pd.testing.assert_frame_equal(plain.frame.drop(columns="payload_hash"), wrapped.frame.drop(columns="payload_hash"))
    assert plain.payload_hash != wrapped.payload_hash


def test_sister_pools_leave_unknown_what_they_do_not_say(cases):
    yesterday, down, strong, young = (
        cases[f"pool_{name}"].parse().frame.iloc[0] for name in ("yesterday_zt", "dt", "strong", "sub_new")
    )

    assert (yesterday["limit_price"], yesterday["boards_in_row"], yesterday["last"]) == (4.25, 3, 3.66)
    assert np.isnan(yesterday["seal_amount"])
    assert (down["seal_amount"], down["times_opened"], down["symbol"]) == (1_981_083, 4, "000607.SZ")
    assert (strong["limit_price"], strong["last"]) == (17.98, 17.98)
    assert (young["symbol"], young["name"]) == ("920201.BJ", "N百瑞吉")
    assert young["change"] == pytest.approx(3.314)
    assert np.isnan(young["limit_price"])


def test_holdings_of_seven_and_of_nine_columns(cases):
    seven, nine = cases["holdings"].parse().frame, cases["holdings_nine"].parse().frame

    assert seven["stock"].tolist() == ["300750.SZ", "600519.SH"]
    assert seven["weight"].tolist() == [0.0499, 0.0729]
    assert seven["shares"].tolist() == pytest.approx([20_597_500, 1_210_900])
    assert seven["value"].tolist() == pytest.approx([983_324_900, 1_435_495_600])
    assert seven["weight_sum"].tolist() == pytest.approx([0.1228] * 2)
    assert (nine["weight"].tolist(), nine["shares"].tolist()) == ([0.1833], [pytest.approx(5_083_400)])


def test_a_quarter_s_holdings_are_not_usable_before_they_were_public(cases):
    frame = cases["holdings"].parse().frame

    assert set(frame["as_of"]) == {pd.Timestamp("2026-03-31")}
    assert set(frame["published_at"]) == {pd.Timestamp("2026-05-01")}
    assert frame["published_estimated"].all()


def test_provenance_stands_on_every_row(cases):
    import hashlib

    case = cases["quotes"]
    frame = case.parse().frame

    assert set(frame["payload_hash"]) == {hashlib.sha256(case.body).hexdigest()}
    assert set(frame["source"]) == {"live:tencent"}
    assert set(frame["fetched_at"]) == {pd.Timestamp("2026-11-01 08:30", tz=UTC)}


def test_a_session_that_was_asked_for_refuses_quotes_of_another_day(cases):
    from dataclasses import replace

    case = cases["quotes"]
    parsed = replace(case, ask=replace(case.ask, session=date(2026, 9, 24))).parse()

    assert parsed.frame["symbol"].tolist() == ["000001.SH", "001216.SZ", "688981.SH"]
    assert parsed.refused["rule"].tolist() == ["other_date"] * 8

"""Tushare, Yahoo and single EastMoney quotes, whose replies were not recorded: written by hand after public formats."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.errors import ReplyError
from etf_platform.core.units.source import BarAsk
from etf_platform.market.sources.tencent.bars import years_of_months
from etf_platform.market.sources.tushare import adj_factors
from etf_platform_tests.resources.handmade_replies import eastmoney_quote, tushare_bars, yahoo_bars
from etf_platform_tests.resources.live_cases import Case, handmade_cases, violations


@pytest.fixture
def handmade() -> dict[str, Case]:
    return {case.name: case for case in handmade_cases()}


def test_tushare_bars_come_in_shares_and_yuan_in_order_of_date(handmade):
    frame = handmade["tushare_bars"].parse().frame

    assert frame["date"].tolist() == [pd.Timestamp("2026-01-14"), pd.Timestamp("2026-01-15")]
    assert frame["volume"].tolist() == [500_000_000, 943_535_600]
    assert frame["amount"].tolist() == pytest.approx([2_350_000_000, 4_474_693_309])
    assert frame["prev_close"].tolist() == [4.7, 4.709]


def test_a_full_reply_of_tushare_is_followed_by_an_ask_for_the_days_before(handmade):
    data = json.loads(tushare_bars())["data"] | {"has_more": True}
    parsed = handmade["tushare_bars"].parse(tushare_bars(data=data))

    assert parsed.next_ask == BarAsk("510300.SH", date(2026, 1, 1), date(2026, 1, 13))


@pytest.mark.parametrize(
    ("code", "said", "kind", "passes"),
    [
        (40101, "您的token不对，请确认。", "token", False),
        (40203, "抱歉，您没有访问该接口的权限，权限的具体详情访问：https://example.org", "points", False),
        (40203, "抱歉，您每分钟最多访问该接口200次，权限的具体详情访问：https://example.org", "rate", True),
        (50101, "必填参数", "provider", False),
    ],
)
def test_refusals_of_tushare_are_told_apart(handmade, code, said, kind, passes):
    with pytest.raises(ReplyError) as caught:
        handmade["tushare_bars"].parse(tushare_bars(code=code, msg=said, data=None))

    assert (caught.value.kind, caught.value.retryable) == (kind, passes)


def test_a_limit_price_of_tushare_that_means_none_is_unknown(handmade):
    frame = handmade["tushare_limits"].parse().frame.set_index("symbol")

    assert frame["limit_up"].dropna().to_dict() == {"510300.SH": 5.18, "600519.SH": 1437.1}
    assert np.isnan(frame.loc["301999.SZ", ["limit_up", "limit_down"]].astype(float)).all()


def test_adjustment_factors_are_closes_over_ex_rights_references():
    rows = pd.DataFrame({"close": [10.0, 9.0, 4.6], "prev_close": [np.nan, 10.0, 4.5]})

    assert adj_factors(rows).tolist() == [1.0, 1.0, 2.0]


def test_yahoo_prices_come_as_traded_with_a_factor_that_grows_by_each_event(handmade):
    frame = handmade["yahoo"].parse().frame

    assert frame["close"].tolist() == [100.0, 102.0, 51.0, 52.0]
    assert frame["volume"].tolist() == [1000, 1100, 2100, 1900]
    assert frame["adj_factor"].tolist() == pytest.approx([1, 1 / 0.995, 2 / 0.995, 2 / 0.995])
    assert frame["prev_close"].tolist()[1:] == [100.0, 51.0, 51.0]
    assert frame["amount"].isna().all()


def test_a_later_event_does_not_change_an_earlier_row(handmade):
    whole = handmade["yahoo"].parse().frame
    reply = json.loads(yahoo_bars())
    result = reply["chart"]["result"][0]
    del result["events"]["splits"]
    quote, adjusted = result["indicators"]["quote"][0], result["indicators"]["adjclose"][0]
    for name in ("open", "high", "low", "close"):
        quote[name] = [2 * x for x in quote[name][:2]]
    quote["volume"] = [x / 2 for x in quote["volume"][:2]]
    adjusted["adjclose"] = [2 * x for x in adjusted["adjclose"][:2]]
    result["timestamp"] = result["timestamp"][:2]
    result["events"]["dividends"]["1"]["amount"] = 0.5
    before = handmade["yahoo"].parse(json.dumps(reply).encode()).frame

    same = ["date", "open", "high", "low", "close", "volume", "adj_factor"]
    pd.testing.assert_frame_equal(before[same], whole[same].head(2))


def test_a_null_row_of_yahoo_is_refused_and_the_next_one_knows_no_close_before(handmade):
    parsed = handmade["yahoo"].parse(yahoo_bars(close=[50.0, None, 51.0, 52.0]))

    assert parsed.refused[["date", "rule"]].to_numpy().tolist() == [[pd.Timestamp("2026-01-07"), "missing_value"]]
    assert parsed.frame["prev_close"].isna().tolist() == [True, True, False]


def test_a_close_of_0_at_yahoo_is_refused(handmade):
    parsed = handmade["yahoo"].parse(yahoo_bars(close=[50.0, 0, 51.0, 52.0]))

    assert parsed.refused["rule"].tolist() == ["non_positive_price"]


def test_rows_whose_adjclose_contradicts_the_events_are_refused(handmade):
    reply = json.loads(yahoo_bars())
    del reply["chart"]["result"][0]["events"]["dividends"]
    parsed = handmade["yahoo"].parse(json.dumps(reply).encode())

    assert parsed.refused["rule"].tolist() == ["inconsistent"] * 3
    assert parsed.frame["date"].tolist() == [pd.Timestamp("2026-01-06")]


def test_an_index_of_quotes_has_no_volume(handmade):
    reply = json.loads(yahoo_bars(volume=[0, 0, 0, None]))
    result = reply["chart"]["result"][0]
    result["meta"] |= {"symbol": "^VIX", "exchangeTimezoneName": "America/Chicago"}
    result["events"] = {}
    result["indicators"]["adjclose"][0]["adjclose"] = [50.0, 51.0, 51.0, 52.0]
    case = replace(handmade["yahoo"], ask=replace(handmade["yahoo"].ask, symbol="^VIX"))
    frame = case.parse(json.dumps(reply).encode()).frame

    assert frame["volume"].tolist() == [0, 0, 0, 0]
    assert frame["close"].tolist() == [50.0, 51.0, 51.0, 52.0]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "Not Found", "description": "No data found, symbol may be delisted"}, "provider"),
        ({"code": "Too Many Requests", "description": "Rate limited"}, "rate"),
    ],
)
def test_errors_of_yahoo_are_typed(handmade, error, kind):
    with pytest.raises(ReplyError) as caught:
        handmade["yahoo"].parse(json.dumps({"chart": {"result": None, "error": error}}).encode())

    assert caught.value.kind == kind


@pytest.mark.parametrize("change", [{"close": [1.0]}, {"open": "x"}, {"volume": []}])
def test_columns_of_unequal_length_are_no_rows_at_all(handmade, change):
    with pytest.raises(ReplyError) as caught:
        handmade["yahoo"].parse(yahoo_bars(**change))

    assert caught.value.kind == "layout"


def test_a_single_eastmoney_quote_has_limits_and_a_time(handmade):
    case = handmade["quote"]
    quote = case.parse().frame.iloc[0]

    assert violations(case, case.parse()) == []
    assert (quote["volume"], quote["limit_up"], quote["turnover"]) == (1_113_100, 1437.1, 0.0009)
    assert quote["feed_time"] == pd.Timestamp("2026-08-06 02:23:33", tz="UTC")
    assert quote["date"] == pd.Timestamp("2026-08-06")
    with pytest.raises(ReplyError, match="about '000858"):
        case.parse(eastmoney_quote(f57="000858"))


def test_years_are_made_of_months():
    months = pd.DataFrame(
        {
            "date": pd.to_datetime(["2024-11-29", "2024-12-31", "2025-01-27"]),
            "symbol": "510300.SH",
            "open": [1.0, 2.0, 3.0],
            "high": [5.0, 4.0, 3.5],
            "low": [0.5, 1.5, 2.5],
            "close": [2.0, 3.0, 3.2],
            "prev_close": [0.9, 2.0, 3.0],
            "volume": [10.0, 20.0, 30.0],
            "amount": [10.0, np.nan, 30.0],
            "adj_factor": 1.0,
            "source": "test",
            "fetched_at": pd.Timestamp("2025-02-01", tz="UTC"),
        }
    )
    years = years_of_months(months)

    assert years[["open", "high", "low", "close", "volume", "prev_close"]].to_numpy().tolist() == [
        [1.0, 5.0, 0.5, 3.0, 30.0, 0.9],
        [3.0, 3.5, 2.5, 3.2, 30.0, 3.0],
    ]
    assert years["date"].tolist() == [pd.Timestamp("2024-12-31"), pd.Timestamp("2025-01-27")]
    assert years["amount"].isna().tolist() == [True, False]

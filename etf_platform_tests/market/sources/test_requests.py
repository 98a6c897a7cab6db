"""How the sources ask: hosts, paths, parameters, headers, and where a token may be seen."""

import json
from datetime import date

import pytest
from pydantic import SecretStr

import etf_platform.market.sources as folder
from etf_platform.core.catalog import collect
from etf_platform.core.errors import BadInputError, UnknownUnitError
from etf_platform.core.units.source import (
    BarAsk,
    HoldingsAsk,
    LimitAsk,
    ListAsk,
    LiveSource,
    MinuteAsk,
    PoolAsk,
    QuoteAsk,
    Request,
)
from etf_platform.market.sources.eastmoney import EASTMONEY
from etf_platform.market.sources.sina import SINA
from etf_platform.market.sources.tencent import TENCENT
from etf_platform.market.sources.tushare import TUSHARE
from etf_platform.market.sources.yahoo import YAHOO

DAY = date(2026, 9, 24)
ASKS = {
    "quotes": QuoteAsk(("600519.SH",)),
    "bars": BarAsk("510300.SH", date(2026, 9, 1), DAY),
    "minutes": MinuteAsk("510300.SH", DAY),
    "lists": ListAsk("etf"),
    "pools": PoolAsk("limit_up", DAY),
    "holdings": HoldingsAsk("510300.SH", 2026),
    "limits": LimitAsk(DAY),
}
TOKEN = SecretStr("very-secret-token")


def test_the_folder_is_the_registry_of_live_sources():
    assert {source.name for source in collect(folder, LiveSource)} == {
        "tencent",
        "sina",
        "eastmoney",
        "tushare",
        "yahoo",
    }


@pytest.mark.parametrize("source", [TENCENT, SINA, EASTMONEY, TUSHARE, YAHOO], ids=lambda s: s.name)
def test_every_request_goes_to_a_host_of_its_source_over_tls(source):
    for endpoint in source.endpoints:
        ask = BarAsk("QQQ.US", DAY, DAY) if source is YAHOO else ASKS[endpoint.provides]
        request = endpoint.request(ask, TOKEN) if source.needs_token else endpoint.request(ask)

        assert request.host in source.hosts
        assert request.url.startswith("https://")


def test_a_content_that_a_source_does_not_give_is_an_error():
    with pytest.raises(UnknownUnitError, match="it gives quotes"):
        SINA.endpoint("holdings")


def test_quotes_of_several_symbols_go_in_one_request():
    ask = QuoteAsk(("600519.SH", "000001.SZ", "920047.BJ"))

    assert TENCENT.endpoint("quotes").request(ask).url == "https://qt.gtimg.cn/q=sh600519,sz000001,bj920047"
    sina = SINA.endpoint("quotes").request(ask)
    assert (sina.url, sina.headers) == (
        "https://hq.sinajs.cn/list=sh600519,sz000001,bj920047",
        {"Referer": "https://finance.sina.com.cn"},
    )


@pytest.mark.parametrize("symbols", [(), ("600519.SH",) * 61, ("900901.SH",), ("QQQ.US",), ("00700.HK",)])
def test_symbols_without_a_quote_at_tencent_are_refused_before_anything_is_sent(symbols):
    with pytest.raises(BadInputError):
        TENCENT.endpoint("quotes").request(QuoteAsk(symbols))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (TENCENT, {"param": "sh510300,day,2026-09-01,2026-09-24,2000,"}),
        (EASTMONEY, {"secid": "1.510300", "klt": "101", "fqt": "0", "beg": "20260901", "end": "20260924"}),
    ],
    ids=["tencent", "eastmoney"],
)
def test_bars_are_asked_for_by_range_and_adjustment(source, expected):
    params = dict(source.endpoint("bars").request(ASKS["bars"]).params)

    assert {name: params[name] for name in expected} == expected


def test_lists_pools_and_holdings_name_group_session_and_fund():
    pool = EASTMONEY.endpoint("pools").request(ASKS["pools"])
    fund = EASTMONEY.endpoint("holdings").request(ASKS["holdings"])

    assert dict(EASTMONEY.endpoint("lists").request(ASKS["lists"]).params)["fs"] == (
        "b:MK0021,b:MK0022,b:MK0023,b:MK0024"
    )
    assert (pool.url, dict(pool.params)["date"]) == ("https://push2ex.eastmoney.com/getTopicZTPool", "20260924")
    assert dict(fund.params)["code"] == "510300"
    assert fund.headers == {"Referer": "https://fundf10.eastmoney.com/ccmx_510300.html"}


@pytest.mark.parametrize("ask", [ListAsk("nothing"), ListAsk("etf", size=101), ListAsk("etf", page=0)])
def test_an_unknown_group_or_too_large_a_page_is_refused(ask):
    with pytest.raises(BadInputError):
        EASTMONEY.endpoint("lists").request(ask)


def test_yahoo_is_asked_for_the_day_after_the_last_one():
    params = dict(YAHOO.endpoint("bars").request(BarAsk("^VIX", date(2026, 1, 5), date(2026, 1, 9))).params)

    # Midnight of New York, five hours behind: 2026-01-05 and 2026-01-10.
    assert (params["period1"], params["period2"]) == ("1767589200", "1768021200")


@pytest.mark.parametrize("ask", [BarAsk("QQQ.US", DAY, DAY, "week"), BarAsk("QQQ.US", DAY, DAY, "day", "qfq")])
def test_yahoo_and_tushare_give_unadjusted_days_only(ask):
    with pytest.raises(BadInputError):
        YAHOO.endpoint("bars").request(ask)
    with pytest.raises(BadInputError):
        TUSHARE.endpoint("bars").request(BarAsk("510300.SH", DAY, DAY, ask.period, ask.adjust), TOKEN)


@pytest.mark.parametrize(
    ("symbol", "api"), [("510300.SH", "fund_daily"), ("600519.SH", "daily"), ("000300.SH", "index_daily")]
)
def test_tushare_is_posted_the_api_of_the_kind_with_its_token(symbol, api):
    request = TUSHARE.endpoint("bars").request(BarAsk(symbol, date(2026, 9, 1), DAY), TOKEN)
    body = json.loads(request.content() or b"")

    assert (request.method, body["api_name"], body["token"]) == ("POST", api, "very-secret-token")
    assert body["params"] == {"ts_code": symbol, "start_date": "20260901", "end_date": "20260924"}


def test_a_token_stands_in_no_text_of_a_request():
    request = TUSHARE.endpoint("limits").request(LimitAsk(DAY), TOKEN)

    for words in (repr(request), str(request), f"{request}", f"{request.body}", str(request.params), request.url):
        assert "very-secret" not in words


def test_a_request_can_be_sent_to_another_base():
    request = Request("https://qt.gtimg.cn/q=sh600519", (("a", "b"),)).at("http://127.0.0.1:8001/")

    assert (request.url, request.host, request.params) == (
        "http://127.0.0.1:8001/q=sh600519",
        "127.0.0.1:8001",
        (("a", "b"),),
    )

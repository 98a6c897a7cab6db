"""EastMoney: lists, single quotes, K-lines, limit-up pools and holdings of funds; no key, blocks callers that hurry."""

from etf_platform.core.units.source import Endpoint, LiveSource
from etf_platform.market.sources.eastmoney.bars import parse_bars, request_bars
from etf_platform.market.sources.eastmoney.holdings import parse_holdings, request_holdings
from etf_platform.market.sources.eastmoney.lists import PAGE, parse_list, parse_quote, request_list, request_quote
from etf_platform.market.sources.eastmoney.pools import parse_pool, request_pool

EASTMONEY = LiveSource(
    "eastmoney",
    (
        "push2.eastmoney.com",
        "82.push2.eastmoney.com",
        "92.push2.eastmoney.com",
        "push2delay.eastmoney.com",
        "push2his.eastmoney.com",
        "push2ex.eastmoney.com",
        "fundf10.eastmoney.com",
    ),
    (
        Endpoint("quotes", request_quote, parse_quote, recorded=False),
        Endpoint("lists", request_list, parse_list, PAGE),
        Endpoint("bars", request_bars, parse_bars),
        Endpoint("pools", request_pool, parse_pool),
        Endpoint("holdings", request_holdings, parse_holdings),
    ),
    rate=1.0,
)

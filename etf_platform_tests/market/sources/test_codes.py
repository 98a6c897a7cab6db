"""Symbols and the codes of the feeds."""

import pytest

from etf_platform.core.errors import BadInputError
from etf_platform.market.codes import classify, feed_code, from_feed, from_secid, secid, yahoo_ticker


@pytest.mark.parametrize(
    ("symbol", "feed", "eastmoney", "kind", "board"),
    [
        ("600519.SH", "sh600519", "1.600519", "stock", "main"),
        ("601166.SH", "sh601166", "1.601166", "stock", "main"),
        ("603912.SH", "sh603912", "1.603912", "stock", "main"),
        ("605086.SH", "sh605086", "1.605086", "stock", "main"),
        ("688981.SH", "sh688981", "1.688981", "stock", "star"),
        ("689009.SH", "sh689009", "1.689009", "stock", "star"),
        ("000001.SZ", "sz000001", "0.000001", "stock", "main"),
        ("001216.SZ", "sz001216", "0.001216", "stock", "main"),
        ("003816.SZ", "sz003816", "0.003816", "stock", "main"),
        ("300750.SZ", "sz300750", "0.300750", "stock", "chinext"),
        ("302132.SZ", "sz302132", "0.302132", "stock", "chinext"),
        ("920047.BJ", "bj920047", "0.920047", "stock", "bse"),
        ("830799.BJ", "bj830799", "0.830799", "stock", "bse"),
        ("430047.BJ", "bj430047", "0.430047", "stock", "bse"),
        ("510300.SH", "sh510300", "1.510300", "fund", "fund"),
        ("588000.SH", "sh588000", "1.588000", "fund", "fund"),
        ("561380.SH", "sh561380", "1.561380", "fund", "fund"),
        ("520830.SH", "sh520830", "1.520830", "fund", "fund"),
        ("159915.SZ", "sz159915", "0.159915", "fund", "fund"),
        ("161725.SZ", "sz161725", "0.161725", "lof", "fund"),
        ("501018.SH", "sh501018", "1.501018", "lof", "fund"),
        ("000001.SH", "sh000001", "1.000001", "index", "index"),
        ("399006.SZ", "sz399006", "0.399006", "index", "index"),
        ("00700.HK", "hk00700", "116.00700", "stock", "hk"),
    ],
)
def test_a_symbol_and_its_codes_are_each_other_s_inverse(symbol, feed, eastmoney, kind, board):
    market, code = eastmoney.split(".")

    assert (feed_code(symbol), secid(symbol)) == (feed, eastmoney)
    assert (from_feed(feed), from_secid(market, code)) == (symbol, symbol)
    assert (classify(symbol).kind, classify(symbol).board) == (kind, board)


@pytest.mark.parametrize("symbol", ["900901.SH", "200012.SZ", "204001.SH", "123001.SZ", "600519", "600519.SZ", "", "."])
def test_b_shares_and_other_codes_have_no_feed(symbol):
    with pytest.raises(BadInputError, match="no stock, fund or index"):
        feed_code(symbol)


@pytest.mark.parametrize("code", ["sh900901", "sz200012", "sh６00519", "usAAPL", "xx600519", "", "sh"])
def test_a_feed_code_that_the_house_does_not_list_has_no_symbol(code):
    assert from_feed(code) is None


def test_the_exchange_is_part_of_an_index_s_key():
    assert (classify("000001.SH").kind, classify("000001.SZ").kind) == ("index", "stock")


@pytest.mark.parametrize(("symbol", "ticker"), [("QQQ.US", "QQQ"), ("BRK-B.US", "BRK-B"), ("^VIX", "^VIX")])
def test_us_symbols_have_a_ticker_and_no_chinese_feed(symbol, ticker):
    assert yahoo_ticker(symbol) == ticker
    with pytest.raises(BadInputError):
        feed_code(symbol)


def test_mainland_symbols_have_no_us_ticker():
    with pytest.raises(BadInputError):
        yahoo_ticker("510300.SH")

"""Providers that never were: one market told in the formats of Tencent, EastMoney, Sina and Yahoo, over real HTTP.

The market is a plain function of symbol and session, so that a test knows every number without the code under test.
"""

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

import pandas as pd

from etf_platform_tests.resources.replay_server import Query, Replay

TENCENT, EASTMONEY, SINA, YAHOO = (
    "web.ifzq.gtimg.cn",
    "push2his.eastmoney.com",
    "hq.sinajs.cn",
    "query1.finance.yahoo.com",
)


@dataclass
class Market:
    """Daily bars of some symbols on some sessions.

    Attributes
    ----------
    sessions : sequence of str
        ISO dates in order.
    restated : dict of (symbol, date) to factor
        Days whose four prices a provider has changed afterwards.
    """

    symbols: Sequence[str]
    sessions: Sequence[str]
    restated: dict[tuple[str, str], float] = field(default_factory=dict)

    def close(self, symbol: str, at: int) -> float:
        """Close of the session with this number; the one before the first is number -1."""
        seed = zlib.crc32(f"{symbol} {at}".encode()) % 2001 - 1000
        factor = self.restated.get((symbol, self.sessions[at]), 1.0) if at >= 0 else 1.0
        return round((2.0 + zlib.crc32(symbol.encode()) % 300 / 100) * (1 + seed / 60_000) * factor, 3)

    def bar(self, symbol: str, at: int) -> dict[str, float]:
        """Open, high, low, close, close before, lots."""
        close, previous = self.close(symbol, at), self.close(symbol, at - 1)
        prices = {"open": previous, "high": max(close, previous), "low": min(close, previous), "close": close}
        return prices | {"previous": previous, "lots": 500_000 + zlib.crc32(f"v{symbol}{at}".encode()) % 500_000}

    def within(self, start: str, end: str) -> list[int]:
        """Numbers of the sessions in [start, end]."""
        return [at for at, day in enumerate(self.sessions) if start <= day <= end]


def serve(replay: Replay, market: Market) -> None:
    """Let a replay server answer for all four providers."""
    for host, answer in {TENCENT: _tencent, EASTMONEY: _eastmoney, SINA: _sina, YAHOO: _yahoo}.items():
        replay.hosts[host] = _bound(answer, market)


def _bound(
    answer: Callable[[Market, str, Query], bytes | None], market: Market
) -> Callable[[str, Query], bytes | None]:
    return lambda path, query: answer(market, path, query)


def _tencent(market: Market, _path: str, query: Query) -> bytes | None:
    feed, _, start, end, *_ = query["param"].split(",")
    symbol = f"{feed[2:]}.{feed[:2].upper()}"
    if symbol not in market.symbols:
        return b'{"code":1,"msg":"bad params","data":[]}'
    rows = []
    for at in market.within(start, end)[-2000:]:
        bar = market.bar(symbol, at)
        amount = bar["lots"] * 100 * bar["close"] / 10_000
        prices = [f"{bar[name]:.3f}" for name in ("open", "close", "high", "low")]
        rows.append([market.sessions[at], *prices, f"{bar['lots']:.3f}", {}, "1.00", f"{amount:.2f}", ""])
    return json.dumps({"code": 0, "msg": "", "data": {feed: {"day": rows, "qt": {}}}}).encode()


def _eastmoney(market: Market, _path: str, query: Query) -> bytes | None:
    place, code = query["secid"].split(".")
    symbol = f"{code}.{'SH' if place == '1' else 'SZ'}"
    if symbol not in market.symbols:
        return b'{"rc":100,"data":null}'
    start, end = (pd.Timestamp(query[name]).strftime("%Y-%m-%d") for name in ("beg", "end"))
    rows = [_eastmoney_row(market, symbol, at) for at in market.within(start, end)]
    data = {"code": code, "market": int(place), "name": code, "klines": rows}
    return json.dumps({"rc": 0, "data": data}).encode()


def _eastmoney_row(market: Market, symbol: str, at: int) -> str:
    bar = market.bar(symbol, at)
    change = bar["close"] - bar["previous"]
    prices = ",".join(f"{bar[name]:.3f}" for name in ("open", "close", "high", "low"))
    turnover = f"{bar['lots']:.0f},{bar['lots'] * 100 * bar['close']:.2f}"
    return f"{market.sessions[at]},{prices},{turnover},1.00,{change / bar['previous'] * 100:.2f},{change:.3f},0.50"


def _sina(market: Market, path: str, _query: Query) -> bytes | None:
    lines = []
    for feed in unquote(path).removeprefix("list=").split(","):
        symbol, at = f"{feed[2:]}.{feed[:2].upper()}", len(market.sessions) - 1
        lines.append(f'var hq_str_{feed}="{_sina_line(market, symbol, at) if symbol in market.symbols else ""}";')
    return ("\n".join(lines) + "\n").encode("gbk")


def _sina_line(market: Market, symbol: str, at: int) -> str:
    bar = market.bar(symbol, at)
    shares = bar["lots"] * 100
    prices = [f"{bar[name]:.3f}" for name in ("open", "previous", "close", "high", "low")]
    book = [("100", f"{bar['close'] - 0.001 * level:.3f}") for level in range(5)]
    asks = [("100", f"{bar['close'] + 0.001 * (level + 1):.3f}") for level in range(5)]
    sides = [word for pair in (*book, *asks) for word in pair]
    best = [book[0][1], asks[0][1], f"{shares:.0f}", f"{shares * bar['close']:.3f}"]
    return ",".join(["测试基金", *prices, *best, *sides, market.sessions[at], "15:34:59", "00", ""])


def _yahoo(market: Market, path: str, query: Query) -> bytes | None:
    ticker = unquote(path.rsplit("/", 1)[1])
    symbol = ticker if ticker.startswith("^") else f"{ticker}.US"
    if symbol not in market.symbols:
        return json.dumps({"chart": {"result": None, "error": {"code": "Not Found", "description": "none"}}}).encode()
    first, last = int(query["period1"]), int(query["period2"])
    opens = [pd.Timestamp(f"{day} 09:30", tz="America/New_York").timestamp() for day in market.sessions]
    numbers = [at for at, second in enumerate(opens) if first <= second < last]
    bars = [market.bar(symbol, at) for at in numbers]
    quote = {name: [bar[name] for bar in bars] for name in ("open", "high", "low", "close")}
    quote["volume"] = [bar["lots"] * 100 for bar in bars]
    result = {
        "meta": {"symbol": ticker, "exchangeTimezoneName": "America/New_York"},
        "timestamp": [int(opens[at]) for at in numbers],
        "indicators": {"quote": [quote], "adjclose": [{"adjclose": quote["close"]}]},
    }
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()

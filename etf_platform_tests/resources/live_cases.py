"""Replies of live sources for tests: which recorded file answers which ask, hand-made ones, and what every row must be.

The recorded bytes stand beside the checkout; where none were recorded, `handmade_replies` has some.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.schema import Table
from etf_platform.core.units.source import (
    BarAsk,
    Content,
    HoldingsAsk,
    LimitAsk,
    ListAsk,
    LiveSource,
    MinuteAsk,
    Parsed,
    PoolAsk,
    QuoteAsk,
    Reply,
)
from etf_platform.market.sources import ROW_COLUMNS
from etf_platform.market.sources.eastmoney import EASTMONEY
from etf_platform.market.sources.sina import SINA
from etf_platform.market.sources.tencent import TENCENT
from etf_platform.market.sources.tushare import TUSHARE
from etf_platform.market.sources.yahoo import YAHOO
from etf_platform_tests.resources.handmade_replies import eastmoney_quote, tushare_bars, tushare_limits, yahoo_bars

NOW = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
TABLES: dict[str, Table] = {
    "quotes": t.QUOTES,
    "lists": t.QUOTES,
    "bars": t.BARS,
    "minutes": t.MINUTES,
    "pools": t.LIMIT_POOL,
    "holdings": t.FUND_HOLDINGS,
    "limits": t.LIMIT_PRICES,
}
TENCENT_SYMBOLS = (
    "600519.SH",
    "510300.SH",
    "161725.SZ",
    "159915.SZ",
    "300893.SZ",
    "600001.SH",
    "001216.SZ",
    "688981.SH",
    "000001.SH",
    "601166.SH",
    "000001.SZ",
)
NAMES = [
    *("quotes", "sina", "preopen", "day", "day_with_qt", "week", "month", "newfq_day", "bj_day_unprefixed", "hk_day"),
    *("minute", "clist", "push2his", "pool", "pool_jsonp", "pool_zt", "pool_yesterday_zt", "pool_dt", "pool_strong"),
    *("pool_sub_new", "holdings", "holdings_2025", "holdings_nine", "quote", "tushare_bars", "tushare_limits", "yahoo"),
]
PLACES = {"zt": "limit_up", "yesterday_zt": "yesterday", "dt": "limit_down", "strong": "strong", "sub_new": "sub_new"}


@dataclass(frozen=True, repr=False)
class Case:
    """One reply: who gives it, what was asked, the bytes, and how many rows stand in it."""

    name: str
    source: LiveSource
    content: Content
    ask: Any
    body: bytes
    n_rows: int

    def parse(self, body: bytes | None = None) -> Parsed:
        """The result for these or other bytes."""
        return self.source.endpoint(self.content).parse(self.ask, Reply(self.body if body is None else body, NOW))

    @property
    def table(self) -> Table:
        return TABLES[self.content]


def recorded_cases(folder: Path) -> list[Case]:
    """One case for every recorded file."""

    def bars(name: str, symbol: str, n: int, period: Any = "day") -> Case:
        ask = BarAsk(symbol, date(2026, 1, 1), date(2026, 9, 30), period, "qfq")
        return Case(name, TENCENT, "bars", ask, read(f"tencent_kline_{name}.json"), n)

    def read(name: str) -> bytes:
        return (folder / name).read_bytes()

    fragment = read("eastmoney_fundf10_jjcc_561380_2025Q4_2rows.html").decode()
    nine = nine_columns(fragment, read("em_fundf10_row_161725_9col.html").decode(), "161725")
    pools = json.loads(read("em_pools_20260924_one_row_each.json"))
    top = HoldingsAsk("510300.SH", 2026)
    gainers = ListAsk("sh_main", 1, 20)
    spring = PoolAsk("limit_up", date(2024, 9, 23))
    history = BarAsk("603912.SH", date(2022, 12, 1), date(2022, 12, 31))
    preopen = read("sina_preopen_constructed.utf8.txt").decode().encode("gbk")
    sina = QuoteAsk(("600519.SH", "000001.SH", "510300.SH"))
    return [
        Case("quotes", TENCENT, "quotes", QuoteAsk(TENCENT_SYMBOLS), read("tencent_quotes.gbk.bin"), 11),
        Case("sina", SINA, "quotes", sina, read("sina_quotes.gbk.bin"), 4),
        Case("preopen", SINA, "quotes", QuoteAsk(("000001.SZ",)), preopen, 1),
        bars("day", "300750.SZ", 3),
        bars("day_with_qt", "601166.SH", 4),
        bars("week", "300750.SZ", 2, "week"),
        bars("month", "300750.SZ", 2, "month"),
        bars("newfq_day", "001216.SZ", 2),
        bars("bj_day_unprefixed", "920047.BJ", 1),
        bars("hk_day", "00700.HK", 2),
        Case(
            "minute",
            TENCENT,
            "minutes",
            MinuteAsk("300750.SZ", date(2026, 9, 11)),
            read("tencent_kline_minute.json"),
            3,
        ),
        Case("clist", EASTMONEY, "lists", gainers, read("eastmoney_clist_sh_topgainers_20240808.jsonp"), 6),
        Case("push2his", EASTMONEY, "bars", history, read("eastmoney_push2his_kline_603912_limitup.json"), 5),
        Case("pool", EASTMONEY, "pools", spring, read("em_zt_pool_20240923.json"), 20),
        Case("pool_jsonp", EASTMONEY, "pools", spring, read("em_zt_pool_20240923.jsonp.txt"), 20),
        *(
            Case(f"pool_{name}", EASTMONEY, "pools", PoolAsk(PLACES[name], date(2026, 9, 24)), pool_of(rows), len(rows))
            for name, rows in pools.items()
        ),
        Case("holdings", EASTMONEY, "holdings", top, read("em_fundf10_510300_2026Q1_trimmed.js.txt"), 2),
        Case("holdings_2025", EASTMONEY, "holdings", HoldingsAsk("561380.SH", 2025), script(fragment, 2025), 2),
        Case("holdings_nine", EASTMONEY, "holdings", HoldingsAsk("161725.SZ", 2025), script(nine, 2025), 1),
    ]


def handmade_cases() -> list[Case]:
    """Replies of Tushare, Yahoo and EastMoney's single quote after their public formats."""
    quarter = BarAsk("510300.SH", date(2026, 1, 1), date(2026, 3, 31))
    year = BarAsk("QQQ.US", date(2026, 1, 1), date(2026, 1, 31))
    return [
        Case("tushare_bars", TUSHARE, "bars", quarter, tushare_bars(), 2),
        Case("tushare_limits", TUSHARE, "limits", LimitAsk(date(2026, 1, 14)), tushare_limits(), 3),
        Case("yahoo", YAHOO, "bars", year, yahoo_bars(), 4),
        Case("quote", EASTMONEY, "quotes", QuoteAsk(("600519.SH",)), eastmoney_quote(), 1),
    ]


def pool_of(rows: list[Any], day: int = 20260924) -> bytes:
    """Rows of a pool in the provider's envelope."""
    return json.dumps({"rc": 0, "data": {"tc": len(rows), "qdate": day, "pool": rows}}, ensure_ascii=False).encode()


def script(content: str, year: int) -> bytes:
    """HTML of a report in the provider's envelope."""
    return f'var apidata={{ content:"{content}",arryear:[2026,2025,2024],curyear:{year}}};'.encode()


def nine_columns(report: str, row: str, code: str) -> str:
    """The report of another fund with one row in its table."""
    whole = re.sub(r"<tbody>.*</tbody>", f"<tbody>{row}</tbody>", report, flags=re.DOTALL)
    return whole.replace("561380", code)


def violations(case: Case, parsed: Parsed) -> list[str]:
    """What is wrong with a result: empty for every result of every parser, whatever the bytes."""
    frame, table = parsed.frame, case.table
    t.QUARANTINE.conform(parsed.refused)
    names = list(ROW_COLUMNS) if case.content == "bars" else [c.name for c in table.columns]
    wrong = [] if list(frame.columns) == names else [f"columns {list(frame.columns)}"]
    if case.content != "bars":
        table.conform(frame)
    elif frame["date"].duplicated().any():
        wrong.append("a date stands twice")
    for column in frame.columns:
        if frame[column].dtype == "float64":
            wrong += _wrong_numbers(column, frame[column].dropna())
    wrong += CHECKS.get(case.content, _nothing)(case, frame)
    return wrong


def _wrong_numbers(name: str, values: "pd.Series[float]") -> list[str]:
    if not values.map(math.isfinite).all():
        return [f"{name} is infinite"]
    is_signed = name in ("premium", "change")
    is_price = name in ("open", "high", "low", "close", "last", "prev_close", "limit_up", "limit_down", "price", "iopv")
    is_bad = (values <= -1).any() if is_signed else (values <= 0).any() if is_price else (values < 0).any()
    return [f"{name}: {values.min()}"] if is_bad else []


def _nothing(case: Case, frame: pd.DataFrame) -> list[str]:
    return []


def _wrong_quotes(case: Case, frame: pd.DataFrame) -> list[str]:
    wrong = []
    if isinstance(case.ask, QuoteAsk) and not frame["symbol"].isin(case.ask.symbols).all():
        wrong.append("a symbol that nobody asked for")
    for name in ("open", "last"):
        if ((frame[name] > frame["high"]) | (frame[name] < frame["low"])).any():
            wrong.append(f"{name} outside high and low")
    if ((frame["last"] > frame["limit_up"] + 1e-6) | (frame["last"] < frame["limit_down"] - 1e-6)).any():
        wrong.append("last outside the limits")
    traded = frame[frame["is_traded"] & (frame["kind"] != "index")]
    ratio = traded["amount"] / traded["volume"] / traded["last"]
    if not ratio.between(0.5, 2.0).all():
        wrong.append(f"amount / shares / price is {ratio.tolist()}")
    return wrong


def _wrong_bars(case: Case, frame: pd.DataFrame) -> list[str]:
    wrong = []
    inner = frame[["open", "close"]]
    if (inner.max(axis=1) > frame["high"]).any() or (inner.min(axis=1) < frame["low"]).any():
        wrong.append("open or close outside high and low")
    if (frame["date"] < pd.Timestamp(case.ask.start)).any() or (frame["symbol"] != case.ask.symbol).any():
        wrong.append("a row that nobody asked for")
    return wrong


def _wrong_holdings(case: Case, frame: pd.DataFrame) -> list[str]:
    too_heavy = (frame["weight"] > 0.35).any()
    early = (frame["published_at"] <= frame["as_of"]).any()
    return ["a weight above 0.35"] * bool(too_heavy) + ["published before its period ended"] * bool(early)


CHECKS: dict[str, Callable[[Case, pd.DataFrame], list[str]]] = {
    "quotes": _wrong_quotes,
    "lists": _wrong_quotes,
    "bars": _wrong_bars,
    "holdings": _wrong_holdings,
}

"""Lists (`clist`) and single quotes of EastMoney: one row per instrument, 100 a page at most.

Asked with `fltt=2`, so prices come as decimals. No order book. Volume comes in lots, of STAR lines unverified, so that
amount / volume / price decides. The discount field f402 is ignored: premium is last / iopv - 1.
"""

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import QUOTES
from etf_platform.core.units.source import ListAsk, Parsed, QuoteAsk, Reply, Request, reply_error
from etf_platform.market.codes import Code, classify, from_secid, secid
from etf_platform.market.sources.eastmoney.envelope import SOURCE, count_of, data_of
from etf_platform.market.sources.judge import (
    MAX_AHEAD,
    NAN,
    SHANGHAI,
    Gathered,
    Refusal,
    Values,
    absent,
    beijing,
    day,
    needed,
    number,
    price,
    quantity,
    require,
    text,
    utc,
)
from etf_platform.market.sources.quoting import blank, check_quote, check_same, fraction, units_of, with_last

PAGE = 100
GROUPS = {
    "sz_main": "m:0+t:6",
    "chinext": "m:0+t:80",
    "sh_main": "m:1+t:2",
    "star": "m:1+t:23",
    "bse": "m:0+t:81+s:2048",
    "etf": "b:MK0021,b:MK0022,b:MK0023,b:MK0024",
}
LIST_FIELDS = "f1,f2,f3,f4,f5,f6,f7,f8,f10,f12,f13,f14,f15,f16,f17,f18,f20,f21,f124,f297,f402,f441"
QUOTE_FIELDS = "f43,f44,f45,f46,f47,f48,f51,f52,f57,f58,f60,f86,f107,f116,f117,f168"
# Our name: field of the list, field of the single quote.
FIELDS = {
    "code": ("f12", "f57"),
    "market": ("f13", "f107"),
    "name": ("f14", "f58"),
    "last": ("f2", "f43"),
    "prev_close": ("f18", "f60"),
    "open": ("f17", "f46"),
    "high": ("f15", "f44"),
    "low": ("f16", "f45"),
    "volume": ("f5", "f47"),
    "amount": ("f6", "f48"),
    "turnover": ("f8", "f168"),
    "limit_up": ("", "f51"),
    "limit_down": ("", "f52"),
    "total_cap": ("f20", "f116"),
    "float_cap": ("f21", "f117"),
    "iopv": ("f441", ""),
    "epoch": ("f124", "f86"),
    "date": ("f297", ""),
    "change": ("f4", ""),
    "rate": ("f3", ""),
}


def request_list(ask: ListAsk) -> Request:
    """One page; raises BadInputError for an unknown group or more than 100 rows a page."""
    if ask.group not in GROUPS or not 0 < ask.size <= PAGE or ask.page < 1:
        raise BadInputError(
            "asking eastmoney for a list",
            f"group {ask.group!r}, page {ask.page}, {ask.size} rows",
            f"use one of {', '.join(GROUPS)} and at most {PAGE} rows a page",
        )
    paging = (("pn", str(ask.page)), ("pz", str(ask.size)), ("po", "1"), ("np", "1"), ("fltt", "2"), ("invt", "2"))
    # Sorted by code: sorted by change, as the provider's own page is, rows wander from page to page while we turn them.
    what = (("fid", "f12"), ("fs", GROUPS[ask.group]), ("fields", LIST_FIELDS))
    return Request("https://push2.eastmoney.com/api/qt/clist/get", paging + what)


def request_quote(ask: QuoteAsk) -> Request:
    """The quote of one symbol; raises BadInputError for more than one, or one that is not listed there."""
    if len(ask.symbols) != 1:
        raise BadInputError("asking eastmoney for a quote", f"{len(ask.symbols)} symbols", "ask for one at a time")
    params = (("secid", secid(ask.symbols[0])), ("fltt", "2"), ("invt", "2"), ("fields", QUOTE_FIELDS))
    return Request("https://push2.eastmoney.com/api/qt/stock/get", params)


def parse_list(ask: ListAsk, reply: Reply) -> Parsed:
    """QUOTES of one page, with or without a callback around it.

    Rows of instruments that the house does not list (B shares) are refused as `unknown_symbol`. A row that gives no
    time is dated `ask.session`, else the day of the reply, and has no feed time. `expected` is the number of rows that
    this page should have, `next_ask` the following page.

    Raises
    ------
    ReplyError
        As `data_of`; layout where total or diff are missing.
    """
    doing = f"reading page {ask.page} of the list {ask.group} of eastmoney"
    data = data_of(reply, doing)
    total, rows = count_of(data, "total", doing), data.get("diff")
    rows = list(rows.values()) if isinstance(rows, dict) else rows
    if not isinstance(rows, list):
        raise reply_error("layout", doing, "there is no list `diff`")
    gathered = Gathered(SOURCE, reply)
    for row in rows:
        gathered.take(row, lambda raw: _read(raw, 0, ask.session, reply), _symbol_or_code(row, 0))
    before = (ask.page - 1) * ask.size
    following = ListAsk(ask.group, ask.page + 1, ask.size, ask.session) if before + ask.size < total else None
    return gathered.parsed(QUOTES, expected=min(max(total - before, 0), ask.size), next_ask=following if rows else None)


def parse_quote(ask: QuoteAsk, reply: Reply) -> Parsed:
    """QUOTES of one symbol, with its limit prices; as `parse_list`. Not verified against a recorded reply."""
    doing = f"reading the quote of {', '.join(ask.symbols)} from eastmoney"
    data = data_of(reply, doing)
    symbol = _symbol_or_code(data, 1)
    if symbol not in ask.symbols:
        raise reply_error("not_ours", doing, f"the reply is about {symbol[:20]!r}")
    gathered = Gathered(SOURCE, reply)
    gathered.take(data, lambda raw: _read(raw, 1, ask.session, reply), symbol)
    return gathered.parsed(QUOTES, missing=absent(ask.symbols, gathered))


def _read(row: Any, place: int, session: Any, reply: Reply) -> Values:
    require(isinstance(row, dict), "too_few_fields", "the row is no object")
    given = {name: row.get(fields[place]) for name, fields in FIELDS.items()}
    code = _code(given)
    values = blank(code) | {"name": text(given["name"], "name")}
    values |= {n: price(given[n], n) for n in ("last", "prev_close", "open", "high", "low", "iopv")}
    values |= {n: _limit(given[n], n) for n in ("limit_up", "limit_down")}
    values |= {n: _zero_is_unknown(quantity(given[n], n)) for n in ("total_cap", "float_cap")}
    values["turnover"] = quantity(given["turnover"], "turnover") / 100.0
    values["premium"] = values["last"] / values["iopv"] - 1.0
    values |= _traded(code, given, values["last"])
    values |= _time(given, session, reply)
    values = with_last(values)
    check_quote(values)
    if values["is_traded"]:
        moved = values["last"] - values["prev_close"]
        check_same(moved, number(given["change"], "change"), "inconsistent", "change", 0.0051)
        told = fraction(given["rate"], "change")
        check_same(moved / values["prev_close"], told, "inconsistent", "change", 0.0051 / 100)
    return values


def _code(given: Values) -> Code:
    symbol = _symbol(given["market"], given["code"])
    require(symbol is not None, "unknown_symbol", f"market {given['market']!r}, code {str(given['code'])[:20]!r}")
    return classify(str(symbol))


def _symbol(market: Any, code: Any) -> str | None:
    return from_secid(str(market), code) if isinstance(code, str) else None


def _symbol_or_code(row: Any, place: int) -> str:
    if not isinstance(row, dict):
        return ""
    market, code = (row.get(FIELDS[name][place]) for name in ("market", "code"))
    return _symbol(market, code) or str(code)[:20]


def _limit(value: Any, name: str) -> float:
    found = price(value, name)
    return NAN if found >= 10_000_000 else found


def _zero_is_unknown(found: float) -> float:
    return NAN if found == 0 else found


def _traded(code: Code, given: Values, last: float) -> Values:
    volume, amount = quantity(given["volume"], "volume"), quantity(given["amount"], "amount")
    if not volume > 0:
        require(not amount > 0, "unit_check", f"volume {volume:g}, amount {amount:g}")
        return {"volume": 0.0 * volume, "amount": 0.0 * amount, "is_traded": False}
    needed(amount, "amount")
    require(code.kind == "index" or amount > 0, "unit_check", f"volume {volume:g}, amount {amount:g}")
    unit = units_of(code, amount, volume, last)
    return {"volume": volume * (unit or 100), "amount": amount, "is_traded": True}


def _time(given: Values, session: Any, reply: Reply) -> Values:
    when, told = _zero_is_unknown(number(given["epoch"], "time")), _zero_is_unknown(number(given["date"], "date"))
    stamp = None
    if when == when:
        require(6e8 < when < 7e9, "bad_time", f"the time {when:g} is none")
        stamp = utc(datetime.fromtimestamp(when, UTC))
        require(stamp <= utc(reply.fetched_at) + MAX_AHEAD, "future_time", f"{stamp} lies after the reply")
    date = day(f"{told:.0f}", "%Y%m%d") if told == told else _date_of(stamp, session, reply)
    if session is not None and date.date() != session:
        raise Refusal("other_date", f"the quote is of {date.date()}, not of {session}")
    return {"feed_time": stamp, "date": date}


def _date_of(stamp: pd.Timestamp | None, session: Any, reply: Reply) -> pd.Timestamp:
    if stamp is not None:
        return stamp.tz_convert(SHANGHAI).tz_localize(None).normalize().as_unit("ns")
    return pd.Timestamp(session or beijing(reply).date())

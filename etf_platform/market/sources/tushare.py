"""Tushare: daily bars of stocks, funds and indices, and limit prices, for holders of a token.

Everything is a POST of {api_name, token, params, fields}. Not verified against recorded bytes: the format is the
documented one (fields and items; volume in lots, amount in thousand yuan).
"""

import math
from datetime import timedelta
from typing import Any

import pandas as pd
from pydantic import SecretStr

from etf_platform.core.errors import BadInputError, ReplyKind
from etf_platform.core.tables import LIMIT_PRICES
from etf_platform.core.units.source import (
    BarAsk,
    Endpoint,
    LimitAsk,
    LiveSource,
    Parsed,
    Reply,
    Request,
    reply_error,
)
from etf_platform.market.codes import classify, lookup, tushare_code
from etf_platform.market.sources.barring import bar, bars, require_asked
from etf_platform.market.sources.envelope import json_object
from etf_platform.market.sources.judge import (
    NAN,
    Gathered,
    Refusal,
    Values,
    day,
    needed,
    number,
    price,
    quantity,
    require,
    shares_per_unit,
)
from etf_platform.market.sources.quoting import check_same

SOURCE = "live:tushare"
URL = "https://api.tushare.pro/"
AMOUNT_UNIT = 1000.0
NO_LIMIT = 99999.0
BAR_FIELDS = (
    "ts_code",
    "trade_date",
    "open",
    "high",
    "low",
    "close",
    "pre_close",
    "change",
    "pct_chg",
    "vol",
    "amount",
)
LIMIT_FIELDS = ("trade_date", "ts_code", "pre_close", "up_limit", "down_limit")
APIS = {"stock": "daily", "fund": "fund_daily", "lof": "fund_daily", "index": "index_daily"}
# The provider's words, tried in this order: the sentence about calls per minute speaks of permissions too.
REFUSALS: tuple[tuple[ReplyKind, tuple[str, ...]], ...] = (
    ("rate", ("每分钟", "每小时", "每天", "最多访问", "频率")),
    ("token", ("token", "Token", "TOKEN")),
    ("points", ("权限", "积分")),
)


def request_bars(ask: BarAsk, token: SecretStr) -> Request:
    """Daily bars of [start, end], as traded; raises BadInputError for other periods, adjusted prices, other markets."""
    if ask.period != "day" or ask.adjust != "none":
        raise BadInputError("asking tushare for bars", f"{ask.period}, {ask.adjust}", "ask for day bars, unadjusted")
    params = {
        "ts_code": tushare_code(ask.symbol),
        "start_date": f"{ask.start:%Y%m%d}",
        "end_date": f"{ask.end:%Y%m%d}",
    }
    return _request(APIS[classify(ask.symbol).kind], params, BAR_FIELDS, token)


def request_limits(ask: LimitAsk, token: SecretStr) -> Request:
    """The limit prices of every stock and fund on one session."""
    return _request("stk_limit", {"trade_date": f"{ask.session:%Y%m%d}"}, LIMIT_FIELDS, token)


def _request(api: str, params: dict[str, str], fields: tuple[str, ...], token: SecretStr) -> Request:
    body = {"api_name": api, "token": token, "params": params, "fields": ",".join(fields)}
    return Request(URL, headers={"Content-Type": "application/json"}, body=body, method="POST")


def parse_bars(ask: BarAsk, reply: Reply) -> Parsed:
    """Raw bars of a reply (`ROW_COLUMNS`), volume in shares, amount in yuan.

    `prev_close` is the provider's `pre_close`, the exchange's ex-rights reference. `next_ask` asks for the rows before
    the earliest one where the provider says that there are more.

    Raises
    ------
    ReplyError
        As `envelope.json_object`; token, points, rate or provider by the provider's code and words; layout.
    """
    doing = f"reading bars of {ask.symbol} from tushare"
    rows, has_more = _items(reply, BAR_FIELDS, doing)
    gathered = Gathered(SOURCE, reply, ("date",))
    for row in rows:
        gathered.take(row, lambda raw: _read_bar(raw, ask), ask.symbol, _filed(row))
    first = min((v["date"].date() for v in gathered.accepted), default=None)
    earlier = None
    if has_more and first is not None and first > ask.start:
        earlier = BarAsk(ask.symbol, ask.start, first - timedelta(days=1))
    notes = ("the provider has more rows than it sent",) if has_more and earlier is None else ()
    return bars(gathered, ask, next_ask=earlier, notes=notes)


def parse_limits(ask: LimitAsk, reply: Reply) -> Parsed:
    """LIMIT_PRICES of a reply; 99999.99 and 0 mean that there is no limit. Raises ReplyError as `parse_bars`."""
    doing = f"reading limit prices of {ask.session} from tushare"
    rows, has_more = _items(reply, LIMIT_FIELDS, doing)
    gathered = Gathered(SOURCE, reply)
    for row in rows:
        gathered.take(row, lambda raw: _read_limits(raw, ask), str(row.get("ts_code", ""))[:20], ask.session)
    notes = ("the provider has more rows than it sent",) if has_more else ()
    return gathered.parsed(LIMIT_PRICES, notes=notes)


def _items(reply: Reply, wanted: tuple[str, ...], doing: str) -> tuple[list[Values], bool]:
    whole = json_object(reply.body, doing)
    if whole.get("code") != 0:
        raise _refused(whole, doing)
    data = whole.get("data")
    fields = data.get("fields") if isinstance(data, dict) else None
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(fields, list) or not isinstance(items, list):
        raise reply_error("layout", doing, "there are no lists data.fields and data.items")
    if missing := [name for name in wanted if fields.count(name) != 1]:
        raise reply_error("layout", doing, f"no column {', '.join(missing)}")
    if not all(isinstance(item, list) and len(item) == len(fields) for item in items):
        raise reply_error("layout", doing, f"a row does not have {len(fields)} cells")
    rows = [dict(zip(map(str, fields), item, strict=True)) for item in items]
    return rows, data.get("has_more") is True if isinstance(data, dict) else False


def _refused(whole: dict[str, Any], doing: str) -> Exception:
    said = str(whole.get("msg", ""))
    kinds: list[ReplyKind] = [kind for kind, words in REFUSALS if any(word in said for word in words)]
    kind: ReplyKind = kinds[0] if kinds else "provider"
    return reply_error(kind, doing, f"code {str(whole.get('code'))[:20]}, a refusal of the kind {kind!r}")


def _read_bar(row: Values, ask: BarAsk) -> Values:
    require(row["ts_code"] == ask.symbol, "not_asked", f"the row is about {str(row['ts_code'])[:20]!r}")
    when = day(row["trade_date"], "%Y%m%d")
    require_asked(ask, when)
    close = needed(number(row["close"], "close"), "close")
    volume = needed(quantity(row["vol"], "volume"), "volume")
    amount = quantity(row["amount"], "amount") * AMOUNT_UNIT
    require((volume > 0) != (amount == 0), "unit_check", f"volume {volume:g}, amount {amount:g}")
    if classify(ask.symbol).kind != "index":
        shares_per_unit(amount, volume, close, ("lots",))
    values = bar(ask.symbol, when, row, volume * 100.0, amount)
    previous = price(row["pre_close"], "prev_close")
    if previous > 0:
        told = number(row["pct_chg"], "change") / 100.0
        check_same(close / previous - 1.0, told, "inconsistent", "change", 0.0051 / 100)
    return values | {"prev_close": previous}


def _read_limits(row: Values, ask: LimitAsk) -> Values:
    symbol = row["ts_code"] if isinstance(row["ts_code"], str) else ""
    require(lookup(symbol) is not None, "unknown_symbol", f"no stock or fund of the house: {symbol[:20]!r}")
    when = day(row["trade_date"], "%Y%m%d")
    require(when.date() == ask.session, "other_date", f"the row is of {when.date()}, not of {ask.session}")
    up, down = (price(row[name], name) for name in ("up_limit", "down_limit"))
    up, down = (NAN if found >= NO_LIMIT else found for found in (up, down))
    previous = price(row["pre_close"], "prev_close")
    ordered = not (down >= previous or previous >= up or down >= up)
    require(ordered, "limit_check", f"prev_close {previous:g} is not between {down:g} and {up:g}")
    wide = math.isnan(up) or math.isnan(previous) or up / previous < 2
    require(wide, "limit_check", f"a limit of {up:g} for a prev_close of {previous:g}")
    return {"date": when, "symbol": symbol, "prev_close": previous, "limit_up": up, "limit_down": down}


def _filed(row: Values) -> Any:
    try:
        return day(row["trade_date"], "%Y%m%d").date()
    except Refusal:
        return None


def adj_factors(rows: pd.DataFrame) -> pd.Series:
    """Adjustment factor of bars whose `prev_close` is the ex-rights reference.

    Parameters
    ----------
    rows : DataFrame
        Bars of one symbol from its first one on, sorted by date.

    Returns
    -------
    Series
        Running product of close before / prev_close; 1 on the first row, and unchanged where prev_close is unknown.
    """
    return (rows["close"].shift() / rows["prev_close"]).fillna(1.0).cumprod()


TUSHARE = LiveSource(
    "tushare",
    ("api.tushare.pro",),
    (
        Endpoint("bars", request_bars, parse_bars, recorded=False),
        Endpoint("limits", request_limits, parse_limits, batch=6000, recorded=False),
    ),
    rate=3.0,
    needs_token=True,
)

"""Pools of stocks at their limits (`push2ex.eastmoney.com`): limit-up and its five sisters.

The provider keeps two to four weeks, and may answer a day that has not opened yet with the day before: a reply whose
`qdate` is not the session asked for is refused as a whole.
"""

import math
from typing import Any

import pandas as pd

from etf_platform.core.tables import LIMIT_POOL
from etf_platform.core.ticks import limit_price
from etf_platform.core.units.source import Parsed, PoolAsk, Reply, Request, reply_error
from etf_platform.market.codes import from_secid
from etf_platform.market.sources.eastmoney.envelope import SOURCE, count_of, data_of
from etf_platform.market.sources.judge import (
    NAN,
    Gathered,
    Values,
    moment,
    needed,
    number,
    quantity,
    require,
    text,
    whole,
)

TOKEN = "7eea3edcaed734bea9cbfc24409ed989"  # public constant of the provider's own pages, no secret of ours
PAGE = 1000
# Endpoint and sort order of each pool.
POOLS = {
    "limit_up": ("getTopicZTPool", "fbt:asc"),
    "opened": ("getTopicZBPool", "fbt:asc"),
    "limit_down": ("getTopicDTPool", "fund:asc"),
    "yesterday": ("getYesterdayZTPool", "zs:desc"),
    "strong": ("getTopicQSPool", "zdp:desc"),
    "sub_new": ("getTopicCXPooll", "ods:asc"),
}
PRICE_UNIT = 1000.0
NO_LIMIT = 1_000_000_000
RATES = (0.05, 0.10, 0.20, 0.30)
# Change in percent comes with six digits or more, of the sisters with two.
RATE_STEP = 0.0051 / 100


def request_pool(ask: PoolAsk) -> Request:
    """The whole pool of one session, up to 1,000 rows."""
    name, order = POOLS[ask.pool]
    params = (
        ("ut", TOKEN),
        ("dpt", "wz.ztzt"),
        ("Pageindex", "0"),
        ("pagesize", str(PAGE)),
        ("sort", order),
        ("date", f"{ask.session:%Y%m%d}"),
    )
    return Request(f"https://push2ex.eastmoney.com/{name}", params)


def parse_pool(ask: PoolAsk, reply: Reply) -> Parsed:
    """LIMIT_POOL of a reply, with or without a callback around it.

    Fractions instead of percent, yuan, times in UTC. What a pool does not give is null: seal times and amounts only
    `limit_up` (and, partly, `limit_down`, `opened`) have. A limit-up row whose price is no limit price of any rate is
    refused (`limit_check`). `expected` is the provider's count.

    Raises
    ------
    ReplyError
        As `data_of` (null also on holidays and for days no longer kept); wrong_date; layout.
    """
    doing = f"reading the pool {ask.pool} of {ask.session} from eastmoney"
    data = data_of(reply, doing)
    if count_of(data, "qdate", doing) != int(f"{ask.session:%Y%m%d}"):
        raise reply_error("wrong_date", doing, f"the pool is of {data['qdate']}")
    total, rows = count_of(data, "tc", doing), data.get("pool")
    if rows is None and total == 0:
        rows = []
    if not isinstance(rows, list):
        raise reply_error("layout", doing, "there is no list `pool`")
    gathered = Gathered(SOURCE, reply)
    for row in rows:
        gathered.take(row, lambda raw: _read(raw, ask, reply), _symbol(row) or "", ask.session)
    return gathered.parsed(LIMIT_POOL, expected=total)


def _symbol(row: Any) -> str | None:
    if not isinstance(row, dict) or not isinstance(row.get("c"), str):
        return None
    return from_secid(str(row.get("m")), row["c"])


def _read(row: Any, ask: PoolAsk, reply: Reply) -> Values:
    symbol = _symbol(row)
    require(symbol is not None, "unknown_symbol", "the row names no stock of the house")
    last = needed(quantity(row.get("p"), "last"), "last") / PRICE_UNIT
    change = needed(number(row.get("zdp"), "change"), "change") / 100.0
    require(last > 0, "non_positive_price", f"last is {last:g}")
    require(-1 < change < 20, "implausible_move", f"change is {change:g}")
    values: Values = {
        "date": pd.Timestamp(ask.session),
        "pool": ask.pool,
        "symbol": symbol,
        "name": text(row.get("n"), "name"),
        "last": last,
        "change": change,
        "limit_price": _limit(row.get("ztp")),
        "industry": text(row.get("hybk", ""), "industry"),
    }
    values |= _sizes(row) | _seals(row, ask, reply) | _boards(row)
    if ask.pool == "limit_up":
        values["limit_price"] = last
        _check_at_limit(last, change)
    elif ask.pool != "yesterday" and values["limit_price"] < last - 1e-9:
        require(False, "limit_check", f"last {last:g} above the limit {values['limit_price']:g}")
    return values


def _limit(value: Any) -> float:
    found = quantity(value, "limit_price")
    return NAN if found >= NO_LIMIT or found == 0 else found / PRICE_UNIT


def _sizes(row: Values) -> Values:
    sizes = {"float_cap": "ltsz", "total_cap": "tshare"}
    values = {name: quantity(row.get(field), name) for name, field in sizes.items()}
    values["amount"] = needed(quantity(row.get("amount"), "amount"), "amount")
    values["turnover"] = quantity(row.get("hs"), "turnover") / 100.0
    traded = values["amount"] / values["float_cap"] if values["float_cap"] > 0 else NAN
    ratio = values["turnover"] / traded if traded > 0 else NAN
    require(not (ratio > 4 or ratio < 0.25), "inconsistent", f"turnover / (amount / float cap) is {ratio:.3g}")
    return values


def _seals(row: Values, ask: PoolAsk, reply: Reply) -> Values:
    is_yesterday = ask.pool == "yesterday"
    first, last = ("yfbt", "") if is_yesterday else ("fbt", "lbt")
    return {
        "first_seal": None if is_yesterday else _clock(row.get(first), ask, reply),
        "last_seal": _clock(row.get(last), ask, reply),
        "seal_amount": quantity(row.get("fund"), "seal_amount"),
        "times_opened": whole(row.get("oc" if ask.pool == "limit_down" else "zbc"), "times_opened"),
    }


def _clock(value: Any, ask: PoolAsk, reply: Reply) -> pd.Timestamp | None:
    found = whole(value, "seal time")
    return None if not found else moment(f"{ask.session:%Y%m%d}{found:06d}", "%Y%m%d%H%M%S", reply)


def _boards(row: Values) -> Values:
    window = row.get("zttj")
    window = window if isinstance(window, dict) else {}
    boards = next((row[name] for name in ("lbc", "ylbc") if name in row), None)
    return {
        "boards_in_row": whole(boards, "boards_in_row"),
        "window_days": whole(window.get("days"), "window_days"),
        "window_boards": whole(window.get("ct"), "window_boards"),
    }


def _check_at_limit(last: float, change: float) -> None:
    previous = round(last / (1.0 + change), 2)
    told = math.isclose(last / previous - 1.0, change, abs_tol=RATE_STEP) if previous > 0 else False
    require(told, "inconsistent", f"no previous close in cents gives {last:g} a change of {change:.6f}")
    limits = [float(limit_price(previous, rate, 0.01)) for rate in RATES]
    is_limit = any(abs(last - limit) < 0.001 for limit in limits)
    require(is_limit, "limit_check", f"last {last:g} is no limit of {previous:g}: {limits}")

"""Minutes of `web.ifzq.gtimg.cn`: rows "HHMM price volume amount" with sums since the open, differenced here.

Rows after 15:00 (after-hours trading) are cut off. Volume comes in lots.
"""

import math
from typing import Any

import pandas as pd

from etf_platform.core.tables import MINUTES
from etf_platform.core.units.source import MinuteAsk, Parsed, Reply, Request, reply_error
from etf_platform.market.codes import classify, feed_code
from etf_platform.market.sources.judge import (
    Gathered,
    Values,
    day,
    moment,
    needed,
    price,
    quantity,
    require,
    shares_per_unit,
)
from etf_platform.market.sources.tencent.bars import SOURCE, body_of

LAST_MINUTE = "1500"


def request_minutes(ask: MinuteAsk) -> Request:
    """The minutes of the running or last session; raises BadInputError for a symbol that the feed does not list."""
    return Request("https://web.ifzq.gtimg.cn/appstock/app/minute/query", (("code", feed_code(ask.symbol)),))


def parse_minutes(ask: MinuteAsk, reply: Reply) -> Parsed:
    """MINUTES of a reply: shares and yuan since the row before (since the open for the first row).

    A row whose sums fall below those of an earlier row is refused (`not_cumulative`), as is one whose sums do not fit
    its price (`unit_check`).

    Raises
    ------
    ReplyError
        As `bars.body_of`; wrong_date where the reply is of another session.
    """
    doing = f"reading minutes of {ask.symbol} from tencent"
    block = body_of(reply, ask.symbol, doing).get("data")
    if not isinstance(block, dict) or not isinstance(block.get("data"), list):
        raise reply_error("layout", doing, "no data.<code>.data.data")
    if block.get("date") != f"{ask.session:%Y%m%d}":
        raise reply_error("wrong_date", doing, f"the minutes are of {str(block.get('date'))[:20]!r}")
    gathered, sums = Gathered(SOURCE, reply, ("time",)), _Sums()
    for row in block["data"]:
        if not (isinstance(row, str) and LAST_MINUTE < row[:4] <= "2359"):
            gathered.take(row, lambda raw: _read(raw, ask, reply, sums), ask.symbol, ask.session)
    return gathered.parsed(MINUTES, missing=() if block["data"] else (ask.symbol,))


class _Sums:
    """Highest sums since the open so far."""

    volume, amount, time = 0.0, 0.0, ""


def _read(row: Any, ask: MinuteAsk, reply: Reply, sums: _Sums) -> Values:
    fields = row.split(" ") if isinstance(row, str) else []
    require(len(fields) == 4, "too_few_fields", f"{len(fields)} fields instead of 4")
    when = moment(f"{ask.session:%Y%m%d}{fields[0]}", "%Y%m%d%H%M", reply)
    last = needed(price(fields[1], "price"), "price")
    volume, amount = (needed(quantity(fields[at], n), n) for at, n in ((2, "volume"), (3, "amount")))
    is_next = fields[0] > sums.time and volume >= sums.volume and amount >= sums.amount
    require(is_next, "not_cumulative", f"{fields[0]}: volume {volume:g}, amount {amount:g} after larger ones")
    unit = None if classify(ask.symbol).kind == "index" else shares_per_unit(amount, volume, last)
    shares = (volume - sums.volume) * (unit or 100)
    require(not math.isinf(shares), "non_numeric", "the volume is too large")
    values: Values = {
        "date": pd.Timestamp(day(str(ask.session))),
        "symbol": ask.symbol,
        "time": when,
        "price": last,
        "volume": shares,
        "amount": amount - sums.amount,
    }
    sums.volume, sums.amount, sums.time = volume, amount, fields[0]
    return values

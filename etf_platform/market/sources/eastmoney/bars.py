"""K-lines of `push2his.eastmoney.com`: day, week or month; as traded, forward or backward adjusted.

Rows are text: date, open, close, high, low, volume (lots), amount, amplitude, change in percent, change, turnover.
"""

import math
from datetime import date
from typing import Any

from etf_platform.core.units.source import BarAsk, Parsed, Reply, Request, reply_error
from etf_platform.market.codes import classify, from_secid, secid
from etf_platform.market.sources.barring import bar, bars, cells, require_asked
from etf_platform.market.sources.eastmoney.envelope import SOURCE, data_of
from etf_platform.market.sources.judge import (
    NAN,
    Gathered,
    Refusal,
    Values,
    day,
    needed,
    number,
    quantity,
    require,
    shares_per_unit,
)
from etf_platform.market.sources.quoting import check_same

PERIODS = {"day": "101", "week": "102", "month": "103"}
ADJUSTS = {"none": "0", "qfq": "1", "hfq": "2"}


def request_bars(ask: BarAsk) -> Request:
    """Every row of [start, end]; raises BadInputError for a symbol that is not listed there."""
    params = (
        ("secid", secid(ask.symbol)),
        ("klt", PERIODS[ask.period]),
        ("fqt", ADJUSTS[ask.adjust]),
        ("fields1", "f1,f2,f3,f4,f5,f6"),
        ("fields2", "f51,f52,f53,f54,f55,f56,f57,f58,f59,f60,f61"),
        ("beg", f"{ask.start:%Y%m%d}"),
        ("end", f"{ask.end:%Y%m%d}"),
    )
    return Request("https://push2his.eastmoney.com/api/qt/stock/kline/get", params)


def parse_bars(ask: BarAsk, reply: Reply) -> Parsed:
    """Raw bars of a reply (`ROW_COLUMNS`), volume in shares, amount in yuan.

    `prev_close` is close less the provider's change of the row. The unit of volume is told from the amount where
    prices are as traded; adjusted prices say nothing about it, there it is lots (STAR lines are refused).

    Raises
    ------
    ReplyError
        As `data_of`; not_ours where the reply is about another symbol; layout without rows.
    """
    doing = f"reading bars of {ask.symbol} from eastmoney"
    data = data_of(reply, doing)
    told = from_secid(str(data.get("market")), str(data.get("code")))
    if told != ask.symbol:
        raise reply_error("not_ours", doing, f"the reply is about {str(data.get('code'))[:20]!r}")
    rows = data.get("klines")
    if not isinstance(rows, list):
        raise reply_error("layout", doing, "there is no list `klines`")
    gathered = Gathered(SOURCE, reply, ("date",))
    for row in rows:
        gathered.take(row, lambda raw: _read(raw, ask), ask.symbol, _filed(row))
    return bars(gathered, ask)


def _read(row: Any, ask: BarAsk) -> Values:
    fields = cells(row.split(",") if isinstance(row, str) else row, 11)
    when = day(fields[0])
    require_asked(ask, when)
    prices = dict(zip(("open", "close", "high", "low"), fields[1:5], strict=True))
    close = needed(number(fields[2], "close"), "close")
    volume, amount = needed(quantity(fields[5], "volume"), "volume"), needed(quantity(fields[6], "amount"), "amount")
    require((volume > 0) == (amount > 0), "unit_check", f"volume {volume:g}, amount {amount:g}")
    values = bar(ask.symbol, when, prices, volume * _unit(ask, amount, volume, close), amount)
    previous = round(close - number(fields[9], "change"), 6)
    if previous > 0:
        rate = number(fields[8], "change") / 100.0
        check_same(close / previous - 1.0, rate, "inconsistent", "change", 0.0051 / 100 + 0.00051 / previous)
    values["prev_close"] = previous if previous > 0 else NAN
    return values


def _unit(ask: BarAsk, amount: float, volume: float, close: float) -> int:
    code = classify(ask.symbol)
    if code.exchange in ("HK", "US"):
        return 1
    if code.kind == "index":
        return 100
    if ask.adjust == "none":
        return shares_per_unit(amount, volume, close) or 100
    require(code.board != "star" or math.isnan(volume), "unit_check", "the unit of STAR volumes needs prices as traded")
    return 100


def _filed(row: Any) -> date | None:
    try:
        return day(str(row)[:10]).date()
    except Refusal:
        return None

"""K-lines of `web.ifzq.gtimg.cn`: day, week or month; as traded, forward or backward adjusted.

The newer endpoint adds turnover and amount to each row, so it is the one that is asked; rows of the older one are read
too, their amount is unknown. There is no amount to tell lots from shares by then: the quote block of the reply is used
where it is there, and STAR lines without either are refused.
"""

import math
from datetime import date, timedelta
from typing import Any

import pandas as pd

from etf_platform.core.units.source import BarAsk, Parsed, Reply, Request, reply_error
from etf_platform.market.codes import classify, feed_code
from etf_platform.market.sources.barring import bar, bars, cells, require_asked
from etf_platform.market.sources.envelope import json_object
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

SOURCE = "live:tencent"
LONGEST = 2000
AMOUNT_UNIT = 10_000.0
ADJUSTS = {"none": "", "qfq": "qfq", "hfq": "hfq"}


def request_bars(ask: BarAsk) -> Request:
    """The last 2,000 rows of [start, end]; raises BadInputError for a symbol that the feed does not list."""
    parts = (feed_code(ask.symbol), ask.period, str(ask.start), str(ask.end), str(LONGEST), ADJUSTS[ask.adjust])
    url = "https://web.ifzq.gtimg.cn/appstock/app/newfqkline/get"
    return Request(url, (("param", ",".join(parts)),))


def parse_bars(ask: BarAsk, reply: Reply) -> Parsed:
    """Raw bars of a reply (`ROW_COLUMNS`), volume in shares.

    `prev_close` is the close of the row before (`prec` for the first row). `next_ask` pages back where the reply is
    full. `notes` says where prices came unadjusted although adjusted ones were asked for (funds without
    distributions, Hong Kong, Beijing): adjustment is then `none`.

    Raises
    ------
    ReplyError
        As `envelope.json_object`; provider (its error code, or no data for the symbol), not_ours, layout.
    """
    doing = f"reading bars of {ask.symbol} from tencent"
    mine = body_of(reply, ask.symbol, doing)
    rows, adjusted = _rows(mine, ask, doing)
    gathered = Gathered(SOURCE, reply, ("date",))
    unit = _unit_of_quote(mine, ask)
    for row in rows:
        gathered.take(row, lambda raw: _read(raw, ask, unit), ask.symbol, _filed(row))
    notes = () if adjusted == ask.adjust else (f"asked for {ask.adjust}, got unadjusted prices",)
    previous = mine.get("prec")
    first = float(previous) if isinstance(previous, str) and _is_price(previous) else NAN
    is_complete = len(rows) < LONGEST
    return bars(
        gathered,
        ask,
        first,
        next_ask=None if is_complete else _earlier(gathered, ask),
        notes=notes,
    )


def body_of(reply: Reply, symbol: str, doing: str) -> dict[str, Any]:
    """The object below `data.<code>` of a Tencent reply; raises ReplyError."""
    whole = json_object(reply.body, doing)
    code, data = whole.get("code", 0), whole.get("data")
    if code != 0 or data in ([], "", None):
        raise reply_error("provider", doing, f"code {code!r}, message {str(whole.get('msg', ''))[:100]!r}, no data")
    if not isinstance(data, dict):
        raise reply_error("layout", doing, f"data is a {type(data).__name__}")
    mine = data.get(feed_code(symbol))
    if mine is None:
        raise reply_error("not_ours", doing, f"data holds {', '.join(map(str, data))[:100]}")
    if not isinstance(mine, dict):
        raise reply_error("layout", doing, f"data of the symbol is a {type(mine).__name__}")
    return mine


def _rows(mine: dict[str, Any], ask: BarAsk, doing: str) -> tuple[list[Any], str]:
    for key, adjusted in ((ADJUSTS[ask.adjust] + ask.period, ask.adjust), (ask.period, "none")):
        if key in mine:
            if not isinstance(mine[key], list):
                raise reply_error("layout", doing, f"{key} is no list")
            return mine[key], adjusted
    raise reply_error("layout", doing, f"no {ask.period} rows; there are {', '.join(map(str, mine))[:100]}")


def _read(row: Any, ask: BarAsk, unit: int | None) -> Values:
    fields = cells(row, 6)
    when = day(fields[0])
    require_asked(ask, when)
    names = ("open", "close", "high", "low")
    prices = dict(zip(names, fields[1:5], strict=True))
    volume = needed(quantity(fields[5], "volume"), "volume")
    amount = quantity(fields[8], "amount") * AMOUNT_UNIT if len(fields) > 8 else NAN
    amount = NAN if amount == 0 and volume > 0 else amount
    close = number(prices["close"], "close")
    factor = _unit(ask, amount, volume, close, unit)
    return bar(ask.symbol, when, prices, volume * factor, amount)


def _unit(ask: BarAsk, amount: float, volume: float, close: float, of_quote: int | None) -> int:
    code = classify(ask.symbol)
    if code.exchange == "HK":
        return 1
    if ask.adjust == "none" and code.kind != "index" and (found := shares_per_unit(amount, volume, close)):
        return found
    if of_quote is not None:
        return of_quote
    if math.isnan(amount) or ask.adjust != "none" or code.kind == "index":
        known = code.board != "star"
        require(known, "unit_check", "the unit of volumes of STAR lines cannot be told without an amount")
    return 100


def _unit_of_quote(mine: dict[str, Any], ask: BarAsk) -> int | None:
    block = mine.get("qt")
    line = block.get(feed_code(ask.symbol)) if isinstance(block, dict) else None
    if not isinstance(line, list) or len(line) < 36 or classify(ask.symbol).kind == "index":
        return None
    try:
        last, volume, amount = (number(part, "field 35") for part in str(line[35]).split("/"))
        return shares_per_unit(amount, volume, last)
    except (Refusal, ValueError):
        return None


def _earlier(gathered: Gathered, ask: BarAsk) -> BarAsk | None:
    first: date | None = min((v["date"].date() for v in gathered.accepted), default=None)
    if first is None or first <= ask.start:
        return None
    return BarAsk(ask.symbol, ask.start, first - timedelta(days=1), ask.period, ask.adjust)


def _filed(row: Any) -> date | None:
    try:
        return day(row[0] if isinstance(row, list) and row else "").date()
    except Refusal:
        return None


def _is_price(words: str) -> bool:
    try:
        return number(words, "prec") > 0
    except Refusal:
        return False


def years_of_months(rows: pd.DataFrame) -> pd.DataFrame:
    """Year bars out of month bars, which the feed does not give: first open, last close, extremes, sums.

    Parameters
    ----------
    rows : DataFrame
        Month bars of one symbol, as `parse_bars` gives them.

    Returns
    -------
    DataFrame
        One row per year, dated like its last month; NaN amounts stay NaN.
    """
    year = rows["date"].dt.year
    how = {"date": "last", "symbol": "last", "open": "first", "high": "max", "low": "min", "close": "last"}
    how |= {"prev_close": "first", "adj_factor": "last", "source": "last", "fetched_at": "last"}
    grouped = rows.groupby(year, sort=True)
    result = grouped.agg(how)
    for name in ("volume", "amount"):
        result[name] = grouped[name].agg(lambda values: values.sum(skipna=False))
    return result[list(rows.columns)].reset_index(drop=True)

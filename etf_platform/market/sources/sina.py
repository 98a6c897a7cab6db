"""Quotes of Sina (`hq.sinajs.cn`): GBK, comma separated, only with the header Referer, up to 800 codes at once.

No limits, no IOPV. Volumes in shares, of Shanghai indices in lots. Before the opening call the last price is 0: then
the previous close stands in its place and the quote is marked as not traded.
"""

from etf_platform.core.tables import QUOTES
from etf_platform.core.units.source import Endpoint, LiveSource, Parsed, QuoteAsk, Reply, Request, reply_error
from etf_platform.market.codes import Code, classify, from_feed
from etf_platform.market.sources.envelope import gbk_text
from etf_platform.market.sources.judge import (
    Gathered,
    Values,
    absent,
    moment,
    needed,
    price,
    quantity,
    require,
    shares_per_unit,
    text,
)
from etf_platform.market.sources.quoting import (
    blank,
    book,
    check_quote,
    feed_codes,
    statements,
    with_last,
    without_empty_book,
)

NAME = "live:sina"
BATCH = 800
MIN_FIELDS = 32
REFERER = "https://finance.sina.com.cn"
STATUS = {"00": "normal", "": "normal", "01": "suspended", "02": "suspended", "03": "suspended"}


def request_quotes(ask: QuoteAsk) -> Request:
    """Up to 800 symbols in one request; raises BadInputError for symbols that the feed does not list."""
    codes = ",".join(feed_codes(ask, BATCH))
    return Request(f"https://hq.sinajs.cn/list={codes}", headers={"Referer": REFERER}, encoding="gbk")


def parse_quotes(ask: QuoteAsk, reply: Reply) -> Parsed:
    """QUOTES of a reply; as `tencent.quotes.parse_quotes`. A symbol answered by `""` is missing.

    Raises
    ------
    ReplyError
        cut, encoding, html, empty, blocked (no Referer), layout (no statement at all), not_ours.
    """
    doing = "reading quotes of sina"
    found = list(statements(gbk_text(reply.body, doing), r'\bvar hq_str_(\w+)="([^"\n]*)";'))
    if not any(name for name, _ in found):
        raise reply_error("layout", doing, "no statement of the form var hq_str_<code>=...")
    gathered, answered = Gathered(NAME, reply), set()
    for name, line in found:
        symbol = from_feed(name) or name
        answered.add(symbol)
        if line or symbol not in ask.symbols:
            gathered.take((symbol, line), lambda raw: _read(raw[0], raw[1].split(","), ask, reply), symbol)
    if not answered & set(ask.symbols):
        raise reply_error("not_ours", doing, "none of the symbols asked for is in the reply")
    return gathered.parsed(QUOTES, missing=absent(ask.symbols, gathered))


def _read(symbol: str, fields: list[str], ask: QuoteAsk, reply: Reply) -> Values:
    require(symbol in ask.symbols, "not_asked", f"{symbol or 'text outside a statement'} was not asked for")
    code = classify(symbol)
    require(len(fields) >= MIN_FIELDS, "too_few_fields", f"{len(fields)} fields, at least {MIN_FIELDS} are needed")
    when = moment(f"{fields[30]} {fields[31]}", "%Y-%m-%d %H:%M:%S", reply)
    values = blank(code) | {"name": text(fields[0], "name"), "feed_time": when}
    values["date"] = when.tz_convert("Asia/Shanghai").tz_localize(None).normalize()
    other = ask.session is not None and values["date"].date() != ask.session
    require(not other, "other_date", f"the quote is of {values['date'].date()}, not of {ask.session}")
    values |= _prices(fields) | _turnover(code, fields)
    values["status"] = STATUS.get(fields[32].strip(), "unknown") if len(fields) > MIN_FIELDS else "normal"
    values["is_traded"] = values["volume"] > 0
    values |= book(fields[11:20:2], fields[10:20:2], "bid", 1) | book(fields[21:30:2], fields[20:30:2], "ask", 1)
    _check_best(fields, values)
    values = without_empty_book(with_last(values))
    check_quote(values)
    return values


def _prices(fields: list[str]) -> Values:
    return {name: price(fields[at], name) for at, name in enumerate(("open", "prev_close", "last", "high", "low"), 1)}


def _turnover(code: Code, fields: list[str]) -> Values:
    volume, amount = needed(quantity(fields[8], "volume"), "volume"), needed(quantity(fields[9], "amount"), "amount")
    require((volume > 0) == (amount > 0), "unit_check", f"volume {volume:g}, amount {amount:g}")
    if code.kind == "index":
        return {"volume": volume * (100 if code.exchange == "SH" else 1), "amount": amount}
    shares_per_unit(amount, volume, price(fields[3], "last"), ("shares",))
    return {"volume": volume, "amount": amount}


def _check_best(fields: list[str], values: Values) -> None:
    for at, side in ((6, "bid1"), (7, "ask1")):
        told, found = price(fields[at], side), values[side]
        differ = abs(told - found) > 1e-9
        require(not differ, "shifted_fields", f"field {at} says {side} is {told:g}, the book says {found:g}")


SINA = LiveSource("sina", ("hq.sinajs.cn",), (Endpoint("quotes", request_quotes, parse_quotes, BATCH),), rate=1.0)

"""Quotes of `qt.gtimg.cn`: one `v_<code>="f0~f1~...";` per known code, GBK.

Positions count from the front only: lines have 87, 88 or fewer fields. Volumes come in lots, STAR lines in shares; what
holds is told from amount / volume / price, never from the code alone. Unknown codes are left out by the provider.
"""

import math

from etf_platform.core.tables import QUOTES
from etf_platform.core.units.source import Parsed, QuoteAsk, Reply, Request, reply_error
from etf_platform.market.codes import Code, classify, from_feed
from etf_platform.market.sources.envelope import gbk_text
from etf_platform.market.sources.judge import (
    NAN,
    Gathered,
    Values,
    absent,
    moment,
    needed,
    number,
    price,
    quantity,
    require,
    text,
)
from etf_platform.market.sources.quoting import (
    blank,
    book,
    check_quote,
    check_same,
    feed_codes,
    fraction,
    statements,
    units_of,
    with_last,
    without_empty_book,
)

SOURCE = "live:tencent"
BATCH = 60
MIN_FIELDS = 50
NO_MATCH = "pv_none_match"
STATUS = {"": "normal", "D": "delisted", "S": "suspended"}
CAP_UNIT = 1e8
# Field 32 is rounded to 0.01 percent.
HALF_PERCENT_STEP = 0.0051 / 100
# 77 agrees with last / IOPV - 1 to 0.01 percent in every recorded line, but those are of quiet moments: the indicative
# value is renewed every 15 seconds only. What must be caught is a shifted field.
PREMIUM_STEP = 0.5 / 100


def request_quotes(ask: QuoteAsk) -> Request:
    """Up to 60 symbols in one request; raises BadInputError for symbols that the feed does not list."""
    return Request(f"https://qt.gtimg.cn/q={','.join(feed_codes(ask, BATCH))}", encoding="gbk")


def parse_quotes(ask: QuoteAsk, reply: Reply) -> Parsed:
    """QUOTES of a reply.

    Parameters
    ----------
    ask : QuoteAsk
        Quotes of other symbols are refused (`not_asked`), and of other days than `ask.session` (`other_date`).
    reply : Reply

    Returns
    -------
    Parsed
        Volume in shares, amount in yuan, fractions, feed time in UTC. `missing` names the codes left out.

    Raises
    ------
    ReplyError
        cut, encoding, html, empty, blocked, layout (no statement at all), not_ours (no symbol asked for).
    """
    doing = "reading quotes of tencent"
    found = list(statements(gbk_text(reply.body, doing), r'\bv_(\w+)="([^"\n]*)";'))
    if not any(name for name, _ in found):
        raise reply_error("layout", doing, "no statement of the form v_<code>=...")
    gathered = Gathered(SOURCE, reply)
    for name, line in found:
        if name != NO_MATCH:
            symbol = from_feed(name) or name
            gathered.take((symbol, line), lambda raw: read_line(raw[0], raw[1].split("~"), ask, reply), symbol)
    missing = absent(ask.symbols, gathered)
    if len(missing) == len(ask.symbols) and gathered.refused:
        raise reply_error("not_ours", doing, "none of the symbols asked for is in the reply")
    return gathered.parsed(QUOTES, missing=missing)


def read_line(symbol: str, fields: list[str], ask: QuoteAsk, reply: Reply) -> Values:
    """Values of one line, or a refusal."""
    require(symbol in ask.symbols, "not_asked", f"{symbol or 'text outside a statement'} was not asked for")
    code = classify(symbol)
    require(len(fields) >= MIN_FIELDS, "too_few_fields", f"{len(fields)} fields, at least {MIN_FIELDS} are needed")
    require(fields[2] == code.code, "shifted_fields", f"field 2 is {fields[2][:20]!r} instead of {code.code}")
    when = moment(fields[30], "%Y%m%d%H%M%S", reply)
    values = blank(code) | {"name": text(fields[1], "name"), "feed_time": when}
    values["date"] = when.tz_convert("Asia/Shanghai").tz_localize(None).normalize()
    other = ask.session is not None and values["date"].date() != ask.session
    require(not other, "other_date", f"the quote is of {values['date'].date()}, not of {ask.session}")
    values |= _prices(fields) | _turnover(code, fields) | _extras(code, fields)
    values["status"] = STATUS.get(fields[40].strip(), "unknown")
    values["is_traded"] = values["volume"] > 0
    values |= _books(code, fields)
    values = without_empty_book(with_last(values))
    values["book_estimated"] = code.board == "star"
    check_quote(values)
    _check_consistent(code, fields, values)
    return values


def _prices(fields: list[str]) -> Values:
    values = {
        "last": price(fields[3], "last"),
        "prev_close": price(fields[4], "prev_close"),
        "open": price(fields[5], "open"),
        "high": price(fields[33], "high"),
        "low": price(fields[34], "low"),
    }
    for at, name in ((41, "high"), (42, "low")):
        again = price(fields[at], name)
        same = again == values[name] or (math.isnan(again) and math.isnan(values[name]))
        require(same, "shifted_fields", f"field {at} repeats {name} as {again:g}")
    return values | _limits(number(fields[47], "limit_up"), number(fields[48], "limit_down"))


def _limits(up: float, down: float) -> Values:
    has_none = up == down and up in (-1.0, 0.0)
    require(has_none or (up > 0 and down > 0), "limit_check", f"limits of {up:g} and {down:g}")
    return {"limit_up": NAN if has_none else up, "limit_down": NAN if has_none else down}


def _turnover(code: Code, fields: list[str]) -> Values:
    parts = fields[35].split("/")
    require(len(parts) == 3, "shifted_fields", f"field 35 is {fields[35][:40]!r}, not price/volume/amount")
    last = needed(number(parts[0], "price of field 35"), "price of field 35")
    volume = needed(quantity(fields[6], "volume"), "volume")
    amount = needed(quantity(parts[2], "amount"), "amount")
    check_same(number(parts[1], "volume of field 35"), volume, "inconsistent", "volume", 0.01 * volume)
    check_same(number(fields[36], "volume"), volume, "inconsistent", "volume", 0.01 * volume)
    if volume > 0:
        check_same(number(fields[3], "last"), last, "inconsistent", "last", 0.01 * last)
    check_same(number(fields[37], "amount") * 1e4, amount, "inconsistent", "amount", 1.1e4 + 0.01 * amount)
    unit = units_of(code, amount, volume, last)
    has_traded = volume > 0 and amount > 0
    require(has_traded or volume == amount == 0, "unit_check", f"volume {volume:g}, amount {amount:g}")
    return {"volume": volume * (unit or 100), "amount": amount, "turnover": quantity(fields[38], "turnover") / 100.0}


def _extras(code: Code, fields: list[str]) -> Values:
    caps = {
        name: round(quantity(fields[at], name) * CAP_UNIT, 0) for at, name in ((44, "float_cap"), (45, "total_cap"))
    }
    values = {name: NAN if cap == 0 else cap for name, cap in caps.items()}
    if code.board == "fund" and len(fields) > 81:
        values["iopv"], values["nav"] = price(fields[78], "iopv"), price(fields[81], "nav")
        values["premium"] = price(fields[3], "last") / values["iopv"] - 1.0
    return values


def _books(code: Code, fields: list[str]) -> Values:
    return book(fields[9:19:2], fields[10:19:2], "bid", 100) | book(fields[19:29:2], fields[20:29:2], "ask", 100)


def _check_consistent(code: Code, fields: list[str], values: Values) -> None:
    change, rate = number(fields[31], "change"), fraction(fields[32], "change")
    moved = values["last"] - values["prev_close"]
    if values["is_traded"]:
        check_same(moved, change, "inconsistent", "change", 0.0051)
        check_same(moved / values["prev_close"], rate, "inconsistent", "change", HALF_PERCENT_STEP)
    if code.board == "fund" and len(fields) > 81 and (values["iopv"] > 0 or code.kind == "lof"):
        told = fraction(fields[77], "premium")
        base = values["nav"] if math.isnan(values["iopv"]) else values["iopv"]
        check_same(values["last"] / base - 1.0, told, "inconsistent", "premium", PREMIUM_STEP)

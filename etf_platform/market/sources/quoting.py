"""What all quote feeds share: an empty quote, its order book, and the checks that a quote must pass.

Field positions and units are the provider's; here every value is in house units already.
"""

import math
import re
from collections.abc import Iterable, Sequence

from etf_platform.core.errors import BadInputError
from etf_platform.core.tables import QUOTES
from etf_platform.core.units.source import QuoteAsk
from etf_platform.market.codes import Code, feed_code
from etf_platform.market.sources.judge import (
    NAN,
    Values,
    check_range,
    number,
    price,
    quantity,
    require,
    shares_per_unit,
)

_NUMBERS = tuple(c.name for c in QUOTES.columns if c.type == "float64")
# Largest move of a session that is no unit error: a new listing of 2026 gained 331 % on its first day, no index
# ever a fifth.
MAX_MOVE = {"index": 0.25, "other": 20.0}
MAX_FALL = 0.9


def blank(code: Code) -> Values:
    """A quote of which nothing is known."""
    unknown: Values = dict.fromkeys(_NUMBERS, NAN)
    words = {"symbol": code.symbol, "name": "", "kind": code.kind, "status": "normal"}
    return unknown | words | {"is_traded": False, "book_estimated": False, "feed_time": None}


def feed_codes(ask: QuoteAsk, limit: int) -> dict[str, str]:
    """Symbols asked for by their feed code; raises BadInputError for what the feed lacks, or more than `limit`."""
    if not 0 < len(ask.symbols) <= limit:
        raise BadInputError(
            "asking for quotes", f"{len(ask.symbols)} symbols", f"ask for 1 to {limit} symbols in one request"
        )
    codes = {feed_code(symbol): symbol for symbol in ask.symbols}
    if abroad := [symbol for code, symbol in codes.items() if code.startswith("hk")]:
        raise BadInputError(
            "asking for quotes", f"{', '.join(abroad)}", "Hong Kong quotes have another layout: ask for bars"
        )
    return codes


def statements(text: str, pattern: str) -> Iterable[tuple[str, str]]:
    """(code, fields) of every `<name>="<fields>";` of a text, and (\"\", rest) for every rest that is none."""
    end = 0
    for found in re.finditer(pattern, text, re.ASCII):
        if between := text[end : found.start()].strip():
            yield "", between
        yield found[1], found[2]
        end = found.end()
    if rest := text[end:].strip():
        yield "", rest


def book(prices: Sequence[str], volumes: Sequence[str], side: str, unit: int) -> Values:
    """One side of the order book: five prices and volumes; where nobody stands price is NaN and volume 0."""
    values: Values = {}
    for level, (p, v) in enumerate(zip(prices, volumes, strict=True), start=1):
        values[f"{side}{level}"] = price(p, f"{side}{level}")
        values[f"{side}{level}_volume"] = quantity(v, f"{side}{level}_volume") * unit
    return values


def with_last(values: Values) -> Values:
    """The quote with the previous close in place of a last price while nothing has traded."""
    if values["is_traded"] or not math.isnan(values["last"]):
        return values
    return values | {"last": values["prev_close"]}


def without_empty_book(values: Values) -> Values:
    """The quote with an unknown book where both sides are empty: indices, halts, before the opening call."""
    names = [f"{side}{level}_volume" for side in ("bid", "ask") for level in range(1, 6)]
    if any(values[name] > 0 for name in names):
        return values
    return values | dict.fromkeys(names, NAN)


def units_of(code: Code, amount: float, volume: float, last: float) -> int | None:
    """100 for lots, 1 for shares, None where nothing has traded; refuses what is neither (`unit_check`).

    Indices are quoted in points, so their turnover says nothing about the unit.
    """
    return None if code.kind == "index" else shares_per_unit(amount, volume, last)


def check_quote(values: Values) -> None:
    """Refuse a quote that contradicts itself: order of prices, limits, book, size of the move."""
    require(not math.isnan(values["prev_close"]), "missing_value", "no value in prev_close")
    check_range(values)
    for name in _NUMBERS:
        require(not math.isinf(values[name]), "non_numeric", f"{name} is too large")
    require(not (values["is_traded"] and math.isnan(values["last"])), "missing_value", "traded, but no last price")
    move = values["last"] / values["prev_close"] - 1.0
    most = MAX_MOVE["index" if values["kind"] == "index" else "other"]
    require(not (move > most or move < -MAX_FALL), "implausible_move", f"last / prev_close - 1 is {move:.4f}")
    _check_limits(values)
    _check_book(values)


def _check_limits(values: Values) -> None:
    up, down = values["limit_up"], values["limit_down"]
    require(math.isnan(up) == math.isnan(down), "limit_check", f"one limit only: {up:g}, {down:g}")
    ordered = math.isnan(up) or down < values["prev_close"] < up
    require(ordered, "limit_check", f"prev_close {values['prev_close']:g} is not between {down:g} and {up:g}")
    tick = 0.01 if values["kind"] == "stock" else 0.001
    skew = up + down - 2.0 * values["prev_close"]
    require(not abs(skew) > 2.1 * tick, "limit_check", f"limits {down:g} and {up:g} lie unevenly around prev_close")
    for name in ("last", "open", "high", "low"):
        outside = values[name] > up * (1 + 1e-9) or values[name] < down * (1 - 1e-9)
        require(not outside, "limit_check", f"{name} {values[name]:g} is not within {down:g} to {up:g}")


def _check_book(values: Values) -> None:
    for side, sign in (("bid", -1.0), ("ask", 1.0)):
        prices = [values[f"{side}{level}"] for level in range(1, 6)]
        known = [sign * p for p in prices if not math.isnan(p)]
        require(known == sorted(known), "book_order", f"{side} prices {prices} are out of order")
    crossed = values["bid1"] > values["ask1"]
    require(not (crossed and values["is_traded"]), "book_order", f"bid1 {values['bid1']:g} above ask1")


def check_same(found: float, told: float, rule: str, what: str, tolerance: float) -> None:
    """Refuse where two fields that must agree do not; unknown ones agree with everything."""
    require(not abs(found - told) > tolerance, rule, f"{what}: {found:g} against {told:g}")


def fraction(percent: object, name: str) -> float:
    """A percent number of a feed as a fraction; NaN where unknown."""
    return number(percent, name) / 100.0

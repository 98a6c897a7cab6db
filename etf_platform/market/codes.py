"""Symbols of the house and the codes of every feed, from exchange prefixes alone.

What is not in the table (B shares, repos, convertible bonds) has no symbol here, and asking for it is an error. The
exchange is part of an index's key: 000001.SH is an index, 000001.SZ a bank. No prices, no network.
"""

import re
from dataclasses import dataclass
from typing import Literal

from etf_platform.core.errors import BadInputError

Kind = Literal["stock", "fund", "lof", "index"]
Board = Literal["main", "star", "chinext", "bse", "fund", "index", "us", "hk"]

_KINDS: tuple[tuple[str, str, Kind, Board], ...] = (
    ("SH", r"60[0135]\d{3}", "stock", "main"),
    ("SH", r"68[89]\d{3}", "stock", "star"),
    ("SH", r"51[0-8]\d{3}|5[23568]\d{4}", "fund", "fund"),
    ("SH", r"50[126]\d{3}", "lof", "fund"),
    ("SH", r"000\d{3}", "index", "index"),
    ("SZ", r"00[0-3]\d{3}", "stock", "main"),
    ("SZ", r"30[0-2]\d{3}", "stock", "chinext"),
    ("SZ", r"159\d{3}", "fund", "fund"),
    ("SZ", r"16\d{4}", "lof", "fund"),
    ("SZ", r"399\d{3}", "index", "index"),
    ("BJ", r"920\d{3}|(?:43|83|87|88)\d{4}", "stock", "bse"),
    ("BJ", r"899\d{3}", "index", "index"),
    ("HK", r"\d{5}", "stock", "hk"),
    ("US", r"[A-Z][A-Z0-9-]{0,9}", "stock", "us"),
)
EASTMONEY_MARKETS = {"1": ("SH",), "0": ("SZ", "BJ"), "105": ("US",), "106": ("US",), "107": ("US",), "116": ("HK",)}


@dataclass(frozen=True)
class Code:
    """What a symbol's code says.

    Attributes
    ----------
    symbol : str
        House symbol, e.g. `600519.SH`, `QQQ.US`, `^VIX`.
    code, exchange : str
        Its two parts; an index of US quotes has exchange `US`.
    kind : str
        stock, fund, lof or index. All US listings count as stock.
    board : str
        main, star, chinext, bse, fund, index, us or hk.
    """

    symbol: str
    code: str
    exchange: str
    kind: Kind
    board: Board


def lookup(symbol: str) -> Code | None:
    """What a symbol is; None for B shares and everything else that the table does not list."""
    if re.fullmatch(r"\^[A-Z0-9]{1,10}", symbol, re.ASCII):
        return Code(symbol, symbol, "US", "index", "us")
    code, _, exchange = symbol.rpartition(".")
    for theirs, pattern, kind, board in _KINDS:
        if theirs == exchange and re.fullmatch(pattern, code, re.ASCII):
            return Code(symbol, code, exchange, kind, board)
    return None


def classify(symbol: str) -> Code:
    """What a symbol is.

    Raises
    ------
    BadInputError
        A B share, or nothing that the table lists.
    """
    found = lookup(symbol)
    if found is None:
        raise BadInputError(
            f"looking up the symbol {symbol!r}",
            "no stock, fund or index of a known exchange",
            "write it with its exchange, e.g. 510300.SH (B shares are not covered)",
        )
    return found


def feed_code(symbol: str) -> str:
    """Code at Tencent and Sina, e.g. `sh600519`, `hk00700`; raises BadInputError (also for US symbols)."""
    found = classify(symbol)
    if found.exchange == "US":
        raise _no_such_feed(symbol, "the Chinese quote feeds")
    return found.exchange.lower() + found.code


def from_feed(code: str) -> str | None:
    """Symbol of a code such as `sh600519`; None where the house has no symbol for it."""
    symbol = f"{code[2:]}.{code[:2].upper()}"
    return symbol if code[:2] in ("sh", "sz", "bj", "hk") and lookup(symbol) else None


def secid(symbol: str) -> str:
    """Code at EastMoney, e.g. `1.600519`: 1 Shanghai, 0 Shenzhen and Beijing, 116 Hong Kong, 105 US; BadInputError."""
    found = classify(symbol)
    if symbol.startswith("^"):
        raise _no_such_feed(symbol, "EastMoney")
    market = {"SH": "1", "SZ": "0", "BJ": "0", "HK": "116", "US": "105"}[found.exchange]
    return f"{market}.{found.code}"


def from_secid(market: str, code: str) -> str | None:
    """Symbol of an EastMoney market number and code; None where the house has no symbol for it."""
    candidates = (f"{code}.{exchange}" for exchange in EASTMONEY_MARKETS.get(market, ()))
    return next((symbol for symbol in candidates if lookup(symbol)), None)


def tushare_code(symbol: str) -> str:
    """Code at Tushare: the house symbol itself, for the mainland exchanges; raises BadInputError."""
    if classify(symbol).exchange not in ("SH", "SZ", "BJ"):
        raise _no_such_feed(symbol, "Tushare")
    return symbol


def yahoo_ticker(symbol: str) -> str:
    """Ticker at Yahoo: `QQQ.US` is `QQQ`, indices such as `^VIX` keep their name; raises BadInputError."""
    found = classify(symbol)
    if found.exchange != "US":
        raise _no_such_feed(symbol, "the US feed")
    return found.code


def _no_such_feed(symbol: str, feed: str) -> BadInputError:
    return BadInputError(f"asking {feed} for {symbol}", "it does not list this exchange", "ask another source")

"""What a symbol is and which dated rules apply to it, as plain values.

Facts of a fund come from `instruments.yaml` (core.config), rules from `market.rules`. No prices here.
"""

from datetime import date
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from etf_platform.core.config.models import Instrument
from etf_platform.market.rules import rows, value_on

Board: TypeAlias = Literal["main", "chinext", "star", "bse", "fund", "index", "us"]

MARKETS = {"SH": "XSHG", "SZ": "XSHE", "BJ": "BJSE", "US": "XNYS"}
FUND_SCOPES = {"equity_cross_border": "etf_crossborder", "bond": "etf_bond"}
STOCK_BOARDS = ("main", "chinext", "star", "bse")


def market(symbol: str) -> str:
    """Market of a suffixed symbol: XSHG, XSHE, BJSE or XNYS (indices such as ^VIX too)."""
    if symbol.startswith("^"):
        return "XNYS"
    return MARKETS[symbol.rsplit(".", 1)[1]]


def suffixed(code: str, is_index: bool = False) -> str:
    """Symbol of a bare six-digit code: the exchange follows from the prefix.

    Shares and funds: 5, 6 and 9 are Shanghai, 4, 8 and 92 Beijing, the rest Shenzhen. Indices: 000 and 93 are Shanghai,
    899 Beijing, the rest Shenzhen, so that 000300 is an index of Shanghai but a share of Shenzhen.
    """
    if is_index:
        return f"{code}.{'SH' if code.startswith(('000', '93')) else 'BJ' if code.startswith('899') else 'SZ'}"
    return f"{code}.{'BJ' if code.startswith(('4', '8', '92')) else 'SH' if code[0] in '569' else 'SZ'}"


def board(symbol: str) -> Board:
    """Board of a suffixed symbol, from its code: main, chinext, star, bse, fund, index or us."""
    if symbol.startswith("^"):
        return "index"
    code, suffix = symbol.rsplit(".", 1)
    if suffix == "US":
        return "us"
    if suffix == "BJ":
        return "index" if code.startswith("899") else "bse"
    if suffix == "SH":
        by_prefix: dict[str, Board] = {"688": "star", "689": "star", "000": "index"}
        return by_prefix.get(code[:3], "fund" if code[0] == "5" else "main")
    if code.startswith("399"):
        return "index"
    return "chinext" if code.startswith("30") else "fund" if code[:2] in ("15", "16", "18") else "main"


def limit_scope(symbol: str, instrument: Instrument | None = None, is_st: bool = False) -> str | None:
    """Scope under which `market.rules` files the price limit; None where there is no limit (indices, US)."""
    kind = board(symbol)
    if kind in ("index", "us"):
        return None
    if kind == "fund":
        return "etf_20pct" if instrument is not None and (instrument.price_limit or 0.0) > 0.10 else "etf"
    scope = {"main": "main_board"}.get(kind, kind)
    return {"main_board": "st_main", "chinext": "st_chinext"}.get(scope, scope) if is_st else scope


def limit_rates(
    symbol: str, dates: pd.DatetimeIndex | pd.Series, instrument: Instrument | None = None, is_st: bool = False
) -> np.ndarray:
    """Daily price limit on each date.

    Parameters
    ----------
    symbol : str
        With suffix.
    dates : DatetimeIndex or Series of n dates
    instrument : Instrument, optional
        Tells the funds with a 20 % band; before the reform of August 2020 they had 10 %.
    is_st : bool
        The share is under special treatment.

    Returns
    -------
    ndarray of shape (n,)
        Fractions; NaN where no limit applies or none is known.
    """
    days = pd.DatetimeIndex(dates)
    scope = limit_scope(symbol, instrument, is_st)
    rates = np.full(days.size, np.nan)
    for rule in rows("price_limit", scope, market(symbol)) if scope else ():
        rates[days >= pd.Timestamp(rule.since)] = rule.value
    return rates


def tick_size(symbol: str) -> float:
    """Smallest price step in the symbol's currency: 0.001 for Chinese funds, 0.01 for everything else."""
    return 0.001 if board(symbol) == "fund" else 0.01


def lot_size(symbol: str) -> int:
    """Shares of one board lot when buying: 200 on the STAR market, else 100 (1 for US symbols)."""
    return {"star": 200, "us": 1}.get(board(symbol), 100)


def min_holding_days(symbol: str, instrument: Instrument | None, when: date | str) -> int:
    """Sessions that a purchase must be held: 0 is T+0, 1 is T+1; raises BadInputError before the rule is known."""
    return int(value_on("min_holding_days", _settlement_scope(symbol, instrument), market(symbol), when))  # type: ignore[arg-type]


def schedule(symbol: str, when: date | str) -> tuple[tuple[str, str], ...]:
    """Hours of a session, Asia/Shanghai: opening call, continuous phases, closing call where there is one."""
    scope = "etf" if board(symbol) == "fund" else "stock"
    return value_on("schedule", scope, market(symbol), when)  # type: ignore[return-value]


def continuous_end(symbol: str, when: date | str) -> str:
    """Time at which continuous trading ends, e.g. 14:57; a marketable order later joins the closing call."""
    return max(end for _, end in schedule(symbol, when) if (_, end) != ("14:57", "15:00"))


def _settlement_scope(symbol: str, instrument: Instrument | None) -> str:
    if board(symbol) != "fund":
        return "stock"
    if instrument is None:
        return "etf"
    if instrument.asset_class == "commodity":
        return "etf_gold" if "gold" in instrument.underlying.lower() else "etf_commodity"
    return FUND_SCOPES.get(instrument.asset_class, "etf")

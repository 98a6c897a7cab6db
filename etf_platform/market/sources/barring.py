"""What all feeds of bars share: raw rows in house units, checked against what was asked for.

Rows come out as `market.sources.ROW_COLUMNS`, not judged against calendar and limits (`market.validate` does that).
Prices as the provider sent them: `adj_factor` is 1 unless the provider's module says otherwise.
"""

import math
from typing import Any

import pandas as pd

from etf_platform.core.tables import BARS
from etf_platform.core.units.source import BarAsk, Parsed
from etf_platform.market.sources import ROW_COLUMNS
from etf_platform.market.sources.judge import NAN, Gathered, Values, check_range, needed, number, require

PRICES = ("open", "high", "low", "close")


def bar(symbol: str, when: pd.Timestamp, prices: dict[str, Any], volume: float, amount: float) -> Values:
    """Values of one row: prices as numbers above 0 and in order, the rest unknown or as given.

    Raises
    ------
    Refusal
        A price that is none, not positive or out of order; volume or amount negative or infinite.
    """
    values: Values = {"date": when, "symbol": symbol, "prev_close": NAN, "adj_factor": 1.0}
    for name in PRICES:
        found = needed(number(prices[name], name), name)
        require(found > 0, "non_positive_price", f"{name} is {found:g}")
        values[name] = found
    check_range(values, ("open", "close"))
    for name, found in (("volume", volume), ("amount", amount)):
        require(not found < 0 and not math.isinf(found), f"negative_{name}", f"{name} is {found:g}")
    return values | {"volume": volume, "amount": amount}


def require_asked(ask: BarAsk, when: pd.Timestamp) -> None:
    """Refuse a bar outside [start, end]; a week's or month's bar may be dated later within its period."""
    slack = {"day": 0, "week": 7, "month": 31}[ask.period]
    last = pd.Timestamp(ask.end) + pd.Timedelta(days=slack)
    is_inside = pd.Timestamp(ask.start) <= when <= last
    require(is_inside, "not_asked", f"{when.date()} is not within {ask.start} to {ask.end}")


def bars(gathered: Gathered, ask: BarAsk, first_previous: float = NAN, **others: Any) -> Parsed:
    """The bars of one symbol in order of date, each without its own `prev_close` getting the close of the row before.

    `first_previous` is the close before the first row, where the provider gives it. Right after a refused row
    `prev_close` stays unknown, and everywhere when a refused row has no date.
    """
    gathered.accepted.sort(key=lambda values: values["date"])
    gaps = sorted(row["date"] for row in gathered.refused)
    previous, before = first_previous, pd.Timestamp.min
    for values in gathered.accepted:
        is_next = not gathered.n_undated and not any(before < gap <= values["date"] for gap in gaps)
        if math.isnan(values["prev_close"]) and previous > 0 and is_next:
            values["prev_close"] = previous
        previous, before = values["close"], values["date"]
    missing = () if gathered.accepted or gathered.refused else (ask.symbol,)
    return gathered.parsed(BARS, ROW_COLUMNS, missing=missing, **others)


def cells(row: Any, least: int) -> list[Any]:
    """A row as a list of at least `least` cells, or a refusal."""
    require(isinstance(row, list) and len(row) >= least, "too_few_fields", f"fewer than {least} fields")
    return list(row)

"""Adjusted prices from traded ones: always open, high, low and close together, never stored as truth.

Only arithmetic with `adj_factor` lives here; finding the events that change it is `market.actions`.
"""

import pandas as pd

from etf_platform.core.errors import BadInputError

PRICES = ["open", "high", "low", "close"]
STATUSES = ("review", "accepted", "rejected")


def total_return(bars: pd.DataFrame) -> pd.DataFrame:
    """Bars with all four prices multiplied by `adj_factor`.

    Parameters
    ----------
    bars : DataFrame
        BARS rows.

    Returns
    -------
    DataFrame
        A copy; row t depends on data dated <= t only ("back-adjusted"). `prev_close`, `volume` and `amount` stay as
        traded. NaN stays NaN.
    """
    return _scaled(bars, bars["adj_factor"])


def anchored(bars: pd.DataFrame) -> pd.DataFrame:
    """The original's convention: price * adj_factor / adj_factor of the symbol's last row in these bars.

    Depends on where the window ends, so it must not be stored or scored.
    """
    last = bars.sort_values("date").groupby("symbol")["adj_factor"].transform("last")
    return _scaled(bars, bars["adj_factor"] / last)


def apply_events(bars: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Bars with accepted events worked into `adj_factor` and into the reference price of the event's day.

    From the event's date on `adj_factor` is multiplied by `suggested_factor`; the day's `prev_close` is divided by it.

    Parameters
    ----------
    bars : DataFrame
        BARS rows, any order.
    events : DataFrame
        ADJUSTMENT_EVENTS rows; only those with status `accepted` count.

    Raises
    ------
    BadInputError
        An event has an unknown status.
    """
    unknown = sorted(set(events["status"]) - set(STATUSES))
    if unknown:
        raise BadInputError("applying adjustment events", f"status {unknown[0]!r}", f"use one of {', '.join(STATUSES)}")
    adjusted = bars.copy()
    accepted = events[events["status"] == "accepted"]
    for symbol, date, factor in zip(accepted["symbol"], accepted["date"], accepted["suggested_factor"], strict=True):
        is_fund, factor = adjusted["symbol"] == symbol, float(factor)
        later, that_day = is_fund & (adjusted["date"] >= date), is_fund & (adjusted["date"] == date)
        adjusted["adj_factor"] = adjusted["adj_factor"].where(~later, adjusted["adj_factor"] * factor)
        adjusted["prev_close"] = adjusted["prev_close"].where(~that_day, adjusted["prev_close"] / factor)
    return adjusted


def _scaled(bars: pd.DataFrame, factor: pd.Series) -> pd.DataFrame:
    return bars.assign(**{name: bars[name] * factor for name in PRICES})

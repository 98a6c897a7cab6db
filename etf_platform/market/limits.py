"""Limit prices of bars: the dated rate of each row's symbol, and the exact price that follows from it.

The arithmetic on whole ticks is `core.ticks`; which rate holds is `market.instruments`. A first trading day of a share
has no limit by the exchange's rule; that is not known here.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from etf_platform.core.config.models import Instrument
from etf_platform.core.ticks import limit_price
from etf_platform.market.instruments import limit_rates, tick_size


def rates_of(rows: pd.DataFrame, instruments: Mapping[str, Instrument]) -> np.ndarray:
    """Price limit of each row as a fraction, from its `date` and `symbol`; NaN where none applies.

    Parameters
    ----------
    rows : DataFrame of n rows
        Columns `date` and `symbol`.
    instruments : mapping
        Facts of the funds; a symbol that is missing is judged by its code alone.

    Returns
    -------
    ndarray of shape (n,)
    """
    rates = np.full(len(rows), np.nan)
    for symbol, places in rows.groupby("symbol", sort=False).indices.items():
        rates[places] = limit_rates(str(symbol), rows["date"].iloc[places], instruments.get(str(symbol)))
    return rates


def limit_prices(rows: pd.DataFrame, instruments: Mapping[str, Instrument]) -> tuple[np.ndarray, np.ndarray]:
    """Highest and lowest price of each row's day, CNY, from its `prev_close`.

    Returns
    -------
    up, down : ndarrays of shape (n,)
        prev_close * (1 +- rate) rounded half up to the tick; NaN where prev_close or the rate is.
    """
    up, down = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    rates, previous = rates_of(rows, instruments), rows["prev_close"].to_numpy(dtype=np.float64)
    ticks = rows["symbol"].map({s: tick_size(s) for s in rows["symbol"].unique()}).to_numpy(dtype=np.float64)
    for tick in np.unique(ticks):
        at = ticks == tick
        up[at] = limit_price(previous[at], rates[at], float(tick), "up")
        down[at] = limit_price(previous[at], rates[at], float(tick), "down")
    return up, down

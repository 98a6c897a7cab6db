"""Closes of the scored assets on one basis: by their own dates, and as they could be known on sessions of Shanghai.

Not here: what a close is worth (`technical`, `market_state`, `evaluation`), when a bar is known (`as_of`).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from etf_platform.core.config.scoring import ScoringConfig
from etf_platform.scoring.as_of import newest_bars
from etf_platform.scoring.histories import adjusted, split_by


def adjusted_closes(bars: pd.DataFrame, settings: ScoringConfig) -> dict[str, pd.Series]:
    """Asset -> close * adj_factor by rising date, from BARS rows; assets without rows are left out."""
    by_symbol = split_by(bars, "symbol")
    return {
        key: adjusted(by_symbol[asset.symbol])["close"]
        for key, asset in settings.assets.items()
        if asset.symbol in by_symbol
    }


def known_closes(
    closes: Mapping[str, pd.Series],
    settings: ScoringConfig,
    calendars: Mapping[str, pd.DatetimeIndex],
    days: pd.DatetimeIndex,
) -> pd.DataFrame:
    """The newest close of every asset that could be known on each session.

    Parameters
    ----------
    closes : mapping of asset to Series
        As `adjusted_closes` gives them.
    calendars : mapping of str to DatetimeIndex
        Sessions of the calendar of every asset.
    days : DatetimeIndex
        Sessions of Shanghai, rising.

    Returns
    -------
    DataFrame of shape (n_days, n_assets)
        Every asset of the configuration in the columns; NaN without a close that is at most `stale_sessions` old: what
        has ended has no return.
    """
    known = {}
    for key, asset in settings.assets.items():
        values = np.full(len(days), np.nan)
        if key in closes:
            dates = pd.DatetimeIndex(closes[key].index)
            newest = newest_bars(dates, asset.calendar, calendars[asset.calendar], days)
            fresh = (newest.place >= 0) & (newest.age <= settings.stale_sessions)
            values[fresh] = closes[key].to_numpy(dtype=np.float64)[newest.place[fresh]]
        known[key] = values
    return pd.DataFrame(known, index=days)

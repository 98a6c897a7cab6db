"""Closes by session and asset as they could be known: what returns after a score are measured on.

Not here: the returns, and what they say about scores (`evaluation`).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from etf_platform.core.config.scoring import ScoringConfig
from etf_platform.scoring.as_of import newest_bars
from etf_platform.scoring.histories import adjusted


def known_closes(
    bars: pd.DataFrame, settings: ScoringConfig, sessions: pd.DatetimeIndex, calendars: Mapping[str, pd.DatetimeIndex]
) -> pd.DataFrame:
    """The newest adjusted close of every asset that was known at the run of every session.

    Parameters
    ----------
    bars : DataFrame
        BARS of the universe, under the assets' own symbols.
    sessions : DatetimeIndex
        Sessions of Shanghai, rising.
    calendars : mapping of str to DatetimeIndex
        Sessions of the calendar of every asset.

    Returns
    -------
    DataFrame of shape (n_sessions, n_assets)
        Every asset of the configuration, by key; NaN before the first bar, and when the newest one is older than
        `settings.stale_sessions`: an asset that stopped trading did not stay where it was.
    """
    by_symbol = {str(symbol): rows for symbol, rows in bars.sort_values("date").groupby("symbol")}
    columns: dict[str, np.ndarray] = {}
    for key in sorted(settings.assets):
        asset = settings.assets[key]
        columns[key] = np.full(len(sessions), np.nan)
        if asset.symbol not in by_symbol:
            continue
        close = adjusted(by_symbol[asset.symbol])["close"]
        newest = newest_bars(pd.DatetimeIndex(close.index), asset.calendar, calendars[asset.calendar], sessions)
        is_fresh = (newest.place >= 0) & (newest.age <= settings.stale_sessions)
        columns[key][is_fresh] = close.to_numpy()[newest.place[is_fresh]]
    return pd.DataFrame(columns, index=sessions)

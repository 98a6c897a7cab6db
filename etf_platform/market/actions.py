"""Corporate actions that stand undeclared in unadjusted series: detected, handed to people, never applied silently.

An event of day t is found from data dated t or earlier, so its volume evidence is the day's own volume.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from etf_platform.core.config.models import Instrument
from etf_platform.core.tables import ADJUSTMENT_EVENTS
from etf_platform.market.limits import rates_of
from etf_platform.market.validate import UNADJUSTED

VOLUME_SESSIONS = 20
MIN_VOLUME_SESSIONS = 5
ROUND_SPLIT_TOLERANCE = 0.10


def detect_actions(bars: pd.DataFrame, instruments: Mapping[str, Instrument]) -> pd.DataFrame:
    """Jumps between the close before and the open that no price limit allows and no `adj_factor` explains.

    Parameters
    ----------
    bars : DataFrame
        BARS rows of unadjusted series; symbols without a price limit are passed over.
    instruments : mapping
        Facts of the funds.

    Returns
    -------
    DataFrame
        ADJUSTMENT_EVENTS with status `review`. `price_ratio` = open / previous close on `price * adj_factor`;
        `volume_ratio` = the day's volume / median volume of the up to 20 bars before (NaN below 5 bars). A split
        (ratio < 1) or reverse split needs a volume that moved the other way by at least the square root of the price
        ratio, else the event is `unexplained`. `suggested_factor` is the whole number k (or 1/k) within 10 % of
        1 / price_ratio, since the open also moved with the market, else 1 / price_ratio.
    """
    ordered = bars.sort_values(["symbol", "date"], ignore_index=True)
    before = (ordered["close"] * ordered["adj_factor"]).groupby(ordered["symbol"]).shift()
    ratio = ordered["open"] * ordered["adj_factor"] / before
    allowed = rates_of(ordered, instruments) * UNADJUSTED.move_factor + UNADJUSTED.move_floor
    is_found = (ratio - 1.0).abs() > allowed
    usual = _usual_volume(ordered[ordered["symbol"].isin(ordered.loc[is_found, "symbol"])])
    surge = (ordered["volume"] / usual)[is_found]
    found = ordered[is_found].assign(price_ratio=ratio[is_found], volume_ratio=surge)
    inverse = 1.0 / found["price_ratio"].to_numpy(dtype=np.float64)
    found = found.assign(suggested_factor=_rounded(inverse), status="review")
    found["kind"] = _kinds(inverse, found["volume_ratio"].to_numpy(dtype=np.float64))
    return found[[c.name for c in ADJUSTMENT_EVENTS.columns]].sort_values(["date", "symbol"], ignore_index=True)


def _usual_volume(ordered: pd.DataFrame) -> pd.Series:
    """Median volume of the bars before each row, by symbol."""
    by_symbol = ordered.groupby("symbol")["volume"]
    return by_symbol.transform(lambda v: v.shift().rolling(VOLUME_SESSIONS, MIN_VOLUME_SESSIONS).median())


def decided(events: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Events with the status and factor that people gave them.

    Parameters
    ----------
    events, decisions : DataFrame
        ADJUSTMENT_EVENTS; rows of `decisions` replace those of the same date and symbol, and are kept when nothing was
        detected there.
    """
    both = pd.concat([decisions[events.columns], events], ignore_index=True)
    return both.drop_duplicates(["date", "symbol"]).sort_values(["date", "symbol"], ignore_index=True)


def _rounded(factor: np.ndarray) -> np.ndarray:
    whole = np.where(factor >= 1.0, np.rint(factor), 1.0 / np.maximum(np.rint(1.0 / factor), 1.0))
    is_round = (np.abs(factor / whole - 1.0) <= ROUND_SPLIT_TOLERANCE) & (whole != 1.0)
    return np.where(is_round, whole, factor)


def _kinds(factor: np.ndarray, volume_ratio: np.ndarray) -> np.ndarray:
    grew = (factor > 1.0) & (volume_ratio >= np.sqrt(factor))
    shrank = (factor < 1.0) & (volume_ratio <= np.sqrt(factor))
    return np.where(grew, "split", np.where(shrank, "reverse_split", "unexplained")).astype(object)

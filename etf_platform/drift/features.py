"""Bars, panel and quotes of a pool to one number a session and feature.

A feature is a plain daily figure, or the rolling mean of one over 20 sessions: the null distribution (`null`) resamples
the daily figures and rolls them again, so that overlapping windows are as dependent there as in life. Not here: how far
a feature has moved (`judge`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

ADV_BARS = 20
SEASONED_BARS = 250  # every factor window is full after so many bars (measured on the panels of three pools)
EXPECTED_SESSIONS = 20
SESSIONS_A_YEAR = 252
PARKINSON = 1.0 / (4.0 * np.log(2.0))
DEPTH = 5


@dataclass(frozen=True)
class Feature:
    """One monitored figure of a pool.

    Attributes
    ----------
    window : int
        Sessions of the rolling mean; 1 for a daily figure.
    is_volatility : bool
        The value is sqrt(252 * rolling mean).
    meaning : str
        What is averaged over the members, and how.
    needs : str
        The table that it is made from. Where a source has no quotes by declaration, features of quotes are not
        applicable: nobody judges them. Where it has, a day without them is missing and blocks.
    """

    name: str
    meaning: str
    window: int = 1
    is_volatility: bool = False
    needs: Literal["bars", "panel", "quotes"] = "bars"

    def of(self, daily: np.ndarray) -> np.ndarray:
        """Values from daily figures along the last axis, shorter by `window - 1`.

        Every value is made from its own window alone, so that it does not depend on where the series begins.
        """
        rolled = daily if self.window == 1 else _rolling_mean(daily, self.window)
        return np.sqrt(SESSIONS_A_YEAR * rolled) if self.is_volatility else rolled


FEATURES = (
    Feature(
        "volatility_20",
        "20-day realised volatility a year: square root of the mean over members and sessions of squared log returns",
        20,
        True,
    ),
    Feature(
        "parkinson_20", "20-day Parkinson volatility a year, the same mean of ln(high / low)^2 / (4 ln 2)", 20, True
    ),
    Feature("amount_to_adv", "amount / mean amount of the 20 bars before, median over members"),
    Feature("turnover", "volume / float shares of the last quote of the session, median over members", needs="quotes"),
    Feature(
        "book_imbalance",
        "(bid - ask) / (bid + ask) of the volumes of levels 1 to 5, last quote, median over members",
        needs="quotes",
    ),
    Feature(
        "premium", "last / indicative value - 1 of the last quote of the session, median over members", needs="quotes"
    ),
    Feature("null_rate", "share of empty factor values, mean over members with more than 250 bars", needs="panel"),
    Feature("row_count", "bars of the session over members that had one in the last 20 sessions"),
)


def features_of(
    bars: pd.DataFrame,
    panel: pd.DataFrame | None = None,
    quotes: pd.DataFrame | None = None,
    sessions: pd.DatetimeIndex | None = None,
) -> pd.DataFrame:
    """Daily figure of every feature; `Feature.of` makes the feature's values from them.

    Parameters
    ----------
    bars : DataFrame
        `market/<pool>/bars` from its first row on.
    panel : DataFrame, optional
        `factors/<pool>/panel`, as many sessions as are wanted; without it `null_rate` is NaN.
    quotes : DataFrame, optional
        `market/<pool>/quotes`; without it `turnover`, `book_imbalance` and `premium` are NaN.
    sessions : DatetimeIndex, optional
        Sessions of the exchange; those without any bar then show as such. Default: the dates of the bars.

    Returns
    -------
    DataFrame of shape (n_sessions, n_features), index: `date`
        Columns in the order of `FEATURES`. NaN: not known on that session. A row knows nothing later.
    """
    wide = {name: _wide(bars, name) for name in ("high", "low", "amount")}
    index = wide["amount"].index if sessions is None else sessions
    totals = _wide(bars.assign(total=bars["close"] * bars["adj_factor"]), "total")
    figures = {
        "volatility_20": (np.log(totals / totals.shift()) ** 2).mean(axis=1),
        "parkinson_20": (PARKINSON * np.log(wide["high"] / wide["low"]) ** 2).mean(axis=1),
        "amount_to_adv": _amount_to_adv(wide["amount"]),
        "null_rate": _null_rate(panel, bars),
        "row_count": _row_share(wide["amount"].notna().reindex(index, fill_value=False)),
        **_of_quotes(quotes),
    }
    return pd.DataFrame({each.name: figures[each.name].reindex(index) for each in FEATURES}, index=index).astype(float)


def feature_named(name: str, features: Sequence[Feature] = FEATURES) -> Feature:
    """The feature of this name; KeyError when there is none."""
    return {each.name: each for each in features}[name]


def _wide(bars: pd.DataFrame, name: str) -> pd.DataFrame:
    return bars.pivot(index="date", columns="symbol", values=name)


def _amount_to_adv(amount: pd.DataFrame) -> pd.Series:
    usual = amount.apply(lambda each: each.dropna().rolling(ADV_BARS).mean().shift())
    ratio = amount / usual.reindex(amount.index).where(lambda known: known > 0.0)
    return ratio.median(axis=1)


def _null_rate(panel: pd.DataFrame | None, bars: pd.DataFrame) -> pd.Series:
    if panel is None or panel.empty:
        return pd.Series(dtype=np.float64)
    ages = bars.sort_values("date")[["date", "symbol"]]
    ages = ages.assign(age=ages.groupby("symbol").cumcount() + 1)
    empty = panel.drop(columns=["date", "symbol", "source"], errors="ignore").isna().to_numpy().mean(axis=1)
    rows = panel[["date", "symbol"]].assign(empty=empty).merge(ages, on=["date", "symbol"])
    seasoned = rows[rows["age"] > SEASONED_BARS]
    return seasoned.groupby("date")["empty"].mean()


def _row_share(has_bar: pd.DataFrame) -> pd.Series:
    expected = has_bar.rolling(EXPECTED_SESSIONS, min_periods=1).max().sum(axis=1)
    return has_bar.sum(axis=1) / expected.where(expected > 0)


def _of_quotes(quotes: pd.DataFrame | None) -> dict[str, pd.Series]:
    names = ("turnover", "book_imbalance", "premium")
    if quotes is None or quotes.empty:
        return {name: pd.Series(dtype=np.float64) for name in names}
    last = quotes.sort_values("fetched_at").groupby(["date", "symbol"], as_index=False).last()
    known = last.assign(book_imbalance=book_imbalance(last))
    return {name: known.groupby("date")[name].median() for name in names}


def book_imbalance(quotes: pd.DataFrame) -> pd.Series:
    """(bid - ask) / (bid + ask) of the volumes of five levels, in [-1, 1]; NaN for an empty or unknown book.

    A level that is not known counts as nothing; the first level must be known on both sides.
    """
    bid, ask = (quotes[[f"{side}{k}_volume" for k in range(1, DEPTH + 1)]].sum(axis=1) for side in ("bid", "ask"))
    is_known = quotes["bid1_volume"].notna() & quotes["ask1_volume"].notna() & (bid + ask > 0.0)
    return ((bid - ask) / (bid + ask)).where(is_known)


def _rolling_mean(daily: np.ndarray, window: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(daily, window, axis=-1).mean(axis=-1)

"""Episodes of a stock at its limit within a day: sealed begins one, opened ends it, a re-seal begins the next.

State is handed in and handed back, so a restart changes nothing. Unknown is unknown: a missing quote neither begins
nor ends an episode. Not here: storing them.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd


@dataclass(frozen=True)
class Episode:
    """One stretch of a stock at its limit: a row of the ops table `limit_episodes`; times are UTC."""

    trade_date: dt.date
    stock: str
    episode: int
    began_at: dt.datetime
    ended_at: dt.datetime | None = None


@dataclass(frozen=True)
class Episodes:
    """What a look at the market changed.

    Attributes
    ----------
    begun, ended : tuple of Episode
        New ones, and standing ones that are over (`ended_at` is set).
    standing : tuple of Episode
        All that stand after the look, the begun ones included.
    """

    begun: tuple[Episode, ...]
    ended: tuple[Episode, ...]
    standing: tuple[Episode, ...]

    @property
    def numbers(self) -> dict[str, int]:
        """Number of the standing episode by stock."""
        return {episode.stock: episode.episode for episode in self.standing}


def advance(before: Iterable[Episode], states: pd.DataFrame, now: dt.datetime, trade_date: dt.date) -> Episodes:
    """Episodes after a look at the market.

    Parameters
    ----------
    before : iterable of Episode
        All episodes of the day so far, ended ones included: they give the next number. Other days do not count.
    states : DataFrame
        LIMIT_STATES columns of the stocks that were quoted: `symbol`, `sealed`, `at_limit` (null is unknown).
    now : datetime
        UTC; the moment of the look.
    trade_date : date
        The session.

    Returns
    -------
    Episodes
        Ordered by stock. A sealed stock without a standing episode begins one; a standing one ends when the stock is
        known not to be at its limit.
    """
    past = [episode for episode in before if episode.trade_date == trade_date]
    last = {episode.stock: episode.episode for episode in sorted(past, key=lambda e: e.episode)}
    open_now = {episode.stock: episode for episode in past if episode.ended_at is None}
    sealed, opened = _known(states, "sealed", True), _known(states, "at_limit", False)
    ended = [replace(open_now[stock], ended_at=now) for stock in sorted(opened & set(open_now))]
    begun = [
        Episode(trade_date, stock, last.get(stock, 0) + 1, now) for stock in sorted(sealed - opened - set(open_now))
    ]
    kept = [episode for stock, episode in open_now.items() if stock not in opened]
    return Episodes(tuple(begun), tuple(ended), tuple(sorted([*kept, *begun], key=lambda e: e.stock)))


def _known(states: pd.DataFrame, column: str, value: bool) -> set[str]:
    """Stocks whose flag is known to be `value`."""
    flags = states[column].astype("boolean")
    return set(states.loc[(flags == value).fillna(False).to_numpy(dtype=bool), "symbol"].astype(str))

"""One look at the market over the wire: the feed's limit-up pools, then quotes of stocks and funds.

A pool that cannot be had is noted, and the look goes on without it; without quotes there is no look. Nothing is stored
here, and nothing is judged.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from etf_platform.core.states import State, worst
from etf_platform.core.tables import LIMIT_POOL
from etf_platform.core.units.source import Pool, PoolAsk
from etf_platform.market import codes
from etf_platform.market.live import Wire, pull_quotes
from etf_platform.market.wire.ask import Answer
from etf_platform.market.wire.failover import AllSourcesFailedError, Candidate, Pulled, pull
from etf_platform.orchestration.tracking.second import NOBODY, Opinion, second_opinion

if TYPE_CHECKING:
    from etf_platform.market.calendar import Sessions

POOLS: tuple[Pool, ...] = ("limit_up", "opened")
SHOWN = 5
FEW_ABSENT = 0.01  # of the vouched symbols; more without a quote pass the gates with a warning
POOL_COLUMNS = [column.name for column in LIMIT_POOL.columns]
Got = TypeVar("Got")


@dataclass
class Spent:
    """Seconds of a look: `network` from sending to the last byte, `pulling` with waiting for turns and parsing."""

    network: float = 0.0
    pulling: float = 0.0
    requests: int = 0

    def timed(self, fetch: Callable[[], Pulled[Answer]]) -> Pulled[Answer]:
        """What `fetch` brings, with its time counted, also when it brings nothing."""
        began = time.perf_counter()
        try:
            pulled = fetch()
        finally:
            self.pulling += time.perf_counter() - began
        self.network += pulled.answer.seconds * len(pulled.answer.payloads)
        self.requests += len(pulled.answer.payloads)
        return pulled


@dataclass(frozen=True, eq=False)
class Sighting:
    """What a look brought.

    Attributes
    ----------
    pool : DataFrame
        LIMIT_POOL rows of today, pools `limit_up` and `opened`; empty where the feed gave none.
    stocks, funds : DataFrame
        QUOTES rows of today, one per symbol.
    source : str
        Whose quotes they are.
    notes : tuple of str
        Sentences on what could not be had.
    second : Opinion
        What another provider says of a sample.
    absent : float
        Share of the vouched symbols without a quote; at most what the gates allow.
    """

    pool: pd.DataFrame
    stocks: pd.DataFrame
    funds: pd.DataFrame
    source: str
    notes: tuple[str, ...]
    spent: Spent = field(default_factory=Spent)
    second: Opinion = NOBODY
    absent: float = 0.0

    @property
    def gates(self) -> State:
        """PASS, or WARN when the pull passed with a warning: prices that differ elsewhere, quotes that did not come."""
        return worst((self.second.state, State.WARN if self.absent > FEW_ABSENT else State.PASS))


def look(
    wire: Wire,
    sessions: "Sessions",
    day: pd.Timestamp,
    stocks: Callable[[pd.DataFrame], Collection[str]],
    funds: Callable[[Collection[str]], Collection[str]],
    exist: Collection[str],
) -> Sighting:
    """Ask the pools, then the quotes.

    Parameters
    ----------
    day : Timestamp
        The running session; quotes of another day (suspended stocks) are left out.
    stocks, funds : callable
        Stocks to quote, from the rows of the pools; funds to quote, from those stocks.
    exist : collection of str
        Symbols that somebody has vouched for, beside those of the pools: of these enough must be answered.

    Raises
    ------
    AllSourcesFailedError
        No provider gave quotes that pass the gates.
    """
    spent = Spent()
    notes: list[str] = []
    pool = _pools(wire, sessions.exchange, day, spent, notes)
    wanted = sorted(known_symbols(stocks(pool)))
    related = sorted(known_symbols(funds(wanted)) - set(wanted))
    if not wanted and not related:
        return Sighting(pool, pd.DataFrame(), pd.DataFrame(), "", (*notes, "there is nothing to quote"), spent)
    asked, vouched = [*wanted, *related], set(exist) | set(pool["symbol"])
    counted = [symbol for symbol in asked if symbol in vouched]
    pulled = spent.timed(lambda: pull_quotes(wire, asked, sessions, counted))
    frame = pulled.answer.frame
    today = frame[frame["date"] == day].drop_duplicates("symbol", keep="last")
    second = second_opinion(wire, sessions, today, day, pulled.source)
    is_stock = today["symbol"].isin(set(wanted))
    tried = [f"{a.source}: {a.reason}" for a in pulled.attempts if a.reason]
    if absent := sorted(set(asked) - set(frame["symbol"])):
        tried.append(f"no quote of {', '.join(absent[:SHOWN])}" + (", ..." if len(absent) > SHOWN else ""))
    return Sighting(
        pool,
        today[is_stock].reset_index(drop=True),
        today[~is_stock].reset_index(drop=True),
        pulled.source,
        (*notes, *tried, *filter(None, [second.sentence])),
        spent,
        second,
        len(set(counted) - set(frame["symbol"])) / max(len(counted), 1),
    )


def known_symbols(symbols: Collection[str]) -> set[str]:
    """The symbols that a feed can be asked for."""
    return {symbol for symbol in symbols if codes.lookup(symbol) is not None}


def _pools(wire: Wire, exchange: str, day: pd.Timestamp, spent: Spent, notes: list[str]) -> pd.DataFrame:
    found: list[pd.DataFrame] = []
    for name in POOLS:
        try:
            found.append(spent.timed(lambda name=name: _pull_pool(wire, exchange, name, day)).answer.frame)  # type: ignore[misc]
        except AllSourcesFailedError as error:
            notes.append(f"pool {name}: {error.saw}")
            break
    filled = [frame for frame in found if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=POOL_COLUMNS)


def _pull_pool(wire: Wire, exchange: str, name: Pool, day: pd.Timestamp) -> Pulled[Answer]:
    asks: Sequence[PoolAsk] = [PoolAsk(name, day.date())]
    candidates = [
        Candidate(
            served.name,
            lambda served=served: wire.ask(served, asks),  # type: ignore[misc]
            lambda answer: "",
            served.provider.priority,
            served.provider.is_high_frequency,
        )
        for served in wire.serving(exchange, "pools")
    ]
    return pull(f"{name}/{exchange}", f"fetching the pool {name}", candidates, wire.around)

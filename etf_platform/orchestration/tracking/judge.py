"""What a look means: states of the stocks, episodes, and the signals that follow. Reads rows, writes none.

The arithmetic is `arbitrage` and `market.limits`; here its inputs are put together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from etf_platform.arbitrage.episodes import Episode, Episodes, advance
from etf_platform.arbitrage.signals import Market, Signal, signals_of
from etf_platform.arbitrage.states import states_of_quotes
from etf_platform.market.limits import stock_limits
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.tracking.known import Known, continuous_until, names_of, settlement_of
from etf_platform.orchestration.tracking.look import Sighting
from etf_platform.storage.tracker import Row

OPEN_STATES = ("new", "notified")


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a look means.

    Attributes
    ----------
    states : DataFrame
        `arbitrage.states.states_of_quotes`, with `industry`.
    episodes : Episodes
        After the look.
    signals : list of Signal
        New ones, best first.
    """

    states: pd.DataFrame
    episodes: Episodes
    signals: list[Signal]


def judge(
    platform: Platform,
    sighting: Sighting,
    known: Known,
    watched: frozenset[str],
    stored: tuple[Sequence[Row], Sequence[Row]],
    now: datetime,
) -> Judgement:
    """States, episodes and signals of a look.

    Parameters
    ----------
    watched : frozenset of str
        Stocks that raise signals.
    stored : (episodes, signals)
        Rows of the day so far.
    now : datetime
        Aware; the moment of the look.
    """
    rows, signalled = stored
    states = states_now(platform, sighting, known)
    episodes = advance([Episode(**row) for row in rows], states, now, known.day)
    funds = set(sighting.funds["symbol"]) if len(sighting.funds) else set()
    market = Market(
        now=now,
        trade_date=known.day,
        states=states,
        funds=sighting.funds,
        known=known.holdings,
        settings=platform.config.arbitrage,
        watch=watched,
        episodes=episodes.numbers,
        expectations=known.expectations,
        sigma=known.sigma,
        adv=known.adv,
        settlement=settlement_of(platform, funds),
        continuous_until=continuous_until(funds, known.day),
        names=names_of(platform),
        gates=sighting.second.state,
        told=frozenset((row["stock"], row["etf"], row["episode"]) for row in signalled),
        standing=sum(1 for row in signalled if row["actionable"] and row["state"] in OPEN_STATES),
        next_sequence=len(signalled) + 1,
    )
    return Judgement(states, episodes, signals_of(market) if len(states) and len(sighting.funds) else [])


def states_now(platform: Platform, sighting: Sighting, known: Known) -> pd.DataFrame:
    """State of every quoted stock, with its industry; empty without quotes."""
    quotes = sighting.stocks
    if quotes.empty:
        return pd.DataFrame(columns=["symbol", "sealed", "at_limit", "touched"])
    sessions = platform.sessions(platform.config.arbitrage.stocks)
    named_st = quotes.loc[quotes["name"].str.contains("ST", na=False), ["symbol", "date"]]
    special = named_st.rename(columns={"date": "start"})
    special["end"] = pd.Series(pd.NaT, index=special.index, dtype="datetime64[ns]")
    limits = stock_limits(
        quotes,
        known.stocks,
        special,
        sessions.index,
        quotes[["date", "symbol", "limit_up", "limit_down"]],
    )
    states = states_of_quotes(quotes, limits, known.before, sighting.pool)
    industries = known.stocks.set_index("symbol")["industry"].to_dict()
    industries |= dict(zip(sighting.pool["symbol"], sighting.pool["industry"], strict=True))
    return states.assign(industry=states["symbol"].map(industries))

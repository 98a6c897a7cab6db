"""What a look means: states of the stocks, episodes, and the signals that follow. Reads rows, writes none.

The arithmetic is `arbitrage` and `market.limits`; here its inputs are put together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import pandas as pd

from etf_platform.arbitrage.clock import local
from etf_platform.arbitrage.episodes import Episode, Episodes, advance
from etf_platform.arbitrage.iopv import benchmarks
from etf_platform.arbitrage.signals import Look, Market, look
from etf_platform.arbitrage.states import states_of_quotes
from etf_platform.market.limits import stock_limits
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.tracking.known import Known, continuous_until, names_of, settlement_of
from etf_platform.orchestration.tracking.look import Sighting
from etf_platform.storage.tracker import Row

OPEN_STATES = ("new", "notified")


@dataclass(frozen=True)
class Stored:
    """What the day has brought so far: episodes, signals, and the last quote of each fund by symbol."""

    episodes: Sequence[Row]
    signals: Sequence[Row]
    quotes: Mapping[str, Row] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a look means.

    Attributes
    ----------
    states : DataFrame
        `arbitrage.states.states_of_quotes`, with `industry`.
    episodes : Episodes
        After the look.
    found : Look
        New signals, those that can be acted on by now, and why the other boards raise none.
    benchmark : dict of str to float
        Return of each broad fund that stands for the market in an estimate.
    """

    states: pd.DataFrame
    episodes: Episodes
    found: Look
    benchmark: Mapping[str, float] = field(default_factory=dict)

    def signalled(self, rows: Sequence[Row]) -> set[str]:
        """Stocks with a signal of their standing episode: of these rows, or new ones."""
        keys = {(row["stock"], row["episode"]) for row in rows} | {(s.stock, s.episode) for s in self.found.signals}
        return {stock for stock, episode in keys if self.episodes.numbers.get(stock) == episode}


def judge(
    platform: Platform,
    sighting: Sighting,
    known: Known,
    watched: frozenset[str],
    stored: Stored,
    now: datetime,
) -> Judgement:
    """States, episodes and signals of a look.

    Parameters
    ----------
    watched : frozenset of str
        Stocks that raise signals.
    stored : Stored
        Rows of the day so far.
    now : datetime
        Aware; the moment of the look.
    """
    states = states_now(platform, sighting, known)
    episodes = advance([Episode(**row) for row in stored.episodes], states, now, known.day)
    if states.empty or sighting.funds.empty:
        return Judgement(states, episodes, Look())
    market = market_now(platform, sighting, known, watched, stored, states, episodes, now)
    used = {market.benchmark_names[fund]: value for fund, value in market.benchmark.items()}
    return Judgement(states, episodes, look(market), used)


def market_now(
    platform: Platform,
    sighting: Sighting,
    known: Known,
    watched: frozenset[str],
    stored: Stored,
    states: pd.DataFrame,
    episodes: Episodes,
    now: datetime,
) -> Market:
    """Everything that a look at the market needs, put together."""
    funds, settings = set(sighting.funds["symbol"].astype(str)), platform.config.arbitrage
    market = benchmarks(sighting.funds, (*settings.etf_categories.get("宽基", ()), *settings.watch_etfs), sorted(funds))
    standing = [row for row in stored.signals if row["state"] in OPEN_STATES]
    return Market(
        now=now,
        trade_date=known.day,
        states=states,
        funds=sighting.funds,
        known=known.holdings,
        settings=settings,
        watch=watched,
        episodes=episodes.numbers,
        expectations=known.expectations,
        sigma=known.sigma,
        adv=known.adv,
        curves=known.curves,
        nav=nav_of(sighting.funds, stored.quotes, known.day),
        benchmark={fund: value for fund, (_, value) in market.items()},
        benchmark_names={fund: name for fund, (name, _) in market.items()},
        settlement=settlement_of(platform, funds),
        continuous_until=continuous_until(funds, known.day),
        names=names_of(platform),
        gates=sighting.gates,
        told=_keys(stored.signals),
        observed=_keys([row for row in standing if not row["actionable"] and not row.get("history")]),
        standing=sum(1 for row in standing if row["actionable"]),
        next_sequence=len(stored.signals) + 1,
    )


def nav_of(funds: pd.DataFrame, quotes: Mapping[str, Row], day: date) -> dict[str, float]:
    """The last published value of each fund whose quote gives none, as another provider gave it earlier today."""
    silent = funds.loc[funds["nav"].isna(), "symbol"].astype(str)
    rows = {fund: quotes[fund] for fund in silent if fund in quotes and local(quotes[fund]["at"]).date() == day}
    return {fund: row["nav"] for fund, row in rows.items() if row.get("nav") is not None}


def _keys(rows: Sequence[Row]) -> frozenset[tuple[str, str, int]]:
    return frozenset((row["stock"], row["etf"], row["episode"]) for row in rows)


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

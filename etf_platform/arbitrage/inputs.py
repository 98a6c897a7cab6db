"""Everything a look at the market needs to raise signals, handed in as one value. Not here: where it comes from."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from etf_platform.arbitrage.pace import Curve
from etf_platform.core.config.arbitrage import ArbitrageConfig
from etf_platform.core.states import State


@dataclass(frozen=True)
class Market:
    """The market at one moment, and what was known before.

    Attributes
    ----------
    now : datetime
        UTC, or with another zone.
    trade_date : date
        The session; without a session at `now` there are no signals.
    states : DataFrame
        LIMIT_STATES columns of every quoted stock, with `name` and `prev_close` (`states.states_of_quotes`).
    funds : DataFrame
        QUOTES rows of funds, the last one of each.
    known : DataFrame
        `holdings.known_on(..., trade_date)`.
    settings : ArbitrageConfig
        As configured.
    watch : frozenset of str
        Stocks that raise signals; exposure counts all stocks of `states`.
    episodes : mapping of str to int
        Number of the standing episode by stock (`episodes.Episodes.numbers`, after this look).
    expectations : DataFrame
        EXPECTATIONS rows; the last session up to `trade_date` counts. May be empty.
    sigma, adv : mapping of str to float
        Per fund, of the 20 sessions before: standard deviation of daily returns, mean turnover in yuan.
    curves : mapping of str to Curve
        Per fund (`pace.curves`); a fund without one gets the default, flagged.
    nav, benchmark : mapping of str to float
        Per fund: NAV at the end of the session before (else the quote's), return of its benchmark so far today.
    benchmark_names : mapping of str to str
        Per fund, whose return that is.
    settlement : mapping of str to str
        Per fund, `T+0` or `T+1`; absent is unknown.
    continuous_until : mapping of str to str
        Per fund HH:MM at which continuous trading ends, where that is before the close.
    names : mapping of str to str
        Of the universe table; they win over names at the provider.
    gates : State
        Worst verdict on the pull (`completeness`, time, date, sample); only PASS lets a signal be acted on.
    told : frozenset of (stock, etf, episode)
        Signals of the day that exist already; they are not raised again.
    observed : frozenset of (stock, etf, episode)
        Those of `told` that stand, were for observation only and may still be told as actionable.
    standing : int
        Actionable signals of the day that stand; they take places of `max_positions`.
    next_sequence : int
        First free number for identifiers of the day.
    """

    now: dt.datetime
    trade_date: dt.date
    states: pd.DataFrame
    funds: pd.DataFrame
    known: pd.DataFrame
    settings: ArbitrageConfig
    watch: frozenset[str]
    episodes: Mapping[str, int]
    expectations: pd.DataFrame
    sigma: Mapping[str, float] = field(default_factory=dict)
    adv: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    nav: Mapping[str, float] = field(default_factory=dict)
    benchmark: Mapping[str, float] = field(default_factory=dict)
    benchmark_names: Mapping[str, str] = field(default_factory=dict)
    settlement: Mapping[str, str] = field(default_factory=dict)
    continuous_until: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    gates: State = State.PASS
    told: frozenset[tuple[str, str, int]] = frozenset()
    observed: frozenset[tuple[str, str, int]] = frozenset()
    standing: int = 0
    next_sequence: int = 1

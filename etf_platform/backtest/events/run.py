"""The event back-test: every past signal bought and sold by fixed rules, against the same fund on random days."""

import zlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from etf_platform.backtest.events.figures import figures
from etf_platform.backtest.events.terms import EventTerms, Variant
from etf_platform.backtest.events.trades import DATA_END, FundPrices, Trade, fund_prices, trade_on
from etf_platform.core.tables import EVENT_TRADES

COLUMNS = [column.name for column in EVENT_TRADES.columns]
Advance = Callable[[float], None]


def run_events(
    signals: pd.DataFrame,
    fund_bars: pd.DataFrame,
    variants: Sequence[Variant],
    terms: EventTerms,
    sessions: pd.DatetimeIndex,
    span: tuple[pd.Timestamp, pd.Timestamp] | None = None,
    advance: Advance | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trade every signal by every variant.

    Parameters
    ----------
    signals : DataFrame
        EVENT_SIGNALS; may be empty.
    fund_bars : DataFrame
        BARS of the funds with `limit_up` and `limit_down`, from 20 sessions before the first signal on.
    sessions : DatetimeIndex
        Of the exchange, ascending.
    span : (first, last) or None
        Days from which the random ones are drawn; None takes those from the first to the last signal.
    advance : callable or None
        Told the finished share, 0 to 1.

    Returns
    -------
    trades : DataFrame
        EVENT_TRADES, one row per day, fund and variant that could be traded.
    figures : DataFrame
        EVENT_FIGURES; a variant without trades has rows with 0 trades and null figures.
    """
    parts: list[pd.DataFrame] = []
    groups = list(signals.groupby("etf", sort=True)) if len(signals) else []
    days = _places(sessions, span or (signals["date"].min(), signals["date"].max()))
    for done, (etf, rows) in enumerate(groups, start=1):
        prices = fund_prices(str(etf), fund_bars, sessions)
        parts += [_trades_of(prices, rows, variant, terms, sessions, days) for variant in variants]
        if advance is not None:
            advance(done / len(groups))
    found = [part for part in parts if len(part)]
    trades = pd.concat(found, ignore_index=True) if found else no_trades()
    trades = trades.sort_values(["date", "etf", "variant"], kind="stable", ignore_index=True)
    source = ", ".join(sorted(set(signals["source"]))) if len(signals) else "no signals"
    return trades, figures(trades, [variant.name for variant in variants], terms, source)


def random_days(prices: FundPrices, outcomes: dict[int, Trade], variant: Variant, terms: EventTerms) -> float:
    """Mean net return of the fund on random days: seeded draws, with repetition, from days on which it could trade.

    NaN where it could on none, or never sold by the rule.
    """
    nets = np.array([trade.net for trade in outcomes.values() if trade.reason != DATA_END])
    if not nets.size:
        return float("nan")
    own = zlib.crc32(f"{prices.etf} {variant.entry}/{variant.exit}".encode())
    drawn = np.random.default_rng([terms.seed, own]).integers(0, nets.size, terms.benchmark_draws)
    return float(nets[drawn].mean())


def no_trades() -> pd.DataFrame:
    """EVENT_TRADES without rows."""
    kinds = {c.name: "float64" for c in EVENT_TRADES.columns if c.type == "float64"}
    days = dict.fromkeys(("date", "entry_date", "exit_date"), "datetime64[ns]")
    return pd.DataFrame(columns=COLUMNS).astype({**kinds, **days, "boards_in_row": "int64"})


def _trades_of(
    prices: FundPrices,
    signals: pd.DataFrame,
    variant: Variant,
    terms: EventTerms,
    sessions: pd.DatetimeIndex,
    days: range,
) -> pd.DataFrame:
    asked = sessions.get_indexer(pd.DatetimeIndex(signals["date"]))
    everywhere = _outcomes(prices, days, variant, terms)
    benchmark = random_days(prices, everywhere, variant, terms)
    outcomes = _outcomes(prices, asked, variant, terms)
    rows = [
        {
            "date": signal.date,
            "etf": prices.etf,
            "variant": variant.name,
            "entry_date": prices.days[trade.bought],
            "entry": trade.entry,
            "exit_date": prices.days[trade.sold],
            "exit": trade.exit,
            "exit_reason": trade.reason,
            "gross": trade.gross,
            "costs": trade.costs,
            "net": trade.net,
            "benchmark": benchmark,
            "sum_weight": signal.sum_weight,
            "boards_in_row": signal.boards_in_row,
            "premium": signal.premium,
            "source": signal.source,
        }
        for signal, session in zip(signals.itertuples(), asked, strict=True)
        if (trade := outcomes.get(int(session))) is not None
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _places(sessions: pd.DatetimeIndex, span: tuple[pd.Timestamp, pd.Timestamp]) -> range:
    """Positions of the sessions in [first, last]; none where there are no signals."""
    if pd.isna(span[0]) or pd.isna(span[1]):
        return range(0)
    return range(int(sessions.searchsorted(span[0], side="left")), int(sessions.searchsorted(span[1], side="right")))


def _outcomes(prices: FundPrices, sessions: Iterable[int], variant: Variant, terms: EventTerms) -> dict[int, Trade]:
    made = ((int(s), trade_on(prices, int(s), variant, terms)) for s in sessions if s >= 0)
    return {session: trade for session, trade in made if trade is not None}

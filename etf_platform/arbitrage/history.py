"""Signals of past days, as they could have been given at the close from what had been published: EVENT_SIGNALS.

A daily bar knows a board only at the close, so time to close is 0 in every word and nothing here was tradable at the
stock's limit. Not here: what came of the signals (`backtest.events`), signals of a running session (`signals`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.arbitrage.expectation import gains
from etf_platform.arbitrage.reports_in_force import InForce, reports_in_force
from etf_platform.core.config.arbitrage import SignalEvaluation
from etf_platform.core.tables import EVENT_SIGNALS
from etf_platform.core.units.arbitrage import Candidate, Evaluator
from etf_platform.measures.trading_costs import square_root_impact, trailing_mean, trailing_volatility

COLUMNS = [column.name for column in EVENT_SIGNALS.columns]
CLOSING_HOUR = 15
LEAST_COVERED = 0.95  # of the fund's weight must have a price before its value is estimated


@dataclass(frozen=True)
class SignalTerms:
    """How signals of the past are worded and costed.

    Attributes
    ----------
    min_weight : float
        Least weight of the largest holding at the limit; 0 takes every fund that holds one.
    order : float
        Yuan, for the impact.
    half_spread : float
        Yuan per share.
    """

    evaluator: Evaluator
    thresholds: SignalEvaluation
    min_weight: float = 0.0
    fees_bps: float = 5.0
    order: float = 500_000.0
    half_spread: float = 0.001


def event_signals(
    states: pd.DataFrame,
    holdings: pd.DataFrame,
    fund_bars: pd.DataFrame,
    expectations: pd.DataFrame,
    changes: pd.DataFrame,
    terms: SignalTerms,
) -> pd.DataFrame:
    """One row per day and fund that had a holding at its limit at the close.

    Parameters
    ----------
    states : DataFrame
        LIMIT_STATES; only rows at the limit are read.
    holdings : DataFrame
        FUND_HOLDINGS; a report counts from its `published_at` on.
    fund_bars : DataFrame
        BARS of the funds; a fund without a bar on the day gives no signal.
    expectations : DataFrame
        EXPECTATIONS of these days.
    changes : DataFrame
        `date`, `symbol`, `change` = close / prev_close - 1 of the holdings, for the estimate of a fund's value.

    Returns
    -------
    DataFrame
        EVENT_SIGNALS, sorted by date and fund. `premium` is the fund's change over that of its holdings: its value is
        anchored at its own previous close, as no history of net values is stored, so a premium that was there before
        does not show. It is null where less than 95 % of the weight has a price, and then `edge_bps` is null too.
    """
    boards = states[states["at_limit"].astype("boolean").fillna(False).to_numpy(dtype=bool)]
    boards = boards.assign(gain=gains(boards, expectations))
    funds = _fund_days(fund_bars)
    days = boards["date"]
    reports = reports_in_force(holdings, days.min(), days.max()) if len(boards) else ()
    parts = [_signals_of(report, boards, funds, changes, terms) for report in reports]
    found = [part for part in parts if len(part)]
    if not found:
        return pd.DataFrame(columns=COLUMNS).astype({"date": "datetime64[ns]"})
    return pd.concat(found, ignore_index=True).sort_values(["date", "etf"], kind="stable", ignore_index=True)


def _signals_of(
    report: InForce, boards: pd.DataFrame, funds: pd.DataFrame, changes: pd.DataFrame, terms: SignalTerms
) -> pd.DataFrame:
    mine = _during(report, boards[boards["symbol"].isin(report.weights.index)])
    mine = mine.assign(weight=mine["symbol"].map(report.weights))
    mine = mine.sort_values(["date", "weight", "symbol"], ascending=[True, False, True], kind="stable")
    days = mine.groupby("date", sort=True)
    largest = mine.drop_duplicates("date").set_index("date")
    own = funds[funds["symbol"] == report.etf].set_index("date")
    kept = largest.index[largest.index.isin(own.index) & (largest["weight"] >= terms.min_weight)]
    if kept.empty:
        return pd.DataFrame(columns=COLUMNS)
    largest, own = largest.loc[kept], own.loc[kept]
    gross = (mine["weight"] * mine["gain"]).groupby(mine["date"]).sum(skipna=False).reindex(kept)
    premium = _premium(report, own, _during(report, changes))
    words = _words(report, largest["symbol"].tolist(), premium, terms)
    return pd.DataFrame(
        {
            "date": kept,
            "etf": report.etf,
            "stock": largest["symbol"].to_numpy(),
            "weight": largest["weight"].to_numpy(),
            "sum_weight": days["weight"].sum().reindex(kept).to_numpy(),
            "stocks_at_limit": days.size().reindex(kept).to_numpy(dtype=np.int64),
            "boards_in_row": largest["boards_in_row"].to_numpy(dtype=np.int64),
            "premium": premium,
            "edge_bps": _edge(gross.to_numpy(np.float64), premium, own, terms),
            "confidence": [confidence for confidence, _ in words],
            "risk": [risk for _, risk in words],
            "as_of": report.as_of,
            "published_at": report.published_at,
            "source": report.source,
        }
    )[COLUMNS]


def _during(report: InForce, rows: pd.DataFrame) -> pd.DataFrame:
    is_known = rows["date"] >= report.published_at
    return rows[is_known if report.end is None else is_known & (rows["date"] < report.end)]


def _premium(report: InForce, own: pd.DataFrame, changes: pd.DataFrame) -> np.ndarray:
    held = changes[changes["symbol"].isin(report.weights.index) & changes["date"].isin(own.index)]
    weight = held["symbol"].map(report.weights)
    covered = weight.groupby(held["date"]).sum().reindex(own.index)
    earned = (weight * held["change"]).groupby(held["date"]).sum().reindex(own.index) / covered
    is_enough = covered >= LEAST_COVERED
    value = own["prev_close"] * (1.0 + earned)
    premium: np.ndarray = (own["close"] / value - 1.0).where(is_enough).to_numpy(np.float64)
    return premium


def _edge(gross: np.ndarray, premium: np.ndarray, own: pd.DataFrame, terms: SignalTerms) -> np.ndarray:
    impact = square_root_impact(own["volatility"], terms.order, own["adv"])
    spread = terms.half_spread / own["close"].to_numpy(np.float64)
    edge: np.ndarray = 1e4 * (gross - np.maximum(premium, 0.0) - spread - impact) - terms.fees_bps
    return edge


def _words(report: InForce, stocks: Sequence[str], premium: np.ndarray, terms: SignalTerms) -> list[tuple[str, str]]:
    ranks = {stock: rank for rank, stock in enumerate(report.weights.index, start=1)}
    ratio = float(report.weights.iloc[:10].sum())
    said: list[tuple[str, str]] = []
    for stock, over in zip(stocks, premium, strict=True):
        candidate = Candidate(
            stock=stock,
            etf=report.etf,
            weight=float(report.weights[stock]),
            rank=ranks[stock],
            top10_ratio=ratio,
            seconds_to_close=0,
            hour=CLOSING_HOUR,
            premium=None if np.isnan(over) else float(over),
        )
        words = terms.evaluator.evaluate(candidate, terms.thresholds)
        said.append((words.confidence, words.risk))
    return said


def _fund_days(fund_bars: pd.DataFrame) -> pd.DataFrame:
    """Bars of the funds with volatility and average turnover of 20 sessions, sorted by fund and day."""
    traded = fund_bars[fund_bars["volume"] > 0].sort_values(["symbol", "date"], kind="stable", ignore_index=True)
    parts = [
        rows.assign(
            volatility=trailing_volatility(rows["close"] / rows["prev_close"] - 1.0),
            adv=trailing_mean(rows["amount"]),
        )
        for _, rows in traded.groupby("symbol", sort=True)
    ]
    return pd.concat(parts, ignore_index=True) if parts else traded.assign(volatility=np.nan, adv=np.nan)

"""Shadow accounts: what each release in force would earn with its own targets alone, on the terms of the account.

While a candidate is raised, candidate and stable release each have one, so that both have a return on the same days;
the running account goes for the mix of their targets by their shares. A shadow starts in cash at the close of its first
session and buys on the next one: neither of these days has a return that could be compared. Not here: which releases
are in force and what their configurations decide (`orchestration.steps.paper_releases`), the test
(`measures.sequential`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.core.tables import PAPER_RELEASES
from etf_platform.paper.account import Session, step
from etf_platform.paper.terms import Holding, PendingSale, State, Terms

SHADOW, BACKTEST = "shadow", "backtest"
UNPAIRED = 2  # sessions from the start on without a return: cash at the close, then the purchases


@dataclass(frozen=True)
class Member:
    """A release in force: its share of the full exposure, and the digest of the configuration that decides for it."""

    release_id: str
    share: float
    config: str


@dataclass(frozen=True)
class Decision:
    """Weights in force after a close by symbol, fractions, and whether they were decided at this close."""

    weights: Mapping[str, float]
    is_decision: bool


@dataclass(frozen=True)
class Market:
    """What every shadow meets on a session: the session, every fund's last close before it, terms, capital (CNY)."""

    session: Session
    closes: pd.Series
    terms: Terms
    capital: float


def shadowed(member: Member, decision: Decision, before: pd.DataFrame, market: Market) -> dict[str, object]:
    """A row of `PAPER_RELEASES`: a shadow account carried over one session.

    Parameters
    ----------
    before : DataFrame
        The release's row of the session before; none where its shadow starts or starts again after a gap.
    market : Market
        The exposure of its session does not count: a shadow goes for the full weights.
    """
    session = market.session
    was = None if before.empty else before.iloc[0]
    state = State(market.capital) if was is None else _state(was)
    due = None if was is None or not was["is_decision"] else _due(was, market.closes)
    done = step(state, due, session, market.terms)
    row, age = done.row.iloc[0], 0 if was is None else int(was["age"]) + 1
    pending = {symbol: [sale.shares, f"{sale.decided:%Y-%m-%d}"] for symbol, sale in done.state.pending.items()}
    return {
        "date": session.date,
        "release_id": member.release_id,
        "config": member.config,
        "share": member.share,
        "nav": row["nav"],
        "daily_return": np.nan if was is None or age < UNPAIRED else row["nav"] / was["nav"] - 1.0,
        "cash": row["cash"],
        "cost": row["cost"],
        "age": age,
        "targets": json.dumps({s: w for s, w in sorted(decision.weights.items()) if w != 0.0}),
        "is_decision": decision.is_decision or was is None,
        "positions": row["positions"],
        "marks": row["marks"],
        "pending": json.dumps(pending),
        "origin": SHADOW,
        "source": session.source,
    }


def modelled_rows(release_id: str, config: str, equity: pd.DataFrame, since: pd.Timestamp) -> pd.DataFrame:
    """Rows of `PAPER_RELEASES` of days before a release was in force, from a back-test of its configuration.

    Parameters
    ----------
    equity : DataFrame
        Rows of `EQUITY`; returns of the sessions from `since` on are kept.
    """
    rows = pd.DataFrame({"date": equity["date"], "nav": equity["portfolio_value"], "source": equity["source"]})
    rows["daily_return"] = rows["nav"].pct_change()
    rows = rows.assign(release_id=release_id, config=config, share=0.0, cash=np.nan, cost=0.0, age=0)
    rows = rows.assign(is_decision=False, origin=BACKTEST)
    for name in ("targets", "positions", "marks", "pending"):
        rows[name] = "{}"
    return rows.loc[rows["date"] >= since, [c.name for c in PAPER_RELEASES.columns]].reset_index(drop=True)


def mixed(rows: pd.DataFrame) -> Decision:
    """What the account goes for: the mean of the targets of all releases by their shares.

    `rows` are those of one session. Where no release has a share the first one's targets stand, at an exposure of 0.
    """
    targets: Sequence[dict[str, float]] = [json.loads(text) for text in rows["targets"]]
    shares = rows["share"].to_numpy(dtype=np.float64)
    decides = bool(rows["is_decision"].any())
    if shares.sum() == 0.0 or all(each == targets[0] for each in targets):
        return Decision(targets[0], decides)
    symbols = sorted({symbol for each in targets for symbol in each})
    parts = [[share * each.get(s, 0.0) for share, each in zip(shares, targets, strict=True)] for s in symbols]
    return Decision({s: sum(part) / float(shares.sum()) for s, part in zip(symbols, parts, strict=True)}, decides)


def paired(rows: pd.DataFrame, candidate: str, stable: str) -> pd.DataFrame:
    """Days on which both releases have a return: date, difference (candidate minus stable), is_live.

    `is_live` where both were in force; before that one of them is a back-test.
    """
    known = rows.dropna(subset=["daily_return"]).set_index("date")
    mine, other = (known[known["release_id"] == name][["daily_return", "origin"]] for name in (candidate, stable))
    both = mine.join(other, how="inner", rsuffix="_stable").sort_index()
    is_live = (both["origin"] == SHADOW) & (both["origin_stable"] == SHADOW)
    difference = both["daily_return"] - both["daily_return_stable"]
    return pd.DataFrame({"date": both.index, "difference": difference.to_numpy(), "is_live": is_live.to_numpy()})


def _state(row: pd.Series) -> State:
    shares, marks, waiting = (json.loads(row[name]) for name in ("positions", "marks", "pending"))
    pending = {symbol: PendingSale(n, pd.Timestamp(day)) for symbol, (n, day) in waiting.items()}
    return State(float(row["cash"]), {s: Holding(n, *marks[s]) for s, n in shares.items()}, pending)


def _due(row: pd.Series, closes: pd.Series) -> pd.DataFrame:
    """The decision of a row as `account.step` takes it: all funds that had a close, those without a weight at 0."""
    weights = json.loads(row["targets"])
    aimed = [float(weights.get(symbol, 0.0)) for symbol in closes.index]
    return pd.DataFrame({"date": row["date"], "symbol": closes.index, "weight": aimed, "close": closes.to_numpy()})

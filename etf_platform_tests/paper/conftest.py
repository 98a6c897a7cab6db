"""A rough market for the running account: limits, suspensions, splits, odd prices; and the account carried through."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.tables import PAPER_ACCOUNT, PAPER_FILLS
from etf_platform.paper.account import Session, state_of, step
from etf_platform.paper.terms import State, Terms

SYMBOLS = [f"51000{i}.SH" for i in range(6)]


@dataclass(frozen=True)
class Market:
    bars: pd.DataFrame
    targets: pd.DataFrame
    sessions: pd.DatetimeIndex


def rough_market(seed, n_sessions=120):
    """Random walks with days at the limit, days without a bar, and splits; a decision every ten sessions."""
    draw = np.random.default_rng(seed)
    sessions = pd.bdate_range("2024-01-02", periods=n_sessions).as_unit("ns")
    rows = []
    for symbol in SYMBOLS:
        close, adj = draw.uniform(0.5, 8.0), 1.0
        for day in sessions:
            previous = round(close, 3)
            jump = draw.choice([-0.10, 0.0, 0.10], p=[0.06, 0.88, 0.06])
            if draw.random() < 0.02:
                adj, previous = adj * 2.0, round(previous / 2.0, 3)
            opened = round(previous * (1.0 + (jump or draw.normal(0.0, 0.01))), 3)
            close = round(opened * (1.0 + draw.normal(0.0, 0.005)), 3)
            if draw.random() < 0.95:
                volume = 0.0 if draw.random() < 0.02 else 1e6
                rows.append((day, symbol, opened, opened, opened, close, previous, volume, adj))
    names = ["date", "symbol", "open", "high", "low", "close", "prev_close", "volume", "adj_factor"]
    bars = pd.DataFrame(rows, columns=names).sort_values(["date", "symbol"], ignore_index=True)
    return Market(bars.assign(limit_rate=0.10, source="test (simulated)"), _targets(draw, sessions), sessions)


def _targets(draw, sessions):
    frames = []
    for day in sessions[::10]:
        weights = draw.dirichlet(np.ones(3)) * draw.choice([1.0, 0.6])
        chosen = dict(zip(draw.choice(SYMBOLS, 3, replace=False), weights, strict=True))
        frames.append(
            pd.DataFrame(
                {
                    "date": day,
                    "symbol": SYMBOLS,
                    "target_weight": [chosen.get(s, 0.0) for s in SYMBOLS],
                    "is_decision": True,
                    "selection_void": False,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def carried(market, terms, capital=1_000_000.0, from_record=True):
    """PAPER_FILLS and PAPER_ACCOUNT of every session; the state is read back from the rows of the day before."""
    state, fills, rows = State(capital), [], []
    closes = market.bars.pivot(index="date", columns="symbol", values="close").reindex(market.sessions).ffill().bfill()
    for at, day in enumerate(market.sessions):
        due = None
        if at:
            decided = market.targets[market.targets["date"] == market.sessions[at - 1]]
            if len(decided):
                due = decided.assign(weight=decided["target_weight"])
                due["close"] = due["symbol"].map(closes.iloc[at - 1])
        bars = market.bars[market.bars["date"] == day]
        done = step(state, due, Session(day, bars, 1.0, "test (simulated)"), terms)
        state = state_of(done.row.iloc[0], done.fills) if from_record else done.state
        fills.append(done.fills)
        rows.append(done.row)
    kept = [frame for frame in fills if len(frame)]
    orders = pd.concat(kept, ignore_index=True) if kept else PAPER_FILLS.no_rows()
    PAPER_FILLS.conform(orders)
    account = pd.concat(rows, ignore_index=True)
    PAPER_ACCOUNT.conform(account)
    return orders, account


@pytest.fixture
def rough():
    return rough_market


@pytest.fixture
def carry():
    return carried


@pytest.fixture
def terms():
    return Terms("A_SHARE")

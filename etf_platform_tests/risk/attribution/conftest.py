"""A rough random market with splits, dividends, halts and late listings, and the rotation account on it."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.rotation import run_rotation
from etf_platform.backtest.terms import Terms

SECTORS = ("broad", "technology", "health", "bond")
COST = 0.00125  # of which 0.001 is slippage


def market(n_sessions=260, n_symbols=12, seed=11):
    """Bars as traded; every fund splits 2:1 or pays a dividend now and then, and misses sessions."""
    rng = np.random.default_rng(seed)
    sessions = pd.bdate_range("2022-01-03", periods=n_sessions)
    frames = []
    for j in range(n_symbols):
        price, factor, rows = float(rng.uniform(1.0, 4.0)), 1.0, []
        first = int(rng.integers(0, 60)) if j % 4 == 3 else 0
        for t, day in enumerate(sessions):
            if rng.random() < 0.02:
                ratio = 2.0 if price > 1.5 and rng.random() < 0.5 else 1.015
                price, factor = round(price / ratio, 3), factor * ratio
            before, opened = price, round(price * (1 + rng.normal(0, 0.006)), 3)
            price = round(max(0.1, opened * (1 + rng.normal(0, 0.012))), 3)
            if t >= first and rng.random() > 0.02:
                rows.append((day, opened, price, before, factor))
        frame = pd.DataFrame(rows, columns=["date", "open", "close", "prev_close", "adj_factor"])
        frames.append(frame.assign(symbol=f"{510000 + 10 * j}.SH", high=frame["close"], low=frame["close"]))
    bars = pd.concat(frames).assign(volume=1e6, amount=1e6, source="simulated: by hand")
    return bars.sort_values(["date", "symbol"], ignore_index=True), sessions


def decisions(bars, sessions, seed=5):
    """Every tenth session four random funds that have a bar, with uneven weights."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in sessions[5:-1:10]:
        chosen = rng.choice(sorted(bars.loc[bars["date"] == day, "symbol"]), 4, replace=False)
        for symbol, weight in zip(chosen, rng.dirichlet(np.ones(4)) * 0.95, strict=True):
            rows.append({"date": day, "symbol": symbol, "target_weight": weight, "is_decision": True})
    return pd.DataFrame(rows).assign(selection_void=False)


@pytest.fixture(scope="session")
def bars():
    return market()[0]


@pytest.fixture(scope="session")
def sectors(bars):
    return {symbol: SECTORS[i % len(SECTORS)] for i, symbol in enumerate(sorted(bars["symbol"].unique()))}


@pytest.fixture(scope="session", params=["next_open_close", "next_close_close"])
def account(request, bars):
    sessions = pd.DatetimeIndex(sorted(bars["date"].unique()))
    return run_rotation(decisions(bars, sessions), bars, Terms(exec_mode=request.param, cost=COST))

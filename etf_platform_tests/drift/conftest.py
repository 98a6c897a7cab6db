"""Simulated bars of four funds whose volatility, amount and membership a test may change."""

import numpy as np
import pandas as pd
import pytest

SESSIONS = 700


@pytest.fixture
def make_bars():
    """Bars of `n` sessions; `calm` multiplies returns session by session."""

    def make(n=SESSIONS, seed=1, calm=None, funds=4):
        rng = np.random.default_rng(seed)
        scale = np.ones(n) if calm is None else calm
        days = pd.bdate_range("2021-01-04", periods=n)
        parts = []
        for k in range(funds):
            close = 2.0 * np.exp(np.cumsum(rng.normal(0, 0.01, n) * scale))
            reach = np.exp(np.abs(rng.normal(0, 0.005, n)) * scale)
            amount = 1e8 * np.exp(rng.normal(0, 0.3, n))
            columns = {"high": close * reach, "low": close / reach, "close": close, "amount": amount}
            parts.append(pd.DataFrame({"date": days, "symbol": f"51000{k}.SH", **columns, "adj_factor": 1.0}))
        return pd.concat(parts).sort_values(["date", "symbol"]).reset_index(drop=True)

    return make

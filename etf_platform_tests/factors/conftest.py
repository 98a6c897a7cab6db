"""Bars for factor tests: seeded, with late listings, absent days and a dividend."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest


def make_bars(symbols: int = 4, sessions: int = 420, seed: int = 7) -> pd.DataFrame:
    """Random bars that satisfy low <= open, close <= high."""
    rng = np.random.default_rng(seed)
    dates = pd.bdate_range("2022-01-03", periods=sessions)
    frames = []
    for k in range(symbols):
        own = dates[rng.random(sessions) > 0.01]
        own = own[3 * k :]
        n = len(own)
        close = rng.uniform(0.8, 5) * np.exp(np.cumsum(rng.normal(0.0002, 0.015, n)))
        open_ = np.concatenate(([close[0]], close[:-1])) * np.exp(rng.normal(0, 0.004, n))
        high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 0.006, n)))
        low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 0.006, n)))
        volume = np.floor(rng.lognormal(11, 1, n)) * 100 + 100
        adj = np.where(np.arange(n) < n // 2, 1.0, 1.0 + 0.02 * k)
        frames.append(
            pd.DataFrame(
                {
                    "date": own,
                    "symbol": f"51{k:04d}.SH",
                    "open": open_,
                    "high": high,
                    "low": low,
                    "close": close,
                    "volume": volume,
                    "amount": volume * (open_ + high + low + close) / 4,
                    "adj_factor": adj,
                }
            )
        )
    bars = pd.concat(frames)
    return bars.sort_values(["date", "symbol"], ignore_index=True)


@pytest.fixture(scope="session")
def bars() -> pd.DataFrame:
    return make_bars()


@pytest.fixture(scope="session")
def bars_of() -> Callable[..., pd.DataFrame]:
    return make_bars

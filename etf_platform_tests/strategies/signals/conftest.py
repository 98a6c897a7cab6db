"""Rows and columns by hand for the trend strategies. Not here: indicators computed by the platform."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

SESSIONS = pd.bdate_range("2018-01-01", "2030-12-31")


@pytest.fixture(scope="session")
def sessions() -> pd.DatetimeIndex:
    """Weekdays as an exchange calendar."""
    return SESSIONS


@pytest.fixture(scope="session")
def columns() -> Callable[..., pd.DataFrame]:
    """Builds columns of one symbol from lists; numbers stand for every row."""

    def build(n: int = 1, start: str = "2024-01-02", **given: object) -> pd.DataFrame:
        first = SESSIONS.searchsorted(pd.Timestamp(start))
        frame = pd.DataFrame({"date": SESSIONS[first : first + n], "symbol": "QQQ.US", "source": "test"})
        for name, value in {"close": 100.0, **given}.items():
            frame[name] = value
        return frame

    return build


@pytest.fixture(scope="session")
def random_columns() -> Callable[..., pd.DataFrame]:
    """All indicator columns of a wandering price, computed with plain pandas; enough movement for every rule."""

    def build(n: int = 400, seed: int = 7) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        close = pd.Series(100.0 * np.exp(np.cumsum(0.012 * rng.standard_normal(n) + 0.01 * np.sin(np.arange(n) / 25))))
        frame = pd.DataFrame({"date": SESSIONS[:n], "symbol": "QQQ.US", "source": "test", "close": close})
        for span in (50, 80, 200):
            frame[f"ema_{span}"] = close.ewm(span=span // 5, adjust=False).mean()
        for n_rows in (5, 20, 50, 200):
            frame[f"sma_{n_rows}"] = close.rolling(n_rows, min_periods=1).mean()
        for period in (9, 14, 24):
            frame[f"rsi_{period}"] = 50.0 + 45.0 * np.sin(np.arange(n) / period) + rng.normal(0.0, 3.0, n)
        frame["adx_14"] = 25.0 + 15.0 * np.sin(np.arange(n) / 9.0)
        frame["macd_line"] = close.diff(5)
        frame["vol_20"] = 0.02 + 0.01 * np.sin(np.arange(n) / 13.0)
        frame["volume_ratio"] = rng.choice([0.4, 0.7, 1.0, 1.3, 1.8], n)
        frame["market_env"] = rng.choice(["bull", "bear", "oscillate", "transition"], n)
        frame["trend_dir"] = rng.choice(["up", "down", "side"], n)
        frame["vix"] = 20.0 + 8.0 * np.sin(np.arange(n) / 17.0)
        frame["vix_date"] = SESSIONS[:n] - pd.offsets.BDay(1)
        return frame

    return build

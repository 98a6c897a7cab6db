"""Series on which indicators are tested."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def expected_series():
    """The series of the specification's expected values: 60 bars of a sine on a slope."""
    i = np.arange(60)
    close = 100 + 10 * np.sin(i / 5) + 0.3 * i
    return pd.DataFrame(
        {
            "date": pd.bdate_range("2024-01-01", periods=60),
            "open": close,
            "high": close + 1 + 0.5 * np.cos(i),
            "low": close - 1 - 0.5 * np.sin(i),
            "close": close,
            "volume": 1e6,
        }
    )


@pytest.fixture(scope="session")
def walk():
    """A random walk with volume, made up."""

    def make(rows, seed=7):
        rng = np.random.default_rng(seed)
        close = 100 * np.exp(np.cumsum(rng.normal(0.0003, 0.013, rows)))
        spread = np.abs(rng.normal(0, 0.008, (2, rows)))
        first = close * (1 + rng.normal(0, 0.004, rows))
        return pd.DataFrame(
            {
                "date": pd.bdate_range("2015-01-01", periods=rows),
                "open": first,
                "high": np.maximum(first, close) * (1 + spread[0]),
                "low": np.minimum(first, close) * (1 - spread[1]),
                "close": close,
                "volume": np.round(rng.lognormal(13, 0.5, rows)),
            }
        )

    return make


@pytest.fixture(scope="session")
def qqq(shared):
    """Real adjusted bars of QQQ since 1999."""
    return pd.read_csv(shared("data/us/QQQ_total_return_adjusted.csv"), parse_dates=["date"])

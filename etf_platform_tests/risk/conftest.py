"""Returns of two simulated accounts, and a small configuration."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.risk import RiskConfig

SESSIONS = pd.bdate_range("2020-01-01", "2024-12-31")
LENGTH = 700


@pytest.fixture(scope="session")
def sessions() -> pd.DatetimeIndex:
    return SESSIONS


@pytest.fixture(scope="session")
def config() -> RiskConfig:
    return RiskConfig()


@pytest.fixture(scope="session")
def returns() -> pd.DataFrame:
    return pd.concat([account("rotation", 1), account("QQQ.US", 2)], ignore_index=True)


def account(series: str, seed: int, n: int = LENGTH) -> pd.DataFrame:
    drawn = np.random.default_rng(seed).standard_t(5, n) * 0.01
    return pd.DataFrame({"date": SESSIONS[:n], "series": series, "return": drawn, "source": "simulated, test"})

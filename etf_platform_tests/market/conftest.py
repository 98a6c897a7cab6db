"""Fixtures of the market tests: the shipped configuration, a calendar, and a clean day of raw rows."""

import pandas as pd
import pytest

from etf_platform.core.config import Config, load_config
from etf_platform.core.workspace import packaged_config
from etf_platform.market.calendar import Sessions, sessions
from etf_platform.market.sources import ROW_COLUMNS


@pytest.fixture(scope="session")
def config() -> Config:
    return load_config(packaged_config())


@pytest.fixture(scope="session")
def xshg() -> Sessions:
    return sessions("XSHG")


@pytest.fixture
def raw():
    """Rows of one fund on consecutive sessions from Monday 2024-03-04; keywords replace columns."""

    def build(closes=(1.0,), symbol="510300.SH", start="2024-03-04", **columns):
        n = len(closes)
        close = pd.Series(closes, dtype=object)
        number = pd.to_numeric(close, errors="coerce")
        prices = dict.fromkeys(("open", "high", "low", "close"), close)
        values = prices | {
            "date": pd.bdate_range(start, periods=n).as_unit("ns"),
            "symbol": symbol,
            "prev_close": number.where(number > 0).shift(),
            "volume": 1000.0,
            "amount": number.abs() * 1000.0,
            "adj_factor": 1.0,
            "source": "test",
            "fetched_at": pd.Timestamp("2024-12-31", tz="UTC"),
        }
        return pd.DataFrame(values | columns, index=range(n))[list(ROW_COLUMNS)]

    return build

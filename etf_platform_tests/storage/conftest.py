"""Fixtures of the storage tests: an empty lake and small panels that look like factor panels."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from etf_platform.storage.lake import Lake

Maker = Callable[..., pd.DataFrame]


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def panel() -> Maker:
    """Panel rows for the business days of [start, end]; a value depends on its date, symbol and `seed` only."""

    def make(start: str, end: str, symbols: int = 3, factors: int = 2, seed: int = 0) -> pd.DataFrame:
        days = pd.bdate_range(start, end).as_unit("ns")
        rows = pd.DataFrame(
            [(d, f"51030{s}.SH", "simulated test") for d in days for s in range(symbols)],
            columns=["date", "symbol", "source"],
        )
        rows["date"] = rows["date"].astype("datetime64[ns]")
        ordinal = rows["date"].astype("int64") // 86_400_000_000_000
        number = rows["symbol"].str[5].astype(int)
        for f in range(factors):
            rows[f"factor_{f}"] = np.sin(ordinal * 7.1 + number * 1.3 + f + seed * 11).astype("float32")
        return rows

    return make

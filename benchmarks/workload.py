"""The market that the benchmarks share: seeded random bars in a long layout, sorted by symbol and date.

Here: sizes and the generator. Not here: anything that is timed.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

SIZES = {"S": (50, 750), "M": (500, 2_520), "L": (1_500, 2_520), "XL": (6_000, 5_000)}
"""Symbols x sessions."""
SEED = 20240102
LATE_SHARE, LATEST_START, MISSING_SHARE = 0.30, 0.70, 0.002


@dataclass(frozen=True)
class Market:
    """Bars of a pool: symbol *k* holds rows `offsets[k]:offsets[k + 1]` of every series; `session` numbers the rows."""

    offsets: np.ndarray
    session: np.ndarray
    bars: dict[str, np.ndarray]

    @property
    def symbols(self) -> int:
        """Number of symbols."""
        return self.offsets.size - 1

    @property
    def rows(self) -> int:
        """Number of bars."""
        return int(self.offsets[-1])

    def frame(self) -> pd.DataFrame:
        """The same bars with `date` and `symbol`."""
        days = pd.bdate_range("2015-01-05", periods=int(self.session.max()) + 1)
        names = np.array([f"{510_000 + k}.SH" for k in range(self.symbols)])
        keys = {"date": days[self.session], "symbol": np.repeat(names, np.diff(self.offsets))}
        return pd.DataFrame(keys | self.bars)


def make_market(symbols: int, sessions: int, seed: int = SEED) -> Market:
    """Bars of `symbols` funds over at most `sessions` sessions; the same for the same arguments."""
    rng = np.random.default_rng(seed)
    own = [_sessions_of(rng, sessions) for _ in range(symbols)]
    parts = [_bars_of(rng, rows.size) for rows in own]
    bars = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    offsets = np.concatenate(([0], np.cumsum([rows.size for rows in own])))
    return Market(offsets, np.concatenate(own), bars)


def _sessions_of(rng: np.random.Generator, sessions: int) -> np.ndarray:
    first = int(rng.uniform(0, LATEST_START) * sessions) if rng.random() < LATE_SHARE else 0
    rows = np.arange(first, sessions)
    return rows[rng.random(rows.size) >= MISSING_SHARE]


def _bars_of(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    s = rng.uniform(0.004, 0.03)
    walk = np.exp(np.cumsum(rng.normal(0.0002, s, n)))
    close = np.maximum(np.round(rng.uniform(0.8, 5.0) * walk, 3), 0.001)
    before = np.concatenate((close[:1], close[:-1]))
    open_ = before * np.exp(rng.normal(0.0, 0.3 * s, n))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, 0.4 * s, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, 0.4 * s, n)))
    volume = np.floor(rng.lognormal(11.0, 1.0, n)) * 100.0 + 100.0
    amount = volume * (open_ + high + low + close) / 4.0
    return {"open": open_, "high": high, "low": low, "close": close, "volume": volume, "amount": amount}

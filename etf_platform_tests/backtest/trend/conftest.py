"""Small markets and small strategies: the ones of the product live in another layer."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import model_validator

from etf_platform.backtest.trend.run import run_trend
from etf_platform.core.config.strict import Strict
from etf_platform.core.config.trend import TrendBacktest
from etf_platform.core.states import State
from etf_platform.core.units.signal import Held, Row, Signal, SignalStrategy


class NoSettings(Strict):
    """Nothing to set."""


class Averages(Strict):
    """A fast and a slow average, by column name."""

    fast: int = 5
    slow: int = 20

    @model_validator(mode="after")
    def _ordered(self) -> "Averages":
        if self.fast >= self.slow:
            raise ValueError("fast must be shorter than slow")
        return self


def unchanged(columns: pd.DataFrame, settings: Any, sessions: pd.DatetimeIndex) -> pd.DataFrame:
    return columns


def strategy_of(step: Callable[[Row, Any, Held], Signal], positions=None, needs=(), variants=None) -> SignalStrategy:
    """A strategy without settings."""
    return SignalStrategy(
        "test", "", "", NoSettings, "ema", lambda s: tuple(needs), unchanged, step, positions, variants
    )


def scripted(weights: Sequence[float | None], stop: float | None = None, target: float | None = None) -> SignalStrategy:
    """Advises these weights row by row (None keeps), always with these levels; only `step`."""

    def step(row: Row, settings: Any, held: Held) -> Signal:
        weight = weights[row["n_bars"] - 1]
        return Signal("hold", weight, f"row_{row['n_bars'] - 1}", State.PASS, (), stop, target)

    return strategy_of(step)


def _advised(row: Row, settings: Averages, held: Held) -> Signal:
    fast, slow = row[f"sma_{settings.fast}"], row[f"sma_{settings.slow}"]
    if np.isnan(slow):
        return Signal("hold", None, "missing_indicators", State.BLOCKED)
    if fast > slow:
        return Signal("buy", 1.0, "up", stop_loss=0.97 * row["close"], take_profit=1.05 * row["close"])
    return Signal("sell", 0.0, "down")


def _positions(columns: pd.DataFrame, settings: Averages) -> np.ndarray:
    fast, slow = columns[f"sma_{settings.fast}"].to_numpy(), columns[f"sma_{settings.slow}"].to_numpy()
    return np.where(np.isnan(slow), np.nan, np.where(fast > slow, 1.0, 0.0))


AVERAGES = SignalStrategy(
    "averages",
    "",
    "Long while the fast average is above the slow one.",
    Averages,
    "ema",
    lambda s: (f"sma_{s.fast}", f"sma_{s.slow}"),
    unchanged,
    _advised,
    _positions,
)


def bars_of(opens: Sequence[float], closes: Sequence[float], highs=None, lows=None) -> pd.DataFrame:
    """Bars on business days; highs and lows touch nothing unless given."""
    frame = pd.DataFrame({"open": np.asarray(opens, float), "close": np.asarray(closes, float)})
    body = frame[["open", "close"]]
    frame["high"] = body.max(axis=1) if highs is None else np.asarray(highs, float)
    frame["low"] = body.min(axis=1) if lows is None else np.asarray(lows, float)
    dates = pd.bdate_range("2020-01-01", periods=len(frame)).as_unit("ns")
    return frame.assign(date=dates, symbol="TEST.US", volume=1e6, source="simulated")


def random_bars(n: int, seed: int = 1) -> pd.DataFrame:
    """A geometric random walk with open gaps."""
    noise = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(noise.normal(3e-4, 0.012, n)))
    opens = np.append(100.0, close[:-1]) * np.exp(noise.normal(0.0, 0.004, n))
    wick = np.exp(np.abs(noise.normal(0.0, 0.004, (2, n))))
    return bars_of(opens, close, np.maximum(opens, close) * wick[0], np.minimum(opens, close) / wick[1])


def averages_of(bars: pd.DataFrame, windows: Sequence[int] = (5, 10, 20, 40, 50)) -> pd.DataFrame:
    """The indicator columns of the averages strategy."""
    columns = {f"sma_{w}": bars["close"].rolling(w).mean() for w in windows}
    return pd.DataFrame({"date": bars["date"], "symbol": bars["symbol"], **columns})


def sessions_of(bars: pd.DataFrame) -> pd.DatetimeIndex:
    """The calendar of these tests: business days."""
    return pd.bdate_range("2019-01-01", bars["date"].iloc[-1] + pd.Timedelta(days=30)).as_unit("ns")


@pytest.fixture(scope="session")
def lab() -> SimpleNamespace:
    """The makers above, and `run(bars, strategy, terms, warmup_bars=1)` on bars without indicator columns."""

    def run(bars, strategy, terms, warmup_bars=1, columns=None, settings=None):
        given = bars[["date", "symbol"]] if columns is None else columns
        chosen = settings or strategy.settings()
        return run_trend(bars, given, strategy, chosen, terms, sessions_of(bars), warmup_bars)

    return SimpleNamespace(
        run=run,
        bars_of=bars_of,
        random_bars=random_bars,
        averages_of=averages_of,
        sessions_of=sessions_of,
        scripted=scripted,
        strategy_of=strategy_of,
        averages=AVERAGES,
    )


@pytest.fixture(scope="session")
def terms():
    """The defaults, changed by name."""

    def make(**changes: Any) -> TrendBacktest:
        return TrendBacktest(**{"split_date": None, **changes})

    return make

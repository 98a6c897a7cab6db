"""Facts about a strategy whose account ran for a given number of sessions, made by hand."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.kpi.facts import Facts, Rows, Settings
from etf_platform.kpi.inputs import account_rows
from etf_platform.kpi.values import Stamp, value_rows

SESSIONS = pd.bdate_range("2023-01-02", "2025-12-31").astype("datetime64[ns]")
FIRST = 300  # position of the account's first session


@dataclass(frozen=True)
class Made:
    """Frames of facts; `facts` turns them into what metrics are read from."""

    frames: dict[str, pd.DataFrame]
    days: pd.DatetimeIndex

    def facts(self, **changed: pd.DataFrame | None) -> Facts:
        """Facts with some frames changed; None takes one away."""
        frames = {name: rows for name, rows in (self.frames | changed).items() if rows is not None}
        started = {"P": frames["account"]["date"].min()} if "account" in frames else {}
        return Facts("P", {k: Rows.of(v) for k, v in frames.items()}, SESSIONS, Settings(GovernanceConfig()), started)

    def rows(self, day: pd.Timestamp | None = None, period: str = "day", **changed: pd.DataFrame | None):
        """Values of a day by metric; default is the last."""
        at = self.days[-1] if day is None else day
        rows = value_rows(self.facts(**changed), [at], Stamp("c0ffee", "{}", "made (simulated)"))
        return rows[rows["period"] == period].set_index("kpi")


def made(n: int, seed: int = 7) -> Made:
    """An account of `n` sessions with everything beside it."""
    days = SESSIONS[FIRST : FIRST + n]
    draw = np.random.default_rng(seed)
    nav = pd.Series(1_000_000.0 * np.cumprod(np.append(1.0, 1.0 + draw.normal(0.001, 0.01, n - 1))))
    account = account_rows({"P": pd.DataFrame({"date": days, "nav": nav, "exposure": 1.0})}, {"P": SESSIONS})
    past = SESSIONS[: FIRST + n]
    breaches = pd.DataFrame({"date": past, "is_breach": draw.random(len(past)) < 0.01, "of_account": past >= days[0]})
    attribution = pd.DataFrame({"date": days, "part": "P", "explained": 100.0, "residual": 1.0})
    slippage = pd.DataFrame({"date": days, "realised": 0.0011, "modelled": 0.001, "is_modelled": False})
    runs = pd.DataFrame({"date": days, "part": "P", "duty": "decision", "is_made": True, "is_in_time": True})
    consistency = pd.DataFrame({"date": days, "part": "P", "value": draw.random(n)})
    drift = pd.DataFrame({"date": days, "part": "P", "feature": "volatility_20", "level": "stable"})
    failovers = pd.DataFrame({"date": days[:0]})
    frames = {
        "account": account,
        "breaches": breaches,
        "attribution": attribution,
        "slippage": slippage,
        "runs": runs,
        "consistency": consistency,
        "drift": drift,
        "failovers": failovers,
    }
    return Made(frames, days)


@pytest.fixture(scope="session")
def quarter():
    """61 sessions."""
    return made(61)


@pytest.fixture(scope="session")
def month():
    """19 sessions: too few returns for a ratio."""
    return made(19)

"""The combined portfolio: pools at fixed weights, reset at every month's start, with figures of its own account.

A pool with a weight and no account is BLOCKED, never left out. The original's linear blend of figures is an option.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd

from etf_platform.backtest.metrics import CHINESE, FIGURES, figures_of
from etf_platform.core.config.models import CiThresholds
from etf_platform.core.errors import InsufficientDataError
from etf_platform.core.states import State

PORTFOLIO = "PORTFOLIO"
BLENDED = ("annual_return", "max_drawdown", "sharpe", "monthly_win_rate", "annual_turnover")


@dataclass(frozen=True)
class Blend:
    """How pools become a portfolio.

    Attributes
    ----------
    weights : mapping of pool to float
        Fractions; what they lack to 1 is cash without interest.
    capital : float
        CNY at the start.
    risk_free : float
        Per year.
    exec_mode : str
        Of the pools; the portfolio's is `weighted`.
    next_session : str or None
        First session after the last one; tells whether the last month is complete.
    original_compatible : bool
        Blend the figures linearly; partial months count.
    """

    weights: Mapping[str, float]
    capital: float = 1_000_000.0
    risk_free: float = 0.03
    exec_mode: str = "next_open_close"
    next_session: str | None = None
    original_compatible: bool = False


def missing_pools(equities: Mapping[str, pd.DataFrame | None], weights: Mapping[str, float]) -> list[str]:
    """Pools with a weight above 0 that have no account, or one of fewer than two sessions."""
    return sorted(pool for pool, weight in weights.items() if weight > 0.0 and not _is_usable(equities.get(pool)))


def portfolio_equity(equities: Mapping[str, pd.DataFrame | None], blend: Blend) -> pd.DataFrame:
    """Rows of `EQUITY` of the combined account.

    From the latest first session to the earliest last session of the pools that have a weight. At the last session of
    every month each pool is given its weight of the value again; within the month it drifts. The transfer between
    pools itself is free; costs and turnover are those inside the pools, in proportion.

    Raises
    ------
    InsufficientDataError
        A pool with a weight has no account, or the accounts share fewer than two sessions.
    """
    missing = missing_pools(equities, blend.weights)
    doing = "combining pools"
    if missing:
        raise InsufficientDataError(
            doing, f"{', '.join(missing)} has no account", "back-test every pool that has a weight"
        )
    used = {pool: equities[pool] for pool, weight in blend.weights.items() if weight > 0.0}
    tables = {pool: frame.set_index("date") for pool, frame in used.items() if frame is not None}
    if not tables:
        raise InsufficientDataError(doing, "no pool has a weight above 0", "give at least one pool a weight")
    dates = _shared_dates(tables)
    if len(dates) < 2:
        raise InsufficientDataError(doing, f"the pools share {len(dates)} sessions", "back-test them over one period")
    parts = {pool: table.reindex(dates, method="ffill") for pool, table in tables.items()}
    return _combine(parts, _stakes(parts, dates, blend), dates, blend)


def pool_summary(
    equities: Mapping[str, pd.DataFrame | None], blend: Blend, thresholds: CiThresholds, source: str
) -> pd.DataFrame:
    """Rows of `POOL_SUMMARY`: one per pool, then PORTFOLIO.

    A pool outside its thresholds is WARN, the portfolio FAIL; a missing account is BLOCKED with null figures.
    """
    rows = [_pool_row(pool, frame, blend, thresholds) for pool, frame in equities.items()]
    rows.append(_portfolio_row(equities, rows, blend, thresholds))
    names = [figure.name for figure in FIGURES]
    order = [
        "pool",
        "exec_mode",
        *[n for n in names if n != "cost_drag"],
        "status",
        "cost_drag",
        "n_sessions",
        "method",
    ]
    return pd.DataFrame(rows)[order].assign(source=source)


def linear_blend(figures: Mapping[str, Mapping[str, float]], weights: Mapping[str, float]) -> dict[str, float]:
    """Weighted sum of the original's five figures over the pools; NaN where a pool with a weight has none."""
    return {
        name: sum(w * figures.get(pool, {}).get(name, nan) for pool, w in weights.items() if w > 0.0)
        for name in BLENDED
    }


def summary_csv(summary: pd.DataFrame) -> pd.DataFrame:
    """`pool_metrics_summary.csv`: the Chinese columns of the original, then status, cost_drag, n_sessions, method."""
    return summary.drop(columns="source").rename(columns=CHINESE)


def failed_thresholds(figures: Mapping[str, float], thresholds: CiThresholds) -> list[str]:
    """Names of the figures outside their limits; a figure that is not defined counts as outside."""
    lowest = {
        "annual_return": thresholds.min_annual_return,
        "max_drawdown": thresholds.max_drawdown,
        "sharpe": thresholds.min_sharpe,
        "monthly_win_rate": thresholds.min_winrate,
    }
    return [name for name, limit in lowest.items() if not figures[name] >= limit]


def _is_usable(equity: pd.DataFrame | None) -> bool:
    return equity is not None and len(equity) >= 2


def _shared_dates(tables: Mapping[str, pd.DataFrame]) -> pd.DatetimeIndex:
    first, last = max(t.index[0] for t in tables.values()), min(t.index[-1] for t in tables.values())
    every = pd.DatetimeIndex(np.unique(np.concatenate([t.index.to_numpy() for t in tables.values()])))
    return every[(every >= first) & (every <= last)]


def _stakes(parts: Mapping[str, pd.DataFrame], dates: pd.DatetimeIndex, blend: Blend) -> pd.DataFrame:
    """CNY in every pool at every close before that close's reset, and the rest in `cash`; pool columns."""
    growth = np.column_stack([p["portfolio_value"].to_numpy() for p in parts.values()])
    weights = np.array([blend.weights[pool] for pool in parts])
    months = dates.strftime("%Y-%m").to_numpy()
    ends = np.append(np.flatnonzero(months[1:] != months[:-1]), len(dates) - 1)
    stakes, rest = np.empty_like(growth), np.empty(len(dates))
    value, base = blend.capital, 0
    stakes[0], rest[0] = weights * value, (1.0 - weights.sum()) * value
    for end in ends[ends > 0]:
        stakes[base + 1 : end + 1] = weights * value * growth[base + 1 : end + 1] / growth[base]
        rest[base + 1 : end + 1] = (1.0 - weights.sum()) * value
        value, base = float(stakes[end].sum() + rest[end]), end
    return pd.DataFrame(stakes, index=dates, columns=list(parts)).assign(cash=rest)


def _combine(
    parts: Mapping[str, pd.DataFrame], stakes: pd.DataFrame, dates: pd.DatetimeIndex, blend: Blend
) -> pd.DataFrame:
    value = stakes.sum(axis=1)
    share = {pool: stakes[pool] / part["portfolio_value"] for pool, part in parts.items()}
    turnover = sum((part["turnover"] * stakes[pool] / value for pool, part in parts.items()), 0.0 * value)
    scaled = {
        name: sum((part[name] * share[pool] for pool, part in parts.items()), 0.0 * value)
        for name in ("holdings_value", "cash", "cost")
    }
    frame = pd.DataFrame({"portfolio_value": value, **scaled, "turnover": turnover})
    frame["cash"] += stakes["cash"]
    for name in ("n_positions", "n_stale"):
        frame[name] = sum((part[name] for part in parts.values()), 0 * value).astype("int64")
    frame.loc[dates[0], ["cost", "turnover"]] = 0.0
    sources = sorted({s for part in parts.values() for s in part["source"].unique()})
    return frame.rename_axis("date").reset_index().assign(source=" + ".join(sources))


def _pool_row(pool: str, equity: pd.DataFrame | None, blend: Blend, thresholds: CiThresholds) -> dict[str, object]:
    row: dict[str, object] = {"pool": pool, "exec_mode": blend.exec_mode, "method": "back-test"}
    if equity is None or not _is_usable(equity):
        return {
            **row,
            **_undefined(),
            "status": State.BLOCKED.value,
            "n_sessions": 0 if equity is None else len(equity),
        }
    figures = figures_of(equity, blend.risk_free, blend.next_session, blend.original_compatible)
    status = State.WARN if failed_thresholds(figures, thresholds) else State.PASS
    return {**row, **figures, "status": status.value, "n_sessions": len(equity)}


def _portfolio_row(
    equities: Mapping[str, pd.DataFrame | None],
    rows: list[dict[str, object]],
    blend: Blend,
    thresholds: CiThresholds,
) -> dict[str, object]:
    method = "linear blend of figures" if blend.original_compatible else "daily returns, weights reset monthly"
    row: dict[str, object] = {"pool": PORTFOLIO, "exec_mode": "weighted", "method": method}
    if missing_pools(equities, blend.weights):
        return {**row, **_undefined(), "status": State.BLOCKED.value, "n_sessions": 0}
    equity = portfolio_equity(equities, blend)
    figures = figures_of(equity, blend.risk_free, blend.next_session, blend.original_compatible)
    if blend.original_compatible:
        pools = {str(r["pool"]): {name: float(str(r[name])) for name in BLENDED} for r in rows}
        figures |= linear_blend(pools, blend.weights)
    status = State.FAIL if failed_thresholds(figures, thresholds) else State.PASS
    return {**row, **figures, "status": status.value, "n_sessions": len(equity)}


def _undefined() -> dict[str, float]:
    return {figure.name: nan for figure in FIGURES}

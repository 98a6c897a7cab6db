"""Active return of an account by factor: active exposure at the close before times the factor's return of the session.

Every session's fund returns are regressed on the standardised factor values that the close before knew. The intercept
is the factor `market`; what no factor explains is `residual`. Not here: the panel (`factors`), weights (`weights`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError

MARKET, RESIDUAL, TOTAL = "market", "residual", "total"
INSUFFICIENT = "insufficient"


class _Session(NamedTuple):
    """One session's table rows, without date and source: exposure, factor return, contribution, coverage, reason."""

    exposure: np.ndarray
    factor_return: np.ndarray
    contribution: np.ndarray
    coverage: np.ndarray
    reason: str


def factor_attribution_rows(
    panel: pd.DataFrame,
    weights: pd.DataFrame,
    returns: pd.DataFrame,
    factors: Sequence[str],
    account: pd.Series | None = None,
) -> pd.DataFrame:
    """Rows of `FACTOR_ATTRIBUTION`: one per session for each factor, `market`, `residual` and `total`.

    Parameters
    ----------
    panel : DataFrame
        `date`, `symbol`, `source` and one column per factor; a value of day t is what its close knew.
    weights : DataFrame
        `date` (session that earns), `symbol`, `portfolio_weight`, `benchmark_weight` at the close before.
    returns : DataFrame
        `date`, `symbol`, `return` from the close before; as of `weights.fund_returns`.
    factors : sequence of str
        Columns of the panel.
    account : Series, optional
        Return of the account by date, for the total; by default that of the weights. What fills inside the session and
        costs add is then part of the residual.

    Returns
    -------
    DataFrame
        Sorted by date and factor. Exposures are standardised over the funds of the session (mean 0, population standard
        deviation 1); a missing value counts as 0 afterwards, and `coverage` tells how many were there. With fewer funds
        that have any value than factors + 2, contributions and residual are NaN with the reason `insufficient`; `total`
        is always there.

    Raises
    ------
    BadInputError
        No factor, or one that is no column of the panel; weights of a session that no earlier day of the panel precedes
        are `insufficient`, not an error.
    """
    missing = [f for f in factors if f not in panel.columns]
    if missing or not factors:
        saw = f"the panel has no column {', '.join(missing)}" if missing else "no factor is named"
        raise BadInputError("attributing to factors", saw, "name columns of the panel")
    days = pd.DatetimeIndex(panel["date"].unique()).sort_values()
    values = dict(iter(panel.set_index("symbol").groupby("date")))
    earned = dict(iter(returns.set_index("symbol").groupby("date")["return"]))
    tables = []
    for label, held in weights.set_index("symbol").groupby("date"):
        day = pd.Timestamp(str(label))
        eve = int(days.searchsorted(day)) - 1
        known = values[days[eve]].reindex(columns=list(factors)) if eve >= 0 else pd.DataFrame(columns=list(factors))
        change = earned.get(day, pd.Series(dtype=np.float64))
        active = held["portfolio_weight"] - held["benchmark_weight"]
        total = _active_return(held, change, None if account is None else float(account.get(day, np.nan)))
        tables.append(_table(day, factors, _attribute(known, change, active), total))
    source = " + ".join(sorted(panel["source"].unique()))
    return pd.concat(tables, ignore_index=True).sort_values(["date", "factor"], ignore_index=True).assign(source=source)


def _active_return(held: pd.DataFrame, change: pd.Series, account: float | None) -> float:
    moved = change.reindex(held.index).fillna(0.0).to_numpy()
    benchmark = float(held["benchmark_weight"].to_numpy() @ moved)
    own = float(held["portfolio_weight"].to_numpy() @ moved) if account is None else account
    return own - benchmark


def _attribute(known: pd.DataFrame, change: pd.Series, active: pd.Series) -> _Session:
    """Regression of one session; `known` are the factor values of the close before by symbol."""
    change = change[np.isfinite(change)]
    raw = known.reindex(change.index).to_numpy(dtype=np.float64)
    is_known = np.isfinite(raw)
    k = raw.shape[1]
    coverage = is_known.mean(axis=0) if len(raw) else np.zeros(k)
    usable = is_known.any(axis=1)
    if int(usable.sum()) < k + 2:
        nothing = np.full(k + 1, np.nan)
        return _Session(nothing, nothing, nothing, np.append(np.nan, coverage), INSUFFICIENT)
    exposures = np.column_stack([np.ones(len(raw)), standardised(raw)])
    factor_returns = np.linalg.lstsq(exposures[usable], change.to_numpy(dtype=np.float64)[usable], rcond=None)[0]
    exposure = active.reindex(change.index).fillna(0.0).to_numpy() @ exposures
    return _Session(exposure, factor_returns, exposure * factor_returns, np.append(np.nan, coverage), "")


def standardised(values: np.ndarray) -> np.ndarray:
    """Columns with mean 0 and population standard deviation 1; NaN and constant columns become 0.

    Parameters
    ----------
    values : ndarray of shape (n_funds, n_factors)
    """
    is_known = np.isfinite(values)
    count = np.maximum(is_known.sum(axis=0), 1)
    centred = np.where(is_known, values - np.where(is_known, values, 0.0).sum(axis=0) / count, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    flat = spread <= 1e-12 * np.abs(np.where(is_known, values, 0.0)).max(axis=0, initial=0.0)
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, spread))


def _table(day: pd.Timestamp, factors: Sequence[str], session: _Session, total: float) -> pd.DataFrame:
    rest = total - float(session.contribution.sum())
    nothing = [np.nan, np.nan]
    return pd.DataFrame(
        {
            "date": day,
            "factor": [MARKET, *factors, RESIDUAL, TOTAL],
            "exposure": [*session.exposure, *nothing],
            "factor_return": [*session.factor_return, *nothing],
            "contribution": [*session.contribution, rest, total],
            "coverage": [*session.coverage, *nothing],
            "reason": [session.reason] * (len(factors) + 2) + [""],
        }
    )

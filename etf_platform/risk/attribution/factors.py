"""Active return of an account by factor: active exposure at the close before times the factor's return of the session.

Every session's fund returns are regressed on the standardised factor values that the close before knew. The intercept
is the factor `market`; what no factor explains is `residual`. Not here: the panel (`factors`), weights (`weights`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.core.places import places_of

MARKET, RESIDUAL, TOTAL = "market", "residual", "total"
INSUFFICIENT = "insufficient"


class _Session(NamedTuple):
    """One session: exposure, factor return, contribution and coverage of `market` and every factor; why NaN."""

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
        No factor, one that is no column of the panel, or no weights. A session that no day of the panel precedes is
        `insufficient`, not an error.
    """
    missing = [f for f in factors if f not in panel.columns]
    if missing or not factors or weights.empty:
        named = f"the panel has no column {', '.join(missing)}" if missing else "there are no weights"
        saw = named if factors else "no factor is named"
        raise BadInputError("attributing to factors", saw, "name columns of the panel, pass weights")
    symbols = pd.Index(sorted({*panel["symbol"], *weights["symbol"], *returns["symbol"]}))
    dates = pd.DatetimeIndex(weights["date"].unique()).sort_values()
    known = _Panel.of(panel, factors, symbols)
    change = _wide(returns, "return", dates, symbols)
    own, benchmark = (
        np.nan_to_num(_wide(weights, name, dates, symbols)) for name in ("portfolio_weight", "benchmark_weight")
    )
    moved = np.nan_to_num(change)
    gained = (own * moved).sum(axis=1) if account is None else account.reindex(dates).to_numpy(dtype=np.float64)
    total = gained - (benchmark * moved).sum(axis=1)
    sessions = [_attribute(known.before(day), change[t], own[t] - benchmark[t]) for t, day in enumerate(dates)]
    source = " + ".join(sorted(panel["source"].unique()))
    return _table(dates, factors, sessions, total).assign(source=source)


@dataclass(frozen=True)
class _Panel:
    """Factor values sorted by date: row i has the symbol `place[i]`, day d the rows `starts[d]` to `starts[d + 1]`."""

    days: np.ndarray
    starts: np.ndarray
    place: np.ndarray
    values: np.ndarray
    width: int

    @classmethod
    def of(cls, panel: pd.DataFrame, factors: Sequence[str], symbols: pd.Index) -> "_Panel":
        ordered = panel.sort_values("date", kind="stable")
        dates = ordered["date"].to_numpy()
        days, starts = np.unique(dates, return_index=True)
        values = ordered[list(factors)].to_numpy(dtype=np.float64)
        place = places_of(ordered["symbol"], symbols)
        return cls(days, np.append(starts, len(dates)), place, values, len(symbols))

    def before(self, day: pd.Timestamp) -> np.ndarray:
        """Values of the last day before `day`, symbol x factor; NaN where there is none."""
        found = np.full((self.width, self.values.shape[1]), np.nan)
        eve = int(np.searchsorted(self.days, day.to_datetime64())) - 1
        if eve >= 0:
            rows = slice(self.starts[eve], self.starts[eve + 1])
            found[self.place[rows]] = self.values[rows]
        return found


def _wide(frame: pd.DataFrame, column: str, dates: pd.DatetimeIndex, symbols: pd.Index) -> np.ndarray:
    """Date x symbol; NaN where the frame has no row."""
    inside = frame[frame["date"].isin(dates)]
    table = np.full((len(dates), len(symbols)), np.nan)
    table[dates.get_indexer(pd.Index(inside["date"])), places_of(inside["symbol"], symbols)] = inside[column]
    return table


def _attribute(values: np.ndarray, change: np.ndarray, active: np.ndarray) -> _Session:
    """Regression of one session over the funds that have a return; arrays by symbol."""
    has_return = np.isfinite(change)
    raw = values[has_return]
    is_known = np.isfinite(raw)
    k = raw.shape[1]
    coverage = np.append(np.nan, is_known.mean(axis=0) if len(raw) else np.zeros(k))
    usable = is_known.any(axis=1)
    if int(usable.sum()) < k + 2:
        nothing = np.full(k + 1, np.nan)
        return _Session(nothing, nothing, nothing, coverage, INSUFFICIENT)
    exposures = np.column_stack([np.ones(len(raw)), standardised(raw)])
    factor_returns = np.linalg.lstsq(exposures[usable], change[has_return][usable], rcond=None)[0]
    exposure = active[has_return] @ exposures
    return _Session(exposure, factor_returns, exposure * factor_returns, coverage, "")


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


def _table(
    dates: pd.DatetimeIndex, factors: Sequence[str], sessions: Sequence[_Session], total: np.ndarray
) -> pd.DataFrame:
    """Rows sorted by date and factor."""
    names = np.array([MARKET, *factors, RESIDUAL, TOTAL], dtype=object)
    contribution = np.stack([session.contribution for session in sessions])
    blank = np.full((len(dates), 2), np.nan)
    reasons = np.array([session.reason for session in sessions], dtype=object)
    columns = {
        name: np.hstack([np.stack([getattr(session, name) for session in sessions]), blank])
        for name in ("exposure", "factor_return", "coverage")
    }
    columns["contribution"] = np.column_stack([contribution, total - contribution.sum(axis=1), total])
    columns["reason"] = np.column_stack([np.repeat(reasons[:, None], len(names) - 1, axis=1), np.full(len(dates), "")])
    order = np.argsort(names)
    wide = {name: table[:, order].reshape(-1) for name, table in columns.items()}
    frame = pd.DataFrame({"date": dates.repeat(len(names)), "factor": np.tile(names[order], len(dates)), **wide})
    first = ["date", "factor", "exposure", "factor_return", "contribution", "coverage", "reason"]
    return frame[first].astype({"factor": "str", "reason": "str"})

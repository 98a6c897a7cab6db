"""How well scored columns foretell returns: rank IC, its stability, tercile spread, decay over horizons.

The forward return starts at the next open, the first price at which a decision on the close of *t* can trade.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from etf_platform.core.places import places_of
from etf_platform.measures.association import average_ranks, newey_west_t, rank_ic

TERCILE = 1.0 / 3.0


def quality_rows(panel: pd.DataFrame, bars: pd.DataFrame, horizons: Sequence[int]) -> pd.DataFrame:
    """The `factors/<pool>/quality` table.

    Parameters
    ----------
    panel : DataFrame
        `date, symbol`, factor columns, and `source` of the rows.
    bars : DataFrame
        `date, symbol, open, adj_factor` of the pool.
    horizons : sequence of int
        Sessions of the pool's own calendar, in the order of rows.

    Returns
    -------
    DataFrame
        One row per column and horizon; NaN where fewer than two days have an IC.
    """
    columns = [name for name in panel.columns if name not in ("date", "symbol", "source")]
    opens = bars["open"] * bars["adj_factor"]
    dates, symbols = pd.Index(bars["date"].unique()).sort_values(), pd.Index(bars["symbol"].unique()).sort_values()
    prices = _matrix(bars, opens.to_numpy(), dates, symbols)
    scores = {name: _matrix(panel, panel[name].to_numpy(np.float64), dates, symbols) for name in columns}
    source = str(panel["source"].iloc[-1]) if "source" in panel.columns and len(panel) else ""
    rows = [
        {"column": name, "horizon": horizon, **_quality(scores[name], forward_returns(prices, horizon), horizon)}
        for name in columns
        for horizon in horizons
    ]
    return pd.DataFrame(rows, columns=_COLUMNS).assign(source=source)


_COLUMNS = ["column", "horizon", "mean_rank_ic", "icir", "t_stat", "hit_rate", "quantile_spread", "n_days"]


def forward_returns(opens: np.ndarray, horizon: int) -> np.ndarray:
    """Return from the next session's open to the open `horizon` sessions later, as a fraction.

    Parameters
    ----------
    opens : ndarray of shape (n_sessions, n_symbols)
        Adjusted opens; NaN where a symbol did not trade.

    Returns
    -------
    ndarray of the same shape
        NaN in the last `horizon + 1` rows, and where one of the two opens is missing.
    """
    out = np.full(opens.shape, np.nan)
    size = max(0, len(opens) - horizon - 1)
    out[:size] = opens[horizon + 1 :] / opens[1 : size + 1] - 1.0
    return out


def tercile_spread(scores: np.ndarray, forward: np.ndarray, min_pairs: int = 5) -> np.ndarray:
    """Mean forward return of the top third minus that of the bottom third, per session.

    A symbol belongs to the third in which (rank - 0.5) / n falls; sessions with fewer than `min_pairs` complete pairs
    are NaN. Shapes as for `rank_ic`.
    """
    paired = np.isfinite(scores) & np.isfinite(forward)
    count = paired.sum(axis=1)
    place = (average_ranks(np.where(paired, scores, np.nan)) - 0.5) / np.maximum(count, 1)[:, None]
    returns = np.where(paired, forward, 0.0)
    top, bottom = place > 1.0 - TERCILE, place < TERCILE
    spread = _mean_where(returns, top) - _mean_where(returns, bottom)
    return np.where(count >= min_pairs, spread, np.nan)


def _quality(scores: np.ndarray, forward: np.ndarray, horizon: int) -> dict[str, float]:
    ic = rank_ic(scores, forward)
    known = ic[np.isfinite(ic)]
    spread = tercile_spread(scores, forward)
    spread = spread[np.isfinite(spread)]
    deviation = float(known.std(ddof=1)) if known.size > 1 else 0.0
    return {
        "mean_rank_ic": float(known.mean()) if known.size else np.nan,
        "icir": float(known.mean()) / deviation if deviation > 0 else np.nan,
        "t_stat": newey_west_t(ic, horizon - 1),
        "hit_rate": float((known > 0).mean()) if known.size else np.nan,
        "quantile_spread": float(spread.mean()) if spread.size else np.nan,
        "n_days": int(known.size),
    }


def _mean_where(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    members = chosen.sum(axis=1)
    total = np.where(chosen, values, 0.0).sum(axis=1)
    return np.where(members > 0, total / np.maximum(members, 1), np.nan)


def _matrix(frame: pd.DataFrame, values: np.ndarray, dates: pd.Index, symbols: pd.Index) -> np.ndarray:
    """Values of a long frame as sessions x symbols; NaN where there is no row."""
    out = np.full((len(dates), len(symbols)), np.nan)
    rows, columns = dates.get_indexer(pd.Index(frame["date"])), places_of(frame["symbol"], symbols)
    inside = (rows >= 0) & (columns >= 0)
    out[rows[inside], columns[inside]] = values[inside]
    return out

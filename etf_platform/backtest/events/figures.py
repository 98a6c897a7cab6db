"""Figures over the trades of the event back-test, in all and by bucket: EVENT_FIGURES. Not here: the trades."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from etf_platform.backtest.events.terms import EventTerms
from etf_platform.backtest.events.trades import DATA_END
from etf_platform.core.tables import EVENT_FIGURES
from etf_platform.measures.bootstrap import mean_interval_by_day

COLUMNS = [column.name for column in EVENT_FIGURES.columns]
BLOCK = 5  # neighbouring signal days drawn together: positions of up to three sessions overlap
WEIGHT_EDGES, WEIGHT_NAMES = (0.005, 0.01, 0.02, 0.05), ("< 0.5 %", "0.5-1 %", "1-2 %", "2-5 %", ">= 5 %")
PREMIUM_EDGES, PREMIUM_NAMES = (-0.001, 0.0, 0.001), ("< -0.1 %", "-0.1-0 %", "0-0.1 %", ">= 0.1 %")
ROW_NAMES = ("1", "2", "3+")
UNKNOWN = "unknown"


def figures(trades: pd.DataFrame, variants: Sequence[str], terms: EventTerms, source: str) -> pd.DataFrame:
    """EVENT_FIGURES of every variant, for all trades and for every group of every bucket.

    Parameters
    ----------
    trades : DataFrame
        EVENT_TRADES. Trades that ended with the data, not by their rule, are left out.
    variants : sequence of str
        Names; one without trades has a row with 0 trades and null figures.

    Returns
    -------
    DataFrame
        All groups of all buckets, also empty ones. The interval draws days, in circular blocks of up to five.
    """
    closed = trades[trades["exit_reason"] != DATA_END]
    rows = [
        {"variant": variant, "bucket": bucket, "value": value, **_figures(group, terms)}
        for variant in variants
        for bucket, value, group in _groups(closed[closed["variant"] == variant])
    ]
    return pd.DataFrame(rows).assign(source=source)[COLUMNS]


def _groups(trades: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    yield "all", "", trades
    rows = np.clip(trades["boards_in_row"].to_numpy(dtype=np.int64), 1, 3) - 1
    for bucket, names, place in (
        ("sum_weight", WEIGHT_NAMES, _places(trades["sum_weight"], WEIGHT_EDGES)),
        ("premium", (*PREMIUM_NAMES, UNKNOWN), _places(trades["premium"], PREMIUM_EDGES)),
        ("boards_in_row", ROW_NAMES, rows),
    ):
        for i, name in enumerate(names):
            yield bucket, name, trades[place == i]


def _places(values: pd.Series, edges: tuple[float, ...]) -> np.ndarray:
    known = values.to_numpy(np.float64)
    return np.where(np.isnan(known), len(edges) + 1, np.searchsorted(edges, known, side="right"))


def _figures(trades: pd.DataFrame, terms: EventTerms) -> dict[str, float | int]:
    extra = trades["net"] - trades["benchmark"]
    n_days = trades["date"].nunique()
    block = max(1, min(BLOCK, n_days // BLOCK))
    low, high = mean_interval_by_day(extra, trades["date"], terms.bootstrap_draws, terms.seed, block)
    return {
        "trades": len(trades),
        "days": int(n_days),
        "mean_net": float(trades["net"].mean()),
        "mean_extra": float(extra.mean()),
        "low": low,
        "high": high,
        "win_rate": float((trades["net"] > 0.0).mean()) if len(trades) else float("nan"),
        "mean_gross": float(trades["gross"].mean()),
        "mean_costs": float(trades["costs"].mean()),
    }

"""Weights of an account and of its benchmark, and the returns that they earn, for Brinson and factor attribution.

Here: which close a weight is of and what it earns. Not here: effects (`brinson`, `factors`).
"""

import numpy as np
import pandas as pd

from etf_platform.core.errors import InsufficientDataError


def fund_returns(bars: pd.DataFrame) -> pd.DataFrame:
    """Total return of every fund from the session before to this one, from the second session on.

    Returns
    -------
    DataFrame
        `date`, `symbol`, `return` (fraction), `was_traded` (whether it had a bar at the close before). A session
        without a bar keeps the price, so it returns 0, and the next bar returns the whole way. No rows before the
        first bar.
    """
    total = bars.assign(total=bars["close"] * bars["adj_factor"]).pivot(index="date", columns="symbol", values="total")
    carried = total.ffill()
    change = (carried / carried.shift() - 1.0).stack(future_stack=True)
    traded = total.shift().notna().stack(future_stack=True)
    return pd.DataFrame({"return": change, "was_traded": traded}).dropna(subset="return").reset_index()


def active_weights(
    positions: pd.DataFrame, equity: pd.DataFrame, returns: pd.DataFrame, benchmark: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Weights at the close before, beside what they earned, for every session of the account but the first.

    Parameters
    ----------
    positions, equity : DataFrame
        Rows of `POSITIONS` and `EQUITY`.
    returns : DataFrame
        As of `fund_returns`.
    benchmark : DataFrame, optional
        `date` (session whose return is earned), `symbol`, `weight`. By default every fund that had a bar at the close
        before has the same weight.

    Returns
    -------
    DataFrame
        `date`, `symbol`, `portfolio_weight`, `benchmark_weight`, `return`; a symbol without weight on either side has
        no row. The account's weights sum to 1 minus its share of cash.

    Raises
    ------
    InsufficientDataError
        The account has fewer than two sessions.
    """
    sessions = pd.DatetimeIndex(equity["date"])
    if len(sessions) < 2:
        raise InsufficientDataError(
            "comparing an account with its benchmark", f"{len(sessions)} sessions", "pass at least two"
        )
    held = positions[positions["date"] < sessions[-1]][["date", "symbol", "weight"]]
    held = held.assign(date=held["date"].map(pd.Series(sessions[1:], index=sessions[:-1])))
    inside = returns[returns["date"].isin(sessions[1:])]
    other = _equal_weight(inside) if benchmark is None else benchmark
    both = held.rename(columns={"weight": "portfolio_weight"}).merge(
        other.rename(columns={"weight": "benchmark_weight"}), how="outer", on=["date", "symbol"]
    )
    rows = both.merge(inside[["date", "symbol", "return"]], how="left", on=["date", "symbol"])
    weights = ["portfolio_weight", "benchmark_weight"]
    rows[weights] = rows[weights].fillna(0.0)
    return rows.sort_values(["date", "symbol"], ignore_index=True)


def account_returns(equity: pd.DataFrame) -> pd.Series:
    """Return of the account over every session but the first, indexed by date."""
    value = equity.set_index("date")["portfolio_value"]
    return (value / value.shift() - 1.0).iloc[1:]


def _equal_weight(returns: pd.DataFrame) -> pd.DataFrame:
    known = returns[returns["was_traded"]]
    count = known.groupby("date")["symbol"].transform("size")
    return known[["date", "symbol"]].assign(weight=1.0 / count.to_numpy(dtype=np.float64))

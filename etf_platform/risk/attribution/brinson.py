"""Brinson-Fachler rows of an account: daily effects per group, linked over the whole span by Carino's coefficients.

Here: groups, cash and trading. Not here: the formulas (`measures.brinson`), weights (`weights`).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from etf_platform.core.errors import BadInputError
from etf_platform.measures.brinson import brinson_fachler, carino

CASH, TRADING, UNKNOWN = "cash", "trading", "unknown"
ROUNDING = 1e-12  # a sum of weights this close to 1 leaves no cash
EFFECTS = ("allocation", "selection", "interaction")


def brinson_rows(
    weights: pd.DataFrame, groups: Mapping[str, str], source: str, account: pd.Series | None = None
) -> pd.DataFrame:
    """Rows of `BRINSON`; the linked effects of all rows sum to the active return of the whole span.

    Parameters
    ----------
    weights : DataFrame
        `date`, `symbol`, `portfolio_weight`, `benchmark_weight` (at the close before), `return`; as of
        `weights.active_weights`. What is missing from a sum of 1 is cash, which earns nothing.
    groups : mapping of symbol to group
        Symbols that are not listed are in `unknown`.
    source : str
    account : Series, optional
        Return of the account by date. What it has beyond its holdings of the close before (fills inside the session,
        costs) becomes the group `trading`, as selection without a weight. By default the holdings are the account.

    Returns
    -------
    DataFrame
        Sorted by key. A side without a holding in a group takes the other side's return there, so that the bet counts
        as allocation and not as selection against nothing.

    Raises
    ------
    BadInputError
        A weight or the return of a weighted symbol is NaN; `account` lacks a session.
    """
    _check(weights)
    named = weights.assign(group=[groups.get(symbol, UNKNOWN) for symbol in weights["symbol"]])
    dates = pd.DatetimeIndex(named["date"].unique()).sort_values()
    names = pd.Index(sorted({*named["group"], CASH}))
    wp, rp = _side(named, "portfolio_weight", dates, names)
    wb, rb = _side(named, "benchmark_weight", dates, names)
    rp, rb = np.where(wp != 0.0, rp, rb), np.where(wb != 0.0, rb, rp)
    rp, rb = np.nan_to_num(rp), np.nan_to_num(rb)
    effects = brinson_fachler(wp, wb, rp, rb)
    held, benchmark = (wp * rp).sum(axis=1), (wb * rb).sum(axis=1)
    actual = held if account is None else _of_account(account, dates)
    traded = _trading(actual - held, dates) if account is not None else pd.DataFrame()
    columns = ["portfolio_weight", "benchmark_weight", "portfolio_return", "benchmark_return", *EFFECTS]
    table = pd.DataFrame({c: a.reshape(-1) for c, a in zip(columns, (wp, wb, rp, rb, *effects), strict=True)})
    table.insert(0, "date", dates.repeat(len(names)))
    table.insert(1, "group", np.tile(names.to_numpy(), len(dates)))
    table = table[(table["portfolio_weight"] != 0.0) | (table["benchmark_weight"] != 0.0)]
    rows = pd.concat([table, traded], ignore_index=True).sort_values(["date", "group"], ignore_index=True)
    factor = rows["date"].map(pd.Series(carino(actual, benchmark), index=dates))
    return rows.assign(**{f"linked_{e}": rows[e] * factor for e in EFFECTS}, source=source)


def _side(named: pd.DataFrame, column: str, dates: pd.DatetimeIndex, names: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Weights and returns of one side, date x group; the return is NaN without a weight."""
    cells = pd.MultiIndex.from_product([dates, names])
    earned = named[column] * named["return"].fillna(0.0)
    shape = (len(dates), len(names))
    by = [named["date"], named["group"]]
    weight = named[column].groupby(by).sum().reindex(cells, fill_value=0.0).to_numpy(copy=True).reshape(shape)
    got = earned.groupby(by).sum().reindex(cells, fill_value=0.0).to_numpy().reshape(shape)
    rest = 1.0 - weight.sum(axis=1)
    weight[:, list(names).index(CASH)] += np.where(np.abs(rest) < ROUNDING, 0.0, rest)
    return weight, np.divide(got, weight, out=np.full_like(got, np.nan), where=weight != 0.0)


def _of_account(account: pd.Series, dates: pd.DatetimeIndex) -> np.ndarray:
    values = account.reindex(dates).to_numpy(dtype=np.float64)
    if np.isnan(values).any():
        day = dates[np.isnan(values)][0]
        raise BadInputError(
            "attributing by groups", f"the account has no return on {day:%Y-%m-%d}", "pass returns of every session"
        )
    return values


def _trading(effect: np.ndarray, dates: pd.DatetimeIndex) -> pd.DataFrame:
    names = [
        "portfolio_weight",
        "benchmark_weight",
        "portfolio_return",
        "benchmark_return",
        "allocation",
        "interaction",
    ]
    table = pd.DataFrame({"date": dates, "group": TRADING, "selection": effect, **dict.fromkeys(names, 0.0)})
    return table[table["selection"] != 0.0]


def _check(weights: pd.DataFrame) -> None:
    sides = weights[["portfolio_weight", "benchmark_weight"]]
    lost = sides.isna().any(axis=1) | ((sides != 0.0).any(axis=1) & weights["return"].isna())
    if weights.empty or lost.any():
        saw = "there are no weights"
        if lost.any():
            first = weights[lost].iloc[0]
            saw = f"{first['symbol']} on {first['date']:%Y-%m-%d} has no weight or no return"
        raise BadInputError("attributing by groups", saw, "pass weights and returns of every session")

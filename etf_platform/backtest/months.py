"""Monthly returns and the parts they are made of: each fund's profit, cash, cost; and what selection added.

Every part is profit in yuan over the month-start value, so the parts of a month sum to its return.
"""

import numpy as np
import pandas as pd

from etf_platform.backtest.matrices import dense, filled_forward
from etf_platform.backtest.rotation import Account
from etf_platform.core.errors import InsufficientDataError

COLUMNS = ["month", "part", "contribution", "is_complete", "source"]


def month_rows(account: Account, bars: pd.DataFrame, next_session: str | None = None) -> pd.DataFrame:
    """Rows of `MONTHS` for every month of an account.

    Parameters
    ----------
    account : Account
    bars : DataFrame
        Rows of `BARS` of the whole pool; their equal-weight total return is what selection is measured against.
    next_session : str, optional
        ISO date of the first session after the last row; tells whether the last month is complete.

    Returns
    -------
    DataFrame
        Sorted by month and part. A fund that neither earned nor lost in a month has no row. The first month counts from
        the first row and is not complete; an account of one row has no month.
    """
    equity = account.equity
    spans = _spans(equity["date"], next_session)
    if spans.empty:
        return _empty()
    start, end = equity.iloc[spans["start"]].reset_index(drop=True), equity.iloc[spans["end"]].reset_index(drop=True)
    base = start["portfolio_value"].to_numpy()
    bought = _net_purchases(account.fills, spans)
    cost = np.add.reduceat(equity["cost"].to_numpy(), spans["start"] + 1)
    profit = _value_at(account.positions, end["date"]) - _value_at(account.positions, start["date"]) - bought
    cash = (end["cash"] - start["cash"]).to_numpy() + bought.sum(axis=1).to_numpy() + cost
    total = end["portfolio_value"].to_numpy() / base - 1.0
    pool = _equal_weight(bars, start["date"], end["date"])
    parts = profit.div(base, axis=0).where(profit != 0.0)
    parts = parts.assign(total=total, cash=cash / base, cost=-cost / base, selection=total - pool)
    return _long(parts, spans, equity["source"].iloc[0])


def pool_months(months: dict[str, pd.DataFrame], weights: dict[str, float]) -> pd.DataFrame:
    """Rows of `MONTHS` of a portfolio that gives every pool its weight at each month's start.

    Resetting at month ends makes a month of the portfolio the weighted sum of the pools' months, part by part. Months
    that some pool does not have, or has only in part when another has it whole, are left out.

    Raises
    ------
    InsufficientDataError
        A pool with a weight above 0 has no months.
    """
    wanted = {pool: weight for pool, weight in weights.items() if weight > 0.0}
    missing = sorted(pool for pool in wanted if pool not in months or months[pool].empty)
    if missing:
        raise InsufficientDataError(
            "combining months of pools", f"{', '.join(missing)} has none", "back-test every pool that has a weight"
        )
    scaled = pd.concat(
        [months[p].assign(contribution=months[p]["contribution"] * w, pool=p) for p, w in wanted.items()]
    )
    total = scaled[scaled["part"] == "total"].groupby("month")
    shared = (total["pool"].nunique() == len(wanted)) & (total["is_complete"].nunique() == 1)
    rows = scaled[scaled["month"].isin(shared[shared].index)]
    summed = rows.groupby(["month", "part"], as_index=False).agg({"contribution": "sum", "is_complete": "first"})
    return summed.assign(source=" + ".join(sorted(scaled["source"].unique())))[COLUMNS]


def _spans(dates: pd.Series, next_session: str | None) -> pd.DataFrame:
    """One row per month: positions of its start value and of its end value, and whether it is complete."""
    labels = _month_of(dates)
    ends = np.append(np.flatnonzero(labels[1:] != labels[:-1]), labels.size - 1)
    starts = np.append(0, ends[:-1])
    complete = np.arange(ends.size) > 0
    has_ended = next_session is not None and f"{pd.Timestamp(next_session):%Y-%m}" > labels[-1]
    complete[-1] &= has_ended
    spans = pd.DataFrame({"month": labels[ends], "start": starts, "end": ends, "is_complete": complete})
    return spans[spans["end"] > spans["start"]].reset_index(drop=True)


def _month_of(dates: pd.Series) -> np.ndarray:
    """`2024-03` of every date."""
    return np.datetime_as_string(dates.to_numpy().astype("datetime64[M]")).astype(object)


def _net_purchases(fills: pd.DataFrame, spans: pd.DataFrame) -> pd.DataFrame:
    """Purchases minus sales in yuan before cost, month x symbol; rows are numbered like `spans`."""
    signed = fills["value"].where(fills["side"] == "buy", -fills["value"])
    table = signed.groupby([_month_of(fills["date"]), fills["symbol"]]).sum().unstack()
    return table.reindex(spans["month"]).fillna(0.0).reset_index(drop=True)


def _value_at(positions: pd.DataFrame, dates: pd.Series) -> pd.DataFrame:
    """Value of every fund in yuan at the given closes, 0 when not held; every fund ever held has a column."""
    symbols = sorted(positions["symbol"].unique())
    rows = positions[positions["date"].isin(dates)]
    table = rows.pivot(index="date", columns="symbol", values="value")
    return table.reindex(index=dates, columns=symbols).fillna(0.0).reset_index(drop=True)


def _equal_weight(bars: pd.DataFrame, starts: pd.Series, ends: pd.Series) -> np.ndarray:
    """Mean total return, from start to end, of the funds with a price at the start; a stale price counts as it is."""
    sessions, symbols = pd.DatetimeIndex(bars["date"].unique()).sort_values(), pd.Index(sorted(bars["symbol"].unique()))
    close, adj = dense(bars, ["close", "adj_factor"], sessions, symbols)
    price = filled_forward(close * adj)
    first = sessions.searchsorted(pd.DatetimeIndex(starts), side="right") - 1
    last = sessions.searchsorted(pd.DatetimeIndex(ends), side="right") - 1
    growth = price[last] / price[first] - 1.0
    known = np.isfinite(growth)
    return np.where(known, growth, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def _long(parts: pd.DataFrame, spans: pd.DataFrame, source: str) -> pd.DataFrame:
    values, names = parts.to_numpy(dtype=np.float64), parts.columns.to_numpy(dtype=object)
    places = np.argsort(np.argsort(names))
    month, part = np.nonzero(~np.isnan(values))
    order = np.lexsort((places[part], month))
    month, part = month[order], part[order]
    long = {"month": spans["month"].to_numpy()[month], "part": names[part], "contribution": values[month, part]}
    return pd.DataFrame(long | {"is_complete": spans["is_complete"].to_numpy()[month], "source": source})[COLUMNS]


def _empty() -> pd.DataFrame:
    types = {"month": "str", "part": "str", "contribution": "float64", "is_complete": "bool", "source": "str"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})

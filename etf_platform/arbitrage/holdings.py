"""What is known of funds' holdings on a day, and how much of each fund is at the limit. Not here: reading reports."""

import datetime as dt
from collections.abc import Collection

import numpy as np
import pandas as pd

from etf_platform.core.config.arbitrage import Economics

COMPLETE, PARTIAL = 1.0, 0.7
FULL_FIRST = pd.Timedelta(days=45)
EXPOSURE_COLUMNS = [
    "etf",
    "stock",
    "weight",
    "sum_weight",
    "stocks_at_limit",
    "boards_in_row",
    "as_of",
    "published_at",
]


def known_on(holdings: pd.DataFrame, day: dt.date | pd.Timestamp | str) -> pd.DataFrame:
    """The report of every fund that counts on a day: the latest that had been published, complete lists first.

    A complete list (index weights, creation basket, half-year report) goes before a report of the ten largest of a
    period that ended up to 45 days later: the file of 29 December before the quarter's page of 31 December.

    Parameters
    ----------
    holdings : DataFrame
        FUND_HOLDINGS rows of any number of reports.
    day : date
        Rows with a later `published_at` do not exist yet.

    Returns
    -------
    DataFrame
        The same columns, of each fund the rows of one `as_of`, largest weight first. Rows that come from an issuer's
        list of shareholders, and rows without a weight, are left out. A report counts as full once a full list of its
        period is out.
    """
    usable = (holdings["published_at"] <= pd.Timestamp(day)) & ~holdings["from_issuer"].astype(bool)
    rows = holdings[usable & (holdings["weight"] > 0.0)]
    is_full = (rows["completeness"] == "full").groupby([rows["symbol"], rows["as_of"]]).transform("any")
    rows = rows.assign(completeness=np.where(is_full, "full", "top10"))
    rows = rows[rows["as_of"] == _counting(rows)]
    return rows.sort_values(["symbol", "weight", "stock"], ascending=[True, False, True], ignore_index=True)


def stock_map(known: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows of `known_on` by stock: the funds that hold it, largest weight first."""
    ordered = known.sort_values(["stock", "weight", "symbol"], ascending=[True, False, True])
    return {str(stock): rows.reset_index(drop=True) for stock, rows in ordered.groupby("stock")}


def weights(known: pd.DataFrame, etfs: Collection[str]) -> dict[str, dict[str, float]]:
    """Weight by stock of each of the funds that `known` has, largest first."""
    rows = known[known["symbol"].isin(list(etfs))]
    found: dict[str, dict[str, float]] = {}
    for etf, stock, weight in zip(rows["symbol"], rows["stock"], rows["weight"], strict=True):
        found.setdefault(str(etf), {})[str(stock)] = float(weight)
    return found


def top10_ratio(known: pd.DataFrame) -> pd.Series:
    """Sum of the ten largest weights by fund; fraction."""
    return known.sort_values("weight", ascending=False).groupby("symbol").head(10).groupby("symbol")["weight"].sum()


def exposure(states: pd.DataFrame, known: pd.DataFrame, which: str = "sealed") -> pd.DataFrame:
    """How much of every fund is at the limit.

    Parameters
    ----------
    states : DataFrame
        LIMIT_STATES rows of one day or moment: `symbol`, `boards_in_row` and the column `which`.
    known : DataFrame
        Rows of `known_on`.
    which : str
        `sealed` (live) or `at_limit` (daily bars cannot tell who is selling); unknown does not count.

    Returns
    -------
    DataFrame
        `EXPOSURE_COLUMNS`, one row per fund with a holding at the limit, largest `sum_weight` first; `stock`, `weight`
        and `boards_in_row` are those of its largest such holding.
    """
    counted = states.loc[
        states[which].astype("boolean").fillna(False).to_numpy(dtype=bool), ["symbol", "boards_in_row"]
    ]
    held = known.rename(columns={"symbol": "etf"}).merge(counted.rename(columns={"symbol": "stock"}), on="stock")
    held = held.sort_values(["etf", "weight", "stock"], ascending=[True, False, True])
    funds = held.groupby("etf", sort=True)
    rows = held.drop_duplicates("etf").set_index("etf")
    rows = rows.assign(sum_weight=funds["weight"].sum(), stocks_at_limit=funds.size()).reset_index()
    return rows.sort_values(["sum_weight", "etf"], ascending=[False, True], ignore_index=True)[EXPOSURE_COLUMNS]


def quality(known: pd.DataFrame, day: dt.date | pd.Timestamp | str, economics: Economics) -> pd.Series:
    """How far the holdings of every fund can be trusted: 1 for a full list, 0.7 for the ten largest, less with age.

    Parameters
    ----------
    known : DataFrame
        Rows of `known_on`.
    day : date
        Age is counted in days from `as_of` to it.
    economics : Economics
        Full value up to `fresh_days`, 0 from `stale_days` on, linear between.

    Returns
    -------
    Series
        0 to 1, by fund.
    """
    funds = known.drop_duplicates("symbol").set_index("symbol")
    age = (pd.Timestamp(day) - pd.to_datetime(funds["as_of"])).dt.days
    left = ((economics.stale_days - age) / (economics.stale_days - economics.fresh_days)).clip(0.0, 1.0)
    return pd.Series(np.where(funds["completeness"] == "full", COMPLETE, PARTIAL), index=funds.index) * left


def _counting(rows: pd.DataFrame) -> pd.Series:
    """The `as_of` that counts for the fund of each row."""
    newest = rows.groupby("symbol")["as_of"].transform("max")
    complete = rows["as_of"].where((rows["completeness"] == "full") & (newest - rows["as_of"] <= FULL_FIRST))
    return complete.groupby(rows["symbol"]).transform("max").fillna(newest)

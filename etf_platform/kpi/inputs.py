"""Stored tables to the rows that metrics are read from: pure, one function per kind of row.

account: date, nav, pnl, return, exposure · breaches: date, is_breach, of_account · attribution: date, part, explained,
residual · slippage: date, realised, modelled, is_modelled · signals: evaluated_on, predicted, realised, bucket · runs:
date, part, is_in_time, is_made. Not here: cutting at a day (`facts`), metrics.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from etf_platform.measures.attribution import FILL_PARTS

ONE_BP = 1e-4


def account_rows(accounts: Mapping[str, pd.DataFrame], calendars: Mapping[str, pd.DatetimeIndex]) -> pd.DataFrame:
    """One account out of those of the parts.

    Parameters
    ----------
    accounts : mapping of str to DataFrame
        Part -> `date`, `nav`, `exposure` as in PAPER_ACCOUNT, from its first session on.
    calendars : mapping of str to DatetimeIndex
        Part -> sessions of its exchange.

    Returns
    -------
    DataFrame
        `date`, `nav` (sum of the values), `pnl` (sum of the changes; NaN on the first session), `return` (pnl over the
        value at the close before of the parts that had one), `exposure` (mean by value). A part that begins later adds
        its capital to the value and nothing to the result. On a session of its exchange without a row of a part that
        has begun there is no row; where its exchange is closed it stands at its last value.
    """
    held = {part: rows.set_index("date").sort_index() for part, rows in accounts.items() if len(rows)}
    days = sorted(set().union(*(rows.index for rows in held.values()))) if held else []
    navs = pd.DataFrame({part: _on_all(rows["nav"], calendars[part], days) for part, rows in held.items()}, index=days)
    exposures = pd.DataFrame({p: _on_all(rows["exposure"], calendars[p], days) for p, rows in held.items()}, index=days)
    begun = pd.DataFrame({p: navs.index >= rows.index[0] for p, rows in held.items()}, index=days)
    is_whole = (navs.notna() | ~begun).all(axis=1).to_numpy(dtype=bool) if held else np.zeros(0, dtype=bool)
    change = navs.diff()
    before = navs.shift().where(change.notna()).sum(axis=1, min_count=1)
    pnl, nav = change.sum(axis=1, min_count=1), navs.sum(axis=1, min_count=1)
    frame = pd.DataFrame(
        {
            "date": pd.DatetimeIndex(days).astype("datetime64[ns]"),
            "nav": nav.to_numpy(),
            "pnl": pnl.to_numpy(),
            "return": (pnl / before).to_numpy(),
            "exposure": ((exposures * navs).sum(axis=1) / nav).to_numpy(),
        }
    )
    return frame[is_whole].reset_index(drop=True)


def breach_rows(account: pd.DataFrame, forecasts: pd.DataFrame, exceptions: pd.DataFrame) -> pd.DataFrame:
    """Sessions on which a VaR stood that had been stored before, and whether the loss went beyond it.

    Parameters
    ----------
    account : DataFrame
        As `account_rows` gives it.
    forecasts : DataFrame
        `date`, `for_date`, `var` of one series, method and level.
    exceptions : DataFrame
        `date`, `forecast_date`, `is_breach` of the same: the back-test against its own forecasts. It stands for the
        sessions before the account had a return.

    Returns
    -------
    DataFrame
        `date`, `is_breach`, `of_account`, by date. The VaR is that of the strategy at full exposure, so it is scaled to
        the larger exposure of the two decisions that the session was held on; without exposure there is no row.
    """
    own = account.assign(held=np.maximum(account["exposure"].shift(1), account["exposure"].shift(2).fillna(0.0)))
    own = own[own["return"].notna() & (own["held"] > 0.0)]
    asked = forecasts[forecasts["var"].notna() & (forecasts["date"] < forecasts["for_date"])]
    asked = asked.sort_values("date").drop_duplicates("for_date", keep="last")
    both = own.merge(asked[["for_date", "var"]], left_on="date", right_on="for_date", how="inner")
    mine = pd.DataFrame({"date": both["date"], "is_breach": both["return"] < -both["var"] * both["held"]})
    first = account.loc[account["return"].notna(), "date"].min() if len(account) else pd.NaT
    earlier = exceptions[exceptions["forecast_date"] < exceptions["date"]]
    earlier = earlier if first is pd.NaT or first != first else earlier[earlier["date"] < first]
    parts = [earlier[["date", "is_breach"]].assign(of_account=False), mine.assign(of_account=True)]
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return rows.sort_values("date", kind="stable", ignore_index=True)


def attribution_rows(rows: pd.DataFrame, part: str, idle: pd.DatetimeIndex | None = None) -> pd.DataFrame:
    """FILL_ATTRIBUTION of one part by day: `date`, `part`, `explained` (sum of the parts' sizes), `residual` (size).

    `idle` are sessions at whose close nothing was held: without rows there was nothing to explain, and both are 0.
    """
    sized = pd.DataFrame(
        {
            "date": rows["date"],
            "explained": rows[list(FILL_PARTS)].abs().sum(axis=1, skipna=False),
            "residual": rows["residual"].abs(),
        }
    )
    by_day = sized.groupby("date").sum(min_count=1)
    if idle is not None:
        empty = idle.difference(pd.DatetimeIndex(by_day.index))
        by_day = pd.concat([by_day, pd.DataFrame(0.0, index=empty, columns=by_day.columns)])
    return by_day.rename_axis("date").sort_index().reset_index().assign(part=part)


def slippage_rows(fills: pd.DataFrame, opens: pd.DataFrame, slippage: float, commission: float) -> pd.DataFrame:
    """Slippage of every order that was filled, as it was modelled and as it was.

    Parameters
    ----------
    fills : DataFrame
        PAPER_FILLS.
    opens : DataFrame
        `date`, `symbol`, `open`: price that the model fills at.
    slippage, commission : float
        One way, as fractions of the traded value.

    Returns
    -------
    DataFrame
        `date`, `realised` (price against the open, positive is worse, and what was paid beyond the commission),
        `modelled`, `is_modelled`; orders without an open are left out.
    """
    done = fills[(fills["shares"] > 0.0) & (fills["value"] > 0.0)].merge(opens, on=["date", "symbol"], how="inner")
    sign = np.where(done["side"] == "buy", 1.0, -1.0)
    realised = (sign * (done["price"] / done["open"] - 1.0) + done["cost"] / done["value"] - commission).round(12)
    rows = pd.DataFrame(
        {
            "date": done["date"],
            "realised": realised,
            "modelled": slippage,
            "is_modelled": (done["origin"] == "modelled").to_numpy(),
        }
    )
    return rows[rows["realised"].notna()].reset_index(drop=True)


def signal_rows(outcomes: pd.DataFrame, signals: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """What every signal with an outcome predicted, and what its fund did.

    Parameters
    ----------
    outcomes : DataFrame
        SIGNAL_OUTCOMES; signals without a next open are left out.
    signals : sequence of mapping
        `signal_id` and `components` as the tracker raised them: the parts of the edge in basis points.

    Returns
    -------
    DataFrame
        `evaluated_on`, `predicted` (expected gain of the sealed holdings less the premium paid, before costs; NaN where
        one of them was not known), `realised` (next open / entry - 1, before costs), `bucket` (confidence).
    """
    parts = {str(row["signal_id"]): row["components"]["edge"]["parts"] for row in signals}
    expected = [_before_costs(parts.get(name, {})) for name in outcomes["signal_id"]]
    rows = pd.DataFrame(
        {
            "evaluated_on": outcomes["evaluated_on"],
            "predicted": np.array(expected, dtype=np.float64),
            "realised": outcomes["next_open"],
            "bucket": outcomes["confidence"],
        }
    )
    return rows[rows["realised"].notna()].reset_index(drop=True)


def _before_costs(parts: Mapping[str, float | None]) -> float:
    gross, premium = parts.get("gross"), parts.get("premium")
    return np.nan if gross is None or premium is None else (gross - premium) / 1e4


def run_rows(
    made: Mapping[str, Mapping[pd.Timestamp, bool]], part: str, sessions: pd.DatetimeIndex, end: pd.Timestamp
) -> pd.DataFrame:
    """What was owed of every session, and whether it was there in time.

    Parameters
    ----------
    made : mapping of str to mapping of Timestamp to bool
        Duty -> session -> made before its deadline; what is not there was never made. A duty is owed from its first
        session on: what has never run is not waited for.

    Returns
    -------
    DataFrame
        `date`, `part`, `duty`, `is_made`, `is_in_time`, up to `end`.
    """
    rows = [
        (day, part, duty, day in done, done.get(day, False))
        for duty, done in made.items()
        if done
        for day in sessions[(sessions >= min(done)) & (sessions <= end)]
    ]
    frame = pd.DataFrame(rows, columns=["date", "part", "duty", "is_made", "is_in_time"])
    return frame.astype({"date": "datetime64[ns]", "is_made": bool, "is_in_time": bool})


def _on_all(column: pd.Series, calendar: pd.DatetimeIndex, days: list[pd.Timestamp]) -> pd.Series:
    """Values on all days; an older one stands only where the exchange was closed."""
    filled = column.reindex(days).ffill()
    is_gap = pd.Index(days).isin(calendar) & ~pd.Index(days).isin(column.index)
    return filled.mask(is_gap)

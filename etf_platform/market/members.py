"""What is known of every member of a pool, from its stored bars and refused rows.

A summary for people and for the fuses; eligibility for trading is decided in `strategies`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from etf_platform.core.config.models import Instrument
from etf_platform.core.places import ordered_places
from etf_platform.core.tables import MEMBERS
from etf_platform.market.calendar import Sessions
from etf_platform.market.validate import BROKEN_SERIES

RECENT_BARS = 20


def members(
    symbols: Sequence[str],
    bars: pd.DataFrame,
    quarantine: pd.DataFrame,
    instruments: Mapping[str, Instrument],
    sessions: Sessions,
    source: str,
) -> pd.DataFrame:
    """The MEMBERS table.

    Parameters
    ----------
    symbols : sequence of str
        Members of the pool; every one gets a row.
    bars, quarantine : DataFrame
        Stored BARS and QUARANTINE rows of the pool; the rate of missing sessions counts up to the last bar date of the
        whole pool.
    source : str
        Label of the rows.

    Returns
    -------
    DataFrame
        One row per symbol in the order of the table's key. Status `quarantined` when the series is broken or every row
        was refused, `no_data` when there is no row at all, else `ok`. Dates, missing rate and turnover are null
        without bars.
    """
    end = bars["date"].max() if len(bars) else None
    by_symbol = _by_symbol(bars)
    refused = dict(tuple(quarantine.groupby("symbol"))) if len(quarantine) else {}
    none, nothing = (np.zeros(0, dtype="datetime64[ns]"), np.zeros(0)), quarantine.iloc[:0]
    known = (_member(s, *by_symbol.get(s, none), refused.get(s, nothing), sessions, end) for s in symbols)
    table = pd.DataFrame(list(known), columns=[c.name for c in MEMBERS.columns])
    table["name"] = [instruments[s].name if s in instruments else "" for s in symbols]
    table["source"] = source
    for column in ("first_date", "last_date"):
        table[column] = pd.to_datetime(table[column]).astype("datetime64[ns]")
    return table.sort_values("symbol", ignore_index=True)


def _by_symbol(bars: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Days and amounts of every symbol's bars, oldest first."""
    order, codes = ordered_places(bars["symbol"], bars["date"])
    days, amounts = bars["date"].to_numpy()[order], bars["amount"].to_numpy()[order]
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    parts = zip(np.split(days, starts)[1:], np.split(amounts, starts)[1:], strict=True)
    return dict(zip(bars["symbol"].iloc[order[starts]], parts, strict=True))


def _member(
    symbol: str,
    days: np.ndarray,
    amounts: np.ndarray,
    refused: pd.DataFrame,
    sessions: Sessions,
    end: pd.Timestamp | None,
) -> dict[str, object]:
    status, reason = _status(len(days), refused)
    row: dict[str, object] = {"symbol": symbol, "status": status, "reason": reason, "rows": len(days)}
    row |= {"quarantined_rows": len(refused), "first_date": pd.NaT, "last_date": pd.NaT}
    row |= {"missing_rate": np.nan, "mean_amount_20": np.nan}
    if len(days) and end is not None:
        first = pd.Timestamp(days[0])
        expected = len(sessions.between(first, end))
        row |= {"first_date": first, "last_date": pd.Timestamp(days[-1]), "missing_rate": 1.0 - len(days) / expected}
        row["mean_amount_20"] = float(pd.Series(amounts[-RECENT_BARS:]).mean())
    return row


def _status(rows: int, refused: pd.DataFrame) -> tuple[str, str]:
    broken = refused[refused["rule"] == BROKEN_SERIES] if len(refused) else refused
    if len(broken):
        return "quarantined", f"{BROKEN_SERIES} since {broken['date'].min().date()}: {broken['reason'].iloc[0]}"
    if rows:
        return "ok", ""
    if len(refused):
        return "quarantined", f"every row was refused, most of them by {refused['rule'].mode().iloc[0]}"
    return "no_data", "the source has no row of this symbol"

"""Restated history: what a provider has changed in rows already stored, and the record of it.

Rows dated t are made of rows dated t and earlier, so a row changed on day d makes every partition from d on out of
date, and no other. Making them again is `rematerialise`.
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from etf_platform.market.instruments import tick_size
from etf_platform.orchestration.platform import Platform

if TYPE_CHECKING:
    from sqlalchemy import Engine

PRICES = ("open", "high", "low", "close")
COMPARED = (*PRICES, "adj_factor", "volume")
OF_FUNCTION = 1e-6  # of a value: products of adjusted prices differ by less between two downloads
OF_ANOTHER_SOURCE = 0.003
_KEY = ["date", "symbol"]


def find_restated(fresh: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """Differences between what is stored and what the provider says now.

    Parameters
    ----------
    fresh, stored : DataFrame
        BARS rows. A symbol that is in one of the two only is not compared, nor are dates outside the stored ones or
        outside what the provider gave for the symbol.

    Returns
    -------
    DataFrame
        `date`, `symbol`, `what` (a column, `added` or `withdrawn`), `stored`, `fresh`; sorted by date and symbol. Rows
        of another provider than the stored ones count as changed only beyond one tick and 0.3 % of a price; rows of the
        same one by any difference above 1e-6 of the value.
    """
    mine, theirs = _comparable(fresh, stored)
    both = mine.merge(theirs, on=_KEY, how="outer", suffixes=("_stored", "_fresh"), indicator=True)
    found = [_only(both, "left_only", "withdrawn"), _only(both, "right_only", "added")]
    pairs = both[both["_merge"] == "both"]
    is_other = (pairs["source_stored"] != pairs["source_fresh"]).to_numpy()
    ticks = pairs["symbol"].map({s: tick_size(s) for s in pairs["symbol"].unique()}).astype("float64")
    for column in COMPARED:
        was, now = pairs[f"{column}_stored"], pairs[f"{column}_fresh"]
        loose = pd.concat([ticks, was * OF_ANOTHER_SOURCE], axis=1).max(axis=1) + 1e-9
        allowed = (was.abs() * OF_FUNCTION).where(~is_other, loose if column in PRICES else float("inf"))
        changed = pairs[(now - was).abs() > allowed]
        found.append(_differences(changed, column, changed[f"{column}_stored"], changed[f"{column}_fresh"]))
    return pd.concat(found, ignore_index=True).sort_values([*_KEY, "what"], kind="stable", ignore_index=True)


def note_restated(
    engine: "Engine", universe: str, changes: pd.DataFrame, last_stored: date, run_id: str
) -> Mapping[str, Any] | None:
    """Record restated history, once for the same change; what was recorded, or None where nothing changed."""
    from etf_platform.storage.source_states import record_restatement

    if changes.empty:
        return None
    row = {
        "universe": universe,
        "start": changes["date"].min().date(),
        "end": last_stored,
        "rows": len(changes.drop_duplicates(_KEY)),
        "changes": {str(symbol): _told(mine) for symbol, mine in changes.groupby("symbol")},
        "digest": hashlib.sha256((universe + changes.to_csv(index=False)).encode()).hexdigest(),
        "run_id": run_id,
    }
    record_restatement(engine, row)
    return row


def report_of(platform: Platform, universe: str | None = None) -> pd.DataFrame:
    """What was found and what became of it: one row per restatement, oldest first."""
    from etf_platform.storage.source_states import restatements

    names = ("id", "found_at", "universe", "start", "end", "rows", "state", "done_at", "done_by", "changes")
    return pd.DataFrame([{n: row[n] for n in names} for row in restatements(platform.ops, universe=universe)])


def _comparable(fresh: pd.DataFrame, stored: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = [*_KEY, *COMPARED, "source"]
    span = fresh.groupby("symbol")["date"].agg(["min", "max"])
    mine = stored.loc[stored["symbol"].isin(span.index), names]
    is_given = mine["date"].ge(mine["symbol"].map(span["min"])) & mine["date"].le(mine["symbol"].map(span["max"]))
    ours = stored.groupby("symbol")["date"].agg(["min", "max"])
    theirs = fresh.loc[fresh["symbol"].isin(ours.index), names]
    is_ours = theirs["date"].ge(theirs["symbol"].map(ours["min"])) & theirs["date"].le(
        theirs["symbol"].map(ours["max"])
    )
    return mine[is_given], theirs[is_ours]


def _only(both: pd.DataFrame, side: str, what: str) -> pd.DataFrame:
    rows = both[both["_merge"] == side]
    return _differences(rows, what, rows["close_stored"], rows["close_fresh"])


def _differences(rows: pd.DataFrame, what: str, was: "pd.Series[float]", now: "pd.Series[float]") -> pd.DataFrame:
    return rows[_KEY].assign(what=what, stored=was.astype("float64"), fresh=now.astype("float64"))


def _told(changes: pd.DataFrame) -> dict[str, Any]:
    first = changes.iloc[0]
    return {
        "rows": int(changes["date"].nunique()),
        "first": f"{changes['date'].min():%Y-%m-%d}",
        "last": f"{changes['date'].max():%Y-%m-%d}",
        "what": sorted(set(changes["what"])),
        "example": f"{first['date']:%Y-%m-%d} {first['what']}: {first['stored']:g} became {first['fresh']:g}",
    }

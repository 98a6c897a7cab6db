"""Takes fills that happened into the running account: for sessions that are not recorded yet, and never silently.

The ledger says which file gave the fills of which day before they are stored. Not here: reading files
(`paper.imports`), booking (`paper.account`).
"""

import datetime as dt
import hashlib

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event
from etf_platform.governance.ledger import by_system
from etf_platform.orchestration.platform import Platform
from etf_platform.paper.imports import FillImportError, fills_of
from etf_platform.paper.terms import MODELLED


def import_fills(platform: Platform, pool: str, data: bytes, origin: str) -> list[dt.date]:
    """Store the fills of a file; from then on they take the place of the modelled ones of their days.

    Returns
    -------
    list of date
        Sessions whose fills are new; those that were imported before with the same content are not among them.

    Raises
    ------
    FillImportError
        The file cannot be read; a fund of another pool; a day that is no session, that the account has recorded, or
        whose imported fills are others.
    """
    rows = fills_of(data, origin)
    doing = f"importing fills of {origin} into {pool}"
    _check_members(platform, pool, rows, doing)
    by_day = {day: rows[rows["date"] == day].reset_index(drop=True) for day in pd.DatetimeIndex(rows["date"].unique())}
    days = [day for day, fills in by_day.items() if _is_new(platform, pool, day, fills, doing)]
    for day in days:
        fills = by_day[day]
        _tell(platform, pool, day, fills, data, origin)
        platform.lake.write(t.PAPER_FILLS, pool, fills, day.date(), day.date(), note=platform.note(f"import {origin}"))
    return [day.date() for day in days]


def _check_members(platform: Platform, pool: str, rows: pd.DataFrame, doing: str) -> None:
    strange = rows.loc[~rows["symbol"].isin(platform.config.pools[pool]), "symbol"]
    if len(strange):
        raise FillImportError(doing, f"{strange.iloc[0]} is no member of {pool}", "import it into its own pool")
    sessions = platform.sessions(pool)
    for day in pd.concat([rows["date"], rows["decision_date"]]).unique():
        if not sessions.is_session(day):
            raise FillImportError(doing, f"{day:%Y-%m-%d} is no session", "correct the date")


def _is_new(platform: Platform, pool: str, day: pd.Timestamp, fills: pd.DataFrame, doing: str) -> bool:
    stored = _stored(platform, t.PAPER_FILLS, pool, day)
    if stored is not None and len(stored) == len(fills):
        same = t.PAPER_FILLS.conform(stored).equals(t.PAPER_FILLS.conform(fills.reset_index(drop=True)))
        if same:
            return False
    if _stored(platform, t.PAPER_ACCOUNT, pool, day) is not None:
        raise FillImportError(doing, f"{day:%Y-%m-%d} is recorded", "recorded days are never written again")
    if stored is not None and (stored["origin"] != MODELLED).any():
        raise FillImportError(
            doing,
            f"{day:%Y-%m-%d} has other fills of {stored['origin'].iloc[0]}",
            "they stay; record the correction as a fill of a later day",
        )
    return True


def _stored(platform: Platform, table: t.Table, pool: str, day: pd.Timestamp) -> pd.DataFrame | None:
    if not platform.lake.exists(table, pool):
        return None
    rows = platform.lake.read(table, pool, start=day.date(), end=day.date())
    return rows if len(rows) else None


def _tell(platform: Platform, pool: str, day: pd.Timestamp, fills: pd.DataFrame, data: bytes, origin: str) -> None:
    from etf_platform.storage.events import append
    from etf_platform.storage.outbox import transaction

    digest = hashlib.sha256(data).hexdigest()
    payload = {
        "pool": pool,
        "origin": origin,
        "sha256": digest,
        "fills": len(fills),
        "value": float(fills["value"].sum()),
    }
    key = f"{kinds.FILLS_IMPORTED}/{pool}/{day:%Y-%m-%d}/{digest[:12]}"
    with transaction(platform.ops) as connection:
        append(connection, [Event(key, kinds.FILLS_IMPORTED, pool, by_system("paper"), payload, day.date())])

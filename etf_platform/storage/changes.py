"""What differs between two versions of a table, counted in rows. Years whose files are the same are not read."""

import datetime as dt
from collections.abc import Iterable

import pandas as pd

from etf_platform.core.schema import Table
from etf_platform.storage.lake import Lake
from etf_platform.storage.listings import Listings


def changed_rows(lake: Lake, table: Table, universe: str, then: int, now: int) -> str:
    """Rows that were added, removed or changed from one version to another, in words.

    Returns
    -------
    str
        E.g. `3 rows changed in 2024-02-01 .. 2024-02-05, 20 added`, or `the same rows`.
    """
    years = _differing_years(lake, table, universe, then, now)
    pieces = [_compared(lake, table, universe, then, now, year) for year in years]
    counted = pd.concat(pieces) if pieces else pd.DataFrame({"what": []})
    said = [_words(rows, str(what), table.range_column) for what, rows in counted.groupby("what", sort=True)]
    return ", ".join(said) or "the same rows"


def _differing_years(lake: Lake, table: Table, universe: str, then: int, now: int) -> list[int | None]:
    listings, place = Listings(), lake.place(table, universe)
    files = [{(p.year, p.path) for p in listings.of(place, version).parts} for version in (then, now)]
    return sorted({year for year, _ in files[0] ^ files[1]}, key=lambda year: year or 0)


def _compared(lake: Lake, table: Table, universe: str, then: int, now: int, year: int | None) -> pd.DataFrame:
    start, end = (None, None) if year is None else (dt.date(year, 1, 1), dt.date(year, 12, 31))
    frames = [lake.read(table, universe, start, end, version=version) for version in (then, now)]
    key = [name for name in table.key if name in frames[0] and name in frames[1]]
    shared = [c for c in frames[0].columns if c in frames[1].columns and c not in key]
    both = frames[0].merge(frames[1], on=key, how="outer", suffixes=(None, " now"), indicator="what")
    differs = pd.Series(False, index=both.index)
    for name in shared:
        old, new = both[name], both[f"{name} now"]
        differs |= ~((old == new).fillna(False).astype(bool) | (old.isna() & new.isna()))
    what = both["what"].map({"left_only": "removed", "right_only": "added", "both": "changed"}).astype("str")
    kept = both.assign(what=what)[differs | (what != "changed")]
    return kept[_unique([*key, "what"])]


def _words(rows: pd.DataFrame, what: str, day: str | None) -> str:
    said = f"{len(rows)} row{'s' * (len(rows) != 1)} {what}"
    if day is None or day not in rows:
        return said
    first, last = rows[day].min(), rows[day].max()
    return f"{said} in {first:%Y-%m-%d}" + ("" if first == last else f" .. {last:%Y-%m-%d}")


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))

"""Names and listing states of a pool's members, session by session, out of quotes that are already there.

Here: a pure function of quotes and of what was known before. Not here: asking a provider, judging a difference.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from etf_platform.core.config.models import Instrument
from etf_platform.core.names import same_name
from etf_platform.core.tables import LISTINGS

COLUMNS = [column.name for column in LISTINGS.columns]
DELISTED, UNKNOWN = "delisted", "unknown"


def listings(
    symbols: Sequence[str],
    quotes: pd.DataFrame,
    stored: pd.DataFrame | None,
    instruments: Mapping[str, Instrument],
) -> pd.DataFrame:
    """The LISTINGS rows of the last session that the quotes know.

    Parameters
    ----------
    symbols : sequence of str
        Members of the pool.
    quotes : DataFrame
        QUOTES rows; of several of one member in the last session the one fetched last counts.
    stored : DataFrame or None
        LISTINGS rows written before; those of the last session itself count too, so that running again changes
        nothing.
    instruments : mapping of str to Instrument
        Where the configured names come from.

    Returns
    -------
    DataFrame
        One row per member ever quoted. A member without a quote in the session keeps what was last known of it, with
        the source and time of that. Names that differ in width of characters or in blanks are the same.
    """
    day = quotes["date"].max()
    today = _last(quotes[quotes["date"] == day], "fetched_at")
    before = {} if stored is None else _last(stored[stored["date"] <= day], "date")
    rows = [
        _row(day, today[s], before.get(s)) if s in today else before[s][COLUMNS].to_dict()
        for s in symbols
        if s in today or s in before
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS).assign(date=day)
    frame["configured_name"] = [instruments[s].name if s in instruments else "" for s in frame["symbol"]]
    for column in ("date", "first_seen", "changed_on"):
        frame[column] = pd.to_datetime(frame[column]).astype("datetime64[ns]")
    return frame.sort_values("symbol", ignore_index=True)


def _row(day: pd.Timestamp, quote: pd.Series, known: pd.Series | None) -> dict[str, object]:
    name, status = str(quote["name"]).strip(), str(quote["status"])
    first, changed = day, day
    if known is not None:
        name = name or str(known["name"])
        status = str(known["status"]) if status == UNKNOWN else status
        is_same = same_name(name, str(known["name"])) and status == known["status"]
        first, changed = known["first_seen"], known["changed_on"] if is_same else day
    listed = {"symbol": quote["symbol"], "name": name, "status": status, "is_listed": status != DELISTED}
    fetched = {"source": quote["source"], "fetched_at": quote["fetched_at"]}
    return listed | fetched | {"first_seen": first, "changed_on": changed}


def _last(rows: pd.DataFrame, by: str) -> dict[str, pd.Series]:
    last = rows.sort_values(by, kind="stable").drop_duplicates("symbol", keep="last")
    return {str(row["symbol"]): row for _, row in last.iterrows()}

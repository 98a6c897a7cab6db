"""A person's decision about a detected corporate action, written into the table of events."""

from datetime import date

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError
from etf_platform.orchestration.platform import Platform


def events(platform: Platform) -> pd.DataFrame:
    """Every stored adjustment event with its pool."""
    pools = [pool for pool in platform.config.pools if platform.lake.exists(t.ADJUSTMENT_EVENTS, pool)]
    frames = [platform.lake.read(t.ADJUSTMENT_EVENTS, pool).assign(pool=pool) for pool in pools]
    columns = ["pool", *(c.name for c in t.ADJUSTMENT_EVENTS.columns)]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def decide(platform: Platform, symbol: str, day: date, status: str) -> str:
    """Set the status of one event to `accepted`, `rejected` or `review`; returns its pool.

    The bars change only when they are loaded again; until then the fuse `adjustment_review` judges the events.

    Raises
    ------
    BadInputError
        There is no such event.
    """
    known = events(platform)
    found = known[(known["symbol"] == symbol) & (known["date"] == pd.Timestamp(day))]
    if found.empty:
        raise BadInputError(
            f"reviewing {symbol} on {day}", "there is no such event", "list them with `etf-platform events list`"
        )
    pool = str(found["pool"].iloc[0])
    rows = platform.lake.read(t.ADJUSTMENT_EVENTS, pool)
    at = (rows["symbol"] == symbol) & (rows["date"] == pd.Timestamp(day))
    note = platform.note(f"review:{status}")
    platform.lake.write(t.ADJUSTMENT_EVENTS, pool, rows.assign(status=rows["status"].mask(at, status)), note=note)
    return pool

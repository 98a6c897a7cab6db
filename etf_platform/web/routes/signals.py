"""Signals as they were said, and how often they were right."""

from typing import Annotated, Literal

import pandas as pd
from fastapi import APIRouter, Path, Query

from etf_platform.arbitrage.outcomes import hit_rate
from etf_platform.storage import tracker
from etf_platform.web import compatible as original
from etf_platform.web.failures import NotFoundError
from etf_platform.web.models import compatible
from etf_platform.web.models import tracker as models
from etf_platform.web.models.paging import Day, Limit, Offset, Page
from etf_platform.web.reading import Read

router = APIRouter()
State = Literal["new", "notified", "invalidated", "expired", "evaluated"]
EVALUATED = 10_000  # the newest that count


@router.get("/api/signals", tags=["compatible"])
def signals(read: Read, limit: Limit = 20, today_only: bool = True, offset: Offset = 0) -> list[compatible.Signal]:
    """Signals, newest first."""
    services = read.services
    rows = tracker.signals(services.ops, services.today if today_only else None, None, limit, offset)
    return [compatible.Signal(**original.signal(row)) for row in rows]


@router.get("/api/v2/signals", tags=["tracker"])
def all_signals(
    read: Read, day: Day | None = None, state: State | None = None, limit: Limit = 50, offset: Offset = 0
) -> Page[models.Signal]:
    """Signals with everything that was said, newest first; of one trade date and one state or all."""
    ops = read.services.ops
    rows = tracker.signals(ops, day, state, limit, offset)
    total = tracker.count_signals(ops, day, state)
    return Page[models.Signal](total=total, limit=limit, offset=offset, items=[models.Signal(**row) for row in rows])


@router.get("/api/v2/signals/{signal_id}", tags=["tracker"])
def one_signal(
    read: Read, signal_id: Annotated[str, Path(pattern=r"^SIG_[0-9]{14}_[0-9A-Z]{1,10}_[0-9]{4,}$")]
) -> models.Signal:
    """One signal."""
    row = tracker.signal(read.services.ops, signal_id)
    if row is None:
        raise NotFoundError("looking up a signal", f"there is no {signal_id}", "take an id of /api/v2/signals")
    return models.Signal(**row)


@router.get("/api/v2/hit-rate", tags=["tracker"])
def rate(
    read: Read,
    measure: Literal["next_open", "next_close"] = "next_open",
    actionable: Annotated[bool | None, Query(description="only those that said to buy, or only the others")] = None,
) -> models.HitRate:
    """How often the fund gained by the next open (or close), before costs; of the newest 10,000 evaluated signals."""
    ops = read.services.ops
    rows = tracker.signals(ops, state="evaluated", limit=EVALUATED)
    kept = [row for row in rows if actionable is None or row.get("actionable") is actionable]
    values = [(row["outcome"] or {}).get(measure) for row in kept]
    known = pd.DataFrame({measure: [value for value in values if value is not None]}, dtype="float64")
    found = hit_rate(known, measure)
    waiting = tracker.count_signals(ops) - tracker.count_signals(ops, state="evaluated")
    shown = (
        {"rate": found.rate, "low": found.low, "high": found.high}
        if found.n
        else dict.fromkeys(("rate", "low", "high"))
    )
    mean = float(known[measure].mean()) if found.n else None
    return models.HitRate(measure=measure, signals=found.n, wins=found.wins, mean=mean, waiting=waiting, **shown)

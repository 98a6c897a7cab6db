"""Live updates as server-sent events: a new signal, a signal that changed, a scan that ended.

The ops database is asked whether anybody wrote to it, and only then what; one client costs some microseconds a second.
Not here: what the page does with them; it asks again for what changed, and polls where events do not come through.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from etf_platform.storage import tracker
from etf_platform.web.reading import Read, Reading

router = APIRouter(prefix="/api/v2", tags=["tracker"])
SECONDS = 1.0
MOST_CLIENTS = 200
FEW = 50  # signals and scans looked at after a change
RETRY = 5_000  # ms


@router.get("/events", response_class=EventSourceResponse)
async def events(
    request: Request, read: Read, last_event_id: Annotated[str | None, Header(max_length=80)] = None
) -> AsyncIterator[ServerSentEvent]:
    """Events `signal` and `scan` as they come; `Last-Event-ID` goes on where a connection broke."""
    listeners: set[object] = request.app.state.listeners
    if len(listeners) >= MOST_CLIENTS:
        raise HTTPException(503, "too many listeners")
    mark = object()
    listeners.add(mark)
    try:
        async for event in _stream(read, request.app.state.stamp, last_event_id):
            yield event
    finally:
        listeners.discard(mark)


async def _stream(read: Reading, stamp: Any, last: str | None) -> AsyncIterator[ServerSentEvent]:
    since = _since(last) or read.services.now()
    yield ServerSentEvent(event="hello", data={"now": read.services.now().isoformat()}, id=_id(since), retry=RETRY)
    seen = None if last else stamp()
    while True:
        now = stamp()
        if now != seen:
            seen = now
            for name, at, data in await asyncio.to_thread(_news, read, since):
                since = max(since, at)
                yield ServerSentEvent(event=name, data=data, id=_id(since))
        await asyncio.sleep(SECONDS)


def _news(read: Reading, since: dt.datetime) -> list[tuple[str, dt.datetime, dict[str, Any]]]:
    """What was written after a moment, oldest first."""
    ops, found = read.services.ops, []
    for row in tracker.signals(ops, read.services.today, limit=FEW):
        if row["updated_at"] > since:
            kept = ("signal_id", "state", "stock", "stock_name", "etf", "etf_name", "confidence", "actionable")
            found.append(("signal", row["updated_at"], {name: row.get(name) for name in kept}))
    for row in tracker.scans(ops, FEW):
        if row["at"] > since:
            found.append(("scan", row["at"], {name: row[name] for name in ("id", "state", "detail")}))
    return sorted(found, key=lambda event: event[1])


def _id(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat()


def _since(text: str | None) -> dt.datetime | None:
    try:
        at = dt.datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None

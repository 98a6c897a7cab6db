"""Live updates as server-sent events: a new signal, a signal that changed, a scan that ended.

The ops database is asked whether anybody wrote to it, and only then what; one client costs some microseconds a second.
Not here: what the page does with them; it asks again for what changed, and polls where events do not come through.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.datastructures import State

from etf_platform.storage import tracker
from etf_platform.web.picking import Row
from etf_platform.web.reading import Read, Reading

router = APIRouter(prefix="/api/v2", tags=["tracker"])
SECONDS = 1.0
MOST_CLIENTS = 200
FEW = 200  # signals and scans looked at after a change
RETRY = 5_000  # ms
SIGNAL = ("signal_id", "state", "stock", "stock_name", "etf", "etf_name", "confidence", "actionable")
SCAN = ("id", "state", "detail")


@dataclass(frozen=True)
class Seen:
    """The newest signals of the day by id and the newest scans, newest first, and the last scan that was told.

    By ids, not by times: a scan stores everything under the moment at which it began.
    """

    signals: dict[str, Row]
    scans: list[Row]
    last_scan: int

    @property
    def newest(self) -> int:
        """Id of the newest scan; 0 before the first."""
        return int(self.scans[0]["id"]) if self.scans else 0


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
        async for event in _stream(read, request.app.state, last_event_id):
            yield event
    finally:
        listeners.discard(mark)


async def _stream(read: Reading, state: State, last: str | None) -> AsyncIterator[ServerSentEvent]:
    """A greeting, after which everything that is written is told; scans after `last` first."""
    seen, known = state.stamp(), await asyncio.to_thread(_look, read)
    since = int(last) if last and last.isdigit() else known.last_scan
    yield ServerSentEvent(event="hello", data={"now": read.services.now().isoformat()}, id=str(since), retry=RETRY)
    known = Seen(known.signals, known.scans, since)
    while not state.is_leaving:
        now = state.stamp()
        if now != seen or known.last_scan < known.newest:
            seen, before, known = now, known, await asyncio.to_thread(_look, read)
            for name, data in news(before, known):
                yield ServerSentEvent(event=name, data=data, id=str(known.last_scan))
        await asyncio.sleep(SECONDS)


def news(before: Seen, now: Seen) -> list[tuple[str, Row]]:
    """What of `now` was not there before: signals that are new or changed their state, and then scans, oldest first."""
    changed = [row for key, row in now.signals.items() if _news_of(before.signals.get(key, {})) != _news_of(row)]
    ended = [row for row in now.scans if row["id"] > before.last_scan]
    return [*(("signal", row) for row in reversed(changed)), *(("scan", row) for row in reversed(ended))]


def _news_of(row: Row) -> tuple[object, object]:
    return row.get("state"), row.get("actionable")


def _look(read: Reading) -> Seen:
    ops = read.services.ops
    signals = {row["signal_id"]: _part(row, SIGNAL) for row in tracker.signals(ops, read.services.today, limit=FEW)}
    scans = [_part(row, SCAN) for row in tracker.scans(ops, FEW)]
    return Seen(signals, scans, scans[0]["id"] if scans else 0)


def _part(row: Row, names: tuple[str, ...]) -> Row:
    return {name: row.get(name) for name in names}

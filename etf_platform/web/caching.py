"""Answers kept and sent sparingly: ETag and 304, gzip, and answers that stay good for some seconds.

An answer is kept by path and query as long as its rule says, and no longer than the ops database stands still (a scan,
a signal, a back-test: whatever was written by anybody ends it). Not here: who may ask (`security`), what is answered.
"""

import asyncio
import gzip
import hashlib
import re
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT_BYTES = 64 << 20
LARGEST = 16 << 20  # bytes of an answer that is compressed
SMALLEST = 500  # bytes below which gzip gains nothing
SLOW = 64 << 10  # bytes from which compressing leaves the event loop
LEVEL = 5
TEXTS = re.compile(rb"application/(json|javascript|manifest\+json)|text/(?!event-stream)|image/svg")

Stamp = Callable[[], Hashable]


@dataclass(frozen=True)
class Rule:
    """Answers to paths that match `path` are kept for `seconds`."""

    path: re.Pattern[str]
    seconds: float


@dataclass(frozen=True)
class Answer:
    """A whole answer; `etag` is empty for one that is not 200, `packed` None where gzip gains nothing."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    etag: bytes = b""
    packed: bytes | None = None


@dataclass(frozen=True)
class Kept:
    """An answer, the stamp it was made under, and until when it is good."""

    answer: Answer
    stamp: Hashable
    until: float


@dataclass
class Shelf:
    """Kept answers of at most `KEPT_BYTES` together; the one asked for longest ago leaves first."""

    entries: OrderedDict[str, Kept] = field(default_factory=OrderedDict)
    held: int = 0

    def get(self, key: str, stamp: Hashable, now: float) -> Answer | None:
        """A good answer, or None."""
        kept = self.entries.get(key)
        if kept is None or kept.stamp != stamp or kept.until <= now:
            return None
        self.entries.move_to_end(key)
        return kept.answer

    def put(self, key: str, kept: Kept) -> None:
        """Keep an answer in place of the one before."""
        self._drop(self.entries.pop(key, None))
        self.entries[key] = kept
        self.held += _size(kept)
        while self.held > KEPT_BYTES and self.entries:
            self._drop(self.entries.popitem(last=False)[1])

    def _drop(self, kept: Kept | None) -> None:
        self.held -= _size(kept) if kept else 0


class Answers:
    """Finishes every readable answer, and gives kept ones without asking the application again.

    Of several clients that ask the same at once, one makes the answer and the others wait for it.
    """

    def __init__(
        self, app: ASGIApp, rules: Sequence[Rule], stamp: Stamp, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app, self._rules, self._stamp, self._clock = app, tuple(rules), stamp, clock
        self._shelf = Shelf()
        self._locks: dict[str, asyncio.Lock] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the shelf or by the application; all but GET is handed on."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        rule = next((rule for rule in self._rules if rule.path.fullmatch(scope["path"])), None)
        if rule is None:
            answer = await self._made(scope, receive, send)
        else:
            answer = await self._kept(rule, scope, receive, send)
        if answer is not None:
            await _send(answer, Headers(scope=scope), send)

    async def _kept(self, rule: Rule, scope: Scope, receive: Receive, send: Send) -> Answer | None:
        key = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        answer = self._shelf.get(key, self._stamp(), self._clock())
        if answer is not None:
            return answer
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            stamp = self._stamp()  # before the work: what is written meanwhile ends this answer
            answer = self._shelf.get(key, stamp, self._clock())
            if answer is None:
                answer = await self._made(scope, receive, send)
                if answer is not None and answer.status == 200:
                    self._shelf.put(key, Kept(answer, stamp, self._clock() + rule.seconds))
        self._locks.pop(key, None)
        return answer

    async def _made(self, scope: Scope, receive: Receive, send: Send) -> Answer | None:
        """What the application answers; None when it went straight to the client (streams, files, large bodies)."""
        collected = _Collected(send)
        await self._app(scope, receive, collected)
        if collected.answer is None:
            return None
        body = collected.answer.body
        return await asyncio.to_thread(_finished, collected.answer) if len(body) > SLOW else _finished(collected.answer)


class _Collected:
    """Stands for the client: gathers an answer of text, passes everything else on."""

    def __init__(self, send: Send) -> None:
        self._send, self._parts, self._start = send, [], None  # type: tuple[Send, list[bytes], Message | None]
        self.answer: Answer | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_text(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                self.answer = Answer(self._start["status"], tuple(self._start["headers"]), b"".join(self._parts))


def ops_stamp(engine: sa.Engine, clock: Callable[[], float] = time.monotonic) -> Stamp:
    """A value that changes when anybody has written to the ops database.

    SQLite counts the commits of others (`PRAGMA data_version`, some microseconds); of another one it is the second.
    """
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return lambda: int(clock())
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)

    def version() -> Hashable:
        return tuple(connection.execute("PRAGMA data_version").fetchone())

    return version


def _size(kept: Kept) -> int:
    return len(kept.answer.body) + len(kept.answer.packed or b"") + 512


def _is_text(message: Message) -> bool:
    headers = dict(message["headers"])
    length = headers.get(b"content-length", b"")
    small = length.isdigit() and int(length) <= LARGEST
    whole = b"content-encoding" not in headers and b"content-range" not in headers
    return small and whole and TEXTS.match(headers.get(b"content-type", b"")) is not None


def _finished(answer: Answer) -> Answer:
    """With its tag, and compressed where that gains something."""
    known = dict(answer.headers)
    etag = known.get(b"etag", b"")
    if answer.status == 200 and not etag:
        etag = b'W/"' + hashlib.blake2b(answer.body, digest_size=12).hexdigest().encode() + b'"'
    elif etag and not etag.startswith(b"W/"):
        etag = b"W/" + etag
    packed = gzip.compress(answer.body, LEVEL, mtime=0) if len(answer.body) >= SMALLEST else None
    kept = [(k, v) for k, v in answer.headers if k not in (b"etag", b"content-length", b"vary")]
    kept += [(b"etag", etag)] if etag else []
    kept += [] if b"cache-control" in known else [(b"cache-control", b"no-cache")]
    kept.append((b"vary", b"Accept-Encoding"))
    return replace(answer, headers=tuple(kept), etag=etag, packed=packed)


async def _send(answer: Answer, asked: Headers, send: Send) -> None:
    status, body, headers = answer.status, answer.body, list(answer.headers)
    if answer.etag and _matches(asked.get("if-none-match", ""), answer.etag):
        status, body = 304, b""
        headers = [(k, v) for k, v in headers if k != b"content-type"]
    elif answer.packed is not None and _takes_gzip(asked.get("accept-encoding", "")):
        body = answer.packed
        headers.append((b"content-encoding", b"gzip"))
    if status != 304:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _matches(wanted: str, etag: bytes) -> bool:
    plain = etag.decode().removeprefix("W/")
    return wanted.strip() == "*" or plain in {tag.strip().removeprefix("W/") for tag in wanted.split(",")}


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False

"""Who may ask, and who may change anything: hosts, origins, the token, the number of requests.

A page of another site can make a browser on this machine send requests to a loopback server (CSRF), and can make its
own name resolve to 127.0.0.1 and then read the answers (DNS rebinding). So the name asked for must be this machine's,
and a changing request must come from our own page or from no page. Not here: what is asked for.
"""

import hmac
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from etf_platform.web.failures import problem_response
from etf_platform.web.rates import Rates
from etf_platform.web.services import is_loopback

LARGEST_BODY = 64 << 10
READING = frozenset({"GET", "HEAD", "OPTIONS"})
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered."""

    status: HTTPStatus
    saw: str
    remedy: str
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Rules:
    """What requests are judged by; `token` None means that none is set."""

    is_loopback: bool
    token: str | None
    origins: tuple[str, ...]


class Gate:
    """Refuses requests before anything else sees them, and marks every answer with the headers that browsers heed."""

    def __init__(self, app: ASGIApp, rules: Rules, rates: Rates, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._rules, self._rates, self._clock = app, rules, rates, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a refusal, or hand on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        marked = _marking(send)
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, marked)
            return
        doing = f"answering {scope['method']} {scope['path']}"
        response = problem_response(refusal.status, doing, refusal.saw, refusal.remedy, headers=refusal.headers)
        await response(scope, receive, marked)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        refusal = foreign_host(headers, self._rules)
        if refusal or scope["method"] in READING:
            return refusal
        refusal = foreign_page(headers, self._rules) or too_large(headers)
        if refusal:
            return refusal
        client = scope["client"][0] if scope.get("client") else ""
        wait = self._rates.wait(client, self._clock())
        return too_many(wait) if wait else missing_token(headers, self._rules)


def foreign_host(headers: Headers, rules: Rules) -> Refusal | None:
    """On loopback the name asked for must be this machine's."""
    host = _host(headers.get("host", ""))
    if not rules.is_loopback or is_loopback(host):
        return None
    saw = "the request names another host than this machine"
    return Refusal(HTTPStatus.FORBIDDEN, saw, "ask for 127.0.0.1 or localhost, or serve on another address")


def foreign_page(headers: Headers, rules: Rules) -> Refusal | None:
    """A changing request must come from our own page, a configured origin, or no page at all."""
    origin = headers.get("origin")
    own = origin is not None and origin.partition("://")[2] == headers.get("host")
    if own or (origin is not None and origin in rules.origins):
        return None
    site = headers.get("sec-fetch-site", "none")
    if origin is None and site in ("none", "same-origin"):
        return None
    saw = "a page of another site sent it"
    return Refusal(
        HTTPStatus.FORBIDDEN, saw, "use the page of this server, or list the origin under server.cors_origins"
    )


def too_large(headers: Headers) -> Refusal | None:
    """A body that says it is longer than any of ours (one that does not say is cut off by the application)."""
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) <= LARGEST_BODY:
        return None
    saw = f"the body has more than {LARGEST_BODY} bytes"
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, saw, "send less")


def too_many(wait: float) -> Refusal:
    """More changing requests in a minute than the configuration allows."""
    after = str(max(1, math.ceil(wait)))
    saw = "too many changing requests in a minute"
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, saw, f"try again in {after} seconds", {"Retry-After": after})


def missing_token(headers: Headers, rules: Rules) -> Refusal | None:
    """A changing request from outside needs the token; what came through a proxy comes from outside."""
    if rules.is_loopback and not any(name in headers for name in FORWARDED):
        return None
    if rules.token is None:
        saw = "this server has no token, so nothing can be changed from outside"
        return Refusal(HTTPStatus.FORBIDDEN, saw, "set ETF_PLATFORM_API_TOKEN where the server runs, and send it")
    if hmac.compare_digest(_sent(headers).encode(), rules.token.encode()):
        return None
    remedy = "send the header Authorization: Bearer <token>"
    return Refusal(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong", remedy, {"WWW-Authenticate": "Bearer"})


def _sent(headers: Headers) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else headers.get("x-api-token", "")


def _host(named: str) -> str:
    """Name or address without the port, `[::1]:8000` as `::1`; empty where it is no host."""
    try:
        return urlsplit(f"//{named}").hostname or ""
    except ValueError:
        return ""


def _marking(send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *HEADERS]
        await send(message)

    return marked

"""Sends one request and brings back bytes, or one of two errors: worth another try later, or not.

Only hosts that are configured are asked; nothing is followed to another address. Certificates are verified; proxies,
`.netrc` and other settings of the environment are not looked at. What the bytes mean is not known here.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import random
from urllib.parse import urlsplit

import requests

from etf_platform.core.errors import SourceError, SourceUnavailableError
from etf_platform.core.units.source import Reply, Request
from etf_platform.market.wire.memory import Memory

LATER = "try again later"
WORTH_ANOTHER_TRY = (408, 425, 429, 500, 502, 503, 504)
FIRST_WAIT = 0.5
LARGEST_BODY = 32 * 1024 * 1024
CHUNK = 64 * 1024


class NotConfiguredError(SourceError):
    """A request named a host that the configuration does not; it was not sent."""


@dataclass(frozen=True)
class Host:
    """Where a host's requests really go, and how often: `base` is `https://host` unless configured otherwise."""

    base: str
    rate: float
    burst: float


@dataclass(frozen=True)
class Sent:
    """A reply and how long it took: from sending to the last byte, waiting for the host's turn not counted."""

    reply: Reply
    seconds: float


@dataclass(frozen=True)
class Sender:
    """Sends for one source.

    Attributes
    ----------
    source : str
        Name of the source, for messages.
    hosts : mapping of host name to Host
        Every address that may be asked.
    timeout : float
        Seconds to connect, and seconds between two pieces of an answer; an answer that takes three times as long in
        all is given up.
    attempts : int
        How often a request is sent before it has failed.
    clock, sleep, draw
        Seconds since the epoch, waiting, and a random number in [0, 1).
    """

    source: str
    hosts: Mapping[str, Host]
    memory: Memory
    timeout: float = 10.0
    attempts: int = 2
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random
    session: requests.Session = field(default_factory=lambda: _session())

    def send(self, request: Request) -> Sent:
        """Send a request when it is its host's turn, once more where that may help.

        Raises
        ------
        SourceUnavailableError
            Time-out, no connection, cut off, HTTP 408, 425, 429 or 5xx, at every attempt.
        NotConfiguredError
            The host is none of `hosts`; nothing was sent.
        SourceError
            Any other HTTP status, a redirect among them, or an answer that is too large.
        """
        host = self._host(request)
        for attempt in range(1, self.attempts + 1):
            self.sleep(self.memory.reserve(host, self.clock(), self.hosts[host].rate, self.hosts[host].burst))
            try:
                return self._once(request, host)
            except SourceUnavailableError:
                if attempt == self.attempts:
                    raise
                self.sleep(FIRST_WAIT * 2 ** (attempt - 1) * (0.5 + self.draw()))
        raise AssertionError("attempts is at least 1")

    def _host(self, request: Request) -> str:
        host = request.host
        if host not in self.hosts:
            remedy = "list the host under this provider in sources.yaml"
            raise NotConfiguredError(f"asking {self.source}", f"the host {host!r} is not configured", remedy)
        return host

    def _once(self, request: Request, host: str) -> Sent:
        doing, started = f"asking {self.source} ({host})", time.perf_counter()
        try:
            with self.session.request(
                request.method,
                _target(request.url, self.hosts[host].base),
                params=list(request.params) or None,
                headers=dict(request.headers),
                data=request.content(),
                timeout=self.timeout,
                allow_redirects=False,
                stream=True,
                verify=True,
            ) as answer:
                _refuse_status(answer, doing)
                body = b"".join(_pieces(answer, doing, started + 3 * self.timeout))
        except requests.RequestException as error:
            raise SourceUnavailableError(doing, _why(error, self.timeout), LATER) from error
        return Sent(Reply(body, datetime.fromtimestamp(self.clock(), UTC)), time.perf_counter() - started)


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = "Mozilla/5.0 (compatible; etf-platform)"
    return session


def _target(url: str, base: str) -> str:
    parts = urlsplit(url)
    return base.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")


def _refuse_status(answer: requests.Response, doing: str) -> None:
    status = answer.status_code
    if status in WORTH_ANOTHER_TRY:
        raise SourceUnavailableError(doing, f"HTTP {status}", LATER)
    if status != 200:
        where = " to another address" if 300 <= status < 400 else ""
        raise SourceError(doing, f"HTTP {status}{where}", "check the address and the rights of this source")


def _pieces(answer: requests.Response, doing: str, until: float) -> Iterator[bytes]:
    size = 0
    for piece in answer.iter_content(CHUNK):
        size += len(piece)
        if size > LARGEST_BODY:
            saw = f"an answer of more than {LARGEST_BODY // 2**20} MiB"
            raise SourceError(doing, saw, "check the address; no known answer is that large")
        if time.perf_counter() > until:
            raise SourceUnavailableError(doing, "the answer did not end in time", LATER)
        yield piece


def _why(error: requests.RequestException, timeout: float) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate could not be verified"
    if isinstance(error, requests.Timeout):
        return f"no answer within {timeout:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the answer was cut off"
    if isinstance(error, requests.ConnectionError):
        return "no connection" + _reason(error)
    return f"the request failed ({type(error).__name__})"


def _reason(error: requests.RequestException) -> str:
    text = str(error)
    known = {"Connection refused": "refused", "NameResolutionError": "the name is unknown", "unreachable": "no route"}
    known |= {"reset by peer": "reset", "without response": "closed without an answer"}
    return next((f" ({short})" for mark, short in known.items() if mark in text), "")

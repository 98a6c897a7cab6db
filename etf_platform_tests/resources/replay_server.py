"""An HTTP server on loopback that answers with recorded bytes, and misbehaves when told to.

Each provider's host is a folder of the URL (`http://127.0.0.1:port/qt.gtimg.cn/...`): one server stands for all.
A reply is a function of the path and the query; a fault is what happens to the next replies of one host.
"""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>"

Query = dict[str, str]
Answer = Callable[[str, Query], bytes | None]


@dataclass(frozen=True)
class Fault:
    """What happens instead of, or to, a reply.

    `status` other than 200 sends that status; `delay` seconds pass first; `cut` sends that many bytes and hangs up;
    `body` replaces the bytes; `change` works on the good ones; `location` is where a redirect leads.
    """

    status: int = 200
    delay: float = 0.0
    cut: int | None = None
    body: bytes | None = None
    change: Callable[[bytes], bytes] | None = None
    location: str = ""


TIMEOUT = Fault(delay=2.0)
ERROR_500 = Fault(status=500, body=b"oops")
TOO_MANY = Fault(status=429, body=b"slow down")
HTML_PAGE = Fault(body=HTML)
EMPTY = Fault(body=b"")
CUT = Fault(cut=40)


@dataclass
class Replay:
    """A running server: `hosts` answer, `faults` spoil, `asked` remembers (host, path and query) in order."""

    port: int
    hosts: dict[str, Answer] = field(default_factory=dict)
    faults: dict[str, Callable[[str, Query], Fault | None]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def base(self, host: str) -> str:
        """Base URL that stands for a provider's host."""
        return f"http://127.0.0.1:{self.port}/{host}"

    def spoil(self, host: str, fault: Fault | None) -> None:
        """Every reply of a host from now on; None: as recorded again."""
        self.faults.pop(host, None)
        if fault is not None:
            self.faults[host] = lambda _path, _query: fault

    def count(self, host: str) -> int:
        """Requests that a host has received."""
        return sum(1 for asked, _ in self.asked if asked == host)


@contextmanager
def replay_server(tls: ssl.SSLContext | None = None) -> Iterator[Replay]:
    """Start a server on a free port of 127.0.0.1, with TLS where a context is given; stopped at the end."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.replay = Replay(server.server_port)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.replay  # type: ignore[attr-defined]
    finally:
        server.replay.released.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_words: object) -> None:
        """A caller that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """One reply."""
        replay: Replay = self.server.replay  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        _, host, path = (parts.path + "/").split("/", 2)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        path = unquote(path).rstrip("/")
        replay.asked.append((host, path + ("?" + parts.query if parts.query else "")))
        spoil = replay.faults.get(host)
        fault = (spoil(path, query) if spoil else None) or Fault()
        replay.released.wait(fault.delay) if fault.delay else None
        good = replay.hosts.get(host, lambda _path, _query: None)(path, query)
        self._reply(fault, good)

    do_POST = do_GET

    def _reply(self, fault: Fault, good: bytes | None) -> None:
        body = fault.body if fault.body is not None else good
        status = 404 if body is None else fault.status
        body = fault.change(body or b"") if fault.change else body or b""
        try:
            self.send_response(status)
            if fault.location:
                self.send_header("Location", fault.location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: fault.cut])
            if fault.cut is not None:
                self.close_connection = True
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_words: object) -> None:
        """Quiet."""


def unused_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    port = server.server_port
    server.server_close()
    return port

"""A group robot on loopback: real HTTP, one JSON log line for every request, throttling and faults on request.

What a robot checks and which code it answers is in `dingtalk_server` and `wecom_server`. A line is in the log before
the answer leaves: a server that is killed has forgotten nothing.
"""

import argparse
import json
import os
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Judge = Callable[[str, dict[str, Any]], int]


@dataclass
class Faults:
    """Shares of requests that go wrong: busy (errcode -1), status 500, limited, and taken but never answered."""

    busy: float = 0.0
    crash: float = 0.0
    limited: float = 0.0
    mute: float = 0.0


@dataclass
class Robot:
    """State of one robot; `judge(path, document)` gives the errcode of a request that is not limited or unlucky."""

    judge: Judge
    limited_code: int
    log: Path
    limit: int = 20
    window: float = 60.0
    faults: Faults = field(default_factory=Faults)
    rng: random.Random = field(default_factory=random.Random)
    seen: deque[float] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, body: bytes) -> tuple[str, int]:
        """What happens (`answer`, `crash`, `mute`) and the errcode; logged."""
        with self.lock:
            at = time.time()
            what, code = self._decide(at, path, body)
            line = {"at": at, "code": code, "what": what, "path": path, "body": body.decode("utf-8", "replace")}
            append(self.log, line)
        return what, code

    def _decide(self, at: float, path: str, body: bytes) -> tuple[str, int]:
        while self.seen and self.seen[0] <= at - self.window:
            self.seen.popleft()
        self.seen.append(at)
        lot, f = self.rng.random(), self.faults
        if len(self.seen) > self.limit or lot < f.limited:
            return "answer", self.limited_code
        if lot < f.limited + f.busy:
            return "answer", -1
        if lot < f.limited + f.busy + f.crash:
            return "crash", -1
        code = self.judge(path, json.loads(body))
        return ("mute" if lot > 1.0 - f.mute else "answer"), code


def append(log: Path, line: dict[str, Any]) -> None:
    """One line in one write: it stays whole whatever happens to the process."""
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, (json.dumps(line, ensure_ascii=False) + "\n").encode())
    os.close(handle)


def read_log(log: Path) -> list[dict[str, Any]]:
    """All lines so far."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def robot_http(robot: Robot, port: int = 0) -> ThreadingHTTPServer:
    """The server, not yet serving."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            what, code = robot.answer(self.path, body)
            if what == "mute":
                self.connection.close()
                return
            reply = json.dumps({"errcode": code, "errmsg": "ok" if code == 0 else f"refused {self.path}"}).encode()
            self.send_response(500 if what == "crash" else 200)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            """Silent."""

    ThreadingHTTPServer.allow_reuse_address = True
    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def run(judge_of: Callable[[str], Judge], limited_code: int) -> None:
    """Serve until killed, by command-line options."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--key", default="")
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--window", type=float, default=60.0)
    parser.add_argument("--faults", default="0,0,0,0")
    options = parser.parse_args()
    faults = Faults(*map(float, options.faults.split(",")))
    robot = Robot(judge_of(options.key), limited_code, options.log, options.limit, options.window, faults)
    robot_http(robot, options.port).serve_forever()

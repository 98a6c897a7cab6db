"""The alert drill: posters, dispatchers and servers as processes that are killed at random, and what the servers saw.

Belongs here: running it and counting. Does not: what must hold, which is in `etf_platform_tests/alerts/test_drill.py`.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from etf_platform.storage import mailroom
from etf_platform.storage.opsdb import OUTBOX, open_ops
from etf_platform_tests.resources.dagster_process import free_port
from etf_platform_tests.resources.robot_server import read_log
from etf_platform_tests.resources.smtp_server import PASSWORD, USER, make_certificate

NUMBERED = re.compile(r"\[FAIL\] (\w+:\w+) E(\d{4})")
LIMIT = 20
SECRET, KEY = "SECdrill0123456789", "drill-key-4711"


@dataclass(frozen=True)
class Plan:
    """Size of a drill; `minute` is the span, in seconds, that stands for the minute of the rate limits."""

    events: int
    minute: float
    kill_every: tuple[float, float]
    deadline: float
    batch: int = 10
    pause: float = 0.25
    dispatchers: int = 2
    timeout: float = 1.0
    most_kills: int = 10_000
    ops: str = ""

    def url(self, folder: Path) -> str:
        """The ops database: SQLite in the folder, or the one named by `ops`."""
        return self.ops or f"sqlite:///{folder}/ops.db"

    seed: int = 7


@dataclass
class Seen:
    """What one channel's server saw: messages taken, and (order key, number) of every event in them, in order."""

    messages: int = 0
    refused: int = 0
    busiest: int = 0
    told: list[tuple[str, int]] = field(default_factory=list)
    digests: int = 0
    shown: Counter[int] = field(default_factory=Counter)

    @property
    def repeats(self) -> int:
        """Events told beyond their first time."""
        return len(self.told) - len({number for _, number in self.told})

    @property
    def out_of_order(self) -> int:
        """Events first told after a later one of their order key."""
        last: dict[str, int] = {}
        known: set[int] = set()
        wrong = 0
        for key, number in self.told:
            if number not in known:
                known.add(number)
                wrong += number < last.get(key, -1)
                last[key] = max(number, last.get(key, -1))
        return wrong


@dataclass
class Outcome:
    """Figures of a drill."""

    seconds: float
    kills: Counter[str]
    letters: Counter[tuple[str, str]]
    seen: dict[str, Seen]


def run_drill(folder: Path, plan: Plan) -> Outcome:
    """Run until everything posted is delivered or the deadline is over; every process is killed in the end."""
    rng = random.Random(plan.seed)
    commands, env = _commands(folder, plan)
    running = {name: _start(command, env, folder) for name, command in commands.items()}
    engine = open_ops(plan.url(folder))
    kills: Counter[str] = Counter()
    began = time.monotonic()
    next_kill = began + rng.uniform(*plan.kill_every)
    try:
        while time.monotonic() < began + plan.deadline and not _is_done(engine, plan.events):
            time.sleep(0.1)
            if time.monotonic() > next_kill and sum(kills.values()) < plan.most_kills:
                name = rng.choice(sorted(running))
                running[name].send_signal(signal.SIGKILL)
                running[name].wait()
                kills[name.split("-")[0]] += 1
                time.sleep(rng.uniform(0.0, 0.3))
                running[name] = _start(commands[name], env, folder)
                next_kill = time.monotonic() + rng.uniform(*plan.kill_every)
            ended = [name for name, process in running.items() if process.poll() is not None]
            assert not ended, f"{ended} ended by themselves; see {folder}/output"
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    return Outcome(time.monotonic() - began, kills, _letters(engine), _seen(folder, plan))


def _commands(folder: Path, plan: Plan) -> tuple[dict[str, list[str]], dict[str, str]]:
    ports = {name: free_port() for name in ("dingtalk", "wecom", "smtp")}
    make_certificate(folder)
    (folder / "alerts.yaml").write_text(yaml.safe_dump(_alerts(plan)))
    env = {
        "DINGTALK_WEBHOOK": f"http://127.0.0.1:{ports['dingtalk']}/robot/send?access_token=drill-token-1",
        "DINGTALK_SECRET": SECRET,
        "WECOM_WEBHOOK": f"http://127.0.0.1:{ports['wecom']}/cgi-bin/webhook/send?key={KEY}",
        "SMTP_SERVER": "127.0.0.1",
        "SMTP_PORT": str(ports["smtp"]),
        "EMAIL_SENDER": USER,
        "EMAIL_PASSWORD": PASSWORD,
        "SSL_CERT_FILE": str(folder / "cert.pem"),
        "NO_PROXY": "127.0.0.1",
    }
    throttle = ["--limit", str(LIMIT), "--window", str(plan.minute)]
    resources = "etf_platform_tests.resources"
    common = ["--ops", plan.url(folder), "--alerts", f"{folder}/alerts.yaml", "--folder", f"{folder}/files"]
    servers = {
        name: [f"{resources}.{name}_server", "--port", str(port), "--log", f"{folder}/{name}.jsonl", *throttle]
        for name, port in ports.items()
    }
    servers["dingtalk"] += ["--key", SECRET, "--faults", "0.02,0.02,0.01,0.01"]
    servers["wecom"] += ["--key", KEY, "--faults", "0.02,0.02,0.01,0.01"]
    servers["smtp"] += ["--tls", str(folder), "--faults", "0.03,0.02"]
    size = ["--events", str(plan.events), "--batch", str(plan.batch), "--pause", str(plan.pause)]
    modules = {**servers, "poster": [f"{resources}.alert_poster", *common, *size]}
    for i in range(plan.dispatchers):
        modules[f"dispatcher-{i}"] = [
            "etf_platform.alerts.process",
            *common,
            "--tick",
            "0.05",
            "--minute",
            str(plan.minute),
        ]
    return {name: [sys.executable, "-m", *command] for name, command in modules.items()}, env


def _alerts(plan: Plan) -> dict[str, Any]:
    robot = {"timeout_seconds": plan.timeout, "per_minute": LIMIT, "rate_limit_pause_seconds": plan.minute}
    return {
        "channels": {
            "dingtalk": {"kind": "dingtalk", **robot, "digest_above": 100_000},
            "wecom": {"kind": "wecom", **robot},
            "email": {"kind": "email", **robot},
            "file": {"kind": "file", "timeout_seconds": plan.timeout, "per_minute": 10_000, "digest_above": 100_000},
        },
        "routes": [{"channels": ["dingtalk", "wecom", "email", "file"]}],
        "retry": {
            "first_seconds": 0.2,
            "longest_seconds": 2.0,
            "pause_seconds": 0.1,
            "longest_pause_seconds": 0.5,
            "attempts": 30,
            "lease_seconds": 10.0 * plan.timeout,
        },
    }


def _start(command: list[str], env: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "output").open("ab") as output:
        return subprocess.Popen(command, env={**os.environ, **env}, stdout=output, stderr=output)


def _letters(engine: sa.Engine) -> Counter[tuple[str, str]]:
    """Letters about numbered events by channel and state; what channels say of themselves is left out."""
    t = OUTBOX.c
    query = sa.select(t.channel, t.state, sa.func.count()).where(t.dedupe_key.like("event %"))
    with engine.connect() as connection:
        rows = connection.execute(query.group_by(t.channel, t.state)).all()
    return Counter({(channel, state): number for channel, state, number in rows})


def _is_done(engine: sa.Engine, events: int) -> bool:
    posted = sum(_letters(engine).values()) == 4 * events
    return posted and not any("new" in states for states in mailroom.counts(engine).values())


def _seen(folder: Path, plan: Plan) -> dict[str, Seen]:
    seen = {name: _of_log(read_log(folder / f"{name}.jsonl"), plan.minute) for name in ("dingtalk", "wecom", "smtp")}
    files = Seen()
    for path in sorted((folder / "files").glob("*.md")):
        _take(files, path.read_text())
    return {**seen, "file": files}


def _of_log(lines: list[dict[str, Any]], minute: float) -> Seen:
    seen = Seen(busiest=busiest([line["at"] for line in lines], minute))
    mailbox: set[str] = set()
    for line in lines:
        is_taken = line["code"] in (0, 250) and line.get("what") != "crash"
        seen.refused += not is_taken
        if is_taken:
            text = line["body"] if "body" in line else line["parts"]["text/plain"]
            _take(seen, text, repeated=line.get("id") in mailbox)
            mailbox.add(line.get("id"))
    return seen


def _take(seen: Seen, text: str, repeated: bool = False) -> None:
    """Count one message; `shown` counts what a mailbox shows that drops a Message-ID it has."""
    told = [(key, int(number)) for key, number in dict.fromkeys(NUMBERED.findall(text))]
    seen.messages += 1
    seen.digests += len(told) > 1
    seen.told += told
    if not repeated:
        seen.shown.update(number for _, number in told)


def busiest(times: list[float], span: float) -> int:
    """Most times that lie within any half-open span."""
    times = sorted(times)
    return max((sum(start <= t < start + span for t in times[i : i + 200]) for i, start in enumerate(times)), default=0)

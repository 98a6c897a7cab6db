"""Events, robots, mail servers and outboxes for the tests of alerts."""

import datetime as dt
import shutil
import threading
from pathlib import Path

import pytest

from etf_platform.alerts.channel import Message, Outlet
from etf_platform.alerts.events import Block, Event, Kind, Severity
from etf_platform.alerts.layout import Paper, message_of
from etf_platform.core.config.alerts import ChannelConfig
from etf_platform.core.secrets import Secrets
from etf_platform_tests.resources.robot_server import Robot, robot_http
from etf_platform_tests.resources.smtp_server import make_certificate

NOW = dt.datetime(2026, 1, 5, 10, 2, 11, tzinfo=dt.UTC)


@pytest.fixture
def event():
    """`event(key, ...)` -> a check failure of the panel of A_SHARE."""

    def make(key: str = "a", **other) -> Event:
        values = {
            "kind": Kind.CHECK_FAILURE,
            "severity": Severity.ERROR,
            "subject": f"panel_coverage failed {key}",
            "occurred_at": NOW,
            "order_key": key,
            "blocks": (Block("Check", (("observed", "0.71"), ("limit", "0.80"))),),
            "owner": "team:etf-ops",
            "asset": "factors/A_SHARE/panel",
        }
        return Event(key, **{**values, **other})

    return make


@pytest.fixture
def message(event) -> Message:
    return message_of([event()], "message-1", Paper(4000))


@pytest.fixture
def outlet(tmp_path):
    """`outlet(kind, **environment)` -> settings and secrets of one channel, impatient."""

    def make(kind: str, settings: dict | None = None, index: int = 0, **environment: str) -> Outlet:
        config = ChannelConfig(**{"kind": kind, "timeout_seconds": 0.5, **(settings or {})})
        return Outlet(config, Secrets.from_env(environment), tmp_path / "files", index)

    return make


@pytest.fixture
def robot(tmp_path):
    """`robot(judge, limited_code, ...)` -> (base URL, robot), served until the test ends."""
    servers = []

    def serve(judge, limited_code: int = 0, **other) -> tuple[str, Robot]:
        made = Robot(judge, limited_code, tmp_path / f"robot{len(servers)}.jsonl", **other)
        server = robot_http(made)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}", made

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    """Folder of cert.pem and key.pem."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the mail server's certificate")
    folder = tmp_path_factory.mktemp("tls")
    make_certificate(folder)
    return folder

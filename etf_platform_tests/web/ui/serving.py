"""A server of the small home on a free port, in this process, with what it was asked for and whom it tells."""

import dataclasses
import datetime as dt
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from pydantic import SecretStr

from etf_platform.core.config import load_config
from etf_platform.core.secrets import Secrets
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.market.calendar import sessions
from etf_platform.storage import tracker
from etf_platform.storage.lake import Lake
from etf_platform.storage.opsdb import open_ops
from etf_platform.storage.outbox import transaction
from etf_platform.web.app import create_app
from etf_platform.web.services import Services
from etf_platform_tests.resources.dagster_process import free_port
from etf_platform_tests.web.ui.world import DAY, NOW, fill, signal

TOKEN = "token-of-the-page-tests"


class Recorded:
    """Actions that only remember what was asked."""

    def __init__(self) -> None:
        self.scans = 0

    def scan_now(self) -> tuple[str, str]:
        self.scans += 1
        return "done", "scan asked for"

    def start_backtest(self, params: dict) -> str:
        raise AssertionError("the page starts no back-test")

    def dagster_url(self) -> str:
        return "http://127.0.0.1:3000"


@dataclass
class Served:
    """A running server."""

    url: str
    services: Services
    asked: list[str]  # method and path of every request

    def raise_signal(self, stock: str, fund: str) -> str:
        """Store a signal as a scan would; its id."""
        with transaction(self.services.ops) as connection:
            rows = tracker.add_signals(connection, [signal(stock, fund, DAY, 1)], NOW + dt.timedelta(minutes=5))
        return rows[0]["signal_id"]


@contextmanager
def served(folder: Path, empty: bool = False, wants_token: bool = False) -> Iterator[Served]:
    """Serve a home below `folder` until the block ends."""
    config = folder / "config"
    shutil.copytree(packaged_config(), config)
    workspace = Workspace(home=folder / "home", config=config, source="sample")
    services = Services(
        config=load_config(config),
        workspace=workspace,
        lake=Lake(workspace.lake),
        ops=open_ops(f"sqlite:///{folder / 'home' / 'ops.db'}"),
        sessions=lambda universe: sessions("XSHG"),
        actions=Recorded(),
        secrets=Secrets(api_token=SecretStr(TOKEN)),
        now=lambda: NOW,
    )
    fill(services, empty)
    services = dataclasses.replace(services, is_loopback=not wants_token)
    asked: list[str] = []
    port = free_port()
    app = _noting(create_app(services), asked)
    settings = uvicorn.Config(app, port=port, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield Served(f"http://127.0.0.1:{port}", services, asked)
    finally:
        server.should_exit = True
        thread.join(10)


def _noting(app, asked: list[str]):
    async def noted(scope, receive, send):
        if scope["type"] == "http":
            asked.append(f"{scope['method']} {scope['path']}?{scope['query_string'].decode()}")
        await app(scope, receive, send)

    return noted

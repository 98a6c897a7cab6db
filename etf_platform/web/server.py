"""Runs the application under uvicorn. Not here: what it answers (`app`), the command line (`cli`)."""

from types import FrameType

import uvicorn
from fastapi import FastAPI

from etf_platform.web.app import create_app
from etf_platform.web.services import Services

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000


class Server(uvicorn.Server):
    """Tells streams of events to end when the process is told to stop; else they would hold it up."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """As uvicorn, after the streams have been told."""
        app = self.config.app
        if isinstance(app, FastAPI):
            app.state.is_leaving = True
        super().handle_exit(sig, frame)


def serve(services: Services, host: str = DEFAULT_HOST, port: int = DEFAULT_PORT) -> None:
    """Answer requests until the process is told to stop.

    `services.is_loopback` must have been made for the same `host` (`open_services`). Proxy headers are not believed:
    whoever sends them counts as coming from outside.
    """
    config = uvicorn.Config(
        create_app(services),
        host=host,
        port=port,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    Server(config).run()

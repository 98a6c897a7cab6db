"""Runs the application under uvicorn. Not here: what it answers (`app`), the command line (`cli`)."""

import uvicorn

from etf_platform.web.app import create_app
from etf_platform.web.services import Services

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000


def serve(services: Services, host: str = DEFAULT_HOST, port: int = DEFAULT_PORT) -> None:
    """Answer requests until the process is told to stop.

    `services.is_loopback` must have been made for the same `host` (`open_services`). Proxy headers are not believed:
    whoever sends them counts as coming from outside.
    """
    uvicorn.run(
        create_app(services),
        host=host,
        port=port,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )

"""The web server: `serve`, and `arb api`, which is the same. Composes the server with the platform's actions."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from etf_platform.cli.options import with_workspace
from etf_platform.cli.show import say
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    from etf_platform.orchestration.platform import Platform

HOST, PORT = "127.0.0.1", 8000
Command = TypeVar("Command", bound=Callable[..., Any])


def server_options(command: Command) -> Command:
    """Add `--host` and `--port`."""
    host = click.option("--host", default=HOST, show_default=True, help="Address to listen on; loopback by default.")
    port = click.option("--port", default=PORT, show_default=True, type=click.IntRange(1, 65535), help="Port.")
    return host(port(command))


@click.command()
@server_options
@click.option("--dagster", metavar="URL", help="Address of Dagster's UI, for links; default is alerts.yaml's `link`.")
@with_workspace
def serve(workspace: Workspace, host: str, port: int, dagster: str | None) -> None:
    """Serve the page, the REST API and its description (/docs); end with Ctrl-C.

    On another address than loopback everything may be read, and nothing changed without the token of
    ETF_PLATFORM_API_TOKEN.
    """
    from etf_platform.orchestration.platform import Platform

    serve_until_stopped(Platform.open(workspace), host, port, dagster)


@click.command("api")
@server_options
@with_workspace
def api(workspace: Workspace, host: str, port: int) -> None:
    """The web server without the monitor; the same as `etf-platform serve`."""
    from etf_platform.orchestration.platform import Platform

    serve_until_stopped(Platform.open(workspace), host, port)


def serve_until_stopped(platform: "Platform", host: str, port: int, dagster: str | None = None) -> None:
    """Answer requests until Ctrl-C."""
    from etf_platform.orchestration.tracking.actions import TrackerActions
    from etf_platform.web.server import serve as answer
    from etf_platform.web.services import open_services

    actions = TrackerActions(platform, dagster or platform.config.alerts.link)
    services = open_services(platform.workspace, actions, host)
    if not services.is_loopback and services.secrets.api_token is None:
        say("ETF_PLATFORM_API_TOKEN is not set: everything may be read from outside, nothing changed.")
    say(f"Page on http://{host}:{port}/  API on http://{host}:{port}/docs")
    with suppress(KeyboardInterrupt):  # uvicorn hands Ctrl-C on once it has ended well
        answer(services, host, port)

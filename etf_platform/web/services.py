"""What the web server is handed: configuration, storage, calendar, secrets, and the actions others carry out.

Not here: reading any of it (the modules beside), or starting a server (`server`).
"""

import datetime as dt
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from etf_platform.arbitrage.clock import SHANGHAI
from etf_platform.core.config import Config, load_config
from etf_platform.core.config.load import WATCHLIST
from etf_platform.core.secrets import Secrets
from etf_platform.core.workspace import Workspace
from etf_platform.market.calendar import Sessions, sessions
from etf_platform.storage.lake import Lake
from etf_platform.storage.opsdb import open_ops

if TYPE_CHECKING:
    import sqlalchemy as sa


class Actions(Protocol):
    """What the web server asks others to do; `orchestration.tracking.actions` does it."""

    def scan_now(self) -> tuple[str, str]:
        """Scan once, now: `done`, `skipped` or `failed`, and a sentence about it."""
        ...

    def start_backtest(self, params: dict[str, Any]) -> str:
        """Queue an event back-test; its id."""
        ...

    def dagster_url(self) -> str | None:
        """Address of Dagster's UI; None where it is not known."""
        ...


def utc_now() -> dt.datetime:
    """This moment, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Services:
    """One installation, as the web server sees it.

    Attributes
    ----------
    sessions : callable
        Pool or universe -> trading sessions of its exchange.
    is_loopback : bool
        The server listens on this machine's loopback only: changing requests then need no token.
    secrets : Secrets
        Holds the API's token; every value in it is taken out of answers.
    now : callable
        The clock, aware; tests hand in their own.
    """

    config: Config
    workspace: Workspace
    lake: Lake
    ops: "sa.Engine"
    sessions: Callable[[str], Sessions]
    actions: Actions
    is_loopback: bool = True
    secrets: Secrets = field(default_factory=Secrets)
    now: Callable[[], dt.datetime] = utc_now

    @property
    def watchlist(self) -> Path:
        """The file of the watch list."""
        return self.workspace.config / WATCHLIST

    @property
    def local_now(self) -> dt.datetime:
        """This moment on the exchange's clock."""
        return self.now().astimezone(SHANGHAI)

    @property
    def today(self) -> dt.date:
        """The calendar day at the exchange."""
        return self.local_now.date()


def open_services(workspace: Workspace, actions: Actions, host: str = "127.0.0.1") -> Services:
    """Open an installation for the web server that listens on `host`; raises ConfigError and StorageError."""
    config = load_config(workspace.config)

    def sessions_of(universe: str) -> Sessions:
        found = config.etf_pools.pools.members.get(universe) or config.universes.universes.get(universe)
        exchange = found.calendar if found else "XSHG"
        return sessions(exchange, config.platform.calendar.extra_holidays.get(exchange, ()))

    return Services(
        config=config,
        workspace=workspace,
        lake=Lake(workspace.lake),
        ops=open_ops(workspace.ops_url),
        sessions=sessions_of,
        actions=actions,
        is_loopback=is_loopback(host),
        secrets=Secrets.from_env(),
    )


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""What every command of `gov` does: open the installation, find the release, seal, record. Not here: the commands."""

import datetime as dt
import getpass
from typing import TYPE_CHECKING

import click

from etf_platform.core.units.event import Event
from etf_platform.core.workspace import Workspace

if TYPE_CHECKING:
    from etf_platform.governance.releases import Release, Releases
    from etf_platform.orchestration.platform import Platform

BY = "system:cli"
ROLES = click.Choice(["research", "engineering", "risk", "product"])
by_option = click.option(
    "--by", required=True, metavar="NAME", help="A person of governance.yaml; asked for the secret."
)
role_option = click.option("--role", required=True, type=ROLES, help="The role in which the person signs.")
reason_option = click.option("--reason", required=True, help="Why; goes on record.")
date_option = click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Session that the act is about; default today's."
)


def opened(workspace: Workspace) -> "Platform":
    """The installation that a command works on."""
    from etf_platform.orchestration.platform import Platform

    return Platform.open(workspace)


def events_of(platform: "Platform") -> list[Event]:
    """The whole ledger."""
    from etf_platform.storage.events import events

    return events(platform.ops)


def session_for(platform: "Platform", strategy: str, day: dt.datetime | None) -> dt.date:
    """Session of the day given, or of today."""
    from etf_platform.orchestration.releasing import session_of

    return session_of(platform, strategy, (day or dt.datetime.now()).date())


def release_of(platform: "Platform", events: list[Event], release_id: str) -> "tuple[Releases, Release]":
    """A release and the releases of its strategy."""
    from etf_platform.governance.rollback import releases_of

    state = releases_of(events, platform.config.governance, release_id)
    return state, state.by_id[release_id]


def seal_and_record(platform: "Platform", *events: Event) -> None:
    """Ask the one author of some events for the secret, seal them, and put them on record."""
    from etf_platform.cli.signing import ask_secret
    from etf_platform.governance.people import named, sealed

    config, by = platform.config.governance, events[0].by
    named(config, by)
    secret = ask_secret(by)
    for event in [sealed(config, event, secret) for event in events]:
        record(platform, event)


def record(platform: "Platform", event: Event) -> None:
    """Put an event on record and say so."""
    from etf_platform.orchestration import releasing

    click.echo(
        f"recorded {event.key}" if releasing.record(platform, [event]) else f"was on record already: {event.key}"
    )


def asked(reason: str) -> str:
    """The reason, with the login of who asked: such an act needs no signature."""
    return f"{reason} (asked by {getpass.getuser()})"

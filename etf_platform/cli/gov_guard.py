"""Commands that guard releases: `gov freeze|unfreeze|lower-breaker|status|audit|thresholds|person`.

Not here: releases (`gov`).
"""

import datetime as dt
import json

import click

from etf_platform.cli.gov_acts import (
    BY,
    ROLES,
    asked,
    by_option,
    date_option,
    events_of,
    opened,
    reason_option,
    record,
    role_option,
    seal_and_record,
    session_for,
)
from etf_platform.cli.options import Format, guarded, output_format, with_workspace
from etf_platform.cli.show import print_frame, say
from etf_platform.core.config.governance import PLACEHOLDERS
from etf_platform.core.errors import BadInputError
from etf_platform.core.states import State
from etf_platform.core.workspace import Workspace


@click.command()
@click.option("--strategy", default="releases", metavar="POOL", help="Only this one; default all.")
@reason_option
@date_option
@with_workspace
def freeze(workspace: Workspace, strategy: str, reason: str, day: dt.datetime | None) -> None:
    """Freeze releases at once. Needs no signature; lifting it does."""
    from etf_platform.governance import freezes

    platform, now = opened(workspace), dt.datetime.now(dt.UTC)
    is_of_all = strategy == freezes.ALL
    if not is_of_all:
        platform.config.members(strategy)
    session = session_for(platform, "portfolio" if is_of_all else strategy, day)
    key = f"cli/{strategy}/{now.isoformat()}"
    record(platform, freezes.freeze(strategy, key, BY, asked(reason), session))


@click.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--all", "everything", is_flag=True, help="Every open freeze.")
@by_option
@role_option
@reason_option
@date_option
@with_workspace
def unfreeze(
    workspace: Workspace,
    keys: tuple[str, ...],
    everything: bool,
    by: str,
    role: str,
    reason: str,
    day: dt.datetime | None,
) -> None:
    """Lift freezes by a signed record; `gov status` lists their keys."""
    from etf_platform.governance import freezes

    platform = opened(workspace)
    open_ = freezes.fold(events_of(platform), platform.config.governance).open
    chosen = [f for f in open_ if everything or f.key in keys]
    unknown = set(keys) - {f.key for f in open_}
    if unknown or not chosen:
        saw = f"{', '.join(sorted(unknown)) or 'nothing'} is no open freeze"
        raise BadInputError("lifting a freeze", saw, "use keys of `etf-platform gov status`, or --all")
    waiting = [f.retrain for f in chosen if f.retrain]
    if waiting:
        saw = f"{', '.join(waiting)} is not closed"
        raise BadInputError("lifting a freeze", saw, "let the retrain job close it first, then sign")
    for one in chosen:
        say(f"You lift {one.key}: {one.reason}")
    seal_and_record(platform, freezes.lifting(chosen, by, role, reason, session_for(platform, "portfolio", day)))


@click.command("lower-breaker")
@click.argument("strategy", metavar="POOL")
@by_option
@reason_option
@date_option
@with_workspace
def lower_breaker(workspace: Workspace, strategy: str, by: str, reason: str, day: dt.datetime | None) -> None:
    """Lower the breaker of a strategy by one level by a signed record, in the role of risk; once a session.

    For levels that cannot end by themselves: a drawdown that stays in cash, a measure that is not known. Its losses so
    far are accepted: the drawdown is measured from this session on. A limit that is reached again trips it again.
    """
    from etf_platform.governance import breaker

    platform = opened(workspace)
    platform.config.members(strategy)
    config, session = platform.config.governance, session_for(platform, strategy, day)
    event = breaker.lowering(breaker.fold(events_of(platform), config, strategy), strategy, by, reason, session)
    say(f"You lower the breaker of {strategy} from {event.payload['from']} by one level, as of {session}.")
    seal_and_record(platform, event)


@click.command()
@output_format
@with_workspace
def status(workspace: Workspace, fmt: Format) -> None:
    """Show what is in force: every strategy with exposure, breaker, drift and metrics; releases; open freezes.

    Says how a breaker comes down again, what a freeze awaits, and how many events do not count.
    """
    from etf_platform.governance.ledger import audit
    from etf_platform.orchestration.releasing import freeze_rows, release_rows
    from etf_platform.orchestration.status import strategy_rows, ways_out

    platform = opened(workspace)
    events = events_of(platform)
    found = strategy_rows(platform)
    shown = found.set_index("strategy").T.rename_axis("").reset_index() if fmt == "table" else found
    print_frame(shown, fmt, "Strategies")
    print_frame(release_rows(events, platform.config.governance), fmt, "Releases")
    print_frame(freeze_rows(events, platform.config.governance), fmt, "Open freezes")
    for sentence in ways_out(found, platform.config.governance):
        say(sentence)
    uncounted = audit(platform.config.governance, events)
    if uncounted:
        say(f"{len(uncounted)} event(s) do not count: `etf-platform gov audit` lists them")


@click.command()
@output_format
@with_workspace
def audit(workspace: Workspace, fmt: Format) -> None:
    """List events that do not count: unsealed, forged, or raising a release too early. Exit codes: 0 none, 2 some."""
    import dataclasses

    import pandas as pd

    from etf_platform.governance import ledger, releases

    platform = opened(workspace)
    config, events = platform.config.governance, events_of(platform)
    found = [*ledger.audit(config, events), *releases.broken(events, config)]
    columns = [field.name for field in dataclasses.fields(ledger.Finding)]
    print_frame(pd.DataFrame([dataclasses.asdict(one) for one in found], columns=columns), fmt)
    raise SystemExit(State.FAIL.exit_code if found else 0)


@click.command()
@by_option
@date_option
@with_workspace
def thresholds(workspace: Workspace, by: str, day: dt.datetime | None) -> None:
    """Sign the thresholds of governance.yaml as they stand, in the role of risk."""
    from etf_platform.governance import prerelease

    platform = opened(workspace)
    session = session_for(platform, "portfolio", day)
    seal_and_record(platform, prerelease.thresholds_event(platform.config.governance, by, "risk", session))


@click.command()
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=ROLES, help="May be repeated.")
def person(name: str, roles: tuple[str, ...]) -> None:
    """Ask NAME for a new secret and print the line for `people` in governance.yaml; the secret is kept nowhere."""

    def line() -> None:
        from etf_platform.cli.signing import new_secret
        from etf_platform.governance.people import new_verifier

        if not name.strip() or name.strip().lower() in PLACEHOLDERS:
            raise BadInputError("adding a person", f"{name!r} is a placeholder", "use a person's name")
        verifier = new_verifier(new_secret(name))
        click.echo(f"  {json.dumps(name, ensure_ascii=False)}: {{roles: [{', '.join(roles)}], verifier: {verifier}}}")

    guarded(line, False)


COMMANDS = (freeze, unfreeze, lower_breaker, status, audit, thresholds, person)

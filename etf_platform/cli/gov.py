"""Commands on releases: `gov propose|check|approve|promote|hold|rollback`.

A person's act asks for the person's secret (`cli.signing`); everything else is recorded as `system:cli` with the name
of the login. Not here: freezes, people and what is on record (`gov_guard`), the weekly pack (`gov_weekly`,
`gov_signing`), what is allowed (`governance`).
"""

import datetime as dt
import json

import click

from etf_platform.cli import exp, gov_guard, gov_signing, gov_weekly
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
    release_of,
    role_option,
    seal_and_record,
    session_for,
)
from etf_platform.cli.options import Format, output_format, with_workspace
from etf_platform.cli.show import print_frame, say
from etf_platform.core.errors import BadInputError
from etf_platform.core.states import State, worst
from etf_platform.core.workspace import Workspace


@click.group()
def gov() -> None:
    """Releases and the weekly pack: propose, approve, raise, roll back, freeze; audit, decide, sign, close a week.

    \b
    A week: `gov close-gate` runs the whole chain and says what is open; one command per document makes it alone.
    People: `gov manual-update` ticks items and signs a week off; nothing else does.
    Every act is an event of one ledger.
    Signing: `gov person NAME` makes a verifier for governance.yaml. Acts with --by ask for the secret at the
    terminal; without one they read ETF_PLATFORM_SIGN_SECRET of the person's own shell, never inside Dagster.
    """


@gov.command()
@click.option("--strategy", required=True, metavar="POOL", help="Pool or universe that it is for.")
@click.option("--experiment", required=True, metavar="EXP", help="Experiment that it comes from.")
@click.option("--rollback-to", required=True, metavar="ID", help="Release to fall back on; CASH when there is none.")
@date_option
@with_workspace
def propose(workspace: Workspace, strategy: str, experiment: str, rollback_to: str, day: dt.datetime | None) -> None:
    """Propose the configuration, code and table versions of this checkout as a release."""
    from etf_platform.governance import experiments, releases
    from etf_platform.orchestration.provenance import code_commit
    from etf_platform.orchestration.releasing import data_version

    platform = opened(workspace)
    platform.config.members(strategy)
    session, events = session_for(platform, strategy, day), events_of(platform)
    taken = [e.subject for e in events if e.kind == "release.proposed" and f"{session:%Y%m%d}" in e.subject]
    release_id = f"REL-{session:%Y%m%d}-{len(taken) + 1:03d}"
    facts = {
        "strategy": strategy,
        "experiment_id": experiment,
        "config_hash": platform.config.digest,
        "data_version": json.dumps(data_version(platform, strategy), sort_keys=True),
        "commit": code_commit(),
        "rollback_to": rollback_to,
    }
    record(platform, releases.proposal(release_id, BY, session, facts))
    if experiment not in experiments.registry(platform.config.governance, platform.ops):
        say(f"{experiment} is not on record: until it is run, the checks of its back-test stay BLOCKED")
    click.echo(release_id)


@gov.command()
@click.argument("release_id", metavar="ID")
@date_option
@output_format
@with_workspace
def check(workspace: Workspace, release_id: str, day: dt.datetime | None, fmt: Format) -> None:
    """Judge the pre-release checks. Exit codes: 0 all PASS, 2 FAIL, 3 BLOCKED."""
    import pandas as pd

    from etf_platform.governance import prerelease
    from etf_platform.orchestration.releasing import inputs_of

    platform = opened(workspace)
    events = events_of(platform)
    state, release = release_of(platform, events, release_id)
    inputs = inputs_of(platform, release, state, events, session_for(platform, release.strategy, day))
    checks = prerelease.check(inputs, platform.config.governance)
    rows = [{"check": c.name, "state": str(c.state), "reason": c.reason} for c in checks]
    print_frame(pd.DataFrame(rows), fmt)
    raise SystemExit(worst(c.state for c in checks).exit_code)


@gov.command()
@click.argument("release_id", metavar="ID")
@by_option
@role_option
@click.option("--leaves", default="", metavar="STAGE", help="Sign that it may leave this stage, e.g. S50.")
@date_option
@with_workspace
def approve(workspace: Workspace, release_id: str, by: str, role: str, leaves: str, day: dt.datetime | None) -> None:
    """Sign a release: two people are needed, one of them in the role of risk."""
    from etf_platform.governance import releases

    platform = opened(workspace)
    _, release = release_of(platform, events_of(platform), release_id)
    if leaves and release.stage != leaves:
        raise BadInputError(
            f"signing that {release_id} may leave {leaves}",
            f"it is in {release.stage or 'no stage'}",
            "sign when it is there",
        )
    session = session_for(platform, release.strategy, day)
    say(
        f"You sign {release_id}: {release.strategy}, {release.experiment_id}, configuration {release.config_hash}, "
        f"code {release.commit}, falls back on {release.rollback_to}; digest {release.digest[:16]}"
    )
    seal_and_record(platform, releases.approval(release, by, role, session, leaves))


@gov.command()
@click.argument("release_id", metavar="ID")
@date_option
@with_workspace
def promote(workspace: Workspace, release_id: str, day: dt.datetime | None) -> None:
    """Start an approved release, or raise it by one stage; refused with everything that is missing."""
    from etf_platform.orchestration.releasing import promote_once

    platform = opened(workspace)
    _, release = release_of(platform, events_of(platform), release_id)
    session = session_for(platform, release.strategy, day)
    for event in promote_once(platform, release_id, session, BY):
        click.echo(f"{event.kind} {release_id} {event.payload.get('stage', '')}".rstrip())


@gov.command()
@click.argument("release_id", metavar="ID")
@reason_option
@click.option("--end", is_flag=True, help="End the hold; needs --by and --role.")
@click.option("--by", metavar="NAME", help="Person who ends it.")
@click.option("--role", type=ROLES)
@date_option
@with_workspace
def hold(
    workspace: Workspace,
    release_id: str,
    reason: str,
    end: bool,
    by: str | None,
    role: str | None,
    day: dt.datetime | None,
) -> None:
    """Keep a release in its stage, or with --end let it rise again."""
    from etf_platform.governance import stages

    platform = opened(workspace)
    _, release = release_of(platform, events_of(platform), release_id)
    session = session_for(platform, release.strategy, day)
    if not end:
        record(platform, stages.hold(release, BY, asked(reason), session))
    elif by and role:
        seal_and_record(platform, stages.hold(release, by, reason, session, role, on=False))
    else:
        raise BadInputError("ending a hold", "nobody signs it", "give --by and --role")


@gov.command()
@click.argument("release_id", metavar="ID")
@click.option("--reason", help="Why; goes on record. Not needed for a rehearsal.")
@click.option("--rehearse", is_flag=True, help="Do all but the switch, and record the drill.")
@date_option
@with_workspace
def rollback(
    workspace: Workspace, release_id: str, reason: str | None, rehearse: bool, day: dt.datetime | None
) -> None:
    """Return to the release before, freeze, open an incident, tell people: one act. Needs no signature.

    Exit codes: 0 done (or was done before), 2 the rehearsal failed.
    """
    from etf_platform.governance import rollback as back
    from etf_platform.orchestration.releasing import post_of, rehearse_once

    platform = opened(workspace)
    _, release = release_of(platform, events_of(platform), release_id)
    session = session_for(platform, release.strategy, day)
    if rehearse:
        drill = rehearse_once(platform, release_id, session)
        click.echo(f"{drill.kind}: {'; '.join(drill.payload['problems']) or drill.payload['target']}")
        raise SystemExit(0 if drill.kind == "drill.passed" else State.FAIL.exit_code)
    if not (reason or "").strip():
        raise BadInputError(f"rolling back {release_id}", "there is no reason", "give --reason")
    act = back.Act(release_id, (back.Trigger("person", asked(reason or "")),), session, BY)
    fresh = back.roll_back(platform.ops, platform.config.governance, act, post_of(platform, dt.datetime.now(dt.UTC)))
    click.echo(f"rolled back to {fresh[0].payload['to']}" if fresh else f"{release_id} is not in force: nothing to do")


@gov.group()
def release() -> None:
    """Start a release, raise it by one stage, or keep it where it is."""


@release.command()
@click.argument("release_id", metavar="ID")
@date_option
@with_workspace
def start(workspace: Workspace, release_id: str, day: dt.datetime | None) -> None:
    """Start an approved release in the first stage; refused with everything that is missing."""
    from etf_platform.orchestration.releasing import promote_once

    platform = opened(workspace)
    _, known = release_of(platform, events_of(platform), release_id)
    if known.stage:
        raise BadInputError(f"starting {release_id}", f"it is in {known.stage}", "raise it: `gov release promote`")
    for event in promote_once(platform, release_id, session_for(platform, known.strategy, day), BY):
        click.echo(f"{event.kind} {release_id}")


@gov.group()
def experiment() -> None:
    """Put an experiment on record, or show one; the registry itself is `etf-platform exp`."""


release.add_command(promote)
release.add_command(hold)
experiment.add_command(exp.new)
experiment.add_command(exp.show)
for command in (*gov_guard.COMMANDS, *gov_weekly.COMMANDS, *gov_signing.COMMANDS):
    gov.add_command(command)

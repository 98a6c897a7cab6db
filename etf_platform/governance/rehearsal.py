"""Rehearsing a rollback: everything but the switch, and a record of how it went.

The act is really appended, letters and all, looked at, and undone inside the transaction; what stays is the drill.
Not here: the rollback itself (`rollback`).
"""

import datetime as dt
import time
from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.errors import PlatformError
from etf_platform.core.units.event import DRILL_FAILED, DRILL_PASSED, Event
from etf_platform.governance import freezes
from etf_platform.governance.releases import CASH, Release, Releases, fold
from etf_platform.governance.rollback import Act, Post, Trigger, plan, releases_of, target
from etf_platform.storage import events as ledger
from etf_platform.storage.outbox import transaction

Restore = Callable[[Release | None], Sequence[str]]  # problems in restoring a release beside the real one; None = cash


def rehearse(
    engine: sa.Engine,
    config: GovernanceConfig,
    release_id: str,
    session: dt.date,
    restore: Restore,
    post: Post,
    by: str = "system:rehearsal",
) -> Event:
    """Rehearse the rollback of a release, proposed or in force, and record `drill.passed` or `drill.failed`.

    Parameters
    ----------
    restore : callable
        Restores the target beside the one in force (configuration, data versions, code) and says what is wrong.

    Returns
    -------
    Event
        The drill; its payload has release, target, problems and seconds.
    """
    began = time.monotonic()
    releases = releases_of(ledger.events(engine), config, release_id)
    release = releases.by_id[release_id]
    to = target(releases, release)
    problems = [] if to == release.rollback_to else [f"{release.rollback_to} cannot be returned to"]
    try:
        problems += restore(releases.by_id.get(to))
    except PlatformError as error:
        problems.append(str(error))
    with transaction(engine) as connection:
        problems += _dry_run(
            connection, config, Act(release_id, (Trigger("rehearsal", "rehearsal"),), session, by), post
        )
        payload = {
            "drill": "rollback",
            "strategy": release.strategy,
            "release": release_id,
            "target": to,
            "problems": problems,
            "seconds": round(time.monotonic() - began, 3),
        }
        at = dt.datetime.now(dt.UTC)
        kind = DRILL_FAILED if problems else DRILL_PASSED
        drill = Event(f"drill/rollback/{release_id}/{at.isoformat()}", kind, release_id, by, payload, session)
        return ledger.append(connection, [drill], at)[0]


def last_passed(events: Iterable[Event], to: str, since: dt.date) -> Event | None:
    """The latest drill on or after `since` that restored this target; None when there is none."""
    found = [
        event
        for event in events
        if event.kind == DRILL_PASSED
        and event.payload.get("drill") == "rollback"
        and event.payload.get("target") == to
        and event.as_of is not None
        and event.as_of >= since
    ]
    return found[-1] if found else None


def _dry_run(connection: sa.Connection, config: GovernanceConfig, act: Act, post: Post) -> list[str]:
    """Append the act, look at the folds, undo it; what did not come out as it should."""
    before = releases_of(ledger.read(connection), config, act.release_id)
    events = plan(_as_if_in_force(before, act.release_id), act)
    undone = connection.begin_nested()
    post(connection, ledger.append(connection, events))
    everything = ledger.read(connection)
    undone.rollback()
    return _wrong(before, everything, config, act.release_id)


def _wrong(before: Releases, after: Sequence[Event], config: GovernanceConfig, release_id: str) -> list[str]:
    release = before.by_id[release_id]
    folded, to = fold(after, config, release.strategy), target(before, release)
    active = folded.active.release_id if folded.active is not None else CASH
    problems = []
    if release_id in before.in_force and active != to:
        problems.append(f"after the switch {active} is active, not {to}")
    if release_id in folded.in_force:
        problems.append(f"after the switch {release_id} is still in force")
    if not freezes.fold(after, config).is_on(release.strategy):
        problems.append("after the switch releases are not frozen")
    return problems


def _as_if_in_force(releases: Releases, release_id: str) -> Releases:
    if release_id in releases.in_force:
        return releases
    return Releases(releases.active, releases.by_id[release_id], releases.by_id)

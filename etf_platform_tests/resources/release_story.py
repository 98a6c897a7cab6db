"""A release told as events: what the tests of governance and the killed process both need.

Used by `etf_platform_tests/governance`; run as a program it rolls back releases one after the other until killed.
"""

import datetime as dt
import os
import signal
import sys
import time

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.units.event import Event
from etf_platform.governance import releases, rollback, stages
from etf_platform.storage import events as ledger
from etf_platform.storage.letters import Letter
from etf_platform.storage.opsdb import open_ops
from etf_platform.storage.outbox import enqueue, transaction

FIRST = dt.date(2024, 10, 8)
CHANNELS = ("desk", "mail")


def day(n: int) -> dt.date:
    """The n-th session of the story; weekends do not matter to it."""
    return FIRST + dt.timedelta(days=n)


def sessions(until: int, count: int) -> list[dt.date]:
    """The last `count` sessions up to the `until`-th."""
    return [day(i) for i in range(until - count + 1, until + 1)]


def proposal(release_id: str, strategy: str = "A_SHARE", rollback_to: str = "CASH", **facts: str) -> Event:
    """A proposal whose facts are made of its id."""
    known = {
        "strategy": strategy,
        "experiment_id": "EXP-20241008-001",
        "config_hash": f"config of {release_id}",
        "data_version": "{}",
        "commit": f"commit of {release_id}",
        "rollback_to": rollback_to,
    }
    return releases.proposal(release_id, "system:test", day(0), {**known, **facts})


def append(engine, *events: Event) -> list[Event]:
    """Record events in one transaction."""
    with transaction(engine) as connection:
        return ledger.append(connection, events)


def post(connection, events) -> None:
    """One letter per event and channel."""
    now = dt.datetime(2024, 10, 8, 12, tzinfo=dt.UTC)
    letters = [Letter(e.key, c, e.subject, e.kind, "critical", e.kind, {}, now) for e in events for c in CHANNELS]
    enqueue(connection, letters, now)


def trigger(release_id: str, session: dt.date | None = None) -> rollback.Act:
    """An act for a drawdown."""
    return rollback.Act(release_id, (rollback.Trigger("drawdown", "drawdown 0.2 > 0.15"),), session or day(9))


def rise(engine, config: GovernanceConfig, staff, release_id: str, until: str, start: int = 1) -> int:
    """Approve, start and raise a proposed release until a stage, or `stable`; number of the next session."""
    n = start
    release = rollback.releases_of(ledger.events(engine), config, release_id).by_id[release_id]
    for name, role in (("Li Wei", "research"), ("Zhao Min", "risk")):
        append(engine, staff.seal(releases.approval(release, name, role, day(n))))
    append(engine, stages.start(release, "system:test", day(n)))
    for stage in config.stages[:-1]:
        release = rollback.releases_of(ledger.events(engine), config, release_id).by_id[release_id]
        if release.stage == until:
            return n + 1
        if stage.needs_signature:
            append(engine, staff.seal(releases.approval(release, "Zhao Min", "risk", day(n), leaves=stage.name)))
        n += stage.sessions
        append(engine, stages.promote(release, "system:test", day(n), config, sessions(n, stage.sessions)))
    if until == "stable":
        n += config.stages[-1].sessions
        append(engine, stages.settle(release, "system:test", day(n), sessions(n, config.stages[-1].sessions)))
    return n + 1


def main(url: str, config: str, pause: float, die_at: str, *release_ids: str) -> None:
    """Roll the releases back; `die_at` names a point of the first act at which the process kills itself."""
    engine, known = open_ops(url), GovernanceConfig.model_validate_json(config)

    def slowly(connection, events) -> None:
        _die_if(die_at == "appended")
        time.sleep(pause)
        post(connection, events)
        time.sleep(pause)
        _die_if(die_at == "posted")

    rollback.releases_of(ledger.events(engine), known, release_ids[0])  # seals are checked once per process
    print("ready", flush=True)
    _die_if(die_at == "before")
    for release_id in release_ids:
        rollback.roll_back(engine, known, trigger(release_id), slowly)
        _die_if(die_at == "committed")


def _die_if(now: bool) -> None:
    if now:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), *sys.argv[4:])

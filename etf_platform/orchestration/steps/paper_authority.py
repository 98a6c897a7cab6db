"""Who lets a strategy trade, and how much of it, as the ledger stood on a session: release, breaker, drift.

Not here: how any of them moves (`governance.releases`, `breaker`, `drift`).
"""

import datetime as dt

from etf_platform.drift import machine
from etf_platform.governance import breaker, releases, stages
from etf_platform.governance.ledger import counted
from etf_platform.orchestration.platform import Platform
from etf_platform.paper.decisions import Authority


def authority_of(platform: Platform, pool: str, session: dt.date) -> Authority:
    """Release in force and multipliers on a session.

    Before the first release of a strategy the exposure is 1 and the release empty; after a rollback to cash it is 0.
    """
    from etf_platform.storage.events import events

    config, known = platform.config.governance, events(platform.ops, until=session)
    size = breaker.fold(known, pool).size(config.breaker)
    drift = machine.standing(counted(config, known), pool, config.drift, session).exposure
    state = releases.fold(known, config, pool)
    if not any(release.stage for release in state.by_id.values()):
        return Authority(breaker=size, drift=drift)
    if not state.in_force:
        return Authority(releases.CASH, 0.0, size, drift)
    release_id = state.in_force[0]
    return Authority(release_id, stages.exposures(state, config)[release_id], size, drift)

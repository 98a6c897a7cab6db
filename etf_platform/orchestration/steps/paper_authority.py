"""Who lets a strategy trade, and how much of it, as the ledger stood on a session: releases, breaker, drift.

Not here: how any of them moves (`governance.releases`, `breaker`, `drift`).
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from etf_platform.drift import machine
from etf_platform.governance import breaker, releases, stages
from etf_platform.governance.ledger import counted
from etf_platform.orchestration.platform import Platform
from etf_platform.paper.decisions import Authority


@dataclass(frozen=True)
class Standing:
    """The authority of a session, and the exposure of every release in force by its id, the candidate first."""

    authority: Authority
    shares: Mapping[str, float]


def authority_of(platform: Platform, pool: str, session: dt.date) -> Authority:
    """Release in force and multipliers on a session; see `standing_of`."""
    return standing_of(platform, pool, session).authority


def standing_of(platform: Platform, pool: str, session: dt.date) -> Standing:
    """Releases in force and multipliers on a session.

    The exposure is that of all releases together: a candidate at 0.2 beside a stable release at 0.8 makes 1, alone it
    makes 0.2. Before the first release of a strategy the exposure is 1 and the release empty; after a rollback to cash
    it is 0.
    """
    from etf_platform.storage.events import events

    config, known = platform.config.governance, events(platform.ops, until=session)
    size = breaker.fold(known, config, pool).size(config.breaker)
    drift = machine.standing(counted(config, known), pool, config.drift, session).exposure
    state = releases.fold(known, config, pool)
    if not any(release.stage for release in state.by_id.values()):
        return Standing(Authority(breaker=size, drift=drift), {})
    if not state.in_force:
        return Standing(Authority(releases.CASH, 0.0, size, drift), {})
    shares = stages.exposures(state, config)
    return Standing(Authority(state.in_force[0], round(sum(shares.values()), 12), size, drift), shares)

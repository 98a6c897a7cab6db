"""How a release rises: what is missing for the next stage, and how much exposure each release has.

Minimum stays are counted in sessions, gates and majors are handed in. What the ledger itself enforces (order, stays,
signatures, freezes) stands in `releases`. Not here: reading tables (`orchestration`), rolling back (`rollback`).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.states import State
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event
from etf_platform.governance.freezes import Freezes
from etf_platform.governance.releases import Release, Releases, around
from etf_platform.measures.sequential import PairedVerdict

Gate = tuple[State, str]  # with its reason


@dataclass(frozen=True)
class Progress:
    """What was seen of a release up to a session.

    Attributes
    ----------
    sessions : sequence of date
        Trading sessions up to the one that is judged, oldest first, from the start of the stage or earlier.
    majors : mapping of date to str
        Sessions with a major breach, and what it was.
    gates : mapping of str to (State, reason)
        Latest verdicts; every one must be PASS. None at all counts as BLOCKED.
    paired : PairedVerdict or None
        Against the stable release; None where it could not be tested.
    """

    sessions: Sequence[dt.date]
    majors: Mapping[dt.date, str] = field(default_factory=dict)
    gates: Mapping[str, Gate] = field(default_factory=dict)
    paired: PairedVerdict | None = None


def may_start(release: Release, releases: Releases, freezes: Freezes) -> list[str]:
    """What is missing for the first stage; empty when it may start. Pre-release checks stand in `prerelease`."""
    missing = _common(release, freezes)
    if not release.is_approved:
        names = ", ".join(f"{a.name} ({a.role})" for a in release.approvals) or "nobody"
        missing.append(f"approved by {names}; two people are needed, one of them in the role of risk")
    if releases.candidate is not None:
        missing.append(f"{releases.candidate.release_id} is still being raised")
    if release.stage:
        missing.append(f"it has started already, on {release.started_at}")
    if not releases.can_return_to(release.rollback_to, but=release.release_id):
        missing.append(f"nothing can be rolled back to {release.rollback_to or 'nothing'}")
    return missing


def may_promote(release: Release, freezes: Freezes, progress: Progress, config: GovernanceConfig) -> list[str]:
    """What is missing for the next stage, one line each; empty when the release may rise."""
    here, following = around(config.stages, release.stage)
    if here is None or following is None:
        return [f"there is no stage after {release.stage or 'the proposal'}"]
    missing = _common(release, freezes) + _judged(progress, release)
    stayed = len(_since(progress.sessions, release.since))
    if stayed < here.sessions:
        missing.append(f"{stayed} of {here.sessions} sessions in {here.name}")
    if here.needs_signature and here.name not in release.leaves:
        missing.append(f"no signature to leave {here.name}")
    majors = [day for day in _since(progress.sessions, release.since) if day in progress.majors]
    return missing + [f"major on {day}: {progress.majors[day]}" for day in majors]


def may_become_stable(release: Release, freezes: Freezes, progress: Progress, config: GovernanceConfig) -> list[str]:
    """What is missing before a release in the last stage counts as stable: that many clean sessions in a row."""
    last = config.stages[-1]
    if release.stage != last.name:
        return [f"it is in {release.stage or 'no stage'}, not in {last.name}"]
    missing = _common(release, freezes) + _judged(progress, release)
    clean = 0
    for day in _since(progress.sessions, release.since):
        clean = 0 if day in progress.majors else clean + 1
    return missing if clean >= last.sessions else [*missing, f"{clean} of {last.sessions} clean sessions"]


def exposures(releases: Releases, config: GovernanceConfig) -> dict[str, float]:
    """Share of the full exposure per release in force; what is missing to 1 is held in cash.

    The candidate has that of its stage, the stable release the rest.
    """
    shares: dict[str, float] = {}
    rest = 1.0
    if releases.candidate is not None:
        here, _ = around(config.stages, releases.candidate.stage)
        shares[releases.candidate.release_id] = here.exposure if here is not None else 0.0
        rest -= shares[releases.candidate.release_id]
    if releases.active is not None:
        shares[releases.active.release_id] = rest
    return shares


def start(release: Release, by: str, session: dt.date) -> Event:
    """The event that puts a release into the first stage at the close of a session."""
    key = f"{kinds.RELEASE_STARTED}/{release.release_id}"
    return Event(key, kinds.RELEASE_STARTED, release.release_id, by, {"strategy": release.strategy}, session)


def stayed(progress: Progress, release: Release) -> list[dt.date]:
    """Sessions that a release has stayed in its stage, as `promote` and `settle` record them."""
    return _since(progress.sessions, release.since)


def promote(
    release: Release, by: str, session: dt.date, config: GovernanceConfig, sessions: Sequence[dt.date]
) -> Event:
    """The event that raises a release by one stage at the close of a session; the caller has asked `may_promote`.

    `sessions` are those `stayed`: the fold counts them again.
    """
    _, following = around(config.stages, release.stage)
    name = following.name if following is not None else ""
    key = f"{kinds.RELEASE_PROMOTED}/{release.release_id}/{name}"
    payload = {"strategy": release.strategy, "from": release.stage, "stage": name, **_stay(sessions)}
    return Event(key, kinds.RELEASE_PROMOTED, release.release_id, by, payload, session)


def settle(release: Release, by: str, session: dt.date, sessions: Sequence[dt.date]) -> Event:
    """The event by which a release counts as stable after `sessions`; the caller has asked `may_become_stable`."""
    key = f"{kinds.RELEASE_STABLE}/{release.release_id}"
    payload = {"strategy": release.strategy, **_stay(sessions)}
    return Event(key, kinds.RELEASE_STABLE, release.release_id, by, payload, session)


def hold(release: Release, by: str, reason: str, session: dt.date, role: str = "", on: bool = True) -> Event:
    """The event that keeps a release where it is; `on=False` ends that, and counts only when a person seals it."""
    key = f"{kinds.RELEASE_HELD}/{release.release_id}/{session}/{'on' if on else 'off'}"
    payload = {"hold": on, "reason": reason}
    return Event(key, kinds.RELEASE_HELD, release.release_id, by, payload, session, role)


def _stay(sessions: Sequence[dt.date]) -> dict[str, list[str]]:
    return {"sessions_in_stage": [day.isoformat() for day in sessions]}


def _common(release: Release, freezes: Freezes) -> list[str]:
    missing = [f"frozen since {f.since}: {f.reason}" for f in freezes.of(release.strategy)]
    if release.held:
        missing.append(f"held: {release.held}")
    if release.is_rolled_back:
        missing.append(f"it was rolled back on {release.rolled_back}")
    return missing


def _judged(progress: Progress, release: Release) -> list[str]:
    missing = [f"{name} {state}: {reason}" for name, (state, reason) in progress.gates.items() if state != State.PASS]
    if not progress.gates:
        missing.append(f"gates {State.BLOCKED}: nothing was judged")
    if progress.paired is not None and progress.paired.has_failed:
        missing.append(f"worse than the stable release since its day {progress.paired.failed_at}")
    return missing


def _since(sessions: Sequence[dt.date], since: dt.date | None) -> list[dt.date]:
    """Sessions after the one at whose close a stage began; none before it began."""
    return [] if since is None else [day for day in sessions if day > since]

"""Why an event does not raise a release: order of the stages, minimum stays, signatures, freezes, holds.

Each function looks at the releases before an event and says what is wrong with it; empty when it counts. Not here: the
fold (`releases`), gates that need data (`stages`).
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from etf_platform.core.config.governance import GovernanceConfig, Stage
from etf_platform.core.units import event as kinds
from etf_platform.core.units.event import Event
from etf_platform.governance.release_record import Release, Releases


@dataclass(frozen=True)
class Rules:
    """Stages, and whether releases of the strategy are frozen."""

    config: GovernanceConfig
    is_frozen: bool


def around(stages: Sequence[Stage], name: str) -> tuple[Stage | None, Stage | None]:
    """A stage and the one after it; None where there is none, as for a stage that the configuration no longer has."""
    names = [stage.name for stage in stages]
    if name not in names:
        return None, None
    at = names.index(name)
    return stages[at], stages[at + 1] if at + 1 < len(stages) else None


def start_fault(state: Releases, event: Event, rules: Rules) -> str:
    """Why a release does not start; empty when it does."""
    release = state.by_id.get(event.subject)
    if release is None:
        return "it was never proposed"
    checks = (
        (rules.is_frozen, "releases were frozen"),
        (state.candidate is not None, "another release was being raised"),
        (release.stage != "" or release.is_rolled_back, "it had started before"),
        (not release.is_approved, "two people had not approved it, one of them of risk"),
        (not state.can_return_to(release.rollback_to, but=event.subject), "there was nothing to roll back to"),
    )
    return next((reason for is_wrong, reason in checks if is_wrong), "")


def promotion_fault(state: Releases, event: Event, rules: Rules) -> str:
    """Why a promotion changes nothing; empty when it counts."""
    release = state.candidate
    if release is None or release.release_id != event.subject:
        return "it was not being raised"
    here, following = around(rules.config.stages, release.stage)
    if here is None or following is None or event.payload.get("stage") != following.name:
        return f"{event.payload.get('stage') or 'no stage'} does not follow {release.stage}"
    if rules.is_frozen or release.held:
        return "releases were frozen" if rules.is_frozen else f"it was held: {release.held}"
    if here.needs_signature and release.stage not in release.leaves:
        return f"nobody had signed that it may leave {release.stage}"
    return _stay_fault(release, event, here)


def settling_fault(state: Releases, event: Event, rules: Rules) -> str:
    """Why a release does not count as stable; empty when it does."""
    release, last = state.candidate, rules.config.stages[-1]
    if release is None or release.release_id != event.subject or release.stage != last.name:
        return f"it was not in {last.name}"
    if rules.is_frozen or release.held:
        return "releases were frozen" if rules.is_frozen else f"it was held: {release.held}"
    return _stay_fault(release, event, last)


def _stay_fault(release: Release, event: Event, here: Stage) -> str:
    """Why the sessions that an event records are not a stay in a stage."""
    told = event.payload.get("sessions_in_stage")
    days = [day for day in (_date(text) for text in told) if day is not None] if isinstance(told, list) else []
    if len(days) < here.sessions or len(days) != len(told or ()):
        return f"{len(days)} of {here.sessions} sessions in {here.name} on record"
    inside = (
        release.since is not None and event.as_of is not None and release.since < days[0] and days[-1] <= event.as_of
    )
    return "" if inside and days == sorted(set(days)) else f"its sessions do not lie in {here.name}"


def _date(text: object) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(text))
    except ValueError:
        return None


FAULTS: dict[str, Callable[[Releases, Event, Rules], str]] = {
    kinds.RELEASE_STARTED: start_fault,
    kinds.RELEASE_PROMOTED: promotion_fault,
    kinds.RELEASE_STABLE: settling_fault,
}

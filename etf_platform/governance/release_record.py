"""A release and the releases of a strategy, as values. Not here: the fold that makes them (`releases`)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

CASH = "CASH"  # the release that holds nothing: what the first release is rolled back to
APPROVERS = 2
NEEDED_ROLE = "risk"


@dataclass(frozen=True)
class Approval:
    """A signature that counts: role, name, time of recording."""

    role: str
    name: str
    at: dt.datetime | None


@dataclass(frozen=True)
class Release:
    """One release and how far it has come.

    Attributes
    ----------
    stage : str
        Empty before the start, else a stage of `governance.yaml`.
    since : date or None
        Session at whose close the stage began.
    approvals : tuple of Approval
        To start it; one per person.
    leaves : frozenset of str
        Stages that somebody has signed to leave, while the release stood in them.
    held : str
        Why it must not rise; empty when it may.
    stable_since, rolled_back : date or None
    digest : str
        Of the proposal: what people sign.
    """

    release_id: str
    strategy: str
    experiment_id: str
    config_hash: str
    data_version: str
    commit: str
    rollback_to: str
    digest: str = ""
    approvals: tuple[Approval, ...] = ()
    leaves: frozenset[str] = frozenset()
    stage: str = ""
    since: dt.date | None = None
    started_at: dt.date | None = None
    stable_since: dt.date | None = None
    held: str = ""
    rolled_back: dt.date | None = None
    is_rolled_back: bool = False

    @property
    def is_approved(self) -> bool:
        """Two different people, one of them in the role of risk, have signed the proposal."""
        names = {approval.name for approval in self.approvals}
        return len(names) >= APPROVERS and any(approval.role == NEEDED_ROLE for approval in self.approvals)

    @property
    def is_stable(self) -> bool:
        """It counted as stable and was not rolled back since: others may fall back on it."""
        return self.stable_since is not None and not self.is_rolled_back


@dataclass(frozen=True)
class Releases:
    """Releases of one strategy.

    Attributes
    ----------
    active : Release or None
        The stable release in force; None means cash.
    candidate : Release or None
        The release that is being raised.
    by_id : mapping of str to Release
        All, in the order of their proposals.
    """

    active: Release | None = None
    candidate: Release | None = None
    by_id: Mapping[str, Release] = field(default_factory=dict)

    @property
    def in_force(self) -> tuple[str, ...]:
        """Ids of candidate and active release, as far as there are any."""
        return tuple(release.release_id for release in (self.candidate, self.active) if release is not None)

    def can_return_to(self, release_id: str, but: str = "") -> bool:
        """Whether one can roll back to a release: cash, or a stable one, other than `but`."""
        known = self.by_id.get(release_id)
        return release_id != but and (release_id == CASH or (known is not None and known.is_stable))

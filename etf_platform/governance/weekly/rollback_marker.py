"""What each strategy would be rolled back to, and whether a tag marks it: the previous stable release, never the
candidate itself.

Not here: making tags (`rollback_tag`), the folds (`governance.releases`), rolling back (`governance.rollback`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from etf_platform.core.states import State
from etf_platform.governance import rollback
from etf_platform.governance.releases import CASH, Release, Releases
from etf_platform.governance.weekly.about import Judged

PREFIX = "backup-release-"


@dataclass(frozen=True)
class Marker:
    """The way back of one strategy.

    Attributes
    ----------
    strategy, release_id : str
        The release that would be rolled back: the candidate, else the stable one; empty without a release in force.
    target, commit : str
        The release that would be restored, and its commit in hex digits; cash has none.
    tag : str
        A tag `backup-release-...` on that commit; empty without one.
    fault : str
        Why this is no way back; empty otherwise.
    """

    strategy: str
    release_id: str = ""
    target: str = ""
    commit: str = ""
    tag: str = ""
    fault: str = ""


def marker(strategy: str, releases: Releases, tags: Mapping[str, str] | None) -> Marker:
    """The marker of a strategy; `tags` maps tag to full commit hash."""
    at_risk = releases.candidate or releases.active
    if at_risk is None:
        return Marker(strategy, fault="no release is in force")
    name = rollback.target(releases, at_risk)
    target = releases.by_id.get(name)
    commit = _hash(target.commit) if target is not None else ""
    tag = _tag_of(commit, tags or {})
    return Marker(strategy, at_risk.release_id, name, commit, tag, _fault(at_risk, name, target, releases))


def is_marked(markers: Sequence[Marker]) -> Judged:
    """Every release in force has a stable release, or cash, to go back to that differs from it."""
    known = [each for each in markers if each.release_id]
    if not known:
        return State.BLOCKED, "missing: no release is in force"
    faults = [f"{each.strategy}: {each.fault}" for each in known if each.fault]
    return (State.FAIL, "; ".join(faults)) if faults else (State.PASS, "")


def is_tagged(markers: Sequence[Marker]) -> Judged:
    """Every way back is a tag; cash is none."""
    state, reason = is_marked(markers)
    if state is not State.PASS:
        return state, reason
    loose = [f"{m.strategy}: {_named(m)} has no tag {PREFIX}..." for m in markers if m.release_id and not m.tag]
    return (State.FAIL, "; ".join(loose)) if loose else (State.PASS, "")


def shown(markers: Sequence[Marker]) -> dict[str, Any]:
    """As JSON: the tag that all ways back share (or the commit), and each of them."""
    known = [each for each in markers if each.release_id and not each.fault]
    tags, commits = ({getattr(each, name) for each in known} for name in ("tag", "commit"))
    tag = tags.pop() if len(tags) == 1 else ""
    commit = commits.pop() if len(commits) == 1 else ""
    source = "tag" if tag else "commit" if commit else ""
    return {"tag": tag, "source": source, "commit": commit, "strategies": [asdict(each) for each in markers]}


def _fault(at_risk: Release, name: str, target: Release | None, releases: Releases) -> str:
    if not releases.can_return_to(name, but=at_risk.release_id):
        return f"{name or 'nothing'} is no stable release other than {at_risk.release_id}"
    if target is not None and (target.commit, target.config_hash) == (at_risk.commit, at_risk.config_hash):
        return f"{name} is the same code and configuration as {at_risk.release_id}"
    return ""


def _hash(commit: str) -> str:
    """Hex digits of a commit as records have it, `0.1.0+354d4126060c` or bare."""
    return commit.rpartition("+")[2].removesuffix(".dirty")


def _tag_of(commit: str, tags: Mapping[str, str]) -> str:
    found = [tag for tag, full in tags.items() if tag.startswith(PREFIX) and commit and full.startswith(commit)]
    return max(found, default="")


def _named(each: Marker) -> str:
    return each.target if each.target == CASH or not each.commit else f"{each.target} ({each.commit[:8]})"

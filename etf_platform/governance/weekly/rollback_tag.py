"""The tag that marks what a release would be rolled back to: the previous stable release, never the candidate itself.

Not here: making the tag in git (`orchestration.weekly`), the rollback (`governance.rollback`).
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from etf_platform.core.states import State
from etf_platform.governance.releases import CASH, Release, Releases
from etf_platform.governance.rollback import target
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.governance.weekly.rollback_marker import PREFIX

NAME = "rollback_tag"
_COMMIT = re.compile(r"\b[0-9a-f]{8,40}\b")


@dataclass(frozen=True)
class Tagged:
    """What git knows: the full commit of the release, that of HEAD, tags -> commits; empty = unknown."""

    commit: str
    head: str
    tags: Mapping[str, str]


def previous(releases: Releases) -> Release | None:
    """The stable release that the newest release in force would be rolled back to; None for cash."""
    if not releases.in_force:
        return None
    to = target(releases, releases.by_id[releases.in_force[0]])
    return None if to == CASH else releases.by_id.get(to)


def commit_of(release: Release) -> str:
    """The commit in a release's code version, as written there; empty when there is none or files differed."""
    found = _COMMIT.findall(release.commit.rpartition("+")[2])
    return "" if release.commit.endswith(".dirty") or not found else str(found[0])


def tag_of(tagged: Tagged, now: dt.datetime) -> tuple[str, bool]:
    """Name of the tag of a commit, and whether it is there already: the oldest one is used again."""
    known = sorted(tag for tag, commit in tagged.tags.items() if tag.startswith(PREFIX) and commit == tagged.commit)
    if known:
        return known[0], True
    return f"{PREFIX}{now.astimezone(dt.UTC):%Y%m%d-%H%M%S}-{tagged.commit[:8]}", False


def fault(release: Release | None, tagged: Tagged) -> tuple[State, str]:
    """Why nothing can be tagged; PASS when it can."""
    if release is None:
        return State.BLOCKED, "missing: no release was stable before; one falls back on cash"
    if not commit_of(release):
        return State.BLOCKED, f"missing: {release.release_id} names no commit ({release.commit or 'nothing'})"
    if not tagged.commit:
        return State.BLOCKED, f"missing: git does not know the commit of {release.release_id}"
    if tagged.commit == tagged.head:
        return State.FAIL, f"{release.release_id} is HEAD itself: the candidate would be rolled back to itself"
    return State.PASS, ""


def build(
    about: About,
    strategy: str,
    release: Release | None,
    tagged: Tagged,
    named: tuple[str, bool],
    rehearsed: dt.date | None,
) -> Artefact:
    """The record of the tag, `named` as by `tag_of`; FAIL or BLOCKED without one, WARN while it was not rehearsed."""
    (state, reason), (tag, reused) = fault(release, tagged), named
    if state is not State.PASS or release is None:
        tag, reused = "", False
    elif rehearsed is None:
        state, reason = State.WARN, f"the rollback to {release.release_id} was not rehearsed: `gov rollback --rehearse`"
    body = {
        "created": bool(tag) and not reused,
        "reused_existing": reused,
        "tag": tag,
        "ref": f"refs/tags/{tag}" if tag else "",
        "commit": tagged.commit if tag else "",
        "push_command": f"git push origin {tag}" if tag else "",
        "strategy": strategy,
        "release": release.release_id if release else CASH,
        "rehearsed_on": rehearsed.isoformat() if rehearsed else "",
    }
    return about.artefact(NAME, (state, reason), body)

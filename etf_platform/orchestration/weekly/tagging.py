"""The rollback tag and the release candidate guard from ledger and git.

Not here: what is right (`governance.weekly`), pushing: the command is printed, a person runs it.
"""

import datetime as dt
from pathlib import Path

import etf_platform
from etf_platform.core.errors import BadInputError, StorageError
from etf_platform.core.states import State
from etf_platform.core.units.event import Event
from etf_platform.governance import releases
from etf_platform.governance.rehearsal import last_passed
from etf_platform.governance.releases import Release
from etf_platform.governance.weekly import release_candidate_guard, rollback_tag
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.weekly.documents import Published, named, publish
from etf_platform.orchestration.weekly.repository import ROOT, git, tags


def prepare_rollback_tag(
    platform: Platform, week: str, strategy: str = "", now: dt.datetime | None = None, root: Path = ROOT
) -> Published:
    """Tag the release that would be restored by a rollback, here only, and write the record of it.

    Parameters
    ----------
    strategy : str
        Empty: the only one with a release in force.

    Raises
    ------
    BadInputError
        Several strategies have releases in force and none is named.
    StorageError
        Git refuses.
    """
    from etf_platform.reports.weekly.rollback_tag import markdown
    from etf_platform.storage.events import events

    known, now, config = events(platform.ops), now or dt.datetime.now(dt.UTC), platform.config.governance
    strategy = strategy or _only(known, platform)
    release = rollback_tag.previous(releases.fold(known, config, strategy)) if strategy else None
    written = commit(rollback_tag.commit_of(release), root) if release else ""
    tagged = rollback_tag.Tagged(written, commit("HEAD", root), tags(root))
    tag, reused = "", False
    if rollback_tag.fault(release, tagged)[0] is State.PASS:
        tag, reused = rollback_tag.tag_of(tagged, now)
        if not reused:
            git(root, "tag", tag, tagged.commit)
    about = named(platform, week).about()
    day = _rehearsed(known, release, now, config.canary.rehearsal_days)
    artefact = rollback_tag.build(about, strategy, release, tagged, (tag, reused), day)
    return publish(platform, artefact, markdown)


def check_release_candidate(platform: Platform, week: str, version: str = "", root: Path = ROOT) -> Published:
    """Judge a version, by default that of this package, against PEP 440 and the tags of the repository."""
    from etf_platform.reports.weekly.release_candidate_guard import markdown

    about = named(platform, week).about()
    known = tags(root) if (root / ".git").exists() else {}
    wanted = version or etf_platform.__version__
    return publish(platform, release_candidate_guard.build(about, wanted, known, commit("HEAD", root)), markdown)


def commit(ref: str, root: Path = ROOT) -> str:
    """Full commit of a reference; empty when there is none, or no checkout."""
    if not ref or not (root / ".git").exists():
        return ""
    try:
        return (git(root, "rev-parse", "--verify", f"{ref}^{{commit}}") or "").strip()
    except StorageError:
        return ""


def _only(known: list[Event], platform: Platform) -> str:
    """The strategy that has releases in force; empty when none has."""
    config = platform.config.governance
    found = [name for name in releases.strategies(known) if releases.fold(known, config, name).in_force]
    if len(found) > 1:
        saw = f"{', '.join(found)} have releases in force"
        raise BadInputError("preparing the rollback tag", saw, "name one with --strategy")
    return found[0] if found else ""


def _rehearsed(known: list[Event], release: Release | None, now: dt.datetime, days: int) -> dt.date | None:
    if release is None:
        return None
    drill = last_passed(known, release.release_id, now.date() - dt.timedelta(days=days))
    return drill.as_of if drill is not None else None

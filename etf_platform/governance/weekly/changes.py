"""What changed in the code in a week: the commits, and the experiment that each maps to.

A commit maps to an experiment that its message names and the registry knows, or that ran on exactly this commit; or its
message says `no-strategy-change`. Not here: asking git (`orchestration.weekly.repository`).
"""

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etf_platform.core.states import State
from etf_platform.governance.weekly.about import Judged

NO_CHANGE = "no-strategy-change"
SINCE_DAYS = 7
_EXPERIMENT = re.compile(r"EXP-\d{8}-\d{3,}")


@dataclass(frozen=True)
class Commit:
    """One commit: full hash, committer's time (aware), the whole message."""

    commit: str
    at: dt.datetime
    message: str


@dataclass(frozen=True)
class Repository:
    """What git says of a week; `commits` is None without a checkout.

    Attributes
    ----------
    commits : sequence of Commit or None
        Of the week, newest first.
    is_shallow : bool
        The clone is cut off: commits may be missing.
    tags : mapping of str to str
        Tag -> full hash of the commit that it points at.
    """

    commits: Sequence[Commit] | None = None
    is_shallow: bool = False
    tags: Mapping[str, str] | None = None


def entries(repository: Repository, experiments: Collection[str], ran_on: Mapping[str, str]) -> list[dict[str, str]]:
    """One line per commit: date, first 8 digits, subject, what it maps to (empty: nothing).

    Parameters
    ----------
    experiments : collection of str
        Ids in the registry.
    ran_on : mapping of str to str
        First 12 digits of a commit -> experiment that ran on it.
    """
    return [
        {
            "date": commit.at.date().isoformat(),
            "commit8": commit.commit[:8],
            "subject": commit.message.partition("\n")[0],
            "maps_to": _maps_to(commit, experiments, ran_on),
        }
        for commit in repository.commits or ()
    ]


def change_log(repository: Repository, lines: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The change log of the audit; `shallow` is null without a checkout."""
    return {
        "since_days": SINCE_DAYS,
        "entries": [dict(line) for line in lines],
        "count": len(lines),
        "shallow": None if repository.commits is None else repository.is_shallow,
    }


def complete(repository: Repository, lines: Sequence[Mapping[str, str]]) -> Judged:
    """Whether the week's changes are all known and each maps to something."""
    if repository.commits is None:
        return State.BLOCKED, "missing: no git checkout"
    if repository.is_shallow:
        return State.BLOCKED, "insufficient: the clone is shallow, commits may be missing"
    loose = [line["commit8"] for line in lines if not line["maps_to"]]
    if loose:
        shown = ", ".join(loose[:5]) + (", ..." if len(loose) > 5 else "")
        return State.FAIL, f"{len(loose)} commit(s) map to no experiment and do not say {NO_CHANGE}: {shown}"
    return State.PASS, ""


def _maps_to(commit: Commit, experiments: Collection[str], ran_on: Mapping[str, str]) -> str:
    named = [name for name in _EXPERIMENT.findall(commit.message) if name in experiments]
    if named:
        return ", ".join(dict.fromkeys(named))
    if NO_CHANGE in commit.message:
        return NO_CHANGE
    return ran_on.get(commit.commit[:12], "")

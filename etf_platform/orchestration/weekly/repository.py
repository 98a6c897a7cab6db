"""What git says of a week: commits, tags, whether the clone is whole. Not here: what follows from it (`changes`)."""

import datetime as dt
import subprocess
from pathlib import Path

import etf_platform
from etf_platform.core.errors import StorageError
from etf_platform.governance.weekly.changes import SINCE_DAYS, Commit, Repository

ROOT = Path(etf_platform.__file__).resolve().parent.parent
SECONDS = 30
_FIELD, _END = "\x1f", "\x1e"


def repository(monday: dt.date, root: Path = ROOT) -> Repository:
    """Commits whose committer's date lies in the seven days from Monday on, and all tags.

    Days are those of the committer's own clock. Without a checkout, or without git, `commits` is None.

    Raises
    ------
    StorageError
        There is a checkout and git cannot read it.
    """
    if not (root / ".git").exists():
        return Repository()
    wide = (monday - dt.timedelta(days=2), monday + dt.timedelta(days=SINCE_DAYS + 2))
    said = git(
        root, "log", f"--since={wide[0]}T00:00:00Z", f"--until={wide[1]}T00:00:00Z", "--format=%H%x1f%cI%x1f%B%x1e"
    )
    if said is None:
        return Repository()
    found = [commit_of(part) for part in said.split(_END) if part.strip()]
    last = monday + dt.timedelta(days=SINCE_DAYS - 1)
    commits = tuple(commit for commit in found if monday <= commit.at.date() <= last)
    shallow = (git(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
    return Repository(commits, shallow, tags(root))


def commit_of(text: str) -> Commit:
    """One entry of the log: hash, committer's date, message."""
    digest, at, message = text.strip("\n").split(_FIELD, 2)
    return Commit(digest, dt.datetime.fromisoformat(at), message.strip())


def tags(root: Path) -> dict[str, str]:
    """Tag -> commit; an annotated tag points at its commit."""
    said = git(root, "for-each-ref", "refs/tags", "--format=%(refname:short)%1f%(objectname)%1f%(*objectname)") or ""
    parts = [line.split(_FIELD) for line in said.splitlines()]
    return {name: peeled or direct for name, direct, peeled in parts}


def git(root: Path, *words: str) -> str | None:
    """Output of git; None where git is not installed."""
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=SECONDS, check=False)
    except FileNotFoundError:
        return None
    except subprocess.TimeoutExpired as error:
        raise StorageError("asking git", f"no answer in {SECONDS} s", "run the week again") from error
    if done.returncode != 0:
        saw = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StorageError(f"asking git for {words[0]}", saw, "check the checkout")
    return done.stdout

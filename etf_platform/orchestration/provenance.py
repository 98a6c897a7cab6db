"""Which code made a number: the package version and, in a checkout, the commit."""

import subprocess
from functools import cache
from pathlib import Path

import etf_platform


@cache
def code_commit() -> str:
    """`<version>` of an installed package; `<version>+<commit>` in a git checkout, with `.dirty` if files differ."""
    root = Path(etf_platform.__file__).parent.parent
    if not (root / ".git").exists():
        return etf_platform.__version__
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    dirty = ".dirty" if _git(root, "status", "--porcelain", "--", "etf_platform", "configs") else ""
    return f"{etf_platform.__version__}+{commit}{dirty}" if commit else etf_platform.__version__


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=10, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

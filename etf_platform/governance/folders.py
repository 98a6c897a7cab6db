"""Folders that appear whole or not at all, and manifests of what is in them."""

import hashlib
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from etf_platform.core.errors import StorageConflictError, StorageError

PARTIAL = ".partial_"
ABANDONED_SECONDS = 86_400  # what an interrupted process left is removed after a day


@contextmanager
def appearing(final: Path) -> Iterator[Path]:
    """A temporary folder beside `final` that is renamed to it at the end of the block, or removed on any error.

    Raises
    ------
    StorageConflictError
        `final` exists, or appeared meanwhile.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(final.parent)
    partial = final.parent / f"{PARTIAL}{uuid.uuid4().hex}"
    partial.mkdir()
    try:
        yield partial
        if final.exists():
            raise StorageConflictError(f"writing {final}", "it exists already", "try again in a second")
        partial.rename(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def remove_at_once(folder: Path) -> None:
    """Make a folder vanish under its name in one step; nothing happens when another process was faster."""
    doomed = folder.with_name(f"{PARTIAL}{uuid.uuid4().hex}")
    with suppress(FileNotFoundError):
        folder.rename(doomed)
        shutil.rmtree(doomed)


def manifest(folder: Path, besides: str) -> dict[str, str]:
    """Relative POSIX path -> SHA-256 in hex of every file below a folder, sorted; without the file `besides`."""
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: sha256(path) for name, path in files.items() if name != besides}


def sha256(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path, expected: Mapping[str, str], besides: str) -> None:
    """Check a folder against its manifest; `besides` is the file that holds the manifest.

    Raises
    ------
    StorageError
        A file is missing, changed or was added.
    """
    found = manifest(folder, besides)
    changed = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if changed:
        raise StorageError(
            f"verifying {folder}", f"missing, changed or added: {', '.join(changed[:10])}", "use another snapshot"
        )


def _remove_abandoned(parent: Path) -> None:
    for left in parent.glob(f"{PARTIAL}*"):
        if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(left, ignore_errors=True)

"""Open SQLite files, kept open.

Belongs here: which files are open in this process, how long, and what a fork does to them. Does not: what is stored.
Dagster's own storage builds an engine, opens a connection, compiles its SQL and closes it (with a checkpoint and two
fsyncs) for every single event.
"""

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as db
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy.engine import Engine
from sqlalchemy.pool import QueuePool


class _Open(NamedTuple):
    engine: Engine
    inode: int


class OpenShards:
    """The SQLite files that stay open, the least recently used closed first.

    Every method wants `lock` held by the caller, so that one connection per file is enough. A file that somebody
    deleted or replaced is noticed by its inode and prepared anew.

    Parameters
    ----------
    lock : threading.Lock
        Held by the caller around every use; also taken here before a fork.
    prepare : callable
        Creates the schema of a file that this process has not opened yet, or that vanished since.
    limit : int
        Most files open at once; each costs three file descriptors.
    """

    def __init__(self, lock: threading.Lock, prepare: Callable[[Path], None], limit: int = 16) -> None:
        self._lock, self._prepare, self._limit = lock, prepare, limit
        self._open: OrderedDict[Path, _Open] = OrderedDict()
        self._prepared: dict[Path, int] = {}
        _ALL.add(self)

    def engine(self, path: Path) -> Engine:
        """Engine of the SQLite file `path`, with one connection in WAL mode and `synchronous = NORMAL`."""
        found = self._open.get(path)
        if found is not None and found.inode == _inode(path):
            self._open.move_to_end(path)
            return found.engine
        self._close(path)
        if self._prepared.get(path) != _inode(path):
            self._prepare(path)
            self._prepared[path] = _inode(path)
        self._open[path] = _Open(open_engine(path), _inode(path))
        while len(self._open) > self._limit:
            self._close(next(iter(self._open)))
        return self._open[path].engine

    def close(self) -> None:
        """Close every file; a later `engine` opens it again, and prepares it if it was replaced."""
        for path in list(self._open):
            self._close(path)

    def before_fork(self) -> None:
        """Close every file and keep others out: SQLite forbids carrying a connection into a child process."""
        self._lock.acquire()
        self.close()

    def after_fork(self) -> None:
        """Let others in again, in the parent and in the child."""
        self._lock.release()

    def _close(self, path: Path) -> None:
        found = self._open.pop(path, None)
        if found is not None:
            found.engine.dispose()


_ALL: "weakref.WeakSet[OpenShards]" = weakref.WeakSet()
_held: list[OpenShards] = []


def _before_fork() -> None:
    _held.extend(_ALL)
    for shards in _held:
        shards.before_fork()


def _after_fork() -> None:
    while _held:
        _held.pop().after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


def open_engine(path: Path) -> Engine:
    """Engine that keeps one connection to the file; another process' write is waited for, as in Dagster's own."""
    engine = db.create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )
    db.event.listen(engine, "connect", _set_synchronous)
    return engine


def _set_synchronous(connection: Any, _record: object) -> None:
    # WAL + NORMAL: no fsync per commit. A killed process loses nothing; a power cut the last commits, never the file.
    connection.execute("PRAGMA synchronous = NORMAL")


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0

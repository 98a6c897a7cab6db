"""The garbage collector in a process that runs jobs: what is loaded stays, and is let go at the end.

Frozen objects survive the interpreter's last collection. DuckDB's module is then still alive when its binding checks
for leaks, and tells of hundreds; so they are thawed before the interpreter ends. Nothing is silenced.
"""

import atexit
import gc


def freeze_once() -> None:
    """Keep everything that is loaded by now from being looked at by the collector; once per process."""
    if gc.get_freeze_count():
        return
    gc.freeze()  # half a million objects that no collection frees
    atexit.register(gc.unfreeze)

"""Columns of stored files that were read last, by path. A file never changes and no name is used twice, so nothing goes
stale. Only what was read from a file stands here, never what was about to be written: a fuse judges what is stored.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import pyarrow as pa

KEPT_BYTES = 96 << 20
CELL_BYTES = 8  # counted for every value: adding up 343 columns' buffers takes longer than decoding a key column
WIDEST_BYTES = 12 << 20  # of one file; wider ones are whole panels, of which too few would fit


class Decoded:
    """Arrow columns by file, at most `KEPT_BYTES` together; the file used longest ago leaves first.

    Threads of the web server share one.
    """

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._files: OrderedDict[str, tuple[int, pa.Table]] = OrderedDict()
        self._kept_bytes = kept_bytes
        self._bytes = 0
        self._lock = threading.Lock()

    def columns(self, path: str, names: Sequence[str], read: Callable[[Sequence[str]], pa.Table]) -> pa.Table:
        """The named columns of a file; `read` is asked for those that are not kept.

        `read` may give fewer columns than it was asked for (the file is older than the column); so does this.
        """
        kept = self._get(path)
        known = set() if kept is None else set(kept[1].schema.names)
        missing = [name for name in names if name not in known]
        if kept is not None and not missing:
            return kept[1].select([*names])
        rows = read(missing)
        size = rows.num_rows * rows.num_columns * CELL_BYTES
        if kept is not None:
            size += kept[0]
            schema = pa.schema([*rows.schema, *kept[1].schema])
            rows = pa.Table.from_arrays([*rows.columns, *kept[1].columns], schema=schema)
        self._keep(path, size, rows)
        found = set(rows.schema.names)
        return rows.select([name for name in names if name in found])

    def _get(self, path: str) -> tuple[int, pa.Table] | None:
        with self._lock:
            if path not in self._files:
                return None
            self._files.move_to_end(path)
            return self._files[path]

    def _keep(self, path: str, size: int, rows: pa.Table) -> None:
        with self._lock:
            self._bytes -= self._files.pop(path, (0, None))[0]
            if size > min(WIDEST_BYTES, self._kept_bytes):
                return
            self._files[path] = size, rows
            self._bytes += size
            while self._bytes > self._kept_bytes:
                self._bytes -= self._files.popitem(last=False)[1][0]

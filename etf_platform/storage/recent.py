"""Whole tables that were read last, by address and version. A version never changes, so nothing goes stale."""

import threading
from collections import OrderedDict

import pandas as pd

KEPT_BYTES = 256 << 20


class Recent:
    """Frames of at most `KEPT_BYTES` together, one version per table; the one used longest ago leaves first.

    Threads of the web server share one.
    """

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._frames: OrderedDict[str, tuple[int, int, pd.DataFrame]] = OrderedDict()
        self._kept_bytes = kept_bytes
        self._lock = threading.Lock()

    def get(self, address: str, version: int) -> pd.DataFrame | None:
        """A frame of its own for the caller, or None."""
        with self._lock:
            kept = self._frames.get(address)
            if kept is None or kept[0] != version:
                return None
            self._frames.move_to_end(address)
        return kept[2].copy(deep=False)

    def keep(self, address: str, version: int, frame: pd.DataFrame, size: int) -> None:
        """Remember a frame of `size` bytes; the caller's later changes do not reach it."""
        with self._lock:
            self._frames[address] = version, size, frame.copy(deep=False)
            self._frames.move_to_end(address)
            while sum(kept[1] for kept in self._frames.values()) > self._kept_bytes:
                self._frames.popitem(last=False)

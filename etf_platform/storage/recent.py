"""The last few whole tables that were read, by address and version. A version never changes, so nothing goes stale."""

from collections import OrderedDict

import pandas as pd

KEPT = 3


class Recent:
    """At most `KEPT` frames, the one used longest ago leaves first."""

    def __init__(self) -> None:
        self._frames: OrderedDict[tuple[str, int], pd.DataFrame] = OrderedDict()

    def get(self, address: str, version: int) -> pd.DataFrame | None:
        """A frame of its own for the caller, or None."""
        frame = self._frames.get((address, version))
        if frame is None:
            return None
        self._frames.move_to_end((address, version))
        return frame.copy(deep=False)

    def keep(self, address: str, version: int, frame: pd.DataFrame) -> None:
        """Remember a frame; the caller's later changes do not reach it."""
        self._frames[address, version] = frame.copy(deep=False)
        while len(self._frames) > KEPT:
            self._frames.popitem(last=False)

"""The four states of a judgement and what a shell sees of them."""

from collections.abc import Iterable
from enum import StrEnum


class State(StrEnum):
    """Outcome of a fuse or of a whole command; BLOCKED means an input is missing or stale, never a PASS."""

    PASS = "PASS"
    WARN = "WARN"
    FAIL = "FAIL"
    BLOCKED = "BLOCKED"

    @property
    def exit_code(self) -> int:
        """Process exit code: 0 for PASS and WARN, 2 for FAIL, 3 for BLOCKED (1 is left to crashes)."""
        return {State.FAIL: 2, State.BLOCKED: 3}.get(self, 0)

    @property
    def is_open(self) -> bool:
        """Whether work that depends on this judgement may go on."""
        return self in (State.PASS, State.WARN)


_SEVERITY = (State.PASS, State.WARN, State.FAIL, State.BLOCKED)


def worst(states: Iterable[State]) -> State:
    """The most severe of several states; PASS when there are none."""
    return max(states, key=_SEVERITY.index, default=State.PASS)

"""The daily regression: what its commands came to. A command that cannot be run has return code 127.

Not here: running them (`orchestration.weekly.regression`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from etf_platform.core.states import State
from etf_platform.governance.weekly.about import About
from etf_platform.governance.weekly.artefact import Artefact

NAME = "daily_regression_gate"
TAIL = 40
NOT_RUN, OUT_OF_TIME = 127, 124


@dataclass(frozen=True)
class Ran:
    """One command: how it was written, return code, seconds, everything that it printed."""

    command: str
    return_code: int
    seconds: float
    output: str


def build(ran: Sequence[Ran], session: str, about: About) -> Artefact:
    """The gate; BLOCKED when no command was given, FAIL when one failed."""
    failed = [each for each in ran if each.return_code != 0]
    body = {
        "as_of": session,
        "summary": {"commands": len(ran), "failed": len(failed), "all_passed": bool(ran) and not failed},
        "results": [_result(each) for each in ran],
    }
    if not ran:
        return about.artefact(NAME, (State.BLOCKED, "missing: no command was run"), body)
    said = "; ".join(f"`{each.command}` ended with {each.return_code}" for each in failed)
    return about.artefact(NAME, (State.FAIL if failed else State.PASS, said), body)


def _result(each: Ran) -> dict[str, Any]:
    return {
        "command": each.command,
        "return_code": each.return_code,
        "passed": each.return_code == 0,
        "duration_sec": round(each.seconds, 3),
        "output_tail": each.output.splitlines()[-TAIL:],
    }

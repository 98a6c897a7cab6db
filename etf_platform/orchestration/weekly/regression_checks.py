"""What the daily regression runs by default, as `python -m` of this module with names of checks and a session.

`consistency`: every account agrees with its back-test on the session. `reproduce`: the scored factors of the session,
made again from the stored bars, are the stored ones bit for bit. Exit codes as everywhere: 0 PASS, 2 FAIL, 3 BLOCKED.
Not here: running commands (`regression`).
"""

import datetime as dt
import sys
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.states import State, worst
from etf_platform.core.workspace import Workspace
from etf_platform.factors.panel import compute_panel
from etf_platform.governance import evidence
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.releasing import stored
from etf_platform.orchestration.steps.factors import BAR_COLUMNS, scored_factors

Found = Iterator[tuple[str, State, str]]


def consistency(platform: Platform, session: dt.date) -> Found:
    """Pool, state, reason: online against offline on the session."""
    for pool in platform.config.pools:
        yield pool, *evidence.consistency_gate(stored(platform, t.CONSISTENCY, pool, session), session)


def reproduce(platform: Platform, session: dt.date) -> Found:
    """Pool, state, reason: the session's scored factors made again."""
    for pool in platform.config.pools:
        rows = stored(platform, t.PANEL, pool, session)
        if rows.empty or not platform.lake.exists(t.BARS, pool):
            yield pool, State.BLOCKED, "missing: no factors are stored for the session"
            continue
        columns = list(dict.fromkeys(factor.column for factor in scored_factors(platform, pool)))
        bars = platform.lake.read(t.BARS, pool, end=pd.Timestamp(session), columns=BAR_COLUMNS)
        again = compute_panel(bars, columns=columns, since=session).frame
        wrong = differing(rows, again, columns)
        yield pool, State.FAIL if wrong else State.PASS, f"differ: {', '.join(wrong[:5])}" if wrong else ""


def differing(rows: pd.DataFrame, again: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Columns that are not bit for bit the same; every column when the funds are not the same."""
    was, now = (frame.sort_values(["date", "symbol"]).reset_index(drop=True) for frame in (rows, again))
    if not was["symbol"].equals(now["symbol"]):
        return list(columns)
    return [c for c in columns if not np.array_equal(was[c].to_numpy(), now[c].to_numpy(), equal_nan=True)]


CHECKS: dict[str, Callable[[Platform, dt.date], Found]] = {"consistency": consistency, "reproduce": reproduce}


def main(words: Sequence[str]) -> int:
    """Run the named checks, print a line per check and pool, give the exit code."""
    *names, day = words
    platform = Platform.open(Workspace.from_env())
    found = [(name, *each) for name in names for each in CHECKS[name](platform, dt.date.fromisoformat(day))]
    for name, pool, state, reason in found:
        sys.stdout.write(f"{name} {pool} {state.value} {reason}".rstrip() + "\n")
    return worst(state for _, _, state, _ in found).exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

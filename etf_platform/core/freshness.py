"""Whether a series of closes is complete and up to date on a day; pure dates, no prices.

The rule stands here because the market layer, fuses and strategies all ask it; when a session is over is known to
`market.freshness`.
"""

from dataclasses import dataclass

import pandas as pd

from etf_platform.core.states import State

LAST_CLOSES = 3
SHOWN = 5


@dataclass(frozen=True)
class Freshness:
    """What was found.

    Attributes
    ----------
    state : State
        PASS, WARN (sessions are missing further back) or BLOCKED.
    reason : str
        One sentence; empty when the state is PASS.
    missing : DatetimeIndex
        Sessions without a close, from the first close up to the last closed session.
    """

    state: State
    reason: str
    missing: pd.DatetimeIndex


def judge_closes(dates: pd.DatetimeIndex, sessions: pd.DatetimeIndex, last_closed: pd.Timestamp) -> Freshness:
    """The state of one symbol's closes (trend specification, 2.1).

    Parameters
    ----------
    dates : DatetimeIndex
        Sessions with a close that is a number, any order; later ones than `last_closed` are passed over.
    sessions : DatetimeIndex
        Sessions of the exchange, ascending.
    last_closed : Timestamp
        The last session that is over.

    Returns
    -------
    Freshness
        BLOCKED without any close, when the last close is older than `last_closed`, or when one of the last 3 sessions
        up to it has none; WARN when a session before these has none; else PASS. Sessions before the first close are
        not missing.
    """
    known = dates[dates <= last_closed]
    due = sessions[sessions <= last_closed]
    if known.empty:
        return Freshness(State.BLOCKED, f"there is no close up to {last_closed:%Y-%m-%d}", due)
    missing = due[due >= known.min()].difference(known)
    if known.max() < due[-1]:
        reason = f"the last close is of {known.max():%Y-%m-%d}, the last closed session is {due[-1]:%Y-%m-%d}"
        return Freshness(State.BLOCKED, reason, missing)
    if len(recent := missing[missing >= due[-LAST_CLOSES:][0]]):
        return Freshness(State.BLOCKED, f"{_listed(recent)} of the last {LAST_CLOSES} sessions has no close", missing)
    if len(missing):
        return Freshness(State.WARN, f"{len(missing)} session(s) without a close: {_listed(missing[::-1])}", missing)
    return Freshness(State.PASS, "", missing)


def _listed(days: pd.DatetimeIndex) -> str:
    more = f" and {len(days) - SHOWN} more" if len(days) > SHOWN else ""
    return ", ".join(f"{day:%Y-%m-%d}" for day in days[:SHOWN]) + more

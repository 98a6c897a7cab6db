"""Fail-safe rules: data in `governance.yaml`, judged on observations of one strategy, session by session.

Not here: where observations come from (`orchestration`), and what an action does to releases (`rollback.act_on`).
"""

import datetime as dt
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etf_platform.core.config.governance import FailSafeRule
from etf_platform.core.states import State
from etf_platform.core.units.event import FAILSAFE_FIRED, Event

OPS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
}

Observations = Mapping[str, Mapping[dt.date, float | None]]  # metric -> session -> value


@dataclass(frozen=True)
class Verdict:
    """What a rule says about a session: FAIL = fired, BLOCKED = a value that it needs is missing."""

    rule: FailSafeRule
    session: dt.date
    state: State
    values: tuple[float | None, ...]
    reason: str

    @property
    def has_fired(self) -> bool:
        """The rule demands its action."""
        return self.state is State.FAIL


def judge(rules: Sequence[FailSafeRule], observations: Observations, sessions: Sequence[dt.date]) -> list[Verdict]:
    """Verdict of every rule on the last of the sessions.

    A rule fires when its condition holds on `consecutive` successive sessions, the last one among them or a later one
    of the `window_days` last ones. A missing value (None, NaN or no entry) interrupts the run, and makes the verdict
    BLOCKED where it decides.

    Parameters
    ----------
    sessions : sequence of date
        Oldest first, without gaps: trading sessions up to the one that is judged.

    Raises
    ------
    ValueError
        No session.
    """
    return [_judge(rule, observations.get(rule.metric, {}), sessions) for rule in rules]


def fired_event(verdict: Verdict, strategy: str, goes_on: bool = False) -> Event:
    """The record of a rule that fired: one per rule, strategy, session; `goes_on`: what it did before still stands."""
    rule = verdict.rule
    payload: dict[str, Any] = {
        "rule": rule.rule_id,
        "action": rule.action,
        "severity": rule.severity,
        "values": list(verdict.values),
        "reason": verdict.reason,
    }
    if goes_on:
        payload["goes_on"] = True
    key = f"{FAILSAFE_FIRED}/{rule.rule_id}/{strategy}/{verdict.session}"
    return Event(key, FAILSAFE_FIRED, strategy, "system:failsafe", payload, verdict.session)


def _judge(rule: FailSafeRule, values: Mapping[dt.date, float | None], sessions: Sequence[dt.date]) -> Verdict:
    session = sessions[-1] if sessions else None
    if session is None:
        raise ValueError("no session to judge")
    window = tuple(_known(values.get(day)) for day in sessions[-rule.window_days :])
    meets = [None if value is None else OPS[rule.op](value, rule.threshold) for value in window]
    text = f"{rule.metric} {rule.op} {rule.threshold:g} on {rule.consecutive} sessions in a row"
    if _run(meets, unknown=False) >= rule.consecutive:
        return Verdict(rule, session, State.FAIL, window, text)
    if _run(meets, unknown=True) >= rule.consecutive:
        return Verdict(rule, session, State.BLOCKED, window, f"missing: {rule.metric}")
    return Verdict(rule, session, State.PASS, window, "")


def _known(value: float | None) -> float | None:
    return None if value is None or value != value else float(value)


def _run(meets: Sequence[bool | None], unknown: bool) -> int:
    """Longest run of sessions that meet the condition; a missing value counts as `unknown` says."""
    best = run = 0
    for met in meets:
        run = run + 1 if (unknown if met is None else met) else 0
        best = max(best, run)
    return best

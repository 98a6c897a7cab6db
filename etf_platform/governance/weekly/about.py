"""What every artefact of a week knows besides its own facts: the week, its sessions, its inputs, code, references.

Not here: reading any of it (`orchestration.weekly`), files (`artefact`).
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from etf_platform.core.states import State, worst
from etf_platform.governance.weekly.artefact import Artefact, Source

Judged = tuple[State, str]


@dataclass(frozen=True)
class About:
    """The week of an artefact.

    Attributes
    ----------
    week : str
        `YYYY-Www`.
    sessions : sequence of date
        All sessions of the exchange in the week, ascending; empty in a week of holidays.
    inputs : sequence of Source
    commit : str
        Of the code; empty when unknown.
    is_dirty : bool or None
    """

    week: str
    sessions: tuple[dt.date, ...]
    inputs: tuple[Source, ...] = ()
    commit: str = ""
    is_dirty: bool | None = None

    @property
    def last(self) -> dt.date | None:
        """Last session of the week."""
        return self.sessions[-1] if self.sessions else None

    def artefact(self, name: str, judged: Judged, body: Mapping[str, Any]) -> Artefact:
        """The artefact of this week with a state and the reason for it."""
        state, reason = judged
        return Artefact(name, self.week, state.value, reason, body, self.inputs, self.commit, self.is_dirty)


@dataclass(frozen=True)
class Reference:
    """What an exception of a strategy points to: the release in force, its experiment, its parameters.

    `parameter_id` is the digest of the experiment's parameters, without one `config:<digest>` of the configuration.
    """

    release_id: str = ""
    experiment_id: str = ""
    parameter_id: str = ""


def overall(parts: Iterable[Judged]) -> Judged:
    """The most severe of several judgements with the reasons of all that are not PASS, most severe first."""
    found = [(state, reason) for state, reason in parts if state is not State.PASS]
    ordered = sorted(found, key=lambda each: -_SEVERITY.index(each[0]))
    return worst(state for state, _ in found), "; ".join(dict.fromkeys(reason for _, reason in ordered if reason))


def said_of(named: Iterable[tuple[str, str]]) -> list[str]:
    """`name: reason` sentences from (name, reason) pairs; names that share a reason share a sentence."""
    found: dict[str, list[str]] = {}
    for name, reason in named:
        found.setdefault(reason, []).append(name)
    return [f"{', '.join(dict.fromkeys(names))}: {reason}" for reason, names in found.items()]


_SEVERITY = (State.PASS, State.WARN, State.FAIL, State.BLOCKED)

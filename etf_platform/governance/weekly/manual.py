"""What only people can do in a week: six items and three sign-offs, as a fold over sealed events.

`manual_status.json` is a picture of the ledger: writing into the file changes nothing. An event counts when its seal is
that of a person in `governance.yaml` who has the role; a sign-off covers the bytes of the week's files. Not here:
asking for secrets (`cli.signing`), what follows from it (`signoff_pack`).
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.errors import BadInputError, GateClosedError
from etf_platform.core.states import State
from etf_platform.core.units.event import DECISION_MADE, MANUAL_DONE, SIGNOFF_GIVEN, Event, canonical
from etf_platform.governance import people
from etf_platform.governance.ledger import counted
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.governance.weekly.pack import Pack

NAME = "manual_status"
KINDS = (MANUAL_DONE, SIGNOFF_GIVEN, DECISION_MADE)
REOPEN = "REOPEN_WEEK"
ITEMS: Mapping[str, str] = {
    "gray_release_completed": "灰度发布完成",
    "observation_24h_completed": "24h 观察完成",
    "rollback_decision_recorded": "是否触发回滚已决策",
    "pnl_attribution_confirmed": "收益归因表确认",
    "change_and_rollback_recorded": "变更与回滚记录",
    "adr_signed": "ADR",
}
ROLES: Mapping[str, str] = {"research": "研究", "engineering": "工程", "risk": "风控"}


@dataclass(frozen=True)
class Mark:
    """Something that a person has signed: name, role, time of recording, and the files that it covers."""

    by: str
    role: str
    at: dt.datetime | None
    files: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """As JSON: {done, by, at}."""
        at = self.at.astimezone(dt.UTC).isoformat(timespec="seconds") if self.at else ""
        return {"done": True, "by": self.by, "at": at}


OPEN: Mapping[str, Any] = {"done": False, "by": "", "at": ""}


@dataclass(frozen=True)
class Manual:
    """What people have done in a week.

    Attributes
    ----------
    items, signoffs : mapping of str to Mark
        By item and by role; what is open is absent.
    """

    items: Mapping[str, Mark] = field(default_factory=dict)
    signoffs: Mapping[str, Mark] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """Every file that a sign-off covers -> the digest that was signed last."""
        return {name: digest for mark in self.signoffs.values() for name, digest in mark.files.items()}

    def is_current(self, role: str, changed: Iterable[str]) -> bool:
        """Whether a role has signed, and none of the files that it signed has changed since."""
        mark = self.signoffs.get(role)
        return mark is not None and bool(mark.files) and not set(changed) & set(mark.files)


def fold(events: Iterable[Event], config: GovernanceConfig, week: str) -> Manual:
    """Items and sign-offs of a week after all events; unsealed ones, and one person in all roles, do not count."""
    state = Manual()
    mine = (event for event in events if event.kind in KINDS and event.subject == week)
    for event in counted(config, mine):
        state = _STEPS[event.kind](state, event)
    return state


def reopened(week: str, by: str, reason: str, at: dt.datetime) -> Event:
    """The event by which a signed week is taken up again: its sign-offs no longer count, its items do."""
    payload = {"decision": REOPEN, "decision_reason": reason}
    return Event(f"{DECISION_MADE}/{REOPEN}/{week}/{at.isoformat()}", DECISION_MADE, week, by, payload)


def item_done(
    config: GovernanceConfig, week: str, item: str, by: str, session: dt.date, about: Mapping[str, Any] | None = None
) -> Event:
    """The event by which a person says that an item is done; to be sealed by its author.

    Raises
    ------
    BadInputError
        There is no such item.
    GateClosedError
        An empty or placeholder name, or nobody of `governance.yaml`.
    """
    if item not in ITEMS:
        raise BadInputError(f"marking {item!r}", "there is no such item", f"use one of {', '.join(ITEMS)}")
    role = people.named(config, by).roles[0]
    payload = {"item": item, **(about or {})}
    return Event(f"{MANUAL_DONE}/{week}/{item}/{by}/{_short(payload)}", MANUAL_DONE, week, by, payload, session, role)


def signoff(
    config: GovernanceConfig, state: Manual, week: str, role: str, by: str, files: Mapping[str, str], session: dt.date
) -> Event:
    """The event by which a person signs a week off in a role; to be sealed by its author.

    Raises
    ------
    BadInputError
        There is no such role, or there are no files to sign.
    GateClosedError
        An empty or placeholder name, nobody of `governance.yaml`, or one person for all three roles.
    """
    if role not in ROLES:
        raise BadInputError(f"signing off as {role!r}", "there is no such role", f"use one of {', '.join(ROLES)}")
    people.named(config, by)
    if not files:
        raise BadInputError(f"signing off {week}", "nothing was written for it yet", "run the weekly chain first")
    people.refuse_one_for_all({**{name: mark.by for name, mark in state.signoffs.items()}, role: by})
    payload = {"role": role, "files": dict(sorted(files.items()))}
    key = f"{SIGNOFF_GIVEN}/{week}/{role}/{by}/{_short(payload)}"
    return Event(key, SIGNOFF_GIVEN, week, by, payload, session, role)


def build(pack: Pack, state: Manual, changed: Iterable[str] = ()) -> Artefact:
    """The form of a week, filled as far as people have signed; empty before.

    Parameters
    ----------
    changed : iterable of str
        Signed files that no longer have the bytes that were signed: their sign-offs do not count.
    """
    changed = tuple(changed)
    items = {key: {"label": label, **_row(state.items.get(key))} for key, label in ITEMS.items()}
    signoffs = {role: _row(state.signoffs.get(role) if state.is_current(role, changed) else None) for role in ROLES}
    still = open_of(state, changed)
    judged = (State.BLOCKED, f"open: {', '.join(still)}") if still else (State.PASS, "")
    return pack.artefact(NAME, judged, {"items": items, "signoffs": signoffs, "outdated": list(changed)})


def open_of(state: Manual, changed: Iterable[str] = ()) -> list[str]:
    """Items and roles that nobody has signed, `signoff_<role>` for the roles."""
    changed = tuple(changed)
    items = [key for key in ITEMS if key not in state.items]
    return items + [f"signoff_{role}" for role in ROLES if not state.is_current(role, changed)]


def _item(state: Manual, event: Event) -> Manual:
    item = str(event.payload.get("item", ""))
    if item not in ITEMS:
        return state
    mark = Mark(event.by, event.role, event.recorded_at, about=event.payload)
    return Manual({**state.items, item: mark}, state.signoffs)


def _signoff(state: Manual, event: Event) -> Manual:
    role, files = event.role, event.payload.get("files")
    if role not in ROLES or event.payload.get("role") != role or not isinstance(files, Mapping):
        return state
    signed = {**state.signoffs, role: Mark(event.by, role, event.recorded_at, dict(files))}
    try:
        people.refuse_one_for_all({name: mark.by for name, mark in signed.items()})
    except GateClosedError:
        return state
    return Manual(state.items, signed)


def _reopen(state: Manual, event: Event) -> Manual:
    return Manual(state.items) if event.payload.get("decision") == REOPEN else state


_STEPS: Mapping[str, Callable[[Manual, Event], Manual]] = {
    MANUAL_DONE: _item,
    SIGNOFF_GIVEN: _signoff,
    DECISION_MADE: _reopen,
}


def _row(mark: Mark | None) -> dict[str, Any]:
    return mark.row() if mark is not None else dict(OPEN)


def _short(payload: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(payload).encode()).hexdigest()[:12]

"""An event of the governance ledger, and the names of its kinds.

What a person or the system decided, as a value: storage keeps it, folds read it, people seal it. Not here: storing
(`storage.events`), sealing (`governance.people`), and what a kind means (the fold that reads it).
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from etf_platform.core.errors import BadInputError

SYSTEM = "system:"

EXPERIMENT_CREATED = "experiment.created"
EXPERIMENT_RUN = "experiment.run"
EXPERIMENT_REVIEWED = "experiment.reviewed"
EXPERIMENT_APPROVED = "experiment.approved"
EXPERIMENT_RELEASED = "experiment.released"
EXPERIMENT_REJECTED = "experiment.rejected"
EXPERIMENT_ROLLED_BACK = "experiment.rolled_back"
EXPERIMENT_NOTED = "experiment.noted"
RELEASE_PROPOSED = "release.proposed"
RELEASE_APPROVED = "release.approved"
RELEASE_STARTED = "release.started"
RELEASE_PROMOTED = "release.promoted"
RELEASE_HELD = "release.held"
RELEASE_ROLLED_BACK = "release.rolled_back"
RELEASE_STABLE = "release.stable"
FREEZE_ON = "freeze.on"
FREEZE_OFF = "freeze.off"
DRIFT_MOVED = "drift.moved"
FAILSAFE_FIRED = "failsafe.fired"
BREAKER_MOVED = "breaker.moved"
BREAKER_LOWERED = "breaker.lowered"
INCIDENT_OPENED = "incident.opened"
INCIDENT_CLOSED = "incident.closed"
ALARM_CLOSED = "alarm.closed"
DRILL_PASSED = "drill.passed"
DRILL_FAILED = "drill.failed"
DECISION_MADE = "decision.made"
DECISION_DIFFERS = "decision.differs"
FILLS_IMPORTED = "fills.imported"
MANUAL_DONE = "manual.done"
SIGNOFF_GIVEN = "signoff.given"
ADR_WRITTEN = "adr.written"
THRESHOLDS_SIGNED = "thresholds.signed"
RETRAIN_OPENED = "retrain.opened"
RETRAIN_CLOSED = "retrain.closed"

KINDS = frozenset(value for name, value in dict(globals()).items() if name.isupper() and name != "SYSTEM")

# Only a person's seal makes one of these count; anything else may be done by the system.
PERSONAL = frozenset(
    {
        EXPERIMENT_APPROVED,
        RELEASE_APPROVED,
        FREEZE_OFF,
        BREAKER_LOWERED,
        ALARM_CLOSED,
        MANUAL_DONE,
        SIGNOFF_GIVEN,
        THRESHOLDS_SIGNED,
    }
)


@dataclass(frozen=True)
class Event:
    """One decision or fact, recorded once and never changed.

    Attributes
    ----------
    key : str
        Names the event for ever. A sealed event ends in `#` and the beginning of the digest of its seal.
    kind : str
        One of `KINDS`.
    subject : str
        What it is about: release, experiment, strategy, week.
    by : str
        A person's name, or `system:<part>`.
    payload : mapping
        JSON values; no NaN.
    as_of : date or None
        Session that it is about.
    role, seal : str
        Role in which a person signed, and the proof; empty for the system.
    recorded_at : datetime or None
        When the ledger took it, aware; None before.

    Raises
    ------
    BadInputError
        Unknown kind, no key, subject or author, or a payload that is not JSON.
    """

    key: str
    kind: str
    subject: str
    by: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    as_of: dt.date | None = None
    role: str = ""
    seal: str = ""
    recorded_at: dt.datetime | None = None

    def __post_init__(self) -> None:
        doing = f"making the event {self.key!r}"
        if self.kind not in KINDS:
            raise BadInputError(doing, f"there is no kind {self.kind!r}", "use a constant of core.units.event")
        if not (self.key and self.subject and self.by):
            raise BadInputError(doing, "key, subject or author is empty", "fill in all three")
        try:
            canonical(self.payload)
        except (TypeError, ValueError) as error:
            raise BadInputError(doing, f"its payload is no JSON: {error}", "use texts, numbers, lists, maps") from error

    @property
    def is_system(self) -> bool:
        """Made by a part of the platform, not by a person."""
        return self.by.startswith(SYSTEM)

    @property
    def text(self) -> str:
        """What a seal covers: everything but the seal, the suffix that it gives the key, and the time of recording."""
        return canonical(
            {
                "key": self.key.partition("#")[0],
                "kind": self.kind,
                "subject": self.subject,
                "as_of": self.as_of.isoformat() if self.as_of else None,
                "by": self.by,
                "role": self.role,
                "payload": self.payload,
            }
        )


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces: the same value always gives the same text.

    Raises
    ------
    TypeError, ValueError
        The value is not JSON, or holds NaN or infinity.
    """
    plain = dict(value) if isinstance(value, Mapping) else value
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

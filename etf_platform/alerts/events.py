"""What happened, as a value: enough to route, to render on any channel, and to tell it once.

Not here: wording (`wording`), channels, storage.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad it is, mildest first."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info to 3 for critical."""
        return list(Severity).index(self)


class Kind(StrEnum):
    """What sort of thing happened."""

    RUN_FAILURE = "run_failure"
    CHECK_FAILURE = "check_failure"
    CHECK_WARNING = "check_warning"
    PARTITION_LATE = "partition_late"
    PARTITION_MISSING = "partition_missing"
    SOURCE_SWITCHED = "source_switched"
    SOURCES_EXHAUSTED = "sources_exhausted"
    HISTORY_RESTATED = "history_restated"
    CALENDAR_END = "calendar_end"
    DISK_LOW = "disk_low"
    SENSOR_FAILED = "sensor_failed"
    RECOVERED = "recovered"
    GOVERNANCE = "governance"
    SIGNAL = "signal"
    REPORT = "report"
    CHANNEL_DOWN = "channel_down"
    CHANNEL_RECOVERED = "channel_recovered"
    UNDELIVERED = "undelivered"
    TEST = "test"


@dataclass(frozen=True)
class Block:
    """One paragraph: a heading (may be empty) and its lines; a line is a text or a (label, value) pair."""

    heading: str
    lines: tuple[str | tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Event:
    """One thing to tell.

    Attributes
    ----------
    key : str
        Names the event for ever; a second event of the same key is not told again.
    order_key : str
        Events of one order key reach a channel in the order in which they were posted.
    occurred_at : datetime
        Aware.
    owner, asset, about : str or None
        For routing: owner of the asset (`team:etf-ops`), asset key (`factors/A_SHARE/panel`), stock or fund.
    link : str or None
        Path below the UI's address, e.g. `/runs/<id>`.
    closing : str
        Last lines, which stay whole where a channel cuts what comes before them: a disclaimer.
    """

    key: str
    kind: Kind
    severity: Severity
    subject: str
    occurred_at: dt.datetime
    order_key: str
    blocks: tuple[Block, ...] = field(default=())
    owner: str | None = None
    asset: str | None = None
    about: str | None = None
    link: str | None = None
    closing: str = ""

    def __post_init__(self) -> None:
        if self.occurred_at.tzinfo is None:
            raise ValueError(f"event {self.key}: {self.occurred_at} has no time zone")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` reads them back."""
        return {**asdict(self), "occurred_at": self.occurred_at.astimezone(dt.UTC).isoformat()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Event":
        """The event that `to_dict` wrote, also after a round trip through JSON."""
        return cls(
            **{
                **values,
                "kind": Kind(values["kind"]),
                "severity": Severity(values["severity"]),
                "occurred_at": dt.datetime.fromisoformat(values["occurred_at"]),
                "blocks": tuple(Block(block["heading"], _lines(block["lines"])) for block in values["blocks"]),
            }
        )


def _lines(lines: list[Any]) -> tuple[str | tuple[str, str], ...]:
    return tuple(line if isinstance(line, str) else (line[0], line[1]) for line in lines)

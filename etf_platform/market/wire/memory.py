"""What the wire remembers, and where: here in this process. The ops database keeps the same over processes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from etf_platform.market.wire.health import Health
from etf_platform.market.wire.rates import Bucket, take

EventKind = Literal["switched", "recovered", "exhausted"]


@dataclass(frozen=True)
class SourceEvent:
    """Something that people want to be told about sources, once.

    Attributes
    ----------
    topic : str
        What was asked for, e.g. `bars/XSHG`.
    kind : {"switched", "recovered", "exhausted"}
        Another source than before is used; the first one again; none could be used.
    source, before : str
        Used now, and the time before; empty for none.
    detail : str
        Why each source before the used one was not: one clause per source.
    at : float
        Seconds since the epoch.
    """

    topic: str
    kind: EventKind
    source: str
    before: str
    detail: str
    at: float


class Memory(Protocol):
    """Survives between pulls; every method is one indivisible step for all who share it."""

    def health(self, source: str) -> Health:
        """What is known of a source."""

    def change(self, source: str, step: Callable[[Health], Health]) -> Health:
        """Put `step` of the known health in its place and give it back."""

    def reserve(self, host: str, now: float, rate: float, burst: float) -> float:
        """Take a token of a host; seconds to wait before sending."""

    def used(self, topic: str, source: str, note: Callable[[str | None], SourceEvent | None]) -> SourceEvent | None:
        """Remember which source a topic uses (empty: none) and record what `note` makes of the one before."""


@dataclass
class InProcess:
    """Remembers until the process ends; for one thread."""

    sources: dict[str, Health] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    events: list[SourceEvent] = field(default_factory=list)

    def health(self, source: str) -> Health:
        """See `Memory`."""
        return self.sources.get(source, Health())

    def change(self, source: str, step: Callable[[Health], Health]) -> Health:
        """See `Memory`."""
        self.sources[source] = step(self.health(source))
        return self.sources[source]

    def reserve(self, host: str, now: float, rate: float, burst: float) -> float:
        """See `Memory`."""
        self.buckets[host], wait = take(self.buckets.get(host), now, rate, burst)
        return wait

    def used(self, topic: str, source: str, note: Callable[[str | None], SourceEvent | None]) -> SourceEvent | None:
        """See `Memory`."""
        event = note(self.topics.get(topic))
        self.topics[topic] = source
        if event is not None:
            self.events.append(event)
        return event
